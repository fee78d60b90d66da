import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { ArtifactInfo, Checked, Doctored, Found, Health, Job, LessonInfo, LessonList, NotebookInfo, Related, SentCell } from './types';
import { events } from './events';

/** How much of a text is asked about: an error message ends with what it is. */
const MOST_ASKED = 2000;

/** What the server refused, in its own words; `code` is for programs. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

/** There is no hornbook on the other side: a static site, or a server without our extension. */
export class NoServer extends Error {
  constructor() {
    super('There is no hornbook server here.');
    this.name = 'NoServer';
  }
}

/** Speaks to `/hornbook/api`, as `GET openapi.json` there describes it. */
export class Api {
  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly language: string
  ) {}

  health(): Promise<Health> {
    return this.ask('GET', 'health');
  }

  lessons(): Promise<LessonList> {
    return this.ask('GET', 'lessons');
  }

  related(course: string, slug: string): Promise<Related[]> {
    return this.ask('GET', `lessons/${course}/${slug}/related`);
  }

  /** Return the lesson that teaches what an error message is about, if there is another one than this. */
  teaching(course: string, slug: string, trouble: string): Promise<Related[]> {
    return this.ask('GET', `lessons/${course}/${slug}/teaching?${new URLSearchParams({ trouble: trouble.slice(-MOST_ASKED) })}`);
  }

  /** Find lessons and artifacts by words and by meaning, the best first. */
  find(wanted: { query: string; skill: string | null; level: string | null; minutes: number | null }): Promise<Found[]> {
    const asked = new URLSearchParams({ text: wanted.query.slice(-MOST_ASKED) });
    if (wanted.skill !== null) asked.set('skills', wanted.skill);
    if (wanted.level !== null) asked.set('levels', wanted.level);
    if (wanted.minutes !== null) asked.set('minutes', String(wanted.minutes));
    return this.ask('GET', `find?${asked}`);
  }

  /** Make the learner's copy of a lesson, where there is none yet. */
  start(course: string, slug: string): Promise<LessonInfo> {
    return this.ask('POST', `lessons/${course}/${slug}/work`, {});
  }

  /** Tell which lesson a notebook is; null where it is none. */
  async notebook(path: string, cells: SentCell[]): Promise<NotebookInfo | null> {
    try {
      return await this.ask<NotebookInfo>('POST', 'notebooks', { path, cells });
    } catch (error) {
      if (error instanceof Refusal && error.code === 'no-lesson') return null;
      throw error;
    }
  }

  /** Check one exercise of what stands in the cells, or all; nothing is recorded as handed in. */
  check(path: string, cells: SentCell[], exercise: string | null): Promise<Job> {
    return this.ask('POST', 'checks', { path, cells, exercise });
  }

  /** Record that so many hints of a check are to be seen. */
  hinted(path: string, check: string, shown: number): Promise<{ check: string; shown: number }> {
    return this.ask('POST', 'hints', { path, check, shown });
  }

  /** Hand the saved notebook in: a clean run from top to bottom, with the hidden checks. What is made of it can be found if it is *listed*. */
  grade(path: string, listed: boolean): Promise<Job> {
    return this.ask('POST', 'grades', { path, listed });
  }

  /** Prove a lesson, and look for mistakes that its checks do not notice. */
  doctor(course: string, slug: string): Promise<Job<Doctored>> {
    return this.ask('POST', 'doctor', { course, slug });
  }

  /** Return the text of a check that asks what *example*, an expression, gives with the reference solution. */
  example(course: string, slug: string, exercise: string, example: string): Promise<{ check: string; file: string }> {
    return this.ask('POST', 'examples', { course, slug, exercise, example });
  }

  artifacts(): Promise<ArtifactInfo[]> {
    return this.ask('GET', 'artifacts');
  }

  /** Delete an artifact, and let it be found no more. */
  remove(id: string): Promise<{ id: string }> {
    return this.ask('DELETE', `artifacts/${id}`);
  }

  cancel(id: string): Promise<Job> {
    return this.ask('DELETE', `jobs/${id}`);
  }

  /** Follow a job to its end; *seen* is told of every change on the way. */
  async follow<Result>(job: Job<Result>, seen: (job: Job<Result>) => void): Promise<Job<Result>> {
    let last = job;
    while (!isOver(last)) {
      const response = await this.fetch('GET', `jobs/${job.id}/events`);
      if (response.body === null) throw new NoServer();
      let told = false;
      for await (const event of events(response.body)) {
        told = true;
        last = JSON.parse(event.data) as Job<Result>;
        seen(last);
        if (isOver(last)) break;
      }
      // A proxy ends a stream that takes long: it is asked for again. One that says nothing at all would never end.
      if (!told && !isOver(last)) throw new Error('The stream of the job ended without a word.');
    }
    return last;
  }

  /** The address of a page or a file that the server has given a path for. */
  url(path: string): string {
    return URLExt.join(this.settings.baseUrl, path);
  }

  private async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.fetch(method, path, body);
    return (await response.json()) as T;
  }

  private async fetch(method: string, path: string, body?: unknown): Promise<Response> {
    const [place = '', query] = path.split('?');
    const url = URLExt.join(this.settings.baseUrl, 'hornbook/api', place) + (query === undefined ? '' : `?${query}`);
    const init: RequestInit = { method, headers: { 'Accept-Language': this.language } };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await ServerConnection.makeRequest(url, init, this.settings);
    const kind = response.headers.get('Content-Type') ?? '';
    // A static site answers with a page of its own, whatever is asked.
    if (!kind.startsWith('application/json') && !kind.startsWith('text/event-stream')) throw new NoServer();
    if (!response.ok) {
      const { code, message } = (await response.json()) as { code?: string; message?: string };
      throw new Refusal(code ?? 'refused', message ?? response.statusText, response.status);
    }
    return response;
  }
}

/** Whether nothing more will come of a job. */
export function isOver(job: Job<unknown>): boolean {
  return job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
}

export type { Checked };
