import type { Window } from './app';

interface PastedFile {
  name: string;
  bytes: number[];
}

/** Pastes into the message box as the system does: a text, files, or both. */
export async function paste(app: Window, text: string, files: PastedFile[] = []): Promise<void> {
  await app.composer.evaluate(
    (area: HTMLTextAreaElement, given) => {
      const clipboardData = new DataTransfer();
      if (given.text !== '') clipboardData.setData('text/plain', given.text);
      for (const { name, bytes } of given.files) {
        clipboardData.items.add(new File([new Uint8Array(bytes)], name));
      }
      area.focus();
      const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
      // A made event inserts nothing by itself.
      if (area.dispatchEvent(event)) document.execCommand('insertText', false, given.text);
    },
    { text, files },
  );
}
