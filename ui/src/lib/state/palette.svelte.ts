import { commandsOf } from '../palette/commands';
import { fold } from '../fold';
import { fitting, wordsOf } from '../palette/match';
import { pieces, type Piece } from '../palette/pieces';
import type { IconName } from '../icons';
import { shortDate, type Group } from '../dates';
import { count } from '../format';
import { t } from '../strings/language.svelte';
import type { App } from './app.svelte';
import type { MessageSearch } from './message-search.svelte';

/** More rows than anyone reads; a further word is quicker. */
export const MOST_SHOWN = 50;
/** Chats shown before anything is typed, so that the commands are in sight. */
export const MOST_RECENT = 6;

export interface Result {
  key: string;
  icon: IconName;
  pieces: Piece[];
  /** A second line. */
  detail: string;
  hint: string;
  run: (app: App) => void;
}

export interface Section {
  id: 'chats' | 'commands' | 'messages';
  label: string;
  results: Result[];
  /** Found, but not shown. */
  more: number;
}

/** A result before it is drawn. */
interface Candidate extends Omit<Result, 'pieces' | 'detail'> {
  label: string;
  folded: string;
}

/** The command palette and the search: what was typed, what fits, and the row that Enter runs. */
export class Palette {
  query = $state.raw('');
  /** The chosen row by its key: results may come and go around it. */
  #chosen = $state.raw<string | null>(null);

  readonly search: MessageSearch;
  readonly #app: App;
  readonly #words = $derived(wordsOf(this.query));
  /** All chats, the latest first. */
  readonly #chats: Candidate[] = $derived.by(() =>
    [...this.#app.chats.groups, ...this.#archived()].flatMap(({ label: day, rows }) =>
      rows.map(({ id, title, generating }) => ({
        key: `chat ${id}`,
        label: title,
        folded: fold(title),
        icon: 'chat' as const,
        hint: generating ? t.sidebar.generating : day,
        run: ({ chats, shell }: App) => {
          chats.open(id);
          shell.closeDrawer();
          shell.focusComposer();
        },
      })),
    ),
  );
  readonly #commands: Candidate[] = $derived.by(() =>
    commandsOf(this.#app).map(({ also, ...command }) => ({
      ...command,
      folded: fold(`${command.label} ${also}`),
    })),
  );
  /** Messages, in the order they were found. They come last: those above stay where they are. */
  readonly messages: Section = $derived.by(() => this.#found());
  readonly sections: Section[] = $derived.by(() => this.#find());
  /** All rows shown, from top to bottom. */
  readonly results: Result[] = $derived(this.sections.flatMap(({ results }) => results));
  readonly more: number = $derived(this.sections.reduce((sum, { more }) => sum + more, 0));
  /** The index of the chosen row; -1 when nothing was found. */
  readonly at: number = $derived.by(() => {
    const at = this.results.findIndex(({ key }) => key === this.#chosen);
    return at === -1 ? Math.min(0, this.results.length - 1) : at;
  });
  /** What a screen reader is told about the results. */
  readonly spoken: string = $derived.by(() => {
    const { length } = this.results;
    // Not on every key: the count comes once it is known.
    if (this.search.searching) return '';
    if (length === 0) return t.palette.none;
    return this.more === 0
      ? t.palette.found(length)
      : t.palette.foundMore(count(length + this.more), count(length));
  });

  constructor(app: App) {
    this.#app = app;
    this.search = app.messageSearch();
  }

  type(query: string): void {
    this.query = query;
    this.#chosen = null;
    this.search.find(query);
  }

  choose(key: string): void {
    this.#chosen = key;
  }

  /** Moves by `step` rows: a single step goes round, a longer one stays at the end. */
  move(step: number): void {
    const { length } = this.results;
    const next = this.at + step;
    const single = Math.abs(step) === 1;
    this.moveTo(single ? (next + length) % length : Math.max(0, Math.min(next, length - 1)));
  }

  moveTo(index: number): void {
    this.#chosen = this.results.at(index)?.key ?? null;
  }

  #find(): Section[] {
    const typed = this.#words.length > 0;
    const chats = this.#section('chats', typed ? MOST_SHOWN : MOST_RECENT);
    const commands = this.#section('commands', MOST_SHOWN);
    const both = commands.best < chats.best ? [commands, chats] : [chats, commands];
    // What is still shown of an older search can't be chosen any more.
    const messages = this.search.searching ? [] : [this.messages];
    return [...both.map(({ section }) => section), ...messages].filter(
      ({ results }) => results.length > 0,
    );
  }

  #archived(): Group[] {
    const rows = this.#app.chats.archived.flatMap((group) => group.rows);
    return [{ label: t.sidebar.archived, rows }];
  }

  #found(): Section {
    const { hits } = this.search;
    const now = new Date();
    const results = hits
      .slice(0, MOST_SHOWN)
      .map(({ conversation, message, role, createdAt, snippet }): Result => ({
        key: `message ${message}`,
        icon: 'message',
        pieces: snippet.map(({ text, matched }) => ({ text, hit: matched })),
        detail:
          role === 'user'
            ? t.palette.youIn(conversation.title)
            : t.palette.modelIn(conversation.title),
        hint: shortDate(createdAt, now),
        run: ({ chats, shell }) => {
          chats.open(conversation.id, message);
          shell.closeDrawer();
          shell.focusComposer();
        },
      }));
    const more = hits.length - results.length;
    return { id: 'messages', label: t.palette.messages, results, more };
  }

  #section(id: 'chats' | 'commands', most: number): { section: Section; best: number } {
    const words = this.#words;
    const found = fitting(id === 'chats' ? this.#chats : this.#commands, words);
    const results = found.slice(0, most).map(({ item: { label, key, icon, hint, run } }) => {
      return { key, icon, hint, run, detail: '', pieces: pieces(label, words) };
    });
    const recent = id === 'chats' && words.length === 0;
    const label = recent ? t.palette.recent : t.palette[id];
    // Before anything is typed nothing was left out of a search.
    const more = recent ? 0 : found.length - results.length;
    return { section: { id, label, results, more }, best: found[0]?.fit ?? Infinity };
  }
}
