/** Markdown to HTML, twice walled: markdown-it writes no raw HTML, DOMPurify lets only a short list through. */
import DOMPurify, { type Config } from 'dompurify';
import MarkdownIt, { type Env, type Token } from 'markdown-it';
import { beginning } from '../graphemes';
import { t } from '../strings/language.svelte';
import { formulas } from './formulas.svelte';
import { highlight } from './highlight';
import { safeLinks } from './links';
import { mathSource } from './math';

/** What rendering carries from block to block of one text. */
export interface RenderEnv extends Env {
  /** True for the block that is still being written. */
  open?: boolean;
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

const escape = md.utils.escapeHtml;

function codeBlock(code: string, language: string, open: boolean): string {
  const colour = !(open && code.length > LONGEST_OPEN_CODE);
  const body = (colour && highlight(code, language)) || escape(code);
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
  return codeBlock(
    token.content,
    languageOf(token.info),
    (env as RenderEnv | undefined)?.open === true,
  );
};
md.renderer.rules.code_block = (tokens, index) =>
  codeBlock(tokenAt(tokens, index).content, '', false);

md.renderer.rules.table_open = () =>
  `<div class="table" tabindex="0" role="region" aria-label="${t.message.tableLabel}"><table>\n`;
md.renderer.rules.table_close = () => '</table></div>\n';
for (const cell of ['th_open', 'td_open']) {
  // Alignment as a class: style attributes are not let through.
  md.renderer.rules[cell] = (tokens, index, _options, _env, self) => {
    const token = tokenAt(tokens, index);
    const alignment = /text-align:(left|center|right)/.exec(
      String(token.attrGet('style') ?? ''),
    )?.[1];
    token.attrs = alignment === undefined ? [] : [['class', `align-${alignment}`]];
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

/** Safe HTML of a whole text or of whole blocks of one. */
export function renderMarkdown(source: string, env: RenderEnv = {}): string {
  return formulas.fill(DOMPurify.sanitize(md.render(source, env), purify));
}
