import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { Checked, Related } from '../types';
import { CardModel, draw } from './card';
import { button, make } from './dom';
import type { Work } from './work';

/** How much of a notebook's height what stands above it may take. */
const MOST_HEIGHT = 0.55;

export interface HandInActions {
  /** Open a lesson's copy, which is made where there is none. */
  open(lesson: { course: string; slug: string }): void;
  /** Show the cell of an exercise, and leave the focus where it is. */
  reveal(exercise: string): void;
}

/** Stands above a notebook that belongs to a lesson, and says what there is to say about all of it; empty most of the time. */
export class Bars extends Widget {
  private readonly notice = make('div', 'jp-hb-notice');
  private readonly handIn = make('section', 'jp-hb-handin');
  private readonly model = new CardModel();
  private readonly card = make('div', 'jp-hb-card');
  private readonly end: () => void;
  private readonly inner = make('div', '');
  private readonly sizes = new ResizeObserver(() => this.measure());
  private shown: unknown = null;

  constructor(
    private readonly work: Work,
    private readonly trans: TranslationBundle,
    private readonly actions: HandInActions
  ) {
    super();
    this.addClass('jp-hb-bars');
    this.notice.setAttribute('role', 'note');
    this.handIn.setAttribute('aria-label', trans.__('Hand in'));
    this.inner.append(this.notice, this.handIn);
    this.node.append(this.inner);
    this.sizes.observe(this.inner);
    this.model.revealed = (check, shown) => work.revealed(check, shown);
    this.end = draw(this.model, this.card);
    work.changed.connect(this.refresh, this);
    this.refresh();
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.work.changed.disconnect(this.refresh, this);
    this.sizes.disconnect();
    this.end();
    super.dispose();
  }

  private refresh(): void {
    if (this.isDisposed) return;
    this.drawNotice();
    this.drawHandIn();
    this.setHidden(this.notice.hidden && this.handIn.hidden);
  }

  /** Ask for the height that there is something to show for; a header has no other way to get it. */
  private measure(): void {
    const most = (this.parent?.parent?.node.clientHeight ?? 0) * MOST_HEIGHT;
    const border = this.node.offsetHeight - this.node.clientHeight;
    const height = `${Math.ceil(Math.min(this.inner.offsetHeight + border, most))}px`;
    if (this.node.style.minHeight === height) return;
    this.node.style.minHeight = height;
    this.parent?.fit();
  }

  private drawNotice(): void {
    const { work, trans } = this;
    const original = work.info?.role === 'original';
    const gone = original ? [] : work.missing;
    const key = JSON.stringify([original, work.problem, gone.map(cell => cell.id)]);
    this.notice.hidden = !original && gone.length === 0 && !work.problem;
    if (this.notice.dataset.key === key) return;
    this.notice.dataset.key = key;
    this.notice.replaceChildren();
    if (original) {
      const start = button(trans.__('Start working'), 'jp-hb-main', () => work.info && this.actions.open(work.info.lesson));
      this.notice.append(make('span', '', trans.__("This is the course's own copy of the lesson. Work on one of your own.")), start);
    } else if (gone.length > 0) {
      const names = [...new Set(gone.map(cell => cell.exercise ?? ''))].join(', ');
      const back = button(trans.__('Put back'), 'jp-hb-main', () => work.putBack());
      this.notice.append(make('span', '', trans.__('Not in this notebook any more: %1.', names)), back);
    }
    if (work.problem) this.notice.append(status(work.problem));
  }

  private drawHandIn(): void {
    const { work, trans } = this;
    const { handIn } = work;
    this.handIn.hidden = handIn === null;
    if (handIn === null) {
      this.shown = null;
      return;
    }
    if (handIn.result !== null) {
      if (this.shown !== handIn.result) this.drawResult(handIn.result);
      this.shown = handIn.result;
      return;
    }
    if (handIn.problem) {
      const close = button(trans.__('Close'), 'jp-hb-quiet', () => work.closeHandIn());
      this.handIn.replaceChildren(status(handIn.problem), close);
      this.shown = handIn;
      return;
    }
    this.drawProgress();
  }

