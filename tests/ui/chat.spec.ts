import { expect, test } from './app';

test('the first minute: the Guide answers a suggested question', async ({ app, page }) => {
  await app.start('first-run');
  await expect(page.getByTestId('welcome')).toContainText('knows about this app and nothing else');
  await expect(page.getByTestId('suggestion')).toHaveCount(4);
  await expect(page.getByRole('button', { name: 'I have the file' })).toBeVisible();
  await page.getByTestId('suggestion').first().click();
  await app.answered();
  await expect(app.questions).toHaveText(/What is Tern\?/);
  await expect(app.answers).toContainText('makes no network connection at all');
  await expect(app.row('What is Tern?')).toBeVisible();
  await expect(page.getByTestId('stats')).toHaveText(
    /^36 tokens · 31 tok\/s · first token 0\.\d s$/,
  );
});

test('no waiting without a word: loading, reading and writing are named', async ({ app, page }) => {
  await app.start('cold', 'manual');
  await app.send('Compare the formats.');
  const phase = page.getByTestId('phase');
  await expect(phase).toHaveText(/Getting ready/);
  await app.step(4);
  await expect(phase).toHaveText(/Loading model · 25 %/);
  await expect(phase.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '25');
  await app.step(10);
  await expect(phase).toHaveText(/Reading 0 of 37 tokens/);
  await app.step(3);
  await expect(phase).toHaveText(/Writing/);
  await expect(page.getByTestId('status-strip')).toContainText('31 tok/s');
});

test('stop keeps the text that was written', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.step(60);
  await expect(app.answers).toContainText('The model reads your text');
  const before = await app.answers.getByTestId('message-text').innerText();
  await page.getByTestId('stop').click();
  await expect(page.getByTestId('message-state')).toHaveText('Stopped. The text so far is kept.');
  await expect(app.answers.getByTestId('message-text')).toHaveText(before, { useInnerText: true });
  await expect(page.getByTestId('send')).toBeVisible();
  await expect(app.composer).toBeFocused();
});

test('Escape stops, also while the next message is typed', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.step(20);
  await app.composer.fill('the next thought');
  await app.composer.press('Escape');
  await expect(page.getByTestId('message-state')).toBeVisible();
  await expect(app.composer).toHaveValue('the next thought');
});

test('a refused message goes back into the composer', async ({ app, page }) => {
  await app.start('ready');
  await expect(app.composer).toBeVisible();
  await app.fake(
    (host, message) => host.refuse('sendMessage', { code: 'storage', message }),
    'The disk is full. Make room, then send again.',
  );
  await app.send('something I thought about for a while');
  await expect(page.getByTestId('problem-line')).toHaveText(
    'Not sent. The disk is full. Make room, then send again.',
  );
  await expect(app.composer).toHaveValue('something I thought about for a while');
  await expect(app.questions).toHaveCount(0);
  await app.composer.press('Enter');
  await app.answered();
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
});

test('drafts belong to their chats', async ({ app, page }) => {
  await app.start('chats');
  await app.composer.fill('draft of a new chat');
  await app.open('Meals for a week');
  await expect(app.composer).toHaveValue('');
  await app.composer.fill('and for two people');
  await app.open('What is Tern?');
  await expect(app.composer).toHaveValue('');
  await app.open('Meals for a week');
  await expect(app.composer).toHaveValue('and for two people');
  await page.getByTestId('new-chat').click();
  await expect(app.composer).toHaveValue('draft of a new chat');
});

test('a suggested question leaves the draft alone', async ({ app, page }) => {
  await app.start('first-run');
  await app.composer.fill('half a thought');
  await page.getByTestId('suggestion').first().click();
  await app.answered();
  await expect(app.composer).toHaveValue('half a thought');
});

test('switching while an answer is written loses nothing', async ({ app, page }) => {
  await app.start('chats', 'manual');
  await app.open('What is Tern?');
  await app.send('A long one, please.');
  await app.step(40);
  await app.open('Comparing weight formats');
  await expect(app.answers).toHaveCount(1);
  await app.send('Compare them again.');
  await expect(page.getByTestId('phase')).toHaveText(/Waiting for another answer to finish/);
  await expect(app.row('Comparing weight formats')).toContainText('Writing');
  await app.step(2000);
  await app.answered();
  await expect(app.answers.last()).toContainText('every token reads every weight once');
  await app.open('What is Tern?');
  await expect(app.answers.last()).toContainText('the sampler picks one.');
  await expect(app.row('What is Tern?')).not.toContainText('Writing');
});

test('opening a chat in the middle of its answer shows all of it', async ({ app, page }) => {
  await app.start('busy', 'manual');
  await app.open('Prime sieve in Python');
  await expect(app.answers.last()).toContainText('How a token is made');
  await expect(page.getByTestId('stop')).toBeVisible();
  await app.step(3000);
  await app.answered();
  const text = await app.answers.last().getByTestId('message-text').innerText();
  expect(text.match(/Layer \d+/g)).toEqual(Array.from({ length: 14 }, (_, i) => `Layer ${i + 1}`));
});

