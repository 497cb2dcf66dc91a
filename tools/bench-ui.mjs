// npm run bench:ui: how smooth the chat window is, in Chromium on the fake host: opening, scrolling, finding
// and streaming (60 tokens a second) in a chat of 10,000 messages and in answers of 200,000 characters.
// Figures land in target/bench. `npm run bench:ui -- --seconds 5` makes each stretch shorter, `--only quote`
// leaves out what is not named so.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { markdown } from './lib/figures.mjs';
import { watch } from './lib/frames.mjs';
import { findBrowser } from './lib/machine.mjs';
import { figuresFile } from './lib/tern.mjs';
import { Problem, main, must, npm, root, say } from './lib/terminal.mjs';

const BUILD = path.join(root, 'tests', 'ui', 'results', 'fake');
const VIEW = { width: 1280, height: 800 };
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
/** Shapes of an answer of 200,000 characters (ui/src/lib/ipc/fake-long.ts). */
const SHAPES = ['blocks', 'code', 'list', 'ones', 'paragraph', 'quote', 'table'];
const HUGE = 200_000;

/** Serves the build on a port of its own. */
function serve() {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = path.join(BUILD, pathname === '/' ? 'index.html' : path.normalize(pathname));
    if (!fs.existsSync(file)) return response.writeHead(404).end();
    const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
    return response.writeHead(200, { 'content-type': type }).end(fs.readFileSync(file));
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

/** Opens the window in a scenario of the fake host. */
async function start(browser, server, scenario, pace) {
  const page = await browser.newPage({ viewport: VIEW });
  await page.goto(`http://127.0.0.1:${server.address().port}/?fake=${scenario}&pace=${pace}`);
  await page.getByTestId('composer-input').waitFor();
  return page;
}

/** Presses a chat's row; resolves to milliseconds until its end was painted. */
function open(page, title) {
  return page.evaluate(async (wanted) => {
    const rows = [...document.querySelectorAll('[data-testid="conversation-row"]')];
    const row = rows.find((one) => one.textContent.includes(wanted)).querySelector('button');
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const isAtEnd = () => {
      const view = document.querySelector('[data-testid="transcript"]');
      const last = [...document.querySelectorAll('[data-testid="message-text"]')].at(-1);
      if (!view || !last) return false;
      const { top, bottom } = last.getBoundingClientRect();
      const frame = view.getBoundingClientRect();
      return top < frame.bottom && bottom > frame.top && bottom <= frame.bottom;
    };
    const started = performance.now();
    row.click();
    while (!isAtEnd()) await frame();
    // The frame that shows it is made after this callback.
    await frame();
    return performance.now() - started;
  }, title);
}

/** Words that are in most answers, in some, and in questions only. */
const WORDS = ['tern', 'weight', 'tell me about birds'];

/** Looks for words; resolves to milliseconds until the first match is painted, and until all are counted. */
function find(page, words) {
  return page.evaluate(async (wanted) => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const field = document.querySelector('[data-testid="find-input"]');
    const isFound = () =>
      [...(CSS.highlights.get('tern-found-current') ?? [])].some(
        (range) => range.toString().toLowerCase() === wanted,
      );
    const isCounted = () =>
      / of /.test(document.querySelector('[data-testid="find-words"]').textContent);
    field.value = '';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    // One search waits a little for the one before.
    await new Promise((done) => setTimeout(done, 300));
    const started = performance.now();
    field.value = wanted;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    let first = null;
    while (first === null || !isCounted()) {
      await frame();
      if (first === null && isFound()) first = performance.now() - started;
    }
    return { first, all: performance.now() - started };
  }, words);
}

const nodes = (page) => page.evaluate(() => document.querySelectorAll('*').length);

/** Turns the wheel upwards at 60 events a second. */
async function scrollUp(page, seconds) {
  await page.getByTestId('transcript').hover();
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    await page.mouse.wheel(0, -240);
    await page.waitForTimeout(10);
  }
}

/** Asks for an answer that goes on longer than the measurement and waits until it is being written. */
async function ask(page, text) {
  await page.getByTestId('composer-input').fill(text);
  await page.getByTestId('composer-input').press('Enter');
  await writing(page);
}

