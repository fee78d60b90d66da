import type { CellModel, ICellModel } from '@jupyterlab/cells';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { isOver, NoServer, Refusal } from '../api';
import type { IModel } from '../model';
import type { Checked, ExerciseInfo, Job, NotebookInfo, Related, SentCell } from '../types';
import { CardModel } from './card';
import { duplicates, exercisesOf, missing, placeOf, PlainCell, reading, shipped } from './cells';

/** What is known of one exercise cell, in whichever panels it is shown. */
export class CellState {
  readonly card = new CardModel();
  job: Job | null = null;
  /** The source that the card is about. */
  checked: string | null = null;
  /** Why there is no answer, in a sentence. */
  problem = '';
  /** The lesson that teaches what went wrong, if one does. */
  teaches: Related | null = null;
  /** How often it was asked for a check: only what comes of the last one is shown. */
  asked = 0;
}

/** The hand-in of a notebook: while it is graded, and what came of it. */
export interface HandIn {
  job: Job | null;
  result: Checked | null;
  problem: string;
}

/**
 * One notebook as a lesson that is being worked on: which of its cells are exercises, and what came of checking them. It belongs to the
 * document, so that all of its views show the same. It writes nothing into the notebook but what a learner asks to have put back.
 */
export class Work implements IDisposable {
  info: NotebookInfo | null = null;
  handIn: HandIn | null = null;
  /** Why something else that was asked for could not be done, in a sentence. */
  problem = '';
  /** Whether what is handed in and passes may be found by a search. */
  listed = true;
  private readonly states = new Map<string, CellState>();
  private readonly _changed: Signal<Work, void> = new Signal<Work, void>(this);
  private found: { exercises: Map<string, string>; more: Set<string>; reading: Set<string> } | null = null;
  private disposed = false;

  constructor(
    readonly model: IModel,
    readonly context: DocumentRegistry.IContext<INotebookModel>,
    private readonly trans: TranslationBundle
  ) {
    context.disposed.connect(() => this.dispose());
    context.pathChanged.connect(() => void this.identify());
    // Another tool has written the file, or it was saved under the name of another lesson.
    context.fileChanged.connect(() => void this.identify());
    void this.begin();
  }

