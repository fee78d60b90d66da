import assert from 'node:assert/strict';
import test from 'node:test';
import { duplicates, exercisesOf, missing, placeOf, PlainCell, reading, shipped, stillShown } from '../checks/cells.js';
import type { NotebookInfo } from '../types.js';

const text = { id: 'text', kind: 'markdown', source: 'Read me.', exercise: null } as const;
const one = { id: 'one', kind: 'code', source: '...', exercise: 'mean' } as const;
const two = { id: 'two', kind: 'code', source: '....', exercise: 'spread' } as const;
const info = {
  lesson: { exercises: [{ id: 'mean' }, { id: 'spread' }] },
  cells: [text, one, two],
  exercises: { renamed: 'spread', __proto__: null }
} as unknown as NotebookInfo;

function cell(id: string, source = '', claimed: string | null = null, kind: PlainCell['kind'] = 'code'): PlainCell {
  return { id, kind, source, claimed };
}

test('a cell is the exercise that it claims, or that the server takes it for', () => {
  const cells = [cell('a', '', 'mean'), cell('renamed'), cell('other', '', 'nonsense'), cell('text', '', 'mean', 'markdown')];
  assert.deepEqual([...exercisesOf(cells, info)], [['a', 'mean'], ['renamed', 'spread']]);
});

test('a cell whose id is a word of JavaScript is no exercise', () => {
  assert.deepEqual([...exercisesOf([cell('constructor'), cell('toString')], info)], []);
});

test('the first cells of an exercise count, and what is more is a duplicate', () => {
  const cells = [cell('a', '', 'mean'), cell('b', '', 'mean'), cell('c', '', 'spread')];
  assert.deepEqual([...duplicates(cells, exercisesOf(cells, info), info)], ['b']);
});

test('an exercise that no cell is any more is missing', () => {
  assert.deepEqual(missing(exercisesOf([cell('a', '', 'spread')], info), info), [one]);
  assert.deepEqual(missing(exercisesOf([cell('a', '', 'spread'), cell('b', '', 'mean')], info), info), []);
});

test('a cell goes back behind what comes before it in the lesson', () => {
  assert.equal(placeOf(two, ['added', 'text', 'one', 'mine'], info), 3);
  assert.equal(placeOf(two, ['added', 'text'], info), 2);
  assert.equal(placeOf(one, ['added'], info), 0);
});

test('what the lesson tells is for reading as long as it says what it said', () => {
  assert.deepEqual([...reading([cell('text', 'Read me.', null, 'markdown'), cell('mine', 'Read me.'), cell('one', '...')], info)], ['text']);
  assert.deepEqual([...reading([cell('text', 'Changed.', null, 'markdown')], info)], []);
});

test('where an exercise is shown at work, everything may be tried', () => {
  assert.deepEqual([...reading([{ ...cell('text', 'Read me.', null, 'markdown'), shows: true }], info)], []);
});

test('an exercise was shipped as its own cell, or as the only one that it has', () => {
  assert.equal(shipped('one', 'mean', info), '...');
  assert.equal(shipped('pasted', 'mean', info), '...');
  assert.equal(shipped('pasted', 'unknown', info), null);
});

test('only hints that were read of the same ladder stay revealed', () => {
  const before = new Map([['check', ['look here', 'then there']]]);
  assert.deepEqual(stillShown(before, { check: 2 }, new Map([['check', ['look here', 'then there', 'at last']]])), { check: 2 });
  assert.deepEqual(stillShown(before, { check: 2 }, new Map([['check', ['look here', 'something else']]])), { check: 1 });
  assert.deepEqual(stillShown(before, { check: 2 }, new Map([['check', ['another mistake']]])), {});
});
