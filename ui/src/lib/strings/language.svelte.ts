/** Which language the window speaks: its words, and how it writes numbers and dates. */
import { en } from './en';

/** What every catalogue has to say: the English one's shape. */
export type Strings = typeof en;

const catalogues = { en } satisfies Record<string, Strings>;

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
