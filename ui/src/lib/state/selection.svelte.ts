/** Rows of the sidebar that were selected, to do something with all of them. */
export class Selection {
  /** True while a press on a row selects it instead of opening it. */
  active = $state.raw(false);

  #chosen = $state.raw<ReadonlySet<string>>(new Set());
  /** Where a range begins. */
  #anchor: string | null = null;
  readonly #listed: () => string[];
  /** The selected rows that are still listed, from top to bottom. */
  readonly ids: string[] = $derived.by(() => this.#listed().filter((id) => this.#chosen.has(id)));

  /** `listed` are the ids of all rows, from top to bottom. */
  constructor(listed: () => string[]) {
    this.#listed = listed;
  }

  has(id: string): boolean {
    return this.#chosen.has(id);
  }

  begin(): void {
    this.active = true;
  }

  toggle(id: string): void {
    this.active = true;
    const chosen = new Set(this.#chosen);
    if (!chosen.delete(id)) chosen.add(id);
    this.#chosen = chosen;
    this.#anchor = id;
  }

  /** Selects from where the last range began, or from `start`, to `id`, and nothing else. */
  extend(start: string, id: string): void {
    this.active = true;
    const listed = this.#listed();
    if (this.#anchor === null || !listed.includes(this.#anchor)) {
      this.#anchor = listed.includes(start) ? start : id;
    }
    const ends = [listed.indexOf(this.#anchor), listed.indexOf(id)];
    this.#chosen = new Set(listed.slice(Math.min(...ends), Math.max(...ends) + 1));
  }

  all(): void {
    this.#chosen = new Set(this.#listed());
  }

  leave(): void {
    this.active = false;
    this.#chosen = new Set();
    this.#anchor = null;
  }
}