  private drawProgress(): void {
    const { work, trans } = this;
    const job = work.handIn?.job ?? null;
    const progress = job?.progress ?? null;
    if (this.shown !== 'progress') {
      const bar = make('progress', 'jp-hb-progress');
      bar.setAttribute('aria-label', trans.__('Hand in'));
      const cancel = button(trans.__('Cancel'), '', () => void work.cancelHandIn());
      this.handIn.replaceChildren(status(''), bar, cancel);
      this.shown = 'progress';
    }
    const [said, bar] = [this.handIn.querySelector('.jp-hb-said'), this.handIn.querySelector('progress')];
    const label = progress?.label ?? trans.__('Saving and handing in…');
    const counted = progress !== null && progress.of > 0;
    if (said !== null) {
      // Each check would be read out; the first words and the last are enough.
      if (said.textContent !== label) said.textContent = label;
    }
    if (bar !== null && counted) {
      bar.max = progress.of;
      bar.value = progress.done;
      bar.title = trans.__('%1 of %2 checks', progress.done, progress.of);
    }
  }

  private drawResult(result: Checked): void {
    const { work, trans } = this;
    const close = button(trans.__('Close'), 'jp-hb-quiet jp-hb-close', () => work.closeHandIn());
    const parts: (Node | null)[] = result.verdict.passed ? this.passed(result) : [this.open(result)];
    this.model.show(result.card);
    this.handIn.replaceChildren(close, ...parts.filter((part): part is Node => part !== null), this.details(!result.verdict.passed));
    this.handIn.classList.toggle('jp-mod-passed', result.verdict.passed);
  }

  /** The pass card: what was passed, what it is worth, what was made of it, and what comes next. */
  private passed(result: Checked): (Node | null)[] {
    const { trans } = this;
    const { artifact, lesson, verdict } = result;
    const title = make('div', 'jp-hb-passed-title', lesson.title);
    title.setAttribute('role', 'heading');
    title.setAttribute('aria-level', '3');
    const worth = trans.__('Passed with %1 of %2 points', verdict.points.earned, verdict.points.possible);
    const head = make('div', 'jp-hb-passed-head', seal(), make('div', '', title, status(worth)));
    const links = make('div', 'jp-hb-links');
    if (result.note) links.append(make('span', '', result.note));
    if (artifact !== null) {
      links.append(
        link(trans.__('Open page'), this.work.model.api.url(artifact.page)),
        link(trans.__('Download'), this.work.model.api.url(artifact.zip), true)
      );
    }
    // How far the pass can be relied on belongs to it, and is not left to a fold.
    const worthiness = typeof result.card.assurance === 'string' ? make('div', 'jp-hb-label', result.card.assurance) : null;
    return [head, links.childElementCount ? links : null, worthiness, this.next(result.next)];
  }

  private next(lessons: Related[]): Node | null {
    if (lessons.length === 0) return null;
    const list = make('ul', 'jp-hb-next');
    for (const lesson of lessons) {
      list.append(make('li', '', button(lesson.title, 'jp-hb-link', () => this.actions.open(lesson)), make('span', '', lesson.reason)));
    }
    return make('div', '', make('div', 'jp-hb-label', this.trans.__('Next')), list);
  }

  /** What is still open: each exercise can be shown. */
  private open(result: Checked): Node {
    const { trans } = this;
    const { exercises, progress } = result.lesson;
    const left = exercises.filter(exercise => !progress.exercises[exercise.id]);
    const list = make('div', 'jp-hb-open', make('span', '', trans.__('Handed in. Still open:')));
    for (const exercise of left) {
      list.append(button(exercise.id, 'jp-hb-link', () => this.actions.reveal(exercise.id)));
    }
    return list;
  }

  private details(unfolded: boolean): Node {
    const node = make('details', 'jp-hb-details', make('summary', '', this.trans.__('All checks')), this.card);
    node.open = unfolded;
    return node;
  }
}

function status(text: string): HTMLElement {
  const node = make('div', 'jp-hb-said', text);
  node.setAttribute('role', 'status');
  return node;
}

function link(text: string, address: string, download = false): HTMLAnchorElement {
  const node = make('a', 'jp-hb-button', text);
  node.href = address;
  if (download) node.download = '';
  else {
    node.target = '_blank';
    node.rel = 'noopener';
  }
  return node;
}

function seal(): Element {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'jp-hb-seal');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', 'M4.2 8.4l2.6 2.6 5-5.4');
  svg.append(path);
  return svg;
}
