/**
 * What the list of lessons makes of them: found, filtered, grouped, suggested. Nothing of JupyterLab is needed for it.
 */
import type { CourseInfo, LessonInfo, LessonList } from '../types';

/** What is looked for; an empty text and null ask for everything. */
export interface Wanted {
  query: string;
  skill: string | null;
  level: string | null;
  /** At most so many minutes. */
  minutes: number | null;
}

export const EVERYTHING: Wanted = { query: '', skill: null, level: null, minutes: null };

export interface Group {
  course: CourseInfo;
  lessons: LessonInfo[];
}

/** What a lesson needs before it, and whether the learner has it. */
export interface Requirement {
  slug: string;
  title: string;
  met: boolean;
}

/** A lesson's name among all courses. */
export function key(lesson: { course: string; slug: string }): string {
  return `${lesson.course}/${lesson.slug}`;
}

/** Return *text* without what people leave out when they search: case, accents, and marks between words. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** Return how many letters of *word* must change so that *text* begins with it: typed anew, left out, put in, or swapped. */
export function distance(word: string, text: string): number {
  let before: number[] = [];
  let last = Array.from({ length: text.length + 1 }, (_, column) => column);
  for (let row = 1; row <= word.length; row++) {
    const now = [row];
    for (let column = 1; column <= text.length; column++) {
      const same = word[row - 1] === text[column - 1];
      let least = Math.min((last[column] ?? 0) + 1, (now[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1));
      if (row > 1 && column > 1 && word[row - 1] === text[column - 2] && word[row - 2] === text[column - 1]) {
        least = Math.min(least, (before[column - 2] ?? 0) + 1);
      }
      now.push(least);
    }
    before = last;
    last = now;
  }
  return Math.min(...last);
}

/** Return how well *text* answers one folded *word*: 0 not at all, 1 with a slip of the fingers, 2 inside of a word, 3 at its beginning. */
function answers(word: string, text: string): number {
  const words = fold(text).split(' ');
  if (words.some(one => one.startsWith(word))) return 3;
  if (words.some(one => one.includes(word))) return 2;
  // A short word with another letter is another word.
  const slips = word.length >= 8 ? 2 : word.length >= 4 ? 1 : 0;
  return slips > 0 && words.some(one => distance(word, one) <= slips) ? 1 : 0;
}

/** Return how well *lesson* answers *query*; 0 where one of its words is nowhere in it. */
export function score(query: string, lesson: LessonInfo): number {
  const places: [number, string[]][] = [
    [4, [lesson.title]],
    [3, lesson.skills.map(skill => skill.name)],
    [2, [lesson.summary, lesson.slug]],
    [1, lesson.objectives]
  ];
  let sum = 0;
  for (const word of fold(query).split(' ')) {
    const best = Math.max(...places.flatMap(([weight, texts]) => texts.map(text => weight * answers(word, text))), 0);
    if (best === 0) return 0;
    sum += best;
  }
  return sum;
}

/** Return the lessons that are wanted; where there is a query, those that answer it best first. */
export function filter(lessons: readonly LessonInfo[], wanted: Wanted): LessonInfo[] {
  const left = lessons.filter(
    lesson =>
      (wanted.skill === null || lesson.skills.some(skill => skill.name === wanted.skill)) &&
      (wanted.level === null || lesson.level === wanted.level) &&
      (wanted.minutes === null || lesson.minutes <= wanted.minutes)
  );
  if (fold(wanted.query) === '') return left;
  return left
    .map(lesson => ({ lesson, found: score(wanted.query, lesson) }))
    .filter(({ found }) => found > 0)
    .sort((one, other) => other.found - one.found)
    .map(({ lesson }) => lesson);
}

/** Return *lessons* by course, in the order of the courses; a course without any is left out. */
export function group(courses: readonly CourseInfo[], lessons: readonly LessonInfo[]): Group[] {
  return courses
    .map(course => ({ course, lessons: lessons.filter(lesson => lesson.course === course.name) }))
    .filter(({ lessons }) => lessons.length > 0);
}

/** Return what *lesson* requires, by title where the course has it. */
export function requirements(lesson: LessonInfo, lessons: readonly LessonInfo[]): Requirement[] {
  return lesson.requires.map(slug => {
    const found = lessons.find(one => one.course === lesson.course && one.slug === slug);
    return { slug, title: found?.title ?? slug, met: found?.progress.status === 'passed' };
  });
}

/** Return what was passed so long ago that it is worth repeating, the longest first. */
export function due(lessons: readonly LessonInfo[], now: Date): LessonInfo[] {
  const when = (lesson: LessonInfo): number => (lesson.progress.reviewAt === null ? Infinity : Date.parse(lesson.progress.reviewAt));
  return lessons.filter(lesson => when(lesson) <= now.getTime()).sort((one, other) => when(one) - when(other));
}

/** Return by when *lesson* has to be done next, or, where all is over, when it last was; null for what is passed or has no date. */
export function deadline(lesson: LessonInfo, now: Date): { at: Date; title: string; over: boolean } | null {
  if (lesson.progress.status === 'passed') return null;
  const times = lesson.due
    .map(({ at, title }) => ({ at: new Date(at), title, over: Date.parse(at) <= now.getTime() }))
    .sort((one, other) => one.at.getTime() - other.at.getTime());
  return times.find(({ over }) => !over) ?? times[times.length - 1] ?? null;
}

/** Return the lesson to go on with: one that was begun, else the first that nothing stands before; *except* is left out. */
export function suggest(lessons: readonly LessonInfo[], except: LessonInfo | null = null): LessonInfo | null {
  const open = lessons.filter(lesson => lesson.progress.status !== 'passed' && (except === null || key(lesson) !== key(except)));
  const ready = open.filter(lesson => requirements(lesson, lessons).every(({ met }) => met));
  const begun = open.filter(lesson => lesson.progress.status === 'started');
  return begun[0] ?? ready[0] ?? open[0] ?? null;
}

/** Return how many of *lessons* are passed. */
export function passed(lessons: readonly LessonInfo[]): number {
  return lessons.filter(lesson => lesson.progress.status === 'passed').length;
}

/** Return the skills and levels that there are, for a choice among them. */
export function choices(lessons: readonly LessonInfo[]): { skills: string[]; levels: string[] } {
  const skills = new Set(lessons.flatMap(lesson => lesson.skills.map(skill => skill.name)));
  const levels = new Set(lessons.map(lesson => lesson.level));
  return { skills: [...skills].sort((one, other) => one.localeCompare(other)), levels: [...levels] };
}

/** Return the lesson that the file at *path* is: a learner's copy, or a course's own notebook. */
export function lessonAt(list: LessonList | null, path: string | null): LessonInfo | null {
  if (path === null || list === null) return null;
  return list.lessons.find(lesson => lesson.path === path || lesson.original === path) ?? null;
}
