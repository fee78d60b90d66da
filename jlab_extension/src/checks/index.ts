import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { Cell, CodeCell } from '@jupyterlab/cells';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { INotebookModel, INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { checkIcon } from '@jupyterlab/ui-components';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import type { PanelLayout } from '@lumino/widgets';
import type { IModel } from '../model';
import { IHornbook } from '../tokens';
import { Actions, Footer } from './footer';
import { Bars } from './handin';
import { Work } from './work';

const COMMANDS = {
  check: 'hornbook:check',
  checkAll: 'hornbook:check-all',
  hint: 'hornbook:hint',
  reset: 'hornbook:reset',
  cancel: 'hornbook:cancel',
  handIn: 'hornbook:hand-in'
};

const noArguments = { args: { type: 'object' as const, properties: {} } };

/** Checks below the cells of notebooks that are lessons, and the hand-in above them. */
export const checks: JupyterFrontEndPlugin<void> = {
  id: 'hornbook:checks',
  description: 'Checks the exercises of a lesson where they stand.',
  autoStart: true,
  requires: [IHornbook, INotebookTracker],
  optional: [ITranslator, ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: IModel,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('hornbook');
    const settings = { checkOnRun: true, protectReading: true, listed: true };
    // Two views of one document share what is known of it.
    const works = new WeakMap<INotebookModel, Work>();
    const views = new Set<View>();

    const workOf = (panel: NotebookPanel): Work => {
      const notebook = panel.context.model;
      let work = works.get(notebook);
      if (work === undefined) {
        work = new Work(model, panel.context, trans);
        works.set(notebook, work);
        work.changed.connect(() => notify());
      }
      return work;
    };
    const notify = (): void => Object.values(COMMANDS).forEach(id => app.commands.notifyCommandChanged(id));

    const open = async (lesson: { course: string; slug: string }): Promise<void> => {
      const started = await model.api.start(lesson.course, lesson.slug);
      model.note(started);
      await app.commands.execute('docmanager:open', { path: started.path });
    };

    const run = async (panel: NotebookPanel, cell: Cell): Promise<void> => {
      // Before there is a session, running would ask for a kernel in a dialog.
      await panel.sessionContext.ready;
      if (panel.sessionContext.session?.kernel) await NotebookActions.runCells(panel.content, [cell], panel.sessionContext);
    };

    const actionsOf = (panel: NotebookPanel): Actions => ({
      check: cell => {
        const work = workOf(panel);
        running.add(cell.model.id);
        // The server needs no kernel for its answer: both go on at the same time.
        void run(panel, cell).finally(() => running.delete(cell.model.id));
        void work.check(cell.model).then(() => views.forEach(view => view.reveal(cell)));
      },
      cancel: cell => void workOf(panel).cancel(cell.model),
      reset: cell => workOf(panel).reset(cell.model),
      open: lesson => void workOf(panel).attempt(() => open(lesson))
    });
    // Cells that were run because they are checked need not be checked because they were run.
    const running = new Set<string>();

    NotebookActions.executed.connect((_, { notebook, cell }) => {
      if (!settings.checkOnRun || !(cell instanceof CodeCell) || running.has(cell.model.id)) return;
      const panel = tracker.find(one => one.content === notebook);
      if (!panel) return;
      const work = workOf(panel);
      if (work.exercise(cell.model) !== null && !work.isDuplicate(cell.model) && work.isAttempted(cell.model)) void work.check(cell.model);
    });

    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel: NotebookPanel, _context: DocumentRegistry.IContext<INotebookModel>): IDisposable => {
        const work = workOf(panel);
        const view = new View(panel, work, cell => new Footer(cell, work, trans, actionsOf(panel)), () => settings.protectReading);
        const bars = new Bars(work, trans, {
          open: lesson => void work.attempt(() => open(lesson)),
          reveal: exercise => {
            const index = panel.content.widgets.findIndex(cell => work.exercise(cell.model) === exercise);
            if (index >= 0) void panel.content.scrollToItem(index, 'smart');
          }
        });
        panel.contentHeader.addWidget(bars);
        views.add(view);
        return new DisposableDelegate(() => {
          views.delete(view);
          view.dispose();
          bars.dispose();
        });
      }
    });

    const current = (): { panel: NotebookPanel; work: Work; cell: CodeCell | null } | null => {
      const panel = tracker.currentWidget;
      if (panel === null) return null;
      const work = workOf(panel);
      if (work.info === null) return null;
      const active = panel.content.activeCell;
      const cell = active instanceof CodeCell && work.exercise(active.model) !== null ? active : null;
      return { panel, work, cell };
    };
    const onExercise = (): boolean => !!current()?.cell;
    const onLesson = (): boolean => current() !== null;
    tracker.activeCellChanged.connect(notify);
    tracker.currentChanged.connect(notify);

    const add = (id: string, label: string, caption: string, isVisible: () => boolean, execute: () => unknown, extra: object = {}): void => {
      const options = { label, caption, isVisible, isEnabled: isVisible, describedBy: noArguments, ...extra };
      app.commands.addCommand(id, { ...options, execute: () => void execute() });
      palette?.addItem({ command: id, category: trans.__('Lessons') });
    };
    const onCell = (act: (actions: Actions, cell: CodeCell) => void) => () => {
      const now = current();
      if (now?.cell) act(actionsOf(now.panel), now.cell);
    };
    add(
      COMMANDS.check,
      trans.__('Check'),
      trans.__('Run this exercise and check it'),
      onExercise,
      onCell((actions, cell) => actions.check(cell)),
      { icon: checkIcon }
    );
    add(COMMANDS.checkAll, trans.__('Check all exercises'), trans.__('Check every exercise that you have begun'), onLesson, () =>
      current()?.work.checkAll()
    );
    add(COMMANDS.hint, trans.__('Next hint'), trans.__('Show the next hint for this exercise'), onExercise, () => {
      const now = current();
      if (now?.cell) now.work.state(now.cell.model).card.hint();
    });
    add(
      COMMANDS.reset,
      trans.__('Reset exercise'),
      trans.__('Put this exercise back to how it was. Undo brings your answer back.'),
      onExercise,
      onCell((actions, cell) => actions.reset(cell))
    );
    add(
      COMMANDS.cancel,
      trans.__('Cancel check'),
      trans.__('Stop the check of this exercise'),
      onExercise,
      onCell((actions, cell) => actions.cancel(cell))
    );
    add(COMMANDS.handIn, trans.__('Hand in'), trans.__('Run the notebook from the top and have all of it graded'), onLesson, () => {
      const work = current()?.work;
      if (work === undefined) return;
      work.listed = settings.listed;
      return work.handInNow();
    });

    void registry?.load('hornbook:plugin').then(loaded => {
      const take = (): void => {
        settings.checkOnRun = loaded.get('checkOnRun').composite as boolean;
        settings.listed = loaded.get('listed').composite as boolean;
        settings.protectReading = loaded.get('protectReading').composite as boolean;
        views.forEach(view => view.refresh());
      };
      loaded.changed.connect(take);
      take();
    });
  }
};

