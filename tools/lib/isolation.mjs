// Running a test with less than this computer has: no network, or a disk of a few MiB. Both need
// Linux namespaces, which not every system allows. Or with a keyring that is not its owner's.

import { works } from './terminal.mjs';

/** Starts a command in namespaces of its own, as root or as a user mapped to root. */
function unshare(...kinds) {
  return process.getuid?.() === 0
    ? ['unshare', ...kinds]
    : ['unshare', '--map-root-user', ...kinds];
}

/** The start of a command line, or null where this system can't do it. */
function usable([program, ...args]) {
  return process.platform === 'linux' && works(program, [...args, 'true'])
    ? [program, ...args]
    : null;
}

/** Starts a command that has loopback and no other network. */
export function withoutNetwork() {
  return usable([...unshare('--net'), 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']);
}

/** Starts a command with a keyring of its own, empty and open, that is kept in `folder` and ends with it. */
export function withKeyring(folder) {
  const start =
    'printf test | gnome-keyring-daemon --unlock --components=secrets --daemonize > /dev/null && exec "$@"';
  const places = [`XDG_DATA_HOME=${folder}`, `XDG_RUNTIME_DIR=${folder}`];
  return ['env', ...places, 'dbus-run-session', '--', 'sh', '-c', start, 'sh'];
}

/** Starts a command for which `folder` is a disk of 8 MiB. */
export function withSmallDisk(folder) {
  const mount = 'mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"';
  return usable([...unshare('--mount'), 'sh', '-c', mount, folder]);
}
