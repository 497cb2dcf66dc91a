import { describe, expect, it } from 'vitest';
import { Selection } from './selection.svelte';

const fiveRows = () => new Selection(() => ['a', 'b', 'c', 'd', 'e']);

describe('a selection', () => {
  it('grows and shrinks around where it began', () => {
    const selection = fiveRows();
    selection.toggle('c');
    selection.extend('a', 'e');
    expect(selection.ids).toEqual(['c', 'd', 'e']);
    selection.extend('a', 'b');
    expect(selection.ids).toEqual(['b', 'c']);
  });

  it('begins at the row given, or at itself where that one is not listed', () => {
    const selection = fiveRows();
    selection.extend('b', 'd');
    expect(selection.ids).toEqual(['b', 'c', 'd']);
    selection.leave();
    selection.extend('not listed', 'd');
    expect(selection.ids).toEqual(['d']);
  });

  it('holds only what is listed: a row that has gone is not deleted twice', () => {
    const selection = new Selection(() => ['a', 'c']);
    for (const id of ['a', 'b', 'c']) selection.toggle(id);
    expect(selection.ids).toEqual(['a', 'c']);
  });

  it('stays when its last row is taken out, and is empty after leaving', () => {
    const selection = fiveRows();
    selection.toggle('a');
    selection.toggle('a');
    expect([selection.active, selection.ids]).toEqual([true, []]);
    selection.all();
    expect(selection.ids).toHaveLength(5);
    selection.leave();
    expect([selection.active, selection.ids]).toEqual([false, []]);
  });
});
