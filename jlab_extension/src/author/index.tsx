import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, Notification, ReactWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { INotebookTools, INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DisposableSet } from '@lumino/disposable';
import React from 'react';
import { COMMANDS, noArguments } from '../commands';
import type { IModel } from '../model';
import { hornbookIcon } from '../panel/icon';
import { lessonAt } from '../panel/lessons';
import { IHornbook } from '../tokens';
import type { LessonInfo } from '../types';
import { drawChecks, exerciseOf } from './checks';
import { Doctor, NewCheck } from './doctor';
import { lastExpression } from './expression';
import { Forms } from './form';

/** What an instructor sees and does, where the setting says so and the course may be edited. */
export const author: JupyterFrontEndPlugin<void> = {
  id: 'hornbook:author',
  description: 'Shows instructors the checks of each exercise, proves lessons, and writes checks from examples.',
  autoStart: true,
  requires: [IHornbook, INotebookTracker, ISettingRegistry],
  optional: [ITranslator, ICommandPalette, INotebookTools],
  activate: async (
    app: JupyterFrontEnd,
    model: IModel,
    tracker: INotebookTracker,
    registry: ISettingRegistry,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    tools: INotebookTools | null
  ) => {
    const speaker = translator ?? nullTranslator;
    const trans = speaker.load('hornbook');
    const settings = await registry.load('hornbook:plugin');
    let on = false;
    let shown = new DisposableSet();
    // Made when they are wanted first, so that learners never carry them along.
    let forms: Forms | null = null;

    const pathOf = (panel: NotebookPanel): string => app.serviceManager.contents.localPath(panel.context.path);
    const lessonOf = (panel: NotebookPanel | null): LessonInfo | null => {
      if (panel === null) return null;
      const lesson = lessonAt(model.lessons, pathOf(panel));
      return on && lesson?.editable === true ? lesson : null;
    };
    const draw = (panel: NotebookPanel): void => {
      if (panel.isDisposed || panel.content.isDisposed) return;
      drawChecks(panel.content, lessonOf(panel), trans);
    };
    const update = (): void => {
      tracker.forEach(draw);
      const panel = tracker.currentWidget;
      const lesson = lessonOf(panel);
      // A learner's copy says what the course's own notebook says; only that one is to be changed.
      const original = panel !== null && lesson !== null && pathOf(panel) === lesson.original;
      if (original && tools !== null) forms ??= new Forms(tools, speaker, trans);
      forms?.show(original);
      for (const command of [COMMANDS.preview, COMMANDS.doctor, COMMANDS.newCheck]) {
        if (app.commands.hasCommand(command)) app.commands.notifyCommandChanged(command);
      }
    };
    const watch = (panel: NotebookPanel): void => {
      void panel.context.ready.then(() => {
        if (panel.isDisposed) return;
        panel.content.model?.cells.changed.connect(() => draw(panel));
        panel.content.activeCellChanged.connect(() => draw(panel));
        panel.context.pathChanged.connect(update);
        draw(panel);
      });
    };
    tracker.forEach(watch);
    tracker.widgetAdded.connect((_, panel) => watch(panel));
    tracker.currentChanged.connect(update);
    model.changed.connect(update);

    const say = (error: unknown): void => void Notification.error(String((error as Error).message));
    const open = (id: string, label: string, element: JSX.Element): void => {
      const content = ReactWidget.create(element);
      content.addClass('hb-page');
      const tab = new MainAreaWidget({ content });
      tab.toolbar.hide();
      tab.id = id;
      tab.title.label = label;
      tab.title.icon = hornbookIcon;
      tab.title.closable = true;
      app.shell.add(tab, 'main', { mode: 'tab-after' });
      app.shell.activateById(id);
    };
    let opened = 0;

    const add = (): void => {
      const isEnabled = (): boolean => lessonOf(tracker.currentWidget) !== null;
      const command = (id: string, label: string, caption: string, execute: (lesson: LessonInfo, panel: NotebookPanel) => Promise<void>): void => {
        shown.add(
          app.commands.addCommand(id, {
            label,
            caption,
            icon: hornbookIcon,
            isEnabled,
            isVisible: isEnabled,
            describedBy: noArguments,
            execute: async () => {
              const panel = tracker.currentWidget;
              const lesson = lessonOf(panel);
              if (panel !== null && lesson !== null) await execute(lesson, panel).catch(say);
            }
          })
        );
        const item = palette?.addItem({ command: id, category: 'Hornbook' });
        if (item !== undefined) shown.add(item);
      };
      command(COMMANDS.preview, trans.__('Preview as learner'), trans.__('Open a fresh copy of this lesson, as a learner gets it'), async lesson => {
        const path = await freshCopy(app, model, lesson);
        await app.commands.execute('docmanager:open', { path });
      });
      command(COMMANDS.doctor, trans.__('Prove this lesson'), trans.__('Have the doctor prove the lesson, and look for mistakes that its checks do not notice'), async lesson => {
        const id = `hornbook-doctor-${++opened}`;
        open(id, trans.__('Doctor: %1', lesson.title), <Doctor model={model} lesson={lesson} trans={trans} />);
      });
      command(COMMANDS.newCheck, trans.__('New check from this cell'), trans.__('Write a check that asks what the last expression of this cell gives'), async (lesson, panel) => {
        const { exercise, example } = exampleIn(panel);
        if (exercise === null || example === '') {
          Notification.info(trans.__('Write an expression that asks an exercise, such as a call, in a cell below it.'));
          return;
        }
        const { check, file } = await model.api.example(lesson.course, lesson.slug, exercise, example);
        open(`hornbook-check-${++opened}`, trans.__('New check'), <NewCheck check={check} file={file} trans={trans} />);
      });
    };
    const apply = (): void => {
      const wanted = settings.get('instructor').composite === true;
      if (wanted !== on) {
        on = wanted;
        if (on) add();
        else {
          shown.dispose();
          shown = new DisposableSet();
        }
      }
      update();
    };
    settings.changed.connect(apply);
    apply();
  }
};

/** Return what the active cell asks, and the exercise that it asks: its own, or the nearest one above. */
function exampleIn(panel: NotebookPanel): { exercise: string | null; example: string } {
  const { activeCell, activeCellIndex, widgets } = panel.content;
  if (activeCell === null || activeCell.model.type !== 'code') return { exercise: null, example: '' };
  const above = widgets.slice(0, activeCellIndex + 1).map(exerciseOf);
  const exercise = above.reverse().find(id => id !== null) ?? null;
  return { exercise, example: lastExpression(activeCell.model.sharedModel.getSource()) };
}

/** Return the path of a copy of *lesson* as a learner gets it, never one in which somebody has worked. */
async function freshCopy(app: JupyterFrontEnd, model: IModel, lesson: LessonInfo): Promise<string> {
  const begun = await model.api.start(lesson.course, lesson.slug);
  model.note(begun);
  if (!lesson.started || lesson.original === null) return begun.path;
  const copy = await app.serviceManager.contents.copy(lesson.original, PathExt.dirname(begun.path));
  return copy.path;
}
