import type { Host, Settings } from '../ipc/host';
import { t } from '../strings/language.svelte';
import { reasonOf } from '../strings/problems';

/** The person's settings: shown at once, then stored. */
export class SettingsState {
  value = $state.raw<Settings>({
    theme: 'system',
    language: 'system',
    textSize: 100,
    systemPrompt: '',
    presets: [],
    sampling: {
      temperature: 0.6,
      topK: 0,
      topP: 0.9,
      minP: 0,
      repetitionPenalty: 1,
      seed: null,
      maxAnswerTokens: 0,
    },
    profile: 'full',
    threads: 0,
    smartTitles: true,
    tray: false,
    quickAsk: null,
    menuBar: false,
    mirror: null,
    proxy: { kind: 'system' },
    offline: false,
    unloadAfter: 30,
  });
  /** Why the last change was not stored, as a sentence. */
  problem = $state.raw<string | null>(null);

  readonly #host: Host;
  /** What the program knows. */
  stored = $state.raw<Settings>(this.value);
  /** Changes are stored one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(host: Host) {
    this.#host = host;
  }

  set(settings: Settings): void {
    this.value = settings;
    this.stored = settings;
  }

  /** Changes some settings. What can't be stored goes back to what is stored. */
  change(changes: Partial<Settings>): Promise<void> {
    this.value = { ...this.value, ...changes };
    this.#queue = this.#queue.then(async () => {
      const wanted = { ...this.stored, ...changes };
      try {
        this.stored = await this.#host.setSettings(wanted);
        this.problem = null;
      } catch (thrown) {
        this.value = this.stored;
        this.problem = t.settings.notSaved(reasonOf(thrown));
      }
    });
    return this.#queue;
  }
}
