/** What the program says went wrong, in a German window. */
import { expect, test } from './app';

test.use({ locale: 'de-DE' });

const file = '/home/kim/models/ggml-model-i2_s.gguf';

test('a start that fails is explained in German', async ({ app, page }) => {
  await app.start('problem');
  const problem = page.getByTestId('problem');
  await expect(problem).toContainText(
    'Tern kann deine Chats nicht im Ordner /home/kim/.local/share/tern ablegen.',
  );
  await expect(problem).toContainText('Genauer, auf Englisch: „Permission denied (os error 13)“');
});

test('refusals of commands are German sentences with their facts', async ({ app, page }) => {
  await app.start('chats');
  await app.fake(
    (host, path) =>
      host.refuse('sendMessage', {
        code: 'storage',
        detail: { kind: 'diskFull', path },
        message: 'The disk is full.',
      }),
    '/home/kim/.local/share/tern/history.db',
  );
  await app.send('Hallo');
  const line = page.getByTestId('problem-line');
  await expect(line).toHaveText(
    'Nicht gesendet. Der Datenträger mit /home/kim/.local/share/tern/history.db ist voll. Was schon gespeichert ist, bleibt erhalten; schaff Platz und versuch es noch einmal.',
  );
});

test('a missing model and a damaged file are German in the model menu', async ({ app, page }) => {
  await app.start('models');
  const menu = page.getByTestId('model-menu');
  await page.getByTestId('model-pill').click();
  await expect(menu).toContainText('Tern kennt das Chatformat dieses Modells nicht');
  await app.fake(
    (host, path) =>
      host.refuse('selectModel', {
        code: 'model',
        detail: { kind: 'modelMissing', name: 'Falcon3 \u202e7B', path },
        message: 'The model is gone.',
      }),
    file,
  );
  await menu.getByRole('button', { name: /^bitnet_b1_58-large 729/ }).click();
  await expect(menu).toContainText(
    `Das Modell „\u2068Falcon3 7B\u2069“ liegt nicht mehr unter ${file}. Leg die Datei zurück`,
  );
  await app.fake(
    (host, path) =>
      host.refuse('importModel', {
        code: 'model',
        detail: {
          kind: 'modelDamaged',
          file: path,
          detail: 'blk.0.attn_q.weight has 3 dimensions',
          advice: 'Download the file again, or choose another one.',
        },
        message: 'The file is damaged.',
      }),
    file,
  );
  await menu.getByRole('button', { name: 'Modelldatei öffnen …' }).click();
  await expect(menu).toContainText(`Die Modelldatei ${file} ist beschädigt oder keine`);
  await expect(menu).toContainText(
    'Genauer, auf Englisch: „blk.0.attn_q.weight has 3 dimensions. Download the file again',
  );
  // The fake program's dialog brings a folder without config.json.
  await menu.getByRole('button', { name: 'Modellordner öffnen …' }).click();
  await expect(menu).toContainText('ist kein Modell: Im Ordner fehlt die config.json.');
});

test('an answer that failed says why in the language of now', async ({ app, page }) => {
  await app.start('chats');
  await app.fake((host) => {
    host.putChat('Zu lang', [
      { role: 'user', text: 'Viel Text' },
      { state: 'failed', error: { kind: 'tooLong', tokens: 12_345, limit: 4096 } },
      { role: 'user', text: 'Noch einmal' },
      { state: 'failed', error: { kind: 'unworded', text: 'Written by an older Tern.' } },
    ]);
  }, null);
  await app.rows.first().getByRole('button').first().click();
  await expect(page.getByTestId('message-state')).toHaveText([
    /^\s*Diese Nachricht ist 12\.345 Tokens lang; das Modell liest höchstens 4\.096\./,
    /^\s*Das ist fehlgeschlagen\. Genauer, auf Englisch: „Written by an older Tern\.“/,
  ]);
  await app.fake(
    (host, path) =>
      host.emit({
        kind: 'problemOccurred',
        problem: {
          code: 'storage',
          detail: { kind: 'noBackup', cause: { kind: 'readOnly', path } },
          message: 'No backup.',
        },
      }),
    '/home/kim/history.db',
  );
  await expect(page.getByTestId('problem-line')).toHaveText(
    'Die heutige Sicherung der Chats konnte nicht angelegt werden. Tern darf nicht in /home/kim/history.db schreiben. Mach die Datei und ihren Ordner beschreibbar und versuch es noch einmal.',
  );
});

test('files that are left out are named in German', async ({ app, page }) => {
  await app.start('chats');
  await page.getByRole('button', { name: 'Dateien anhängen' }).click();
  await expect(page.getByTestId('problem-line')).toHaveText(
    'colony.jpg hängt nicht an: Das ist keine Textdatei. Tern liest Text, Quelltext, Markdown und PDF.',
  );
});