test('a lost piece of text is noticed and fetched', async ({ app }) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.step(20);
  const opened = (await app.calls('openConversation')).length;
  // The window misses one event; the program knows it was sent.
  await app.fake((host) => {
    const emit = host.emit.bind(host);
    host.emit = (event) => {
      if (event.kind !== 'textDelta') emit(event);
    };
    host.step(1);
    host.emit = emit;
    host.step(5);
  }, null);
  await expect.poll(async () => (await app.calls('openConversation')).length).toBe(opened + 1);
  await app.step(3000);
  await app.answered();
  await expect(app.answers).toContainText('Layer 14');
});

test('every way an answer can end is said', async ({ app, page }) => {
  await app.start('states');
  await app.open('How answers can end');
  await expect(page.getByTestId('message-state')).toHaveText([
    'Stopped. The text so far is kept.',
    'Interrupted: Tern was closed while this was being written.',
    'Ended at the answer length set in Settings.',
    'The model file /home/kim/models/ggml-model-i2_s.gguf can no longer be read: it has another length than when it was loaded. Put the file back and load the model again.',
  ]);
});

test('copying an answer and its code', async ({ app, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await app.start('chats');
  await app.open('Prime sieve in Python');
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.getByRole('button', { name: 'Copy code' }).click();
  await expect(page.getByRole('button', { name: 'Copy code' })).toHaveText('Copied');
  await expect(page.getByTestId('live')).toHaveText('Copied');
  expect(await clipboard()).toMatch(/^def primes\(limit: int\)/);
  await app.answers.last().getByTestId('copy').click();
  await expect.poll(clipboard).toContain('```python');
});

test('the view follows the answer until one scrolls up', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.step(400);
  const transcript = page.getByTestId('transcript');
  const distance = () =>
    transcript.evaluate((el) => el.scrollHeight - el.clientHeight - el.scrollTop);
  await expect.poll(distance).toBeLessThan(2);
  await transcript.hover();
  await page.mouse.wheel(0, -600);
  await expect.poll(distance).toBeGreaterThan(300);
  const top = await transcript.evaluate((el) => el.scrollTop);
  await app.step(100);
  await expect(page.getByTestId('to-end')).toHaveText('New text');
  expect(await transcript.evaluate((el) => el.scrollTop)).toBe(top);
  await page.getByTestId('to-end').click();
  await expect.poll(distance).toBeLessThan(2);
  await app.step(50);
  await expect.poll(distance).toBeLessThan(2);
});

test('a long chat opens at its end and gives the rest while scrolling', async ({ app, page }) => {
  await app.start('long');
  await app.open('Two hundred questions');
  await expect(app.questions.last()).toBeInViewport();
  await expect(app.questions.last()).toContainText('Question 200');
  expect(await app.questions.count()).toBeLessThan(40);
  await page.getByTestId('transcript').hover();
  for (let i = 0; i < 60 && (await app.questions.count()) < 200; i += 1) {
    await page.mouse.wheel(0, -20_000);
    await page.waitForTimeout(30);
  }
  await expect(app.questions.first()).toContainText('Question 1:');
});

test('a megabyte in the composer does not freeze the window', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await expect(app.composer).toBeFocused();
  const ms = await page.evaluate(async () => {
    const words = 'All work and no play makes a long text. ';
    const text = words.repeat(Math.ceil(1_000_000 / words.length));
    const started = performance.now();
    document.execCommand('insertText', false, text);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - started;
  });
  await expect(page.getByText('1.0 MB of text')).toBeVisible();
  await expect(page.getByTestId('context-warning')).toContainText('Too long to send');
  // Generous: a slow test machine, not a promise. A quadratic path takes minutes.
  expect(ms).toBeLessThan(5000);
});

test('a message of a megabyte opens as fast as a short one', async ({ app }) => {
  await app.start('ready');
  await app.fake((host) => {
    host.put('All work', 'All work and no play makes a long text. '.repeat(25_000), 'Indeed.');
  }, null);
  const started = Date.now();
  await app.open('All work');
  await expect(app.questions).toContainText('Show all 1.0 MB');
  expect(Date.now() - started).toBeLessThan(5000);
});

test('input methods: Enter that ends a composition does not send', async ({ app }) => {
  await app.start('ready');
  await app.composer.fill('にほん');
  await app.composer.dispatchEvent('keydown', { key: 'Enter', isComposing: true });
  await app.composer.dispatchEvent('keydown', { key: 'Enter', keyCode: 229 });
  expect(await app.calls('sendMessage')).toHaveLength(0);
  await app.composer.press('Shift+Enter');
  await expect(app.composer).toHaveValue('にほん\n');
  await app.composer.press('Enter');
  await app.answered();
  expect(await app.calls('sendMessage')).toEqual([
    [null, { text: 'にほん', attachments: [] }, false, null],
  ]);
});

test('finished sentences reach screen readers, half ones do not', async ({ app, page }) => {
  await app.start('first-run', 'manual');
  await app.send('What is Tern?');
  const live = page.getByTestId('live');
  await expect(live).toHaveText('The answer begins.');
  const heard = new Set<string>();
  for (let i = 0; i < 60; i += 1) {
    await app.step(1);
    heard.add((await live.innerText()).trim());
  }
  expect([...heard]).toContain('Tern is a private chat app for your own computer.');
  for (const words of heard) expect(words).toMatch(/[.]$/);
  await expect(live).toHaveText(/The answer is complete\.$/);
});
