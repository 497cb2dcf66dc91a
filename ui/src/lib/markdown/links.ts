/** Links that can't navigate, and images that are not fetched. */
import type { MarkdownIt, StateCore, Token } from 'markdown-it';

/** The address of a link that may be shown to be opened, or `null`: web addresses only. */
function webAddress(href: string): string | null {
  if (!/^https?:\/\//i.test(href)) return null;
  try {
    const url = new URL(href);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * A link keeps its address in `data-href` and has no `href`: no click, key or drag can make the
 * window itself go anywhere. What is not a web address becomes plain text.
 */
function disarm(open: Token, close: Token, href: string): void {
  const address = webAddress(href);
  open.attrs = [];
  if (address === null) {
    open.tag = 'span';
    close.tag = 'span';
    return;
  }
  open.attrs = [
    ['class', 'link'],
    ['role', 'link'],
    ['tabindex', '0'],
    ['title', address],
    ['data-href', address],
  ];
}

function rewrite(state: StateCore, children: Token[]): Token[] {
  const out: Token[] = [];
  const opened: Token[] = [];
  for (const token of children) {
    if (token.type === 'link_open') {
      opened.push(token);
    } else if (token.type === 'link_close') {
      const open = opened.pop();
      if (open !== undefined) disarm(open, token, String(open.attrGet('href') ?? ''));
    } else if (token.type === 'image') {
      const text = new state.Token('text', '', 0);
      const address = String(token.attrGet('src') ?? '');
      text.content = token.content || address;
      if (opened.length > 0) {
        out.push(text);
      } else {
        const open = new state.Token('link_open', 'a', 1);
        const close = new state.Token('link_close', 'a', -1);
        disarm(open, close, address);
        out.push(open, text, close);
      }
      continue;
    }
    out.push(token);
  }
  return out;
}

/** Plugin: runs after everything that makes links. */
export function safeLinks(md: MarkdownIt): void {
  md.core.ruler.push('tern_links', (state) => {
    for (const token of state.tokens) {
      if (token.type === 'inline' && token.children) {
        token.children = rewrite(state, token.children);
      }
    }
  });
}