async function writing(page) {
  await page.getByTestId('phase').filter({ hasText: 'Writing' }).waitFor({ timeout: 60_000 });
}

async function measureLongChat(browser, server, seconds, add) {
  const page = await start(browser, server, 'long', 'steady');
  let opened = 0;
  const opening = await watch(page, async () => {
    opened = await open(page, 'Ten thousand messages');
  });
  await add('open 10,000 messages', page, { ...opening, opened_ms: opened });
  await add('scroll 10,000 messages', page, await watch(page, () => scrollUp(page, seconds)));
  await page.keyboard.press('Control+f');
  await page.getByTestId('find-input').waitFor();
  for (const time of ['', ' again']) {
    for (const words of WORDS) {
      let found = {};
      const finding = await watch(page, async () => {
        found = await find(page, words);
      });
      const times = { opened_ms: found.first, whole_ms: found.all };
      await add(`find "${words}" in 10,000 messages${time}`, page, { ...finding, ...times });
    }
  }
  await page.keyboard.press('Escape');
  await page.getByTestId('to-end').click();
  await ask(page, 'Write huge blocks.');
  const streaming = await watch(page, () => page.waitForTimeout(seconds * 1000));
  await add('stream into 10,000 messages', page, streaming);
  await page.close();
}

async function measure(browser, server, seconds, only) {
  const rows = [];
  const add = async (name, page, figures) => {
    rows.push({ name, ...figures, nodes: await nodes(page) });
    say(name);
  };
  const isWanted = (name) => only === undefined || only.split(',').includes(name);

  if (isWanted('messages')) await measureLongChat(browser, server, seconds, add);
  for (const shape of SHAPES.filter(isWanted)) {
    const page = await start(browser, server, 'huge', 'steady');
    let opened = 0;
    const figures = await watch(page, async () => {
      opened = await open(page, `Huge ${shape}`);
    });
    await add(`open 200,000 characters of ${shape}`, page, { ...figures, opened_ms: opened });
    await add(
      `scroll 200,000 characters of ${shape}`,
      page,
      await watch(page, () => scrollUp(page, seconds / 2)),
    );
    await page.evaluate(
      ([question, length]) => window.ternFake.putWriting('Being written', question, length),
      [`Write huge ${shape}.`, HUGE],
    );
    await open(page, 'Being written');
    await writing(page);
    await add(
      `stream into 200,000 characters of ${shape}`,
      page,
      await watch(page, () => page.waitForTimeout(seconds * 1000)),
    );
    await page.close();
  }
  return rows;
}

const HEAD = [
  'what',
  'open or first match ms',
  'all matches ms',
  'frames',
  'dropped',
  'work ms per frame (mean / p95 / max)',
  'longest task ms',
  'elements',
];

function cells({ name, opened_ms, whole_ms, frames, dropped, work_ms, longest_task_ms, nodes }) {
  const work = [work_ms.mean, work_ms.p95, work_ms.max].map((ms) => ms.toFixed(1)).join(' / ');
  const [opened, whole] = [opened_ms, whole_ms].map((ms) => ms?.toFixed(0) ?? '');
  return [name, opened, whole, frames, dropped, work, longest_task_ms.toFixed(0), nodes];
}

await main(async () => {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '20' }, only: { type: 'string' } },
  });
  const seconds = Number(values.seconds);
  if (!(seconds >= 1)) throw new Problem(`--seconds takes a number from 1, not "${values.seconds}".`);
  const executablePath = findBrowser();
  if (executablePath === null)
    throw new Problem('No Chromium or Chrome was found. Install one, or name it in TERN_CHROMIUM.');
  const { command, args, shell } = npm();
  const build = [...args, 'exec', '--', 'vite', 'build', '--mode', 'fake', '--logLevel', 'warn'];
  await must('The UI could not be built', command, build, { shell });
  const server = await serve();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const rows = await measure(browser, server, seconds, values.only);
    console.log(`\n${markdown(HEAD, rows.map(cells))}\n`);
    const file = figuresFile('-ui', 'json');
    fs.writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
    say(`figures in ${file}`);
    return 0;
  } finally {
    await browser.close();
    server.close();
  }
});
