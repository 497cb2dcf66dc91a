import type { Attachment } from '../ipc/host';

/** A message while the person changes it. */
export class Edit {
  text = $state('');
  attachments = $state.raw<Attachment[]>([]);
  /** On its way to the program. */
  saving = $state.raw(false);
  /** Why it was refused, as a sentence. */
  problem = $state.raw<string | null>(null);
  /** The text box is to take the focus, once. */
  focusWanted = $state.raw(false);

  constructor(text: string, attachments: Attachment[]) {
    this.text = text;
    this.attachments = attachments;
  }

  get empty(): boolean {
    return this.attachments.length === 0 && !/\S/.test(this.text);
  }

  detach(attachment: Attachment): void {
    this.attachments = this.attachments.filter((other) => other !== attachment);
  }
}
