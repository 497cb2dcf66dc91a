/**
 * Thousands of hostile texts in every place of the window that shows a text: none runs, loads,
 * leads or styles anything, and the window goes on working. The fixture fails every test on a
 * request that leaves, on an error and on a warning.
 */
import type { Page } from '@playwright/test';
import { exhausting, hostileVectors, mutated } from '../../ui/src/lib/markdown/hostile-vectors';
import { random } from '../../ui/src/lib/markdown/hostile';
import { expect, test, type Window } from './app';
import { QUIET, watch, type Watch } from './watch';

const vectors = hostileVectors();
/** `npm run test:full` asks for more. */
const MUTATED = process.env.TERN_FULL ? 30_000 : 600;
/** As many messages as are on the page at once. */
const BATCH = 30;
/** Tests that share the work. */
const SHARES = 4;

/** Every fourth batch of the texts, beginning with `share`. */
function batches(texts: readonly string[], share: number): string[][] {
  const all: string[][] = [];
  for (let at = 0; at < texts.length; at += BATCH) all.push(texts.slice(at, at + BATCH));
  return all.filter((_, i) => i % SHARES === share);
}

/** Waits until all messages of the open chat have been on the page. */
async function seen(app: Window, count: number): Promise<void> {
  await app.page.waitForFunction(
    (wanted) => {
      const { seen } = Reflect.get(window, 'ternWatch') as Watch;
      if (seen.size >= wanted) return true;
      const transcript = document.querySelector('[data-testid="transcript"]');
      if (transcript) transcript.scrollTop -= transcript.clientHeight / 2;
      return false;
    },
    count,
    { polling: 'raf' },
  );
}

/** Has nothing seen from here on. */
function forget(app: Window): Promise<void> {
  return app.page.evaluate(() => (Reflect.get(window, 'ternWatch') as Watch).seen.clear());
}

/** The titles of all rows of the sidebar, which come by as it is scrolled to its end. */
async function rowsPassing(page: Page): Promise<Set<string>> {
  const titles = await page.getByTestId('conversation-list').evaluate(async (list) => {
    const titles = new Set<string>();
    for (let top = 0; top < list.scrollHeight; top += list.clientHeight / 2) {
      list.scrollTop = top;
      for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
      for (const { title } of list.querySelectorAll<HTMLElement>('.row-title')) titles.add(title);
    }
    return [...titles];
  });
  return new Set(titles);
}

/** The window still takes a question and shows its answer. */
async function stillAnswers(app: Window): Promise<void> {
  await app.page.keyboard.press('Control+n');
  await app.send('Which birds are terns related to?');
  await expect(app.answers).toContainText('Terns are slender seabirds');
}

test('there are thousands of them, no two the same', () => {
  expect(vectors.length).toBeGreaterThan(5000);
  expect(new Set(vectors).size).toBe(vectors.length);
});

for (let share = 0; share < SHARES; share += 1) {
  test(`as answers, part ${share + 1}`, async ({ app, page }) => {
    test.setTimeout(1_200_000);
    const problems = await watch(page);
    await app.start('ready', 'instant');
    await page.setViewportSize({ width: 1280, height: 4000 });
    const texts = [...vectors, ...mutated(vectors, MUTATED, 5)];
    for (const batch of batches(texts, share)) {
      await forget(app);
      await app.fake((host, texts) => {
        const messages = texts.map((text) => ({ role: 'assistant' as const, text }));
        host.putChat('Hostile answers', messages);
      }, batch);
      await app.rows.first().getByRole('button').first().click();
      await seen(app, batch.length);
      expect(await problems(), JSON.stringify(batch)).toEqual(QUIET);
      await stillAnswers(app);
    }
    expect(await app.calls('openLink')).toEqual([]);
  });

  test(`as answers that are being written, part ${share + 1}`, async ({ app, page }) => {
    test.setTimeout(1_200_000);
    const problems = await watch(page);
    await app.start('ready', 'manual');
    await page.setViewportSize({ width: 1280, height: 4000 });
    const next = random(share);
    const texts = [...vectors, ...mutated(vectors, MUTATED, 6)];
    for (const batch of batches(texts, share)) {
      // Cut anywhere, also between the halves of a pair.
      const cut = batch.map((text) => {
        const at = [next(), next()]
          .map((part) => Math.floor(part * text.length))
          .sort((a, b) => a - b);
        return [text.slice(0, at[0]), text.slice(at[0], at[1]), text.slice(at[1])];
      });
      await forget(app);
      await app.fake((host, count) => {
        const one = { role: 'assistant', state: 'writing' } as const;
        const chat = host.putChat(
          'Hostile answers',
          Array.from({ length: count }, () => one),
        );
        Object.assign(window, { hostileChat: chat });
      }, batch.length);
      await app.rows.first().getByRole('button').first().click();
      await seen(app, batch.length);
      await app.fake(async (host, pieces) => {
        const { summary, messages } = Reflect.get(window, 'hostileChat') as ReturnType<
          typeof host.putChat
        >;
        const conversation = summary.id;
        const frame = () => new Promise(requestAnimationFrame);
        for (let seq = 0; seq < 3; seq += 1) {
          messages.forEach((message, i) => {
            const text = pieces[i]?.[seq] ?? '';
            message.text += text;
            message.nextSeq += 1;
            host.emit({ kind: 'textDelta', conversation, message: message.id, seq, text });
          });
          await frame();
          await frame();
        }
        for (const message of messages) {
          message.state = 'complete';
          host.emit({ kind: 'answerFinished', conversation, message });
        }
        await frame();
      }, cut);
      expect(await problems(), JSON.stringify(batch)).toEqual(QUIET);
      await expect(page.getByTestId('stop')).toHaveCount(0);
    }
  });
}