  /** Something has changed that a view shows. */
  get changed(): ISignal<Work, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const state of this.states.values()) {
      if (state.job !== null && !isOver(state.job)) void this.model.api.cancel(state.job.id).catch(() => undefined);
    }
    Signal.clearData(this);
  }

  /** The exercise of a cell, or null. */
  exercise(cell: ICellModel): string | null {
    return this.sorted()?.exercises.get(cell.id) ?? null;
  }

  exerciseInfo(id: string): ExerciseInfo | null {
    return this.info?.lesson.exercises.find(exercise => exercise.id === id) ?? null;
  }

  /** Whether a cell repeats an exercise that an earlier cell is already. */
  isDuplicate(cell: ICellModel): boolean {
    return this.sorted()?.more.has(cell.id) ?? false;
  }

  /** Whether a cell is the lesson's own text or code, which there is no need to change. */
  isReading(cell: ICellModel): boolean {
    return this.sorted()?.reading.has(cell.id) ?? false;
  }

  /** The lesson's exercise cells that are not in the notebook any more. */
  get missing(): SentCell[] {
    const sorted = this.sorted();
    return this.info === null || sorted === null ? [] : missing(sorted.exercises, this.info);
  }

  state(cell: ICellModel): CellState {
    let state = this.states.get(cell.id);
    if (state === undefined) {
      this.states.set(cell.id, (state = new CellState()));
      state.card.revealed = (check, shown) => this.revealed(check, shown);
    }
    return state;
  }

  /** Have it recorded that hints are to be seen; nobody waits for that, and a hint that could not be recorded is shown as well. */
  revealed(check: string, shown: number): void {
    void this.model.api.hinted(this.context.path, check, shown).catch(() => undefined);
  }

  /** Whether the cell says something else now than when it was checked. */
  isStale(cell: ICellModel): boolean {
    const { checked } = this.state(cell);
    return checked !== null && checked !== cell.sharedModel.getSource();
  }

  /** Whether a cell has been changed since it was shipped: only then is there something to check. */
  isAttempted(cell: ICellModel): boolean {
    const exercise = this.exercise(cell);
    if (this.info === null || exercise === null) return false;
    return shipped(cell.id, exercise, this.info)?.trim() !== cell.sharedModel.getSource().trim();
  }

  /** Cells have come, gone or moved. */
  cellsChanged(): void {
    this.found = null;
    this._changed.emit();
  }

  /** Have the exercise of *cell* checked as it stands. */
  async check(cell: ICellModel): Promise<void> {
    const exercise = this.exercise(cell);
    // A copy is not what the server checks: an answer about the first one would be shown below another source.
    if (this.info === null || exercise === null || this.isDuplicate(cell)) return;
    const state = this.state(cell);
    const turn = ++state.asked;
    const isLast = (): boolean => state.asked === turn;
    const before = state.job;
    state.job = null;
    state.problem = '';
    state.teaches = null;
    state.card.begin(exercise, this.trans.__('Checking…'), this.trans.__('This check did not finish.'));
    this._changed.emit();
    if (before !== null && !isOver(before)) await this.end(before);
    const source = cell.sharedModel.getSource();
    try {
      let job = await this.model.api.check(this.context.path, this.cells(), exercise);
      if (!isOver(job)) {
        if (!isLast()) return await this.end(job);
        state.job = job;
        this._changed.emit();
        job = await this.model.api.follow(job, seen => {
          if (isLast()) state.job = seen;
        });
      }
      if (!isLast()) return;
      state.job = job;
      if (job.result !== null) {
        state.checked = source;
        state.card.show(job.result.card);
        this.take(job.result);
        void this.lookUp(state, turn, job.result);
      } else {
        state.card.stop();
        state.problem = job.state === 'cancelled' ? this.trans.__('This check was cancelled.') : (job.error?.message ?? '');
      }
    } catch (error) {
      if (!isLast()) return;
      state.job = null;
      state.card.stop();
      state.problem = this.sentence(error);
    }
    this._changed.emit();
  }

  async checkAll(): Promise<void> {
    const cells = [...this.context.model.cells].filter(
      cell => this.exercise(cell) !== null && !this.isDuplicate(cell) && this.isAttempted(cell)
    );
    for (const cell of cells) await this.check(cell);
  }

  async cancel(cell: ICellModel): Promise<void> {
    const { job } = this.state(cell);
    if (job !== null && !isOver(job)) await this.end(job);
  }

  /** Give the cell the source that it was shipped with, as one step that can be undone. */
  reset(cell: ICellModel): void {
    const exercise = this.exercise(cell);
    const source = this.info === null || exercise === null ? null : shipped(cell.id, exercise, this.info);
    if (source === null) return;
    // What was typed a moment ago is a step of its own.
    (cell.sharedModel as { undoManager?: { stopCapturing(): void } | null }).undoManager?.stopCapturing();
    cell.sharedModel.transact(() => cell.sharedModel.setSource(source));
    const state = this.state(cell);
    // What comes of a check that still runs would be about what was there before.
    void this.cancel(cell);
    state.asked += 1;
    state.job = null;
    state.checked = null;
    state.problem = '';
    state.teaches = null;
    state.card.clear();
    this._changed.emit();
  }

  /** Put back the exercise cells that are gone. */
  putBack(): void {
    if (this.info === null) return;
    const shared = this.context.model.sharedModel;
    for (const cell of this.missing) {
      const ids = shared.cells.map(one => one.getId());
      shared.insertCell(placeOf(cell, ids, this.info), {
        cell_type: 'code',
        id: cell.id,
        source: cell.source,
        metadata: { hornbook: { exercise: cell.exercise }, trusted: true }
      });
    }
    this.cellsChanged();
  }

  /** Save the notebook, and have it graded: a clean run, with the hidden checks. */
  async handInNow(): Promise<void> {
    if (this.info === null || (this.handIn?.job && !isOver(this.handIn.job))) return;
    this.handIn = { job: null, result: null, problem: '' };
    this._changed.emit();
    try {
      await this.context.save();
      const job = await this.model.api.grade(this.context.path, this.listed);
      this.handIn = { job, result: null, problem: '' };
      this._changed.emit();
      const end = await this.model.api.follow(job, seen => {
        this.handIn = { job: seen, result: null, problem: '' };
        this._changed.emit();
      });
      const said = end.state === 'cancelled' ? this.trans.__('Handing in was cancelled.') : (end.error?.message ?? '');
      this.handIn = { job: end, result: end.result, problem: end.result === null ? said : '' };
      if (end.result !== null) this.take(end.result);
    } catch (error) {
      this.handIn = { job: null, result: null, problem: this.sentence(error) };
    }
    this._changed.emit();
  }

  async cancelHandIn(): Promise<void> {
    const job = this.handIn?.job ?? null;
    if (job !== null && !isOver(job)) await this.end(job);
  }

  /** Do what was asked for; where that fails, say why above the notebook. */
  async attempt(action: () => Promise<void>): Promise<void> {
    this.problem = '';
    try {
      await action();
    } catch (error) {
      this.problem = this.sentence(error);
    }
    this._changed.emit();
  }

  closeHandIn(): void {
    this.handIn = null;
    this._changed.emit();
  }

  /** Look for a lesson that teaches what was raised. The card does not wait for it, and is as good without. */
  private async lookUp(state: CellState, turn: number, result: Checked): Promise<void> {
    const trouble = raised(result);
    if (trouble === null) return;
    const { course, slug } = result.lesson;
    const found = await this.model.api.teaching(course, slug, trouble).catch(() => []);
    if (this.disposed || state.asked !== turn || found.length === 0) return;
    state.teaches = found[0] ?? null;
    this._changed.emit();
  }

  /** Have the server end a job; one that it does not know any more has ended. */
  private async end(job: Job): Promise<void> {
    await this.model.api.cancel(job.id).catch(() => undefined);
  }

  private async begin(): Promise<void> {
    await Promise.all([this.context.ready, this.model.ready]);
    if (this.disposed || this.model.health === null) return;
    this.context.model.cells.changed.connect(() => this.cellsChanged());
    await this.identify();
  }

  private async identify(): Promise<void> {
    if (this.disposed || this.model.health === null || !this.context.isReady) return;
    try {
      this.info = await this.model.api.notebook(this.context.path, this.cells());
    } catch {
      // A notebook that cannot be told from others is shown as any notebook.
      this.info = null;
    }
    if (!this.disposed) this.cellsChanged();
  }

  private take(result: Checked): void {
    if (this.info !== null) this.info = { ...this.info, lesson: result.lesson };
    this.model.note(result.lesson);
  }

  private sorted(): { exercises: Map<string, string>; more: Set<string>; reading: Set<string> } | null {
    if (this.info === null) return null;
    if (this.found === null) {
      const cells = [...this.context.model.cells].map(plain);
      const exercises = exercisesOf(cells, this.info);
      this.found = { exercises, more: duplicates(cells, exercises, this.info), reading: reading(cells, this.info) };
    }
    return this.found;
  }

  private cells(): SentCell[] {
    return [...this.context.model.cells].map(cell => {
      const { id, kind, source, claimed, injected = false } = plain(cell);
      return { id, kind, source, exercise: claimed, injected };
    });
  }

  private sentence(error: unknown): string {
    if (error instanceof Refusal) return error.message;
    if (error instanceof NoServer) return this.trans.__('The server has no hornbook any more.');
    return this.trans.__('The server cannot be reached. Your work is safe in this page; check again when it is back.');
  }
}

/** Return the error message that a check has met, or null. */
function raised(result: Checked): string | null {
  const { outcomes } = result.verdict as unknown as { outcomes?: { raised?: string | null; came?: string | null }[] };
  const first = outcomes?.find(outcome => outcome.raised);
  return first === undefined ? null : (first.came ?? first.raised ?? null);
}

function plain(cell: ICellModel): PlainCell {
  const mark = (cell as CellModel).getMetadata('hornbook') as { exercise?: unknown } | undefined;
  const tags: unknown = (cell as CellModel).getMetadata('tags');
  const locked = (cell as CellModel).getMetadata('nbgrader') as { locked?: unknown } | undefined;
  return {
    id: cell.id,
    kind: cell.type as PlainCell['kind'],
    source: cell.sharedModel.getSource(),
    claimed: typeof mark?.exercise === 'string' ? mark.exercise : null,
    injected: Array.isArray(tags) && tags.includes('injected-parameters'),
    // The test cells of a course that was nbgrader's are shown, too, and are to stay as they are.
    shows: Array.isArray(tags) && tags.includes('show') && locked?.locked !== true
  };
}
