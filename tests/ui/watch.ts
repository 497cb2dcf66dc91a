/**
 * A watch inside the page, from before its first script: whatever runs, is put on the page or set
 * on an element there is looked at when it happens, not only when a test looks.
 */
import type { Page } from '@playwright/test';

/** What rendered Markdown may consist of: patterns of values by attribute. */
const RULES = {
  tags: 'p br hr strong em s code pre blockquote ul ol li h3 h4 h5 h6 table thead tbody tr th td div span a button',
  attributes: {
    class:
      '^(link|math|math-display|math-unclosed|table|code|code-head|code-language|code-copy|align-(left|center|right)|language-[a-z]+|hljs-[a-z_-]+|[a-z]+_+| )+$',
    role: '^(link|region)$',
    tabindex: '^0$',
    type: '^button$',
    start: '^\\d+$',
    title: '^https?://',
    'data-href': '^https?://',
    'data-copy': '^code$',
    'aria-label': '',
  } as Record<string, string>,
  /** MathML as KaTeX writes it. */
  math: 'math semantics annotation mrow mi mo mn ms mtext mspace msup msub msubsup mfrac msqrt mroot mover munder munderover mtable mtr mtd mlabeledtr mstyle mpadded mphantom menclose',
  mathAttributes:
    'xmlns display encoding mathvariant stretchy fence separator form symmetric lspace rspace minsize maxsize width height depth voffset notation accent accentunder linethickness displaystyle scriptlevel columnalign columnspacing rowspacing columnlines rowlines mathcolor mathbackground movablelimits largeop',
};

export interface Watch {
  /** What should not have happened, in words. */
  found: string[];
  /** Messages that were on the page. */
  seen: Set<string>;
}

function install({ tags, attributes, math, mathAttributes }: typeof RULES): void {
  const watch: Watch = { found: [], seen: new Set() };
  Object.defineProperty(window, 'ternWatch', { value: watch });
  const report = (what: string) => {
    if (watch.found.length < 20) watch.found.push(what.slice(0, 300));
  };

  Object.defineProperty(window, 'pwned', { set: () => report('a script ran') });
  // The policy tells of `eval` and `Function`.
  for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) {
    Object.defineProperty(window, name, { value: () => report(`${name} was called`) });
  }
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    report(`the policy had to stop ${violatedDirective} ${blockedURI}`),
  );

  const allowed = {
    html: new Set(tags.split(' ')),
    math: new Set(math.split(' ')),
    mathAttributes: new Set(mathAttributes.split(' ')),
  };
  const patterns = new Map(
    Object.entries(attributes).map(([name, pattern]) => [name, new RegExp(pattern)]),
  );
  /** Can load, run or lead somewhere; the window itself has none of them. */
  const elsewhere =
    'script,iframe,frame,object,embed,link,meta,base,form,img,picture,video,audio,source,track,use,image,template,style';
  const reaching =
    /^(on.*|.*href|src|srcset|srcdoc|action|formaction|poster|background|ping|data)$/;

  /** The pieces that the window cuts an answer into: all Markdown is inside of one. */
  const lookAtPiece = (piece: Element) => {
    const known = /^<div class="piece"( style="(height: [\d.]+px;)?")?><\/div>$/;
    const { outerHTML } = piece.cloneNode() as Element;
    if (!known.test(outerHTML)) report(`${outerHTML} around a piece of an answer`);
  };
  const lookAtContent = (element: Element) => {
    const isMath = element.namespaceURI?.endsWith('MathML') === true;
    const known = isMath ? allowed.math : allowed.html;
    if (!known.has(element.localName)) report(`<${element.localName}> in a message`);
    for (const { name, value } of element.attributes) {
      const fine = isMath
        ? allowed.mathAttributes.has(name) && !value.includes('(')
        : patterns.get(name)?.test(value);
      if (!fine) report(`${element.localName} ${name}="${value}" in a message`);
    }
  };
  const lookAt = (element: Element) => {
    if (element.closest('head')) return;
    const message = element.getAttribute('data-message');
    if (message !== null) watch.seen.add(message);
    if (element.matches(elsewhere)) report(`<${element.localName}> on the page`);
    for (const name of element.getAttributeNames()) {
      if (reaching.test(name) && name !== 'data-href') report(`${name} on <${element.localName}>`);
    }
    if (element.parentElement?.matches('.markdown')) lookAtPiece(element);
    else if (element.parentElement?.closest('.markdown')) lookAtContent(element);
  };
  new MutationObserver((records) => {
    for (const { type, target, addedNodes } of records) {
      if (type === 'attributes') lookAt(target as Element);
      for (const node of addedNodes) {
        if (!(node instanceof Element)) continue;
        lookAt(node);
        for (const element of node.querySelectorAll('*')) lookAt(element);
      }
    }
  }).observe(document, { attributes: true, childList: true, subtree: true });
}

/** What a script could have changed outside of the page's elements. */
function surroundings(page: Page): Promise<unknown> {
  return page.evaluate(() => ({
    title: document.title,
    address: location.href,
    history: history.length,
    cookies: document.cookie,
    stored: [localStorage.length, sessionStorage.length],
    globals: Object.keys(window).length,
    scripts: document.scripts.length,
    head: document.head.querySelectorAll(':not(link[rel=modulepreload])').length,
    language: document.documentElement.lang,
    frames: window.length,
  }));
}

/** Watches `page` from its next load on. Returned is what tells everything that went wrong since. */
export async function watch(page: Page): Promise<() => Promise<unknown>> {
  await page.addInitScript(install, RULES);
  let loads = 0;
  page.on('framenavigated', () => (loads += 1));
  page.on('dialog', (dialog) => void dialog.dismiss());
  let first: unknown;
  return async () => {
    first ??= await surroundings(page);
    const now = await surroundings(page);
    const { found } = await page.evaluate(() => Reflect.get(window, 'ternWatch') as Watch);
    const changed = JSON.stringify(now) === JSON.stringify(first) ? [] : [first, now];
    return { found, changed, loads };
  };
}

/** What `watch` tells when nothing went wrong. */
export const QUIET = { found: [], changed: [], loads: 1 };
