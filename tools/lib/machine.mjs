// What has to be on the computer before Tern can be built or tested, and how to get it.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Problem, output, root, run, say, which, works } from './terminal.mjs';

/** Oldest Node that the UI's build tools run on. */
const OLDEST_NODE = '20.19.0';

/** True under continuous integration, where nothing may be skipped in silence. */
export const ci = /^(1|true)$/i.test(process.env.CI ?? '');

/** Compares dotted versions: negative, zero or positive. */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  );
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** First dotted number in a program's version line, or null. */
export function versionIn(line) {
  return line?.match(/\d+(?:\.\d+)+/)?.[0] ?? null;
}

/**
 * What is wrong with the compilers that were found, one sentence each.
 * A version is null where the program is missing.
 */
export function toolchainProblems({ node, rustc, cargo, oldestRust }) {
  const problems = [];
  if (compareVersions(node, OLDEST_NODE) < 0) {
    problems.push(
      `Node ${node} is too old: Tern's UI needs ${OLDEST_NODE} or newer. Get it from https://nodejs.org (the LTS version).`,
    );
  }
  if (rustc === null || cargo === null) {
    const missing = rustc === null ? 'rustc' : 'cargo';
    problems.push(
      `Rust is not installed (${missing} was not found). Get it from https://rustup.rs, then open a new terminal.`,
    );
  } else if (compareVersions(rustc, oldestRust) < 0) {
    problems.push(
      `Rust ${rustc} is too old: Tern needs ${oldestRust} or newer. Run: rustup update stable`,
    );
  }
  return problems;
}

/** Oldest Rust the workspace builds with, as its manifest says. */
export function oldestRust() {
  const manifest = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8');
  return manifest.match(/^rust-version = "(.+)"/m)[1];
}

