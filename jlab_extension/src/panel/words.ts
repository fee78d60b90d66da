import type { TranslationBundle } from '@jupyterlab/translation';
import type { LessonInfo, LessonProgress } from '../types';
import { deadline } from './lessons';

/** A mark for how far a lesson is; the words beside it say the same. */
export const SYMBOLS: Record<LessonProgress['status'], string> = { new: '○', started: '◐', passed: '✓' };

/** Say how far a lesson is. */
export function progressWords(trans: TranslationBundle, lesson: LessonInfo): string {
  const { status, done, of } = lesson.progress;
  if (status === 'passed') return trans.__('passed');
  if (status === 'new' || of === 0) return status === 'new' ? trans.__('not started') : trans.__('started');
  return trans._n('%2 of %1 exercise', '%2 of %1 exercises', of, done);
}

/** Say a level; a course may have levels of its own. */
export function levelWords(trans: TranslationBundle, level: string): string {
  const known: Record<string, string> = {
    beginner: trans.__('beginner'),
    intermediate: trans.__('intermediate'),
    advanced: trans.__('advanced')
  };
  return known[level] ?? level;
}

/** Say how long a lesson takes. */
export function minutesWords(trans: TranslationBundle, minutes: number): string {
  return trans.__('%1 min', minutes);
}

/** Say by when a lesson has to be done, by the clocks here; for which cohort, where there is more than one. */
export function dueWords(trans: TranslationBundle, lesson: LessonInfo, now: Date): string | null {
  const next = deadline(lesson, now);
  if (next === null) return null;
  const year = next.at.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  const at = next.at.toLocaleString(document.documentElement.lang || undefined, { weekday: 'short', day: 'numeric', month: 'short', ...year, hour: '2-digit', minute: '2-digit' });
  const words = next.over ? trans.__('was due %1', at) : trans.__('due %1', at);
  return lesson.due.length > 1 ? `${words} (${next.title})` : words;
}

/** Say how many lessons were found, and how many more things by what they mean. */
export function countWords(trans: TranslationBundle, lessons: number, more: number): string {
  const found = trans._n('%1 lesson found', '%1 lessons found', lessons);
  return more === 0 ? found : lessons === 0 ? trans._n('%1 result', '%1 results', more) : `${found}, ${trans._n('%1 more that fits', '%1 more that fit', more)}`;
}
