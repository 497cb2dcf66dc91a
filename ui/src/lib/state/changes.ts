import type { ConversationSummary } from '../ipc/host';

/** What a command under way makes of some rows. */
interface Change {
  ids: ReadonlySet<string>;
  fields: Partial<ConversationSummary>;
}

/** The list the rows are in. */
interface RowList {
  row(id: string): ConversationSummary | undefined;
  show(rows: readonly ConversationSummary[]): void;
}

/**
 * Rows show a change before the program has stored it. Until then it lies over whatever else is
 * told of them: a title just typed must not give way to an automatic one that comes meanwhile.
 */
export class Changes {
  readonly #list: RowList;
  #underWay: Change[] = [];

  constructor(list: RowList) {
    this.#list = list;
  }

  /** The row as it is to be shown. */
  over(row: ConversationSummary): ConversationSummary {
    return this.#underWay
      .filter(({ ids }) => ids.has(row.id))
      .reduce((shown, { fields }) => ({ ...shown, ...fields }), row);
  }

  /** Changes rows at once, and for good as far as the program agrees; throws its first refusal. */
  async make(
    rows: readonly ConversationSummary[],
    fields: Change['fields'],
    command: (id: string) => Promise<ConversationSummary>,
  ): Promise<void> {
    const change = { ids: new Set(rows.map(({ id }) => id)), fields };
    this.#underWay.push(change);
    this.#list.show(rows);
    const answers = await Promise.allSettled(rows.map(({ id }) => command(id)));
    this.#underWay = this.#underWay.filter((other) => other !== change);
    this.#list.show(
      rows.map((before, i) => {
        const answer = answers[i];
        return answer?.status === 'fulfilled' ? answer.value : this.#undone(before, fields);
      }),
    );
    const refused = answers.find(({ status }) => status === 'rejected');
    if (refused?.status === 'rejected') throw refused.reason;
  }

  /** Only what was to change goes back: the rest of the row may have moved on. */
  #undone(before: ConversationSummary, fields: Change['fields']): ConversationSummary {
    const names = Object.keys(fields) as (keyof ConversationSummary)[];
    const old = Object.fromEntries(names.map((name) => [name, before[name]]));
    return { ...(this.#list.row(before.id) ?? before), ...old };
  }
}
