import { ISignal, Signal } from '@lumino/signaling';
import { Api, NoServer } from './api';
import type { Health, LessonInfo, LessonList } from './types';

/** What the parts of hornbook share: the server, and what is known of lessons and progress. */
export interface IModel {
  readonly api: Api;
  /** What the server said when it was asked; null where there is none. */
  readonly health: Health | null;
  /** The lessons, as last seen; null before they were read, or where there is no server. */
  readonly lessons: LessonList | null;
  /** Why the lessons could not be read, or null. */
  readonly problem: string | null;
  /** Settled when the server has answered for the first time, or has not. */
  readonly ready: Promise<void>;
  /** Something of the above has changed. */
  readonly changed: ISignal<IModel, void>;
  /** Read the lessons anew. */
  refresh(): Promise<void>;
  /** Take note of what an answer of the server says about one lesson. */
  note(lesson: LessonInfo): void;
}

export class Model implements IModel {
  readonly changed: Signal<IModel, void> = new Signal<IModel, void>(this);
  readonly ready: Promise<void>;
  health: Health | null = null;
  lessons: LessonList | null = null;
  problem: string | null = null;

  constructor(readonly api: Api) {
    this.ready = this.refresh();
  }

  async refresh(): Promise<void> {
    try {
      // A server that did not answer at first may do so now.
      this.health ??= await this.api.health();
      this.lessons = await this.api.lessons();
      this.problem = null;
    } catch (error) {
      this.problem = error instanceof NoServer ? null : String((error as Error).message);
    }
    this.changed.emit();
  }

  note(lesson: LessonInfo): void {
    if (this.lessons === null) return;
    const same = (one: LessonInfo): boolean => one.course === lesson.course && one.slug === lesson.slug;
    this.lessons = { ...this.lessons, lessons: this.lessons.lessons.map(one => (same(one) ? lesson : one)) };
    this.changed.emit();
  }
}
