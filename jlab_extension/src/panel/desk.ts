import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';
import type { IModel } from '../model';
import type { LessonInfo } from '../types';
import { lessonAt } from './lessons';

/** What lies open: the lesson that the notebook in front is, and how another one is opened. */
export class Desk {
  /** Another notebook is in front, or the lessons are known now. */
  readonly changed: ISignal<Desk, void>;
  private readonly moved = new Signal<Desk, void>(this);

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly model: IModel,
    private readonly tracker: INotebookTracker | null
  ) {
    this.changed = this.moved;
    const tell = (): void => this.moved.emit();
    model.changed.connect(tell);
    tracker?.currentChanged.connect((_, panel) => {
      panel?.context.pathChanged.connect(tell);
      tell();
    });
  }

  /** The notebook in front, as a path of the server; null where there is none. */
  get path(): string | null {
    const panel = this.tracker?.currentWidget ?? null;
    return panel === null ? null : this.app.serviceManager.contents.localPath(panel.context.path);
  }

  /** The lesson in front, or null. */
  get lesson(): LessonInfo | null {
    return lessonAt(this.model.lessons, this.path);
  }

  /** Make the learner's copy of a lesson, where there is none yet, and open it. */
  async open(lesson: { course: string; slug: string }): Promise<LessonInfo> {
    const begun = await this.model.api.start(lesson.course, lesson.slug);
    this.model.note(begun);
    await this.app.commands.execute('docmanager:open', { path: begun.path });
    return begun;
  }
}
