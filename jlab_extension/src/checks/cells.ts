import type { NotebookInfo, SentCell } from '../types';

/** What there is to know of a cell, without the widget that shows it. */
export interface PlainCell {
  id: string;
  kind: SentCell['kind'];
  source: string;
  /** The exercise that the cell's own metadata claims. */
  claimed: string | null;
  /** Whether papermill has put it there. */
  injected?: boolean;
  /** Whether it only shows what an exercise does. */
  shows?: boolean;
}

/** Return the exercise of each cell that is one: what its metadata claims if the lesson has it, or what the server takes it for. */
export function exercisesOf(cells: readonly PlainCell[], info: NotebookInfo): Map<string, string> {
  const known = new Set(info.lesson.exercises.map(exercise => exercise.id));
  const found = new Map<string, string>();
  for (const cell of cells) {
    if (cell.kind !== 'code') continue;
    const taken = Object.hasOwn(info.exercises, cell.id) ? info.exercises[cell.id] : undefined;
    const exercise = cell.claimed !== null && known.has(cell.claimed) ? cell.claimed : taken;
    if (exercise !== undefined) found.set(cell.id, exercise);
  }
  return found;
}

/** Return the cells that repeat an exercise: more of them than the lesson itself has for it. The first ones count. */
export function duplicates(cells: readonly PlainCell[], exercises: ReadonlyMap<string, string>, info: NotebookInfo): Set<string> {
  const left = new Map<string, number>();
  for (const cell of info.cells) {
    if (cell.exercise !== null) left.set(cell.exercise, (left.get(cell.exercise) ?? 0) + 1);
  }
  const more = new Set<string>();
  for (const cell of cells) {
    const exercise = exercises.get(cell.id);
    if (exercise === undefined) continue;
    const count = left.get(exercise) ?? 0;
    if (count > 0) left.set(exercise, count - 1);
    else more.add(cell.id);
  }
  return more;
}

/** Return the lesson's exercise cells whose exercise no cell of the notebook is any more. */
export function missing(exercises: ReadonlyMap<string, string>, info: NotebookInfo): SentCell[] {
  const there = new Set(exercises.values());
  return info.cells.filter(cell => cell.exercise !== null && !there.has(cell.exercise));
}

/** Return the place at which one of the lesson's cells belongs among *ids*: after the nearest of the cells that come before it there. */
export function placeOf(cell: SentCell, ids: readonly string[], info: NotebookInfo): number {
  const before = info.cells.slice(0, info.cells.indexOf(cell)).reverse();
  for (const one of before) {
    const place = ids.indexOf(one.id);
    if (place >= 0) return place + 1;
  }
  return 0;
}

/**
 * Return the cells that are only for reading: the lesson's own that are no exercise, as long as they say what they said. Where an exercise
 * is shown at work, lessons ask that numbers be changed and colours be tried; no check needs such a cell.
 */
export function reading(cells: readonly PlainCell[], info: NotebookInfo): Set<string> {
  const given = new Map(info.cells.filter(cell => cell.exercise === null).map(cell => [cell.id, cell]));
  return new Set(cells.filter(cell => !cell.shows && given.get(cell.id)?.source === cell.source).map(cell => cell.id));
}

/** Return what *source* was shipped as: the source of the cell with that id, or of the one cell of its exercise. */
export function shipped(id: string, exercise: string, info: NotebookInfo): string | null {
  const own = info.cells.filter(cell => cell.exercise === exercise);
  return own.find(cell => cell.id === id)?.source ?? (own.length === 1 ? own[0]!.source : null);
}

/** Return the numbers of revealed hints that still hold for a new card: only what was read of the same ladder stays revealed. */
export function stillShown(
  before: ReadonlyMap<string, readonly string[]>,
  shown: Readonly<Record<string, number>>,
  now: ReadonlyMap<string, readonly string[]>
): Record<string, number> {
  const kept: Record<string, number> = {};
  for (const [id, ladder] of now) {
    const read = (before.get(id) ?? []).slice(0, shown[id] ?? 0);
    let same = 0;
    while (same < read.length && read[same] === ladder[same]) same += 1;
    if (same > 0) kept[id] = same;
  }
  return kept;
}
