/**
 * What the server says and is told under `/hornbook/api`, as `GET /hornbook/api/openapi.json` describes it.
 */

/** A card: what is drawn for a verdict. Made by the server (`card.py`), drawn by `static/card.js`. */
export interface Card {
  title: string;
  headline: string;
  state: 'passed' | 'open' | 'broken' | 'note';
  [part: string]: unknown;
}

/** One check as a lesson shows it: a hidden one only to whoever may edit its grader. */
export interface CheckInfo {
  name: string;
  title: string;
  points: number;
  hidden: boolean;
}

/** One exercise of a lesson, with its visible checks; `hidden` says how many more there are. */
export interface ExerciseInfo {
  id: string;
  points: number;
  checks: CheckInfo[];
  hidden: number;
}

/** How far the learner is. `exercises` tells of each exercise that was ever checked whether its last check passed. */
export interface LessonProgress {
  status: 'new' | 'started' | 'passed';
  exercises: Record<string, boolean>;
  done: number;
  of: number;
  attempts: number;
  passedAt: string | null;
  /** ISO 8601 time from which it is worth repeating, or null. */
  reviewAt: string | null;
}

/** By when a cohort has to do a lesson: an ISO 8601 time. */
export interface Deadline {
  cohort: string;
  title: string;
  at: string;
}

/** A lesson as the list shows it. `path` is where the learner's copy is, or would be, from the server's root. */
export interface LessonInfo {
  course: string;
  slug: string;
  title: string;
  version: string;
  summary: string;
  objectives: string[];
  skills: { name: string; uri: string | null }[];
  level: string;
  minutes: number;
  requires: string[];
  authors: string[];
  licence: string;
  exercises: ExerciseInfo[];
  path: string;
  /** The course's own notebook, from the server's root; null where the course lies outside of it. */
  original: string | null;
  started: boolean;
  progress: LessonProgress;
  /** By when each of the course's cohorts has to do it. */
  due: Deadline[];
  /** Whether whoever works here may edit its course. */
  editable: boolean;
}

export interface CourseInfo {
  name: string;
  title: string;
  problems: string[];
}

/** `GET lessons` */
export interface LessonList {
  courses: CourseInfo[];
  lessons: LessonInfo[];
}

/** `GET lessons/{course}/{slug}/related`: what fits next, each with its reason. */
export interface Related {
  course: string;
  slug: string;
  title: string;
  reason: string;
}

/** `GET find`: a lesson or an artifact, why it was found, and the passage to read. */
export interface Found {
  kind: string;
  title: string;
  reasons: string[];
  passage: string;
  /** The cell that the passage is of, from 1; 0 is the summary. */
  cell: number;
  matched: string[];
  skills: string[];
  level: string;
  minutes: number | null;
  course: string;
  slug: string;
  assurance: string;
  /** Whether it is a lesson that can be begun here. */
  here: boolean;
  /** The id of an artifact of this portfolio. */
  artifact: string | null;
}

/** A cell as the learner has it now. */
export interface SentCell {
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  source: string;
  exercise: string | null;
  /** Whether papermill has put it there, with values for the lesson's parameters. */
  injected?: boolean;
}

/** `POST notebooks` {path, cells}: which lesson a notebook is. */
export interface NotebookInfo {
  lesson: LessonInfo;
  /** `work` is a learner's copy, `original` the course's own notebook, in which nobody should work. */
  role: 'work' | 'original';
  /** The lesson's own cells, in order, for putting one back. */
  cells: SentCell[];
  /** By cell id: the exercise that a cell of the notebook is taken for. */
  exercises: Record<string, string>;
}

export interface JobError {
  code: string;
  message: string;
}

export interface Progress {
  done: number;
  of: number;
  label: string;
}

/** What came of a check or a grade. */
export interface Checked {
  /** The exercise that was asked about; null for the whole lesson. */
  exercise: string | null;
  card: Card;
  /** The verdict as `docs/schemas/verdict-1.json` describes it. */
  verdict: Record<string, unknown> & { passed: boolean; points: { earned: number; possible: number } };
  lesson: LessonInfo;
  /** A grade that passed: what was made of it. */
  artifact: ArtifactInfo | null;
  /** A grade that passed, but of which nothing could be made: why. */
  note: string | null;
  /** A grade that passed: what fits next. */
  next: Related[];
}

/** What came of `POST doctor`: every proof with whether it holds, and the mistakes that the checks do not notice. */
export interface Doctored {
  proofs: { name: string; holds: boolean; problem: string }[];
  survivors: { exercise: string; line: string; becomes: string }[];
  score: number | null;
}

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** `POST checks`, `POST grades` and `POST doctor` answer with one; `GET jobs/{id}/events` streams it as it changes. */
export interface Job<Result = Checked> {
  id: string;
  kind: 'check' | 'grade' | 'doctor';
  state: JobState;
  progress: Progress | null;
  result: Result | null;
  error: JobError | null;
}

/** `GET artifacts` */
export interface ArtifactInfo {
  id: string;
  course: string;
  slug: string;
  title: string;
  created: string;
  points: { earned: number; possible: number };
  assurance: string;
  skills: string[];
  /** From the server's base URL: the page, and the zip. */
  page: string;
  zip: string;
}

/** `GET health` */
export interface Health {
  version: string;
  sandbox: { level: number; name: string };
  jobs: { running: number; waiting: number };
  /** Whether what is made here is gone when the place is closed, as on Binder. */
  fleeting: boolean;
}
