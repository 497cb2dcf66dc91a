import { plainWords } from '../markdown/plain';
import { spokenLanguage } from '../speech-language';
import { language } from '../strings/language.svelte';
import type { Message } from './message.svelte';

/** Code is for the eyes. */
const CODE = /^ *(```|~~~)[^]*?(^ *\1.*$|$(?![^]))/gm;

/** Reads answers aloud with voices of this computer. Those that need a server are never used. */
export class Speech {
  /** The message that is read now. */
  reading = $state.raw<Message | null>(null);
  #voices = $state.raw<SpeechSynthesisVoice[]>([]);

  /** Missing in some webviews. */
  readonly #synthesis = window.speechSynthesis as SpeechSynthesis | undefined;

  constructor() {
    // Voices are often found only some time after the start.
    this.#synthesis?.addEventListener('voiceschanged', () => this.#lookForVoices());
    this.#lookForVoices();
  }

  get possible(): boolean {
    return this.#voices.length > 0;
  }

  start(message: Message): void {
    this.stop();
    const voice = this.#voiceFor(message.text);
    const parts = message.text
      .replace(CODE, '')
      .split(/\n{2,}/)
      .map(plainWords);
    const spoken = parts.filter((part) => part !== '');
    if (voice === undefined || spoken.length === 0) return;
    this.reading = message;
    spoken.forEach((part, i) => {
      const utterance = new SpeechSynthesisUtterance(part);
      utterance.voice = voice;
      utterance.lang = voice.lang;
      if (i === spoken.length - 1) utterance.onend = () => this.#ended(message);
      utterance.onerror = () => this.#ended(message);
      this.#synthesis?.speak(utterance);
    });
  }

  stop(): void {
    if (this.reading === null) return;
    this.reading = null;
    this.#synthesis?.cancel();
  }

  #ended(message: Message): void {
    // Stopping one text ends it late: another one may be read by then.
    if (this.reading === message) this.reading = null;
  }

  #voiceFor(text: string): SpeechSynthesisVoice | undefined {
    const wanted = spokenLanguage(text, language.current);
    const fits = this.#voices.filter(({ lang }) => lang.toLowerCase().startsWith(wanted));
    const choice = fits.length > 0 ? fits : this.#voices;
    return choice.find((voice) => voice.default) ?? choice[0];
  }

  #lookForVoices(): void {
    const voices = this.#synthesis?.getVoices() ?? [];
    this.#voices = voices.filter(({ localService }) => localService);
  }
}
