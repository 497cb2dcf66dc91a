/** The fake program’s disk: backups, and where exported chats go. */
import type {
  Backup,
  ConversationSummary,
  ExportFormat,
  Exported,
  Folder,
  StorageUse,
} from './host';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DOCUMENTS = '/home/kim/Documents';

function backup(reason: Backup['reason'], age: number, bytes: number): Backup {
  const madeAt = Date.now() - age;
  return { name: `${reason}-${madeAt}.db`, madeAt, bytes, reason };
}

export class FakeStorage {
  /** The person closes the dialog. */
  cancels = false;
  /** Folders that were shown in the file manager. */
  readonly shown: Folder[] = [];
  backups: Backup[] = [
    backup('daily', 3 * HOUR, 18_400_000),
    backup('daily', DAY + 2 * HOUR, 18_100_000),
    backup('beforeUpgrade', 2 * DAY, 17_900_000),
    backup('daily', 3 * DAY, 17_700_000),
  ];

  use(): StorageUse {
    return structuredClone({ chatsBytes: 18_600_000, backups: this.backups });
  }

  backUp(): StorageUse {
    this.backups = [backup('asked', 0, 18_500_000), ...this.backups];
    return this.use();
  }

  exportOne({ title }: ConversationSummary, format: ExportFormat): Exported | null {
    const end = format === 'json' ? 'json' : 'md';
    return this.cancels ? null : { path: `${DOCUMENTS}/${title}.${end}`, chats: 1 };
  }

  exportAll(rows: ConversationSummary[], format: ExportFormat, name: string): Exported | null {
    const day = new Date().toISOString().slice(0, 10);
    const path = `${DOCUMENTS}/${name} ${day}${format === 'json' ? '.json' : ''}`;
    const chats = rows.filter(({ temporary }) => !temporary).length;
    return this.cancels ? null : { path, chats };
  }
}
