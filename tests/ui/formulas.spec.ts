/** Formulas in answers. The fixture fails every test on a request that leaves. */
import { formulaPayloads } from '../../ui/src/lib/markdown/hostile';
import { expect, test } from './app';
import { FORMULAS } from './formulas';

test('formulas are set, prices and code are not, and copying gives LaTeX', async ({
  app,
  page,
}) => {
  await app.start('ready', 'instant');
  await app.fake((host, text) => host.put('Formulas', 'What about $x^2$?', text), FORMULAS);
  await app.open('Formulas');
  await expect(page.locator('math')).toHaveCount(6);
  await expect(app.answers).toContainText('costs between $5 and $10, and $HOME is no formula');
  await expect(app.questions).toContainText('$x^2$');
  const copied = await app.answers.getByTestId('message-text').evaluate((body) => {
    getSelection()?.selectAllChildren(body);
    const data = new DataTransfer();
    const event = new ClipboardEvent('copy', {
      bubbles: true,
      cancelable: true,
      clipboardData: data,
    });
    body.dispatchEvent(event);
    return data.getData('text/plain');
  });
  expect(copied).toContain('For $ax^2 + bx + c = 0$ with $a \\neq 0$ the solutions are');
  expect(copied).toContain('$$x_{1,2} = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}$$');
  // Found by its source, painted as a whole.
  await page.keyboard.press('Control+f');
  await page.keyboard.insertText('\\sqrt{b^2');
  await expect(page.getByTestId('find-words')).toHaveText('1 of 1');
});

test('hostile formulas run no script, fetch nothing and stay in their place', async ({
  app,
  page,
}) => {
  await app.start('ready', 'instant');
  const text = formulaPayloads.map((tex) => `a $${tex}$ b\n\n$$\n${tex}\n$$`).join('\n\n');
  await app.fake((host, answer) => host.put('Hostile', 'x', answer), text);
  await app.open('Hostile');
  // With the find bar, all of a long answer is on the page.
  await page.keyboard.press('Control+f');
  await expect(app.answers.locator('.piece:empty')).toHaveCount(0);
  await expect(page.locator('math').first()).toBeAttached();
  const found = await app.answers.getByTestId('message-text').evaluate((body) => {
    const bad = 'script,img,iframe,style,svg,[style]:not(.piece),[href],[src],[id],[onerror]';
    return body.querySelector(bad)?.outerHTML ?? null;
  });
  expect(found).toBeNull();
  expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
});
