import type { Cell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ExerciseInfo, LessonInfo } from '../types';

/** Return the exercise that a cell says it is, or null. */
export function exerciseOf(cell: Cell): string | null {
  const mark = cell.model.getMetadata('hornbook') as { exercise?: unknown } | undefined;
  return typeof mark?.exercise === 'string' ? mark.exercise : null;
}

/** Show above each exercise of *notebook* its points and its checks; a null lesson takes them away. */
export function drawChecks(notebook: Notebook, lesson: LessonInfo | null, trans: TranslationBundle): void {
  for (const cell of notebook.widgets) {
    // A cell that was not in sight yet is not made yet.
    void cell.ready.then(() => drawCell(cell, lesson, trans)).catch(() => undefined);
  }
}

function drawCell(cell: Cell, lesson: LessonInfo | null, trans: TranslationBundle): void {
  if (cell.isDisposed) return;
  const header = cell.node.querySelector(':scope > .jp-CellHeader');
  if (header === null) return;
  const id = exerciseOf(cell);
  const exercise = lesson?.exercises.find(one => one.id === id);
  const now = exercise === undefined ? null : line(exercise, trans);
  const before = header.querySelector(':scope > .hb-checks');
  if (before?.outerHTML === now?.outerHTML) return;
  before?.remove();
  if (now !== null) header.append(now);
  header.classList.toggle('hb-has-checks', now !== null);
}

function line(exercise: ExerciseInfo, trans: TranslationBundle): HTMLElement {
  const whole = document.createElement('div');
  whole.className = 'hb-checks';
  const name = document.createElement('span');
  name.textContent = `${exercise.id} · ${trans._n('%1 point', '%1 points', exercise.points)}`;
  const list = document.createElement('ul');
  list.setAttribute('role', 'list');
  list.setAttribute('aria-label', trans.__('Checks of %1', exercise.id));
  for (const check of exercise.checks) {
    const item = document.createElement('li');
    const points = trans._n('%1 point', '%1 points', check.points);
    item.className = check.hidden ? 'hb-chip hb-is-hidden' : 'hb-chip';
    item.textContent = check.hidden ? trans.__('hidden: %1', check.title) : check.title;
    item.title = `${item.textContent} · ${points} · ${check.name}`;
    list.append(item);
  }
  whole.append(name, list);
  return whole;
}
