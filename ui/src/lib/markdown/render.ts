/** Markdown to HTML, twice walled: markdown-it writes no raw HTML, DOMPurify lets only a short list through. */
import DOMPurify, { type Config } from 'dompurify';
import MarkdownIt, { type Env, type Token } from 'markdown-it';
import { beginning } from '../graphemes';
import { t } from '../strings/language.svelte';
import { formulas } from './formulas.svelte';
import { cutParts, type CutEnv } from './goes-on';
import { highlight } from './highlight';
import { safeLinks } from './links';
import { mathSource } from './math';

/** What rendering carries from block to block of one text. */
export interface RenderEnv extends Env, CutEnv {
  /** True for the block that is still being written. */
  open?: boolean;
  /** Code stays without colours. */
  uncoloured?: boolean;
}

/** Long code is coloured only once it is whole, not on every new piece. */
const LONGEST_OPEN_CODE = 6_000;

const purify: Config = {
  ALLOWED_TAGS: [
    ...['p', 'br', 'hr', 'strong', 'em', 's', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li'],
    ...['h3', 'h4', 'h5', 'h6', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
    ...['div', 'span', 'a', 'button'],
  ],
  ALLOWED_ATTR: [
    ...['class', 'role', 'tabindex', 'title', 'start', 'type', 'aria-label'],
    ...['data-href', 'data-copy'],
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

/** `html: false`: tags in the text are text. `breaks`: models and people mean their line ends. */
export const md = new MarkdownIt({ html: false, linkify: true, breaks: true });
md.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
// Every link is taken apart by `safeLinks`; what is no web address ends up as text.
md.validateLink = () => true;
md.use(safeLinks);
md.use(mathSource);
md.use(cutParts);

const escape = md.utils.escapeHtml;

/** Lines of a part of plain code: what is not in view of a long block is not laid out. */
const PART_LINES = 100;
const PART = new RegExp(`(?:[^\n]*\n){${PART_LINES}}|[^]+`, 'g');

/** Plain code in parts of equally many lines; the last one may be shorter. */
export function codeParts(code: string): string[] {
  return code.match(PART) ?? [];
}

function codePart(code: string, _i: number, parts: string[]): string {
  return parts.length === 1 ? escape(code) : `<span class="part">${escape(code)}</span>`;
}

function codeBlock(code: string, language: string, env: RenderEnv = {}): string {
  const plain = env.uncoloured || (env.open && code.length > LONGEST_OPEN_CODE);
  const body = (!plain && highlight(code, language)) || codeParts(code).map(codePart).join('');
  const label = escape(language || t.message.plainCode);
  return (
    `<div class="code"><div class="code-head"><span class="code-language">${label}</span>` +
    `<button type="button" class="code-copy" data-copy="code" aria-label="${t.message.copyCode}">${t.message.copy}</button></div>` +
    `<pre tabindex="0" role="region" aria-label="${escape(t.message.codeLabel(language))}"><code>${body}</code></pre></div>\n`
  );
}

function languageOf(info: string): string {
  const [name = ''] = md.utils.unescapeAll(info).trim().split(/\s+/, 1);
  return beginning(name.toLowerCase(), 24);
}

function tokenAt(tokens: Token[], index: number): Token {
  const token = tokens[index];
  if (token === undefined) throw new RangeError('renderer rule called outside its tokens');
  return token;
}

md.renderer.rules.fence = (tokens, index, _options, env) => {
  const token = tokenAt(tokens, index);
  return codeBlock(token.content, languageOf(token.info), env as RenderEnv | undefined);
};
md.renderer.rules.code_block = (tokens, index) => codeBlock(tokenAt(tokens, index).content, '');

md.renderer.rules.table_open = (tokens, index) => {
  const token = tokenAt(tokens, index);
  // A part of a long one does not scroll to the side, and each would be a place of its own.
  if (token.attrGet('role') === 'table') {
    const cuts = String(token.attrGet('class') ?? '');
    return `<div class="table long ${cuts}"><table role="table" aria-label="${t.message.tableLabel}">\n`;
  }
  return `<div class="table" tabindex="0" role="region" aria-label="${t.message.tableLabel}"><table>\n`;
};
md.renderer.rules.table_close = () => '</table></div>\n';
for (const cell of ['th_open', 'td_open']) {
  // Alignment as a class: style attributes are not let through.
  md.renderer.rules[cell] = (tokens, index, _options, _env, self) => {
    const token = tokenAt(tokens, index);
    const alignment = /text-align:(left|center|right)/.exec(
      String(token.attrGet('style') ?? ''),
    )?.[1];
    token.attrs = (token.attrs ?? []).filter(([name]) => name !== 'style');
    if (alignment !== undefined) token.attrJoin('class', `align-${alignment}`);
    return `<${token.tag}${self.renderAttrs(token)}>`;
  };
}
for (const part of ['heading_open', 'heading_close']) {
  // The page itself has the first two levels.
  md.renderer.rules[part] = (tokens, index) => {
    const token = tokenAt(tokens, index);
    const level = Math.min(6, Number(token.tag.slice(1)) + 2);
    return token.nesting === 1 ? `<h${level}>` : `</h${level}>\n`;
  };
}

/** HTML of whole blocks, or of a part of a long one; it may hold anything. */
function html(source: string, env: RenderEnv): string {
  return md.render((env.above?.table?.head ?? '') + source, env);
}

/** Safe HTML of a whole text or of whole blocks of one. */
export function renderMarkdown(source: string, env: RenderEnv = {}): string {
  return formulas.fill(DOMPurify.sanitize(html(source, env), purify));
}

/**
 * HTML with the text of a whole answer or some blocks of it, for looking through many of them: it
 * may not be put on the page. Colours and purifying, which take most of the time, change no text.
 */
export function renderUncoloured(source: string, env: RenderEnv = {}): string {
  return formulas.fill(html(source, { ...env, uncoloured: true }));
}
