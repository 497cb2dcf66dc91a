/** Which language the window speaks: its words, and how it writes numbers and dates. */
import { de } from './de';
import { en } from './en';

/** What every catalogue has to say: the English one's shape. */
export type Strings = typeof en;

export const catalogues = { en, de } satisfies Record<string, Strings>;

export type Language = keyof typeof catalogues;

let current = $state.raw<Language>('en');

export const language = {
  get current(): Language {
    return current;
  },
  set current(wanted: Language) {
    current = wanted;
    document.documentElement.lang = wanted;
  },
};

const isLanguage = (name: string): name is Language => Object.hasOwn(catalogues, name);

/** The language a person gets: the one they set, or the first of their system's that Tern speaks. */
export function chosenLanguage(
  setting: 'system' | Language,
  preferred: readonly string[],
): Language {
  if (setting !== 'system') return setting;
  const names = preferred.map((tag) => tag.split('-', 1)[0]?.toLowerCase() ?? '');
  return names.find(isLanguage) ?? 'en';
}

/** The current language's words. Read while drawing, so that another language redraws them. */
export const t: Strings = new Proxy(en, {
  get: (_, section: keyof Strings) => catalogues[current][section],
});

/** A function that makes something once per language: `Intl` formats are dear to make. */
export function perLanguage<T>(make: (language: Language) => T): () => T {
  const made = new Map<Language, T>();
  return () => {
    const known = made.get(current);
    if (known !== undefined) return known;
    const fresh = make(current);
    made.set(current, fresh);
    return fresh;
  };
}
