import { expect, it } from 'vitest';
import { blankMessage, blankView } from './fake-blanks';
import { FakeTree } from './fake-tree';
import type { ConversationView } from './host';

const message = (id: string) => ({
  ...blankMessage,
  id,
  role: id.startsWith('q') ? ('user' as const) : ('assistant' as const),
});

function setUp(...ids: string[]) {
  const chat: ConversationView = { ...blankView, messages: ids.map(message) };
  const tree = new FakeTree(chat);
  return {
    chat,
    tree,
    shown: () => chat.messages.map(({ id }) => id).join(' '),
    /** Puts messages on the branch, after the first `kept` of it. */
    add: (kept: number, ...added: string[]) => {
      chat.messages = [...chat.messages.slice(0, kept), ...added.map(message)];
      tree.grow();
    },
    versions: (id: string) => chat.messages.find((known) => known.id === id)?.versions,
  };
}

it('messages after the same one are versions, oldest first', () => {
  const { add, versions, tree } = setUp('q1', 'a1');
  add(1, 'a2');
  add(1, 'a3');
  expect(versions('a3')).toEqual({ position: 3, count: 3, previous: 'a2', next: null });
  tree.show('a2');
  expect(versions('a2')).toEqual({ position: 2, count: 3, previous: 'a1', next: 'a3' });
  expect(versions('q1')).toMatchObject({ position: 1, count: 1 });
});

it('a version leads to the newest message below it', () => {
  const { add, tree, shown } = setUp('q1', 'a1', 'q2', 'a2');
  add(2, 'q3', 'a3');
  add(0, 'q4', 'a4');
  tree.show('q1');
  expect(shown()).toBe('q1 a1 q3 a3');
  tree.show('q2');
  expect(shown()).toBe('q1 a1 q2 a2');
});

it('what followed a deleted message moves up, and back', () => {
  const { add, tree, shown, versions } = setUp('q1', 'a1', 'q2', 'a2');
  add(2, 'q3', 'a3');
  tree.delete('a1');
  expect(shown()).toBe('q1 q3 a3');
  expect(versions('q3')).toMatchObject({ position: 2, count: 2, previous: 'q2' });
  tree.restore('a1');
  expect(shown()).toBe('q1 a1 q3 a3');
});

it('a branch whose end is deleted ends before it, and goes on when it is back', () => {
  const { tree, shown } = setUp('q1', 'a1');
  tree.delete('a1');
  expect(shown()).toBe('q1');
  tree.delete('q1');
  expect(shown()).toBe('');
  tree.restore('q1');
  tree.restore('a1');
  expect(shown()).toBe('q1 a1');
});