/** Checks Node and Rust; throws a `Problem` that says what to get and where. */
export function checkToolchain(print = say) {
  const cargoBin = path.join(process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo'), 'bin');
  if (which('cargo') === null && fs.existsSync(cargoBin)) {
    // rustup was installed in this very terminal: its PATH line is not read yet.
    process.env.PATH = `${cargoBin}${path.delimiter}${process.env.PATH}`;
  }
  const found = {
    node: process.versions.node,
    rustc: versionIn(output('rustc', ['--version'])),
    cargo: versionIn(output('cargo', ['--version'])),
    oldestRust: oldestRust(),
  };
  const problems = toolchainProblems(found);
  if (problems.length > 0) throw new Problem(problems.join('\n      '));
  print(`Node ${found.node}, Rust ${found.rustc}`);
}

/** Programs of which one is enough for the browser tests of the UI. */
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A browser for the UI's browser tests: path, or null. */
export function findBrowser() {
  const inProgramFiles = (base, rest) => base && path.join(base, rest);
  const places = [
    process.env.TERN_CHROMIUM,
    process.platform === 'darwin' && '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    process.platform === 'darwin' && '/Applications/Chromium.app/Contents/MacOS/Chromium',
    inProgramFiles(process.env.ProgramFiles, 'Google/Chrome/Application/chrome.exe'),
    inProgramFiles(process.env['ProgramFiles(x86)'], 'Microsoft/Edge/Application/msedge.exe'),
  ];
  return (
    places.find((place) => place && fs.existsSync(place)) ??
    BROWSERS.map(which).find((found) => found !== null) ??
    null
  );
}

/** System parts by purpose: how to see that one is there, and its Debian packages. */
const PARTS = {
  build: [
    { name: 'a C compiler', there: () => works('cc', ['--version']), debian: ['build-essential'] },
    { name: 'pkg-config', there: () => works('pkg-config', ['--version']), debian: ['pkg-config'] },
    {
      name: 'WebKitGTK 4.1',
      there: () => works('pkg-config', ['--exists', 'webkit2gtk-4.1']),
      debian: ['libwebkit2gtk-4.1-dev'],
    },
  ],
  window: [
    { name: 'Xvfb', there: () => which('Xvfb') !== null, debian: ['xvfb'] },
    {
      name: 'WebKitWebDriver',
      there: () => which('WebKitWebDriver') !== null,
      debian: ['webkit2gtk-driver'],
    },
  ],
  keyring: [
    {
      name: 'dbus-run-session',
      there: () => which('dbus-run-session') !== null,
      debian: ['dbus-daemon'],
    },
    {
      name: 'gnome-keyring',
      there: () => which('gnome-keyring-daemon') !== null,
      debian: ['gnome-keyring'],
    },
  ],
  browser: [
    { name: 'Chromium or Chrome', there: () => findBrowser() !== null, debian: ['chromium'] },
  ],
  windows: [
    {
      name: 'a compiler of C for Windows',
      there: () => which('x86_64-w64-mingw32-gcc-posix') !== null,
      debian: ['gcc-mingw-w64-x86-64-posix'],
    },
    { name: 'Wine', there: () => which('wine') !== null, debian: ['wine', 'wine64'] },
  ],
  arm: [
    {
      name: 'a linker for 64-bit ARM',
      there: () => which('aarch64-linux-gnu-gcc') !== null,
      debian: ['gcc-aarch64-linux-gnu'],
    },
    {
      name: 'the C library for 64-bit ARM',
      // A name without a folder is one it did not find.
      there: () =>
        output('aarch64-linux-gnu-gcc', ['-print-file-name=libc.so.6'])?.includes('/') === true,
      debian: ['libc6-dev-arm64-cross'],
    },
    {
      name: 'QEMU for programs of 64-bit ARM',
      there: () => which('qemu-aarch64') !== null,
      debian: ['qemu-user'],
    },
  ],
};

/** The same build parts under other distributions' names. */
const OTHER_DISTRIBUTIONS = [
  { manager: 'dnf', install: 'sudo dnf install gcc make pkgconf-pkg-config webkit2gtk4.1-devel' },
  { manager: 'pacman', install: 'sudo pacman -S --needed base-devel webkit2gtk-4.1' },
  {
    manager: 'zypper',
    install: "sudo zypper install gcc make pkg-config 'pkgconfig(webkit2gtk-4.1)'",
  },
];

/** The one command that installs these Debian packages. */
export function aptCommand(packages, sudo) {
  return [
    ...(sudo ? ['sudo'] : []),
    'apt-get',
    'install',
    '-y',
    '--no-install-recommends',
    ...packages,
  ];
}

/** Missing parts among `purposes`, as listed in `PARTS`. */
function missingParts(purposes) {
  return purposes.flatMap((purpose) => PARTS[purpose]).filter((part) => !part.there());
}

/** Installs Debian packages where that needs no question: as root, or with a sudo that asks nothing. */
async function install(parts) {
  const isRoot = process.getuid() === 0;
  if (which('apt-get') === null || !(isRoot || works('sudo', ['-n', 'true']))) return;
  const [program, ...rest] = aptCommand(
    parts.flatMap((part) => part.debian),
    !isRoot,
  );
  say(`installing ${parts.map((part) => part.name).join(', ')}: ${[program, ...rest].join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // A fresh computer often runs its own first update at the same time: wait for its lock.
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  const start = isRoot ? [] : ['sudo', '-n'];
  const [update, ...updateArgs] = [...start, 'apt-get', ...wait, 'update', '-q'];
  await run(update, updateArgs, { env });
  const packages = rest.slice(rest.indexOf('install'));
  const [apt, ...aptArgs] = [...start, 'apt-get', ...wait, '-q', ...packages];
  await run(apt, aptArgs, { env });
}

/** How to install `parts` by hand on this Linux. */
function byHand(parts) {
  if (which('apt-get') !== null) {
    return aptCommand(
      parts.flatMap((part) => part.debian),
      process.getuid() !== 0,
    ).join(' ');
  }
  const other = OTHER_DISTRIBUTIONS.find(({ manager }) => which(manager) !== null);
  return other && parts.every((part) => PARTS.build.includes(part))
    ? other.install
    : `your package manager, looking for: ${parts.map((part) => part.name).join(', ')}`;
}

/** Throws where a compiler or WebKit is missing and could not be installed. */
export async function ensureBuildParts() {
  if (process.platform === 'linux') {
    let missing = missingParts(['build']);
    if (missing.length > 0) await install(missing);
    missing = missingParts(['build']);
    if (missing.length > 0) {
      throw new Problem(
        `To build Tern this computer still needs ${missing.map((part) => part.name).join(', ')}. Install with:\n\n      ${byHand(missing)}\n\n      then run the same npm command again.`,
      );
    }
  } else if (process.platform === 'darwin') {
    if (!works('xcode-select', ['-p'])) {
      throw new Problem("Apple's command line tools are missing. Run: xcode-select --install");
    }
  } else if (process.platform === 'win32') {
    checkWindows();
  }
}

/** Registry key of the Evergreen WebView2 runtime, which Windows 11 always has. */
const WEBVIEW2 = 'Microsoft\\EdgeUpdate\\Clients\\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}';

/** Sentences about what a Windows computer lacks; never a stop, for there are other ways to have them. */
function checkWindows() {
  const keys = [
    `HKLM\\SOFTWARE\\WOW6432Node\\${WEBVIEW2}`,
    `HKLM\\SOFTWARE\\${WEBVIEW2}`,
    `HKCU\\Software\\${WEBVIEW2}`,
  ];
  if (!keys.some((key) => works('reg', ['query', key, '/v', 'pv']))) {
    say(
      'WebView2 was not found. If the window stays away, get it from https://developer.microsoft.com/microsoft-edge/webview2',
    );
  }
  const usesMsvc = output('rustc', ['-vV'])?.includes('windows-msvc');
  const vswhere = path.join(
    process.env['ProgramFiles(x86)'] ?? '',
    'Microsoft Visual Studio',
    'Installer',
    'vswhere.exe',
  );
  if (usesMsvc && which('link') === null && !fs.existsSync(vswhere)) {
    say(
      'the Microsoft C++ linker was not found. If linking fails, install "Desktop development with C++" from https://visualstudio.microsoft.com/visual-cpp-build-tools',
    );
  }
}

/**
 * Makes sure of the parts the tests of `purpose` ('window', 'browser', 'keyring' or, on Linux, 'arm' and 'windows') need.
 * Returns null when they are there, else the sentence why those tests can't run.
 */
export async function ensureTestParts(purpose) {
  if (process.platform !== 'linux') {
    if (purpose === 'window') return 'the real-window tests drive WebKitGTK and run on Linux only';
    if (purpose === 'keyring') return 'the keyring of this computer is its owner’s, not a test’s';
    return missingParts(['browser']).length > 0 ? 'no Chromium, Chrome or Edge was found' : null;
  }
  let missing = missingParts([purpose]);
  if (missing.length > 0) await install(missing);
  missing = missingParts([purpose]);
  return missing.length > 0
    ? `${missing.map((part) => part.name).join(' and ')} not found; install with: ${byHand(missing)}`
    : null;
}
