/** The fake’s chat options, prompts, full contexts, and what left the computer. */
import type { Scenario } from './fake-scenarios';
import type { ConnectionLog, ConversationView, ModelPrompt } from './host';

/** What was handed to the browser since the start; the fake itself connects to nothing. */
export class FakeConnections {
  /** False where the system can't be asked. */
  askable = true;
  readonly #log: ConnectionLog = { since: Date.now(), checkedAt: null, checks: 0, entries: [] };

  add(kind: ConnectionLog['entries'][number]['kind'], target: string): void {
    this.#log.entries.unshift({ at: Date.now(), kind, target });
  }

  read(): ConnectionLog {
    if (this.askable) {
      this.#log.checks += 1;
      this.#log.checkedAt = Date.now();
    }
    return structuredClone(this.#log);
  }
}

const ROLES = { user: 'User', assistant: 'Assistant' } as const;

/** The prompt of an answer, in the template of the large model. */
export function promptOf(chat: ConversationView, answer: string, system: string): ModelPrompt {
  const at = chat.messages.findIndex(({ id }) => id === answer);
  const first = chat.messages[at]?.stats?.firstSeen ?? null;
  const from = Math.max(
    0,
    chat.messages.findIndex(({ id }) => id === first),
  );
  const turns = chat.messages
    .slice(from, at)
    .map(({ role, text }) => `${ROLES[role]}: ${text}<|eot_id|>`);
  const before = system === '' ? '' : `System: ${system}<|eot_id|>`;
  const text = `<|begin_of_text|>${before}${turns.join('')}Assistant: `;
  return {
    text,
    tokens: Math.ceil(text.length / 4),
    exact: !chat.messages.slice(from, at).some(({ edited }) => edited),
  };
}

/** With a chat on top whose first half doesn't fit the context any more. */
export function withCut(scene: Scenario, view: ConversationView): Scenario {
  const last = view.messages.at(-1);
  const seen = view.messages[view.messages.length / 2];
  // The figures are shared with other answers.
  if (last?.stats) last.stats = { ...last.stats, firstSeen: seen?.id ?? null };
  return { ...scene, conversations: [view, ...scene.conversations] };
}

/** With presets, a system prompt, and another one for the first chat. */
export function withOptions(scene: Scenario): Scenario {
  const presets = [
    { name: 'Short', text: 'Answer in three sentences at most.' },
    {
      name: 'Translator',
      text: 'Translate what you are given into plain English. Say nothing else.',
    },
  ];
  const options = { systemPrompt: 'You write Python 3.12 with type hints.', sampling: null };
  const [first, ...others] = scene.conversations;
  return {
    ...scene,
    conversations: first === undefined ? others : [{ ...first, options }, ...others],
    settings: { ...scene.settings, systemPrompt: 'Answer briefly.', presets },
  };
}