/** One panel's cells: gives the exercises among them their footers, and protects what is only for reading. */
class View implements IDisposable {
  private readonly footers = new Map<CodeCell, Footer>();
  private readonly protected = new Set<Cell>();
  private scheduled = false;
  isDisposed = false;

  constructor(
    private readonly panel: NotebookPanel,
    private readonly work: Work,
    private readonly makeFooter: (cell: CodeCell) => Footer,
    private readonly protects: () => boolean
  ) {
    work.changed.connect(this.refresh, this);
    // The widgets of cells that have come are there a moment after their models.
    panel.content.modelContentChanged.connect(this.schedule, this);
    this.refresh();
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.work.changed.disconnect(this.refresh, this);
    this.panel.content?.modelContentChanged?.disconnect(this.schedule, this);
    this.footers.forEach(footer => footer.dispose());
    this.footers.clear();
  }

  /** Show what stands below *cell*, if that is the one that is worked on. */
  reveal(cell: Cell): void {
    if (this.panel.content.activeCell === cell) requestAnimationFrame(() => this.footers.get(cell as CodeCell)?.reveal());
  }

  refresh(): void {
    this.scheduled = false;
    if (this.isDisposed || this.panel.isDisposed) return;
    const widgets = new Set<Cell>(this.panel.content.widgets);
    for (const [cell, footer] of this.footers) {
      if (widgets.has(cell) && this.work.exercise(cell.model) !== null) continue;
      footer.dispose();
      this.footers.delete(cell);
    }
    for (const cell of widgets) {
      if (cell instanceof CodeCell && this.work.exercise(cell.model) !== null && !this.footers.has(cell)) this.place(cell);
      this.protect(cell);
    }
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => this.refresh());
  }

  private place(cell: CodeCell): void {
    const footer = this.makeFooter(cell);
    this.footers.set(cell, footer);
    void cell.ready.then(() => {
      if (footer.isDisposed || cell.isDisposed) return;
      const layout = cell.layout as PanelLayout;
      const input = layout.widgets.findIndex(widget => widget.hasClass('jp-Cell-inputWrapper'));
      layout.insertWidget(input + 1, footer);
    });
  }

  /** Only the view is read-only: nothing is written into the notebook. */
  private protect(cell: Cell): void {
    const wanted = this.protects() && this.work.isReading(cell.model);
    if (wanted === this.protected.has(cell)) return;
    if (wanted) this.protected.add(cell);
    else this.protected.delete(cell);
    // Otherwise the cell itself would write it into the notebook.
    cell.syncEditable = false;
    cell.readOnly = wanted || cell.model.getMetadata('editable') === false;
    cell.toggleClass('jp-hb-reading', wanted);
  }
}
