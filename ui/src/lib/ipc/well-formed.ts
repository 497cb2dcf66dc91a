/** What the window says to the program, as Unicode. */
import type { Host } from './host';

/**
 * Half of a surrogate pair, as a broken paste leaves it, is no character: the program's JSON reader
 * would refuse everything that comes with it.
 */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  const isRecord = typeof value === 'object' && value !== null;
  if (!isRecord || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, wellFormed(part)]));
}

/** `host`, which is told well-formed text only. */
export function wellFormedHost(host: Host): Host {
  return new Proxy(host, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]): unknown => method.apply(target, given.map(wellFormed));
    },
  });
}
