import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, ReactWidget } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStatusBar, TextItem } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { type ISignal, Signal } from '@lumino/signaling';
import React, { useEffect, useReducer } from 'react';
import { COMMANDS, noArguments } from '../commands';
import type { IModel } from '../model';
import { IHornbook } from '../tokens';
import { Desk } from './desk';
import { hornbookIcon } from './icon';
import { passed, suggest } from './lessons';
import { Lessons } from './view';

/** The panel at the left, its commands, and its cards in the launcher. */
export const panel: JupyterFrontEndPlugin<void> = {
  id: 'hornbook:panel',
  description: 'Lists the lessons, with search, progress and what comes next.',
  autoStart: true,
  requires: [IHornbook],
  optional: [INotebookTracker, ITranslator, ICommandPalette, ILauncher, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    model: IModel,
    tracker: INotebookTracker | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load('hornbook');
    const desk = new Desk(app, model, tracker);
    const showPortfolio = (): void => void app.commands.execute(COMMANDS.openPortfolio);
    const widget = ReactWidget.create(<Lessons model={model} desk={desk} trans={trans} showPortfolio={showPortfolio} />);
    widget.id = 'hornbook-lessons';
    widget.addClass('hb-panel');
    widget.title.icon = hornbookIcon;
    widget.title.caption = trans.__('Lessons');
    widget.node.setAttribute('role', 'region');
    widget.node.setAttribute('aria-label', trans.__('Lessons'));
    app.shell.add(widget, 'left', { rank: 450 });
    restorer?.add(widget, widget.id);

    app.commands.addCommand(COMMANDS.showLessons, {
      label: trans.__('Show lessons'),
      caption: trans.__('List the lessons, with what is passed and what comes next'),
      icon: hornbookIcon,
      describedBy: noArguments,
      execute: () => app.shell.activateById(widget.id)
    });
    app.commands.addCommand(COMMANDS.nextLesson, {
      label: trans.__('Next lesson'),
      caption: () => suggest(model.lessons?.lessons ?? [], desk.lesson)?.title ?? trans.__('Open the lesson that comes next'),
      icon: hornbookIcon,
      isEnabled: () => suggest(model.lessons?.lessons ?? [], desk.lesson) !== null,
      describedBy: noArguments,
      execute: async () => {
        await model.ready;
        const next = suggest(model.lessons?.lessons ?? [], desk.lesson);
        if (next !== null) await desk.open(next);
      }
    });
    desk.changed.connect(() => app.commands.notifyCommandChanged(COMMANDS.nextLesson));
    const category = 'Hornbook';
    for (const [rank, command] of [COMMANDS.showLessons, COMMANDS.nextLesson].entries()) {
      palette?.addItem({ command, category });
      launcher?.add({ command, category, rank });
    }
  }
};

/** How far the learner is, at the foot of the Lab. */
export const status: JupyterFrontEndPlugin<void> = {
  id: 'hornbook:status',
  description: 'Shows in the status bar how many lessons and exercises are done.',
  autoStart: true,
  requires: [IHornbook],
  optional: [IStatusBar, INotebookTracker, ITranslator],
  activate: (app: JupyterFrontEnd, model: IModel, bar: IStatusBar | null, tracker: INotebookTracker | null, translator: ITranslator | null) => {
    // Notebook 7 has none.
    if (bar === null) return;
    const trans = (translator ?? nullTranslator).load('hornbook');
    const desk = new Desk(app, model, tracker);
    const show = (): void => void app.commands.execute(COMMANDS.showLessons);
    const items: [string, () => string | null][] = [
      ['hornbook:lessons', () => lessonsSoFar(model, trans)],
      ['hornbook:exercises', () => exercisesSoFar(desk, trans)]
    ];
    for (const [rank, [id, text]] of items.entries()) {
      const changed = new Signal<Desk, void>(desk);
      desk.changed.connect(() => changed.emit());
      const item = ReactWidget.create(<Item text={text} changed={changed} show={show} title={trans.__('Show lessons')} />);
      bar.registerStatusItem(id, { item, align: 'left', rank: 20 + rank, isActive: () => text() !== null, activeStateChanged: changed });
    }
  }
};

function lessonsSoFar(model: IModel, trans: TranslationBundle): string | null {
  const lessons = model.lessons?.lessons ?? [];
  return lessons.length === 0 ? null : trans.__('Lessons %1/%2', passed(lessons), lessons.length);
}

function exercisesSoFar(desk: Desk, trans: TranslationBundle): string | null {
  const progress = desk.lesson?.progress;
  return progress === undefined || progress.of === 0 ? null : trans._n('%2 of %1 exercise', '%2 of %1 exercises', progress.of, progress.done);
}

interface ItemProps {
  text: () => string | null;
  changed: ISignal<Desk, void>;
  show: () => void;
  title: string;
}

function Item({ text, changed, show, title }: ItemProps): JSX.Element {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    changed.connect(redraw);
    return () => void changed.disconnect(redraw);
  }, [changed]);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter' || event.key === ' ') show();
  };
  return <TextItem className="hb-status" source={text() ?? ''} title={title} role="button" tabIndex={0} onClick={show} onKeyDown={onKeyDown} />;
}
