import type { CodeCell } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { isOver } from '../api';
import type { Related } from '../types';
import { draw } from './card';
import { button, make, write } from './dom';
import type { Work } from './work';

/** What is asked of a footer's cell. */
export interface Actions {
  /** Run and check it; what comes of it is brought into view. */
  check(cell: CodeCell): void;
  cancel(cell: CodeCell): void;
  reset(cell: CodeCell): void;
  /** Open a lesson's copy, which is made where there is none. */
  open(lesson: { course: string; slug: string }): void;
}

/** Stands below the input of an exercise's cell: asks for its check, and shows what came of it. */
export class Footer extends Widget {
  private readonly check: HTMLButtonElement;
  private readonly cancel: HTMLButtonElement;
  private readonly reset: HTMLButtonElement;
  private readonly status = make('span', 'jp-hb-status');
  private readonly points = make('span', 'jp-hb-points');
  private readonly card = make('div', 'jp-hb-card');
  private readonly teaches = make('div', 'jp-hb-teaches');
  private readonly end: () => void;

  constructor(
    private readonly cell: CodeCell,
    private readonly work: Work,
    private readonly trans: TranslationBundle,
    private readonly actions: Actions
  ) {
    super();
    this.addClass('jp-hb-footer');
    this.check = button(trans.__('Check'), 'jp-hb-main', () => actions.check(cell));
    this.cancel = button(trans.__('Cancel'), '', () => actions.cancel(cell));
    this.reset = button(trans.__('Reset'), 'jp-hb-quiet', () => actions.reset(cell));
    this.reset.title = trans.__('Put this exercise back to how it was. Undo brings your answer back.');
    this.status.setAttribute('role', 'status');
    this.node.setAttribute('role', 'group');
    this.node.append(make('div', 'jp-hb-bar', this.check, this.cancel, this.reset, this.status, this.points), this.card, this.teaches);
    this.end = draw(work.state(cell.model).card, this.card);
    work.changed.connect(this.refresh, this);
    cell.model.contentChanged.connect(this.refresh, this);
    this.refresh();
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.work.changed.disconnect(this.refresh, this);
    this.cell.model?.contentChanged.disconnect(this.refresh, this);
    this.end();
    super.dispose();
  }

  /** Bring all of it into view, as far as that needs to scroll; the focus stays where it is. */
  reveal(): void {
    if (this.isAttached) this.node.scrollIntoView({ block: 'nearest' });
  }

  protected onBeforeAttach(message: Message): void {
    super.onBeforeAttach(message);
    this.refresh();
  }

  private refresh(): void {
    if (this.isDisposed || this.cell.isDisposed) return;
    const { cell, work, trans } = this;
    const exercise = work.exercise(cell.model) ?? '';
    const state = work.state(cell.model);
    const busy = state.card.isRunning;
    const stale = work.isStale(cell.model);
    const info = work.exerciseInfo(exercise);
    this.node.setAttribute('aria-label', trans.__('Check of %1', exercise));
    this.node.dataset.exercise = exercise;
    this.check.setAttribute('aria-disabled', String(busy));
    // A copy can be run, as any cell; only the first one is checked.
    this.check.hidden = work.isDuplicate(cell.model);
    this.cancel.hidden = !busy || (state.job !== null && isOver(state.job)) || state.job === null;
    this.reset.hidden = busy || !work.isAttempted(cell.model);
    this.card.hidden = state.card.isEmpty;
    this.card.classList.toggle('jp-mod-stale', stale && !busy);
    this.drawTeaches(stale || busy ? null : state.teaches);
    write(this.points, info === null || info.points === 0 ? '' : trans._n('%1 point', '%1 points', info.points));
    write(this.status, this.said(stale && !busy));
  }

  private drawTeaches(lesson: Related | null): void {
    const key = lesson === null ? '' : `${lesson.course}/${lesson.slug}`;
    this.teaches.hidden = lesson === null;
    if (this.teaches.dataset.lesson === key) return;
    this.teaches.dataset.lesson = key;
    this.teaches.replaceChildren();
    if (lesson === null) return;
    const open = button(lesson.title, 'jp-hb-link', () => this.actions.open(lesson));
    this.teaches.append(make('span', '', this.trans.__('This lesson teaches it:')), open, make('span', 'jp-hb-reason', lesson.reason));
  }

  private said(stale: boolean): string {
    const { cell, work, trans } = this;
    const state = work.state(cell.model);
    if (work.isDuplicate(cell.model)) return trans.__('This exercise is there twice; the first one counts.');
    if (state.problem) return state.problem;
    if (stale) return trans.__('Changed since it was checked.');
    if (!state.card.isEmpty || !work.isAttempted(cell.model)) return '';
    const before = work.info?.lesson.progress.exercises[work.exercise(cell.model) ?? ''];
    if (before === undefined) return '';
    return before ? trans.__('Passed when it was last checked.') : trans.__('Still open when it was last checked.');
  }
}
