/** Texts that people rarely write on purpose, and paste all the time. */
import { expect, test, type Window } from './app';

const FAMILY = '👩‍👩‍👧‍👦';

/** Puts `text` into the message box as a paste does, and waits until it is drawn. Returned are milliseconds. */
function paste(app: Window, text: string): Promise<number> {
  return app.composer.evaluate(async (area, pasted) => {
    area.focus();
    const started = performance.now();
    document.execCommand('insertText', false, pasted);
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    return performance.now() - started;
  }, text);
}

/** Nothing but the transcript’s own scrolling: no text makes the window wider than it is. */
async function fits(app: Window): Promise<void> {
  const wide = await app.page.evaluate(() =>
    [document.documentElement, document.querySelector('[data-testid="transcript"]')].map(
      (box) => box && box.scrollWidth - box.clientWidth,
    ),
  );
  expect(wide).toEqual([0, 0]);
}

const sent = async (app: Window) =>
  (await app.calls('sendMessage')).map(([, question]) => (question as { text: string }).text);

test('what cannot be seen is not sent', async ({ app, page }) => {
  await app.start('ready', 'instant');
  for (const text of [
    '',
    ' ',
    '\n\n\n',
    '\t',
    '\u00a0\u3000\u2028',
    '\u200b\ufeff',
    '\u202e',
    '\u0007',
  ]) {
    await app.composer.fill(text);
    await expect(page.getByTestId('send')).toBeDisabled();
    await app.composer.press('Enter');
  }
  expect(await sent(app)).toEqual([]);
  await app.composer.fill('  \n\n  four words of text \n ');
  await app.composer.press('Enter');
  await app.answered();
  expect(await sent(app)).toEqual(['  four words of text']);
});

test('a chat keeps its title when the new one cannot be seen', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  for (const title of ['', '   ', '\u200b', '\u202e\u2069']) {
    await page.getByTestId('chat-title').click();
    await page.getByRole('textbox', { name: 'Chat title' }).fill(title);
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week');
  }
  expect(await app.calls('renameConversation')).toEqual([]);
});

test('control characters arrive as they were pasted and show nothing', async ({ app }) => {
  await app.start('ready', 'instant');
  const codes = Array.from({ length: 0xa0 }, (_, code) => code);
  const controls = codes.filter(
    (code) => (code < 0x20 && code !== 10 && code !== 13) || code > 0x7e,
  );
  const text = `a${String.fromCharCode(...controls)}b`;
  await paste(app, text);
  await app.composer.press('Enter');
  await app.answered();
  const [arrived] = await sent(app);
  expect(arrived).toBe(await app.questions.getByTestId('message-text').textContent());
  expect(arrived).toBe(text);
  await fits(app);
});

test('half an emoji is sent as a replacement character', async ({ app, page }) => {
  await app.start('ready', 'instant');
  await app.composer.evaluate((area: HTMLTextAreaElement) => {
    area.value = `x${String.fromCharCode(0xd83d)}y`;
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  });
  await app.composer.press('Enter');
  await app.answered();
  expect(await sent(app)).toEqual(['x\ufffdy']);
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
});

test('emoji sequences and flags are never cut', async ({ app, page }) => {
  await app.start('ready', 'instant');
  await paste(app, `${'x'.repeat(3990)}${FAMILY.repeat(50)}`);
  await app.composer.press('Enter');
  await app.answered();
  const text = app.questions.getByTestId('message-text');
  await expect(text).toHaveText(`${'x'.repeat(3990)}…`);
  await app.questions.getByRole('button', { name: 'Show all' }).click();
  await expect(text).toHaveText(`${'x'.repeat(3990)}${FAMILY.repeat(50)}`);

  // A title is cut after 57 characters.
  await page.keyboard.press('Control+n');
  await app.send(`${'y'.repeat(55)}🇩🇪🇫🇷 and more words`);
  await expect(page.getByTestId('chat-title')).toHaveText(`${'y'.repeat(55)}…`);
});

