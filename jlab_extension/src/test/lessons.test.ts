import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choices, deadline, distance, due, EVERYTHING, filter, fold, group, lessonAt, passed, requirements, suggest } from '../panel/lessons.js';
import { lesson } from './samples.js';

const secret = lesson('secret_messages', {
  title: 'Secret messages',
  summary: 'Shift letters, and hide a message.',
  objectives: ['Walk through a text letter by letter'],
  skills: [{ name: 'strings', uri: null }],
  minutes: 8
});
const chart = lesson('honest_chart', {
  title: 'An honest chart',
  summary: 'Draw café visits so that nobody is misled.',
  skills: [{ name: 'matplotlib', uri: null }],
  level: 'intermediate',
  minutes: 15
});
const all = [secret, chart];
const slugs = (query: string): string[] => filter(all, { ...EVERYTHING, query }).map(one => one.slug);

test('case, accents and marks between words do not matter', () => {
  assert.equal(fold('  Café-Straße  '), 'cafe strasse');
  assert.deepEqual(slugs('CAFE'), ['honest_chart']);
});

test('title, summary, skills and objectives are searched', () => {
  for (const query of ['secret', 'shift', 'strings', 'walk']) assert.deepEqual(slugs(query), ['secret_messages'], query);
});

test('every word of the query must be found', () => {
  assert.deepEqual(slugs('honest letters'), []);
  assert.deepEqual(slugs('honest chart'), ['honest_chart']);
});

test('a slip of the fingers is forgiven, another word is not', () => {
  for (const query of ['mesage', 'messgae', 'secrte', 'matplotlob', 'matplotilb']) assert.equal(slugs(query).length, 1, query);
  for (const query of ['pandas', 'hid a zebra', 'xyz']) assert.deepEqual(slugs(query), [], query);
});

test('a distance counts letters, and swapped neighbours once', () => {
  assert.equal(distance('mesage', 'message'), 1);
  assert.equal(distance('hte', 'the'), 1);
  assert.equal(distance('mess', 'messages'), 0);
});

test('what answers better comes first', () => {
  const other = lesson('b', { summary: 'Charts of all kinds' });

  assert.deepEqual(
    filter([other, chart], { ...EVERYTHING, query: 'chart' }).map(one => one.slug),
    ['honest_chart', 'b']
  );
});

test('a filter leaves what has the skill, the level and at most the minutes', () => {
  assert.deepEqual(filter(all, { ...EVERYTHING, skill: 'strings' }), [secret]);
  assert.deepEqual(filter(all, { ...EVERYTHING, level: 'intermediate' }), [chart]);
  assert.deepEqual(filter(all, { ...EVERYTHING, minutes: 8 }), [secret]);
  assert.deepEqual(choices(all), { skills: ['matplotlib', 'strings'], levels: ['beginner', 'intermediate'] });
});

test('lessons stand by course, and an empty course does not', () => {
  const course = { name: 'course', title: 'A course', problems: [] };
  const empty = { name: 'empty', title: 'Empty', problems: [] };

  assert.deepEqual(group([empty, course], all), [{ course, lessons: all }]);
});

test('what a lesson requires is met by a passed lesson of the same course alone', () => {
  const after = lesson('after', { requires: ['secret_messages', 'elsewhere'] });

  assert.deepEqual(requirements(after, all), [
    { slug: 'secret_messages', title: 'Secret messages', met: false },
    { slug: 'elsewhere', title: 'elsewhere', met: false }
  ]);
  assert.equal(requirements(after, [lesson('secret_messages', {}, { status: 'passed' })])[0]?.met, true);
  assert.equal(requirements(after, [lesson('secret_messages', { course: 'other' }, { status: 'passed' })])[0]?.met, false);
});

test('what was begun is suggested before what is new, and nothing that is passed', () => {
  const done = lesson('done', {}, { status: 'passed' });
  const first = lesson('first', { requires: ['done'] });
  const begun = lesson('begun', {}, { status: 'started' });
  const later = lesson('later', { requires: ['first'] });

  assert.equal(suggest([done, later, first, begun])?.slug, 'begun');
  assert.equal(suggest([done, later, first, begun], begun)?.slug, 'first');
  assert.equal(suggest([done, later])?.slug, 'later');
  assert.equal(suggest([done]), null);
  assert.equal(passed([done, first]), 1);
});

test('what is due for review stands with the longest first', () => {
  const now = new Date('2026-03-01T12:00:00Z');
  const old = lesson('old', {}, { status: 'passed', reviewAt: '2026-01-01T00:00:00+00:00' });
  const older = lesson('older', {}, { status: 'passed', reviewAt: '2025-01-01T00:00:00+00:00' });
  const later = lesson('later', {}, { status: 'passed', reviewAt: '2026-03-01T12:00:01+00:00' });

  assert.deepEqual(
    due([old, later, secret, older], now).map(one => one.slug),
    ['older', 'old']
  );
});

test('the next deadline counts, and the last where all is over', () => {
  const now = new Date('2026-10-01T12:00:00Z');
  const due = [
    { cohort: 'spring', title: 'Spring', at: '2027-03-01T20:00:00+00:00' },
    { cohort: 'autumn', title: 'Autumn', at: '2026-10-05T20:00:00+00:00' },
    { cohort: 'summer', title: 'Summer', at: '2026-07-05T20:00:00+00:00' }
  ];

  assert.deepEqual(deadline(lesson('a', { due }), now), { at: new Date('2026-10-05T20:00:00Z'), title: 'Autumn', over: false });
  assert.deepEqual(deadline(lesson('a', { due: due.slice(2) }), now), { at: new Date('2026-07-05T20:00:00Z'), title: 'Summer', over: true });
  assert.equal(deadline(lesson('a', { due }, { status: 'passed' }), now), null);
  assert.equal(deadline(lesson('a'), now), null);
});

test('a file is the lesson whose copy or own notebook it is', () => {
  const list = { courses: [], lessons: [secret, lesson('b', { original: 'lessons/b.ipynb' })] };

  assert.equal(lessonAt(list, 'my-work/secret_messages.ipynb'), secret);
  assert.equal(lessonAt(list, 'lessons/b.ipynb')?.slug, 'b');
  assert.equal(lessonAt(list, 'other.ipynb'), null);
  assert.equal(lessonAt(list, null), null);
});
