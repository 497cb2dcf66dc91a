/** Formulas as MathML by KaTeX, which is loaded when the first one appears. */
import DOMPurify, { type Config } from 'dompurify';
import type Katex from 'katex';

/** Longer sources stay sources: nobody reads such a formula, and it would hold up the window. */
const LONGEST = 5000;

/** What KaTeX writes without its trusted commands; nothing here can load, link or style. */
const purify: Config = {
  ALLOWED_TAGS: [
    ...['span', 'math', 'semantics', 'annotation', 'mrow', 'mi', 'mo', 'mn', 'ms', 'mtext'],
    ...['mspace', 'msup', 'msub', 'msubsup', 'mfrac', 'msqrt', 'mroot', 'mover', 'munder'],
    ...['munderover', 'mtable', 'mtr', 'mtd', 'mlabeledtr', 'mstyle', 'mpadded', 'mphantom'],
    ...['menclose', 'mmultiscripts', 'mprescripts'],
  ],
  ALLOWED_ATTR: [
    ...['xmlns', 'display', 'encoding', 'mathvariant', 'stretchy', 'fence', 'separator', 'form'],
    ...['symmetric', 'lspace', 'rspace', 'minsize', 'maxsize', 'width', 'height', 'depth'],
    ...['voffset', 'notation', 'accent', 'accentunder', 'linethickness', 'displaystyle'],
    ...['scriptlevel', 'columnalign', 'columnspacing', 'rowspacing', 'columnlines', 'rowlines'],
    ...['mathcolor', 'mathbackground', 'movablelimits', 'largeop'],
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

class Formulas {
  /** KaTeX is here: texts with formulas are to be gone through once more. */
  ready = $state.raw(false);

  #katex: typeof Katex | null = null;
  #loading: Promise<void> | null = null;

  /** Loads KaTeX; should that fail, formulas go on showing their source. */
  load(): Promise<void> {
    this.#loading ??= import('katex').then(
      (module) => {
        this.#katex = module.default;
        this.ready = true;
      },
      () => undefined,
    );
    return this.#loading;
  }

  /** Safe HTML with the formulas in it set. Nothing else of it is parsed as Markdown again. */
  fill(html: string): string {
    if (!html.includes('class="math')) return html;
    if (this.#katex === null) {
      void this.load();
      return html;
    }
    const template = document.createElement('template');
    template.innerHTML = html;
    for (const element of template.content.querySelectorAll('.math')) {
      const set = this.#set(element.textContent, element.matches('.math-display'));
      if (set !== null) element.innerHTML = set;
    }
    return template.innerHTML;
  }

  /** MathML of a source with its marks, or `null` where it is no sound formula. */
  #set(source: string, displayMode: boolean): string | null {
    const marks = source.startsWith('$') && !source.startsWith('$$') ? 1 : 2;
    const tex = source.slice(marks, -marks).trim();
    if (this.#katex === null || tex.length > LONGEST) return null;
    try {
      const html = this.#katex.renderToString(tex, {
        displayMode,
        output: 'mathml',
        // Its own error would be shown in red; the source says more. Caught below.
        throwOnError: true,
        strict: 'ignore',
        trust: false,
        maxExpand: 200,
        maxSize: 20,
      });
      return DOMPurify.sanitize(html, purify);
    } catch {
      return null;
    }
  }
}

export const formulas = new Formulas();