test('as questions, as names of models and as sentences about errors', async ({ app, page }) => {
  test.setTimeout(300_000);
  const problems = await watch(page);
  await app.start('ready', 'instant');
  await page.setViewportSize({ width: 1280, height: 4000 });
  const wanted = vectors.filter((_, i) => i % 3 === 0);
  for (let at = 0; at < wanted.length; at += BATCH / 2) {
    const batch = wanted.slice(at, at + BATCH / 2);
    await forget(app);
    await app.fake((host, texts) => {
      const messages = texts.flatMap((text) => [
        { role: 'user' as const, text },
        {
          role: 'assistant' as const,
          modelName: text,
          state: 'failed' as const,
          error: { kind: 'modelChanged' as const, file: text, detail: text },
        },
      ]);
      host.putChat('Hostile words', messages);
    }, batch);
    await app.rows.first().getByRole('button').first().click();
    await seen(app, 2 * batch.length);
    expect(await problems(), JSON.stringify(batch)).toEqual(QUIET);
  }
  // What a person wrote is shown as it is.
  const last = wanted.at(-1) ?? '';
  await expect(app.questions.last().getByTestId('message-text')).toHaveText(last);
  await stillAnswers(app);
});

test('as titles of chats and in the list of models', async ({ app, page }) => {
  test.setTimeout(300_000);
  const problems = await watch(page);
  await app.start('ready', 'instant');
  await page.setViewportSize({ width: 1280, height: 4000 });
  const titles = vectors.filter((_, i) => i % 4 === 0);
  await app.fake((host, titles) => {
    for (const title of titles) host.putChat(title, []);
    const names = titles.slice(0, 300);
    const models = names.map((name, i) => ({
      id: `model-${i}`,
      name,
      path: name,
      bytes: 1,
      selected: i === 0,
      state: i % 2 ? ('missing' as const) : ('ready' as const),
      warnings: [{ kind: 'unusableTemplate' as const, detail: name }],
      origin: i % 3 ? { repo: name, revision: name, catalogue: null } : null,
      owned: i % 3 > 0,
      recorded: true,
      work: null,
    }));
    host.emit({ kind: 'modelsChanged', models });
    const downloads = names.slice(0, 30).map((name, i) => ({
      id: `download-${i}`,
      name,
      catalogue: null,
      repo: name,
      host: name,
      state: {
        kind: 'waiting' as const,
        setback: { kind: 'nonsense' as const, what: name },
        seconds: 5,
      },
      doneBytes: 1,
      totalBytes: 2,
      bytesPerSecond: null,
      secondsLeft: null,
    }));
    host.emit({ kind: 'downloadsChanged', downloads });
  }, titles);
  await expect(app.rows.first()).toBeVisible();
  expect(await rowsPassing(page)).toEqual(new Set(titles));
  await page.getByTestId('model-pill').click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Shift+M');
  await expect(page.getByTestId('download').last()).toBeVisible();
  expect(await problems()).toEqual(QUIET);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('palette-more')).toBeVisible();
  await page.keyboard.press('Escape');
  expect(await problems()).toEqual(QUIET);
  await app.rows.first().getByRole('button').first().click();
  await expect(page.getByTestId('chat-title')).toBeVisible();
  await app.rows.first().getByRole('button').first().click({ button: 'right' });
  await expect(page.getByRole('menu')).toBeVisible();
  expect(await problems()).toEqual(QUIET);
});

test('typed as titles, questions and words to find', async ({ app, page }) => {
  test.setTimeout(300_000);
  const problems = await watch(page);
  await app.start('chats', 'instant');
  await app.open('Prime sieve in Python');
  for (const text of vectors.filter((_, i) => i % 97 === 0)) {
    const line = text
      .replace(/[\r\n]+/g, ' ')
      .trim()
      .slice(0, 200);
    await page.getByTestId('chat-title').click();
    await page.getByRole('textbox', { name: 'Chat title' }).fill(line);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+f');
    await page.getByTestId('find-input').fill(text);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByTestId('palette-input').fill(line);
    await page.keyboard.press('Escape');
    await app.composer.fill(text);
    if (/\S/.test(text)) await app.send(text);
    expect(await problems(), JSON.stringify(text)).toEqual(QUIET);
  }
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
});

test('texts that ask for much do not hold up the window', async ({ app, page }) => {
  test.setTimeout(300_000);
  const problems = await watch(page);
  await app.start('ready', 'instant');
  for (const text of exhausting(5_000)) {
    await forget(app);
    await app.fake((host, answer) => host.put('Much', '?', answer), text);
    const started = Date.now();
    await app.rows.first().getByRole('button').first().click();
    await seen(app, 2);
    await page.evaluate(() => new Promise(requestAnimationFrame));
    const ms = Date.now() - started;
    // Generous: a slow test machine, not a promise. A quadratic path takes minutes.
    expect(ms, text.slice(0, 40)).toBeLessThan(20_000);
    expect(await problems(), text.slice(0, 40)).toEqual(QUIET);
    await page.keyboard.press('Control+n');
  }
  await stillAnswers(app);
});
