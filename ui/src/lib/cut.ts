/** Where the model's view of a chat begins. */
import type { Message } from './state/message.svelte';

/**
 * Id of the oldest message that was read for the newest answer, when older ones were left out.
 * `null` where the model sees the whole branch.
 */
export function firstSeen(messages: readonly Message[]): string | null {
  const stats = messages.findLast((message) => message.stats !== null)?.stats;
  const id = stats?.firstSeen ?? null;
  return messages.slice(1).some((message) => message.id === id) ? id : null;
}
