/**
 * The fake's tree of messages, with the rules of the real history: messages after the same one
 * are versions of each other, a deleted one is passed over and what followed it moves up.
 */
import type { ConversationView, MessageView } from './host';

interface Node {
  message: MessageView;
  parent: Node | null;
  deleted: boolean;
}

export class FakeTree {
  readonly #chat: ConversationView;
  /** By id, oldest first: a message comes after the one it follows. */
  #nodes = new Map<string, Node>();

  constructor(chat: ConversationView) {
    this.#chat = chat;
    this.grow();
  }

  has(id: string): boolean {
    return this.#nodes.has(id);
  }

  /** Takes up messages that were put on the shown branch. */
  grow(): void {
    let parent: Node | null = null;
    for (const message of this.#chat.messages) {
      const node: Node = this.#nodes.get(message.id) ?? { message, parent, deleted: false };
      this.#nodes.set(message.id, node);
      parent = node;
    }
    this.#number();
  }

  /** From the first message to this one. */
  pathTo(id: string): MessageView[] {
    return this.#path(this.#node(id)).map(({ message }) => message);
  }

  /** Leads the shown branch through a message, and on to the newest one that follows it. */
  show(id: string): void {
    let newest = this.#node(id);
    const below = new Set<Node | null>([newest]);
    for (const node of this.#living()) {
      if (!below.has(this.#above(node))) continue;
      below.add(node);
      newest = node;
    }
    this.#lead(newest);
  }

  /** If it ends the shown branch, that ends before it now. */
  delete(id: string): void {
    const node = this.#node(id);
    const leaf = this.#chat.messages.at(-1)?.id;
    node.deleted = true;
    this.#lead(leaf === id ? this.#above(node) : (this.#nodes.get(leaf ?? '') ?? null));
  }

  /** If the shown branch ends where it follows, that goes on with it again. */
  restore(id: string): void {
    const node = this.#node(id);
    const leaf = this.#nodes.get(this.#chat.messages.at(-1)?.id ?? '') ?? null;
    const goesOn = this.#above(node) === leaf;
    node.deleted = false;
    this.#lead(goesOn ? node : leaf);
  }

  #lead(leaf: Node | null): void {
    this.#chat.messages = leaf === null ? [] : this.#path(leaf).map(({ message }) => message);
    this.#number();
  }

  /** Says of every message where it stands among its versions. */
  #number(): void {
    const families = new Map<Node | null, Node[]>();
    for (const node of this.#living()) {
      const above = this.#above(node);
      families.set(above, [...(families.get(above) ?? []), node]);
    }
    for (const versions of families.values()) {
      versions.forEach(({ message }, at) => {
        message.versions = {
          position: at + 1,
          count: versions.length,
          previous: versions[at - 1]?.message.id ?? null,
          next: versions[at + 1]?.message.id ?? null,
        };
      });
    }
  }

  #path(leaf: Node): Node[] {
    const path: Node[] = [];
    for (let node: Node | null = leaf; node !== null; node = this.#above(node)) path.push(node);
    return path.reverse();
  }

  /** The nearest message before it that is not deleted. */
  #above({ parent }: Node): Node | null {
    return parent?.deleted ? this.#above(parent) : parent;
  }

  #living(): Node[] {
    return [...this.#nodes.values()].filter(({ deleted }) => !deleted);
  }

  #node(id: string): Node {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`The fake has no message ${id}.`);
    return node;
  }
}
