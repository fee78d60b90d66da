// The very code that draws the widget of a kernel draws here what the server says.
import drawing from '../../../src/hornbook/static/card.js';
import type { Card } from '../types';
import { stillShown } from './cells';

type Listener = () => void;

/** What card.js expects of a widget's model, without a widget, a kernel or a comm. */
export class CardModel {
  private readonly values: Record<string, unknown> = { card: {}, running: {}, shown: {}, language: 'en' };
  private readonly listeners = new Map<string, Set<Listener>>();
  private ladders = new Map<string, readonly string[]>();
  /** Is told when more hints of a check are revealed, and how many that makes. */
  revealed: ((check: string, shown: number) => void) | null = null;

  /** Whether there is something to be seen. */
  get isEmpty(): boolean {
    return Object.keys(this.values.card as object).length === 0 && !this.isRunning;
  }

  get isRunning(): boolean {
    return Object.keys(this.values.running as object).length > 0;
  }

  begin(title: string, label: string, ended: string): void {
    this.set('running', { title, label, ended, done: null, of: null });
  }

  show(card: Card): void {
    const now = new Map(rows(card).map(row => [row.id, row.hints]));
    this.set('shown', stillShown(this.ladders, this.values.shown as Record<string, number>, now));
    this.ladders = now;
    this.set('language', (card as { language?: string }).language ?? 'en');
    this.values.running = {};
    this.set('card', card);
  }

  /** Nothing is being checked any more, and there is no new card. */
  stop(): void {
    this.set('running', {});
  }

  clear(): void {
    this.values.running = {};
    this.set('card', {});
  }

  /** Reveal the next hint of the check to look at first; return whether there was one. */
  hint(): boolean {
    const card = this.values.card as Card;
    const shown = this.values.shown as Record<string, number>;
    for (const row of rows(card)) {
      const count = Math.min(row.hints.length, Math.max(row.open, shown[row.id] ?? 0));
      if (count < row.hints.length) {
        this.set('shown', { ...shown, [row.id]: count + 1 });
        return true;
      }
    }
    return false;
  }

  get(name: string): unknown {
    return this.values[name];
  }

  set(name: string, value: unknown): void {
    const before = this.values[name];
    this.values[name] = value;
    if (name === 'shown') {
      for (const [check, shown] of Object.entries(value as Record<string, number>)) {
        if (shown > ((before as Record<string, number>)[check] ?? 0)) this.revealed?.(check, shown);
      }
    }
    this.listeners.get(`change:${name}`)?.forEach(listener => listener());
  }

  on(name: string, listener: Listener): void {
    const all = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, all.add(listener));
  }

  off(name: string, listener: Listener): void {
    this.listeners.get(name)?.delete(listener);
  }

  /** There is nobody to whom it would have to be told. */
  save_changes(): void {}
}

interface Row {
  id: string;
  hints: readonly string[];
  open: number;
}

function rows(card: Card): Row[] {
  const sections = (card.sections ?? []) as { rows: Row[]; folds: { rows: Row[] }[] }[];
  return sections.flatMap(section => [...section.rows, ...section.folds.flatMap(fold => fold.rows)]);
}

/** Draw *model* into *node* and go on drawing it; return what ends that. */
export function draw(model: CardModel, node: HTMLElement): () => void {
  return drawing.render({ model, el: node });
}
