/** Code that is being written, put on the page without doing again what is there. */
import { codeParts } from './render';

/** What was put behind an element's own code, by element: new HTML begins afresh. */
const grown = new WeakMap<Element, { text: string; last: Text }>();

/** Makes `code` the text behind the last code that was rendered in `root`. */
export function growCode(root: Element, code: string): void {
  const element = [...root.querySelectorAll('pre > code')].at(-1);
  if (element === undefined) return;
  const known = grown.get(element);
  const before = known?.text ?? '';
  const goesOn = code.startsWith(before);
  if (!goesOn) return;
  let last = known?.last ?? addPart(element);
  const [first = '', ...others] = codeParts(last.data + code.slice(before.length));
  last.appendData(first.slice(last.length));
  for (const part of others) {
    last = addPart(element);
    last.data = part;
  }
  grown.set(element, { text: code, last });
}

function addPart(element: Element): Text {
  const part = document.createElement('span');
  part.className = 'part';
  const text = document.createTextNode('');
  part.append(text);
  element.append(part);
  return text;
}