test('an emoji that comes in pieces is whole in the end, and is found whole', async ({
  app,
  page,
}) => {
  await app.start('ready', 'manual');
  await app.fake((host, family) => {
    const chat = host.putChat('Emoji', [{ state: 'writing' }]);
    Object.assign(window, { pieces: { chat, units: [...family] } });
  }, FAMILY);
  await app.open('Emoji');
  await expect(app.answers).toHaveCount(1);
  await app.fake(async (host) => {
    const { chat, units } = Reflect.get(window, 'pieces') as {
      chat: ReturnType<typeof host.putChat>;
      units: string[];
    };
    const [message] = chat.messages;
    if (message === undefined) return;
    const conversation = chat.summary.id;
    for (const text of units) {
      message.text += text;
      const seq = message.nextSeq;
      message.nextSeq += 1;
      host.emit({ kind: 'textDelta', conversation, message: message.id, seq, text });
      await new Promise(requestAnimationFrame);
    }
    message.state = 'complete';
    host.emit({ kind: 'answerFinished', conversation, message });
  }, null);
  await expect(app.answers.getByTestId('message-text')).toHaveText(FAMILY);
  await page.keyboard.press('Control+f');
  await page.getByTestId('find-input').fill('👧');
  await expect(page.getByTestId('find-words')).toHaveText('1 of 1');
  const found = await page.evaluate(() =>
    [...(CSS.highlights.get('tern-found') ?? [])].map(({ startOffset, endOffset }) => [
      startOffset,
      endOffset,
    ]),
  );
  expect(found).toEqual([[0, FAMILY.length]]);
});

test('text from right to left stays where it is', async ({ app, page }) => {
  const turned = 'a\u202eb\u2066c';
  await app.start('models');
  await app.fake((host, text) => {
    host.putChat(text, [
      { role: 'user', text },
      {
        text: `${text}\n\n- ${text}\n\n| ${text} | x |\n|---|---|\n| y | ${text} |`,
        modelName: text,
      },
      { state: 'failed', error: { kind: 'modelChanged', file: text, detail: text } },
    ]);
  }, turned);
  await app.rows.first().getByRole('button').first().click();
  await expect(app.answers).toHaveCount(2);
  await page.getByTestId('model-pill').click();
  await page.keyboard.press('Escape');
  await app.rows.first().getByRole('button').first().click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(page.getByTestId('undo-bar')).toContainText('Deleted “\u2068abc\u2069”');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(app.answers).toHaveCount(2);
  // The direction turns back where the element ends: it is a block of its own, or isolated.
  const leaks = await page.evaluate((text) => {
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (!node.textContent?.includes('\u202e')) continue;
      let box = node.parentElement;
      while (box !== null) {
        const { display, unicodeBidi } = getComputedStyle(box);
        if (display !== 'inline' || /isolate|plaintext/.test(unicodeBidi)) break;
        box = box.parentElement;
      }
      const other = box?.textContent?.replaceAll(text, '').trim() ?? '?';
      if (other !== '' && !box?.closest('.visually-hidden')) found.push(other);
    }
    return found;
  }, turned);
  expect(leaks).toEqual([]);
});

test('towers of accents stay inside their messages', async ({ app }) => {
  await app.start('ready', 'instant');
  const tower = `Z${'\u0301\u030d\u0316'.repeat(120)}`.repeat(8);
  await app.fake((host, text) => host.put('Towers', text, text), tower);
  await app.open('Towers');
  for (const message of [app.questions, app.answers]) {
    const text = message.getByTestId('message-text');
    await expect(text).toHaveText(tower);
    // How far a tower reaches is the font’s choice; that it is cut off there is ours.
    await expect(text).toHaveCSS('overflow-y', 'clip');
  }
  await fits(app);
});

test('a megabyte without a space, as question and as answer', async ({ app, page }) => {
  await app.start('ready', 'instant');
  await app.fake((host) => (host.contextTokens = 1_000_000), null);
  const word = 'Donau'.repeat(200_000);
  // Generous: a slow test machine, not a promise. A quadratic path takes minutes.
  expect(await paste(app, word)).toBeLessThan(20_000);
  await app.composer.press('Enter');
  await app.answered();
  await expect(app.questions).toContainText('Show all 1.0 MB');
  await fits(app);
  const elements = () => page.evaluate(() => document.querySelectorAll('*').length);
  expect(await elements()).toBeLessThan(400);
  await app.fake(
    (host, answer) => host.put('One word', '?', `# ${answer}\n\n- ${answer}`),
    word.slice(0, 100_000),
  );
  await app.open('One word');
  await expect(app.answers).toContainText('DonauDonau');
  await fits(app);
});

test('a hundred thousand lines', async ({ app, page }) => {
  await app.start('ready', 'instant');
  await app.fake((host) => (host.contextTokens = 1_000_000), null);
  const lines = Array.from({ length: 100_000 }, (_, i) => `${i}`).join('\n');
  // Not typed: laying out the box is the browser’s own work.
  await app.composer.evaluate((area: HTMLTextAreaElement, value) => {
    area.value = value;
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, lines);
  const started = Date.now();
  await app.composer.press('Enter');
  await app.answered();
  expect(Date.now() - started).toBeLessThan(20_000);
  const question = app.questions.getByTestId('message-text');
  await expect(question).toContainText('59…');
  expect((await question.boundingBox())?.height).toBeLessThan(2000);
  await expect(page.getByTestId('chat-title')).toHaveText('0');
  expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(400);
});
