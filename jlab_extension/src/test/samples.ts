import type { LessonInfo, LessonProgress } from '../types';

/** A lesson for tests, where only what matters is said. */
export function lesson(slug: string, parts: Partial<LessonInfo> = {}, progress: Partial<LessonProgress> = {}): LessonInfo {
  return {
    course: 'course',
    slug,
    title: slug,
    version: '1.0.0',
    summary: '',
    objectives: [],
    skills: [],
    level: 'beginner',
    minutes: 10,
    requires: [],
    authors: [],
    licence: 'CC-BY-4.0',
    exercises: [],
    path: `my-work/${slug}.ipynb`,
    original: null,
    started: false,
    editable: false,
    due: [],
    ...parts,
    progress: { status: 'new', exercises: {}, done: 0, of: 2, attempts: 0, passedAt: null, reviewAt: null, ...progress }
  };
}
