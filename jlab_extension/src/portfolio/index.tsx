import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, MainAreaWidget, ReactWidget, showDialog, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';
import { COMMANDS, noArguments } from '../commands';
import type { IModel } from '../model';
import { hornbookIcon } from '../panel/icon';
import { IHornbook } from '../tokens';
import type { ArtifactInfo } from '../types';

/** The tab with what was passed and sealed. */
export const portfolio: JupyterFrontEndPlugin<void> = {
  id: 'hornbook:portfolio',
  description: 'Shows what a learner has passed, with a page and a file to give away for each.',
  autoStart: true,
  requires: [IHornbook],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (app: JupyterFrontEnd, model: IModel, translator: ITranslator | null, palette: ICommandPalette | null, restorer: ILayoutRestorer | null) => {
    const trans = (translator ?? nullTranslator).load('hornbook');
    const dates = datesIn((translator ?? nullTranslator).languageCode);
    const tracker = new WidgetTracker<MainAreaWidget>({ namespace: 'hornbook-portfolio' });
    const command = COMMANDS.openPortfolio;
    let tab: MainAreaWidget | null = null;
    app.commands.addCommand(command, {
      label: trans.__('Open portfolio'),
      caption: trans.__('Show what you have passed, to open, keep and share'),
      icon: hornbookIcon,
      describedBy: noArguments,
      execute: () => {
        if (tab === null || tab.isDisposed) {
          const showLessons = (): void => void app.commands.execute(COMMANDS.showLessons);
          const content = ReactWidget.create(<Portfolio model={model} trans={trans} dates={dates} showLessons={showLessons} />);
          content.addClass('hb-page');
          tab = new MainAreaWidget({ content });
          tab.toolbar.hide();
          tab.id = 'hornbook-portfolio';
          tab.title.label = trans.__('Portfolio');
          tab.title.icon = hornbookIcon;
          tab.title.closable = true;
          void tracker.add(tab);
        }
        if (!tab.isAttached) app.shell.add(tab, 'main');
        app.shell.activateById(tab.id);
      }
    });
    palette?.addItem({ command, category: 'Hornbook' });
    if (restorer !== null) void restorer.restore(tracker, { command, name: () => 'portfolio' });
  }
};

interface Shared {
  model: IModel;
  trans: TranslationBundle;
  dates: Intl.DateTimeFormat;
}

/** Return how a date is written in a language of the Lab, `de_DE`; one that the browser does not know is the browser's own. */
function datesIn(language: string): Intl.DateTimeFormat {
  const options: Intl.DateTimeFormatOptions = { dateStyle: 'long' };
  try {
    return new Intl.DateTimeFormat(language.replace('_', '-'), options);
  } catch {
    return new Intl.DateTimeFormat(undefined, options);
  }
}

function Portfolio({ model, trans, dates, showLessons }: Shared & { showLessons: () => void }): JSX.Element {
  const [artifacts, setArtifacts] = useState<ArtifactInfo[] | null>(null);
  const [problem, setProblem] = useState(false);
  useEffect(() => {
    // Of two questions on the way, only the later one's answer counts.
    let latest = 0;
    const read = (): void => {
      const mine = ++latest;
      model.api.artifacts().then(
        found => {
          if (mine !== latest) return;
          setArtifacts([...found].sort((one, other) => Date.parse(other.created) - Date.parse(one.created)));
          setProblem(false);
        },
        () => mine === latest && setProblem(true)
      );
    };
    read();
    model.changed.connect(read);
    return () => {
      latest = Infinity;
      model.changed.disconnect(read);
    };
  }, [model]);
  return (
    <section className="hb-page-inside" aria-label={trans.__('Portfolio')}>
      <h1>{trans.__('Portfolio')}</h1>
      {problem && (
        <div className="hb-notice" role="status">
          <p>{trans.__('The server did not answer, so the portfolio cannot be shown.')}</p>
          <button type="button" className="hb-button" onClick={() => void model.refresh()}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
      {!problem && artifacts === null && <p role="status">{trans.__('Looking for what you have passed …')}</p>}
      {artifacts !== null && artifacts.length === 0 && (
        <div className="hb-notice">
          <p>{trans.__('Nothing here yet. When you pass a lesson, it is kept here, with a page to show and a file to give away.')}</p>
          <p>{trans.__('To get there: start a lesson, solve its exercises, and hand it in.')}</p>
          <button type="button" className="hb-button hb-primary" onClick={showLessons}>
            {trans.__('Show lessons')}
          </button>
        </div>
      )}
      <ul className="hb-artifacts">
        {(artifacts ?? []).map(artifact => (
          <Entry key={artifact.id} artifact={artifact} model={model} trans={trans} dates={dates} />
        ))}
      </ul>
    </section>
  );
}

function Entry({ artifact, model, trans, dates }: Shared & { artifact: ArtifactInfo }): JSX.Element {
  const { earned, possible } = artifact.points;
  const [trouble, setTrouble] = useState<string | null>(null);
  const takeAway = async (): Promise<void> => {
    const asked = await showDialog({
      title: trans.__('Delete “%1”?', artifact.title),
      body: trans.__('Its page, its file to give away and its place in the search go. Your notebook and your progress stay. What you have given to others cannot be taken back.'),
      buttons: [Dialog.cancelButton({ label: trans.__('Keep') }), Dialog.warnButton({ label: trans.__('Delete') })],
      defaultButton: 0
    });
    if (!asked.button.accept) return;
    try {
      await model.api.remove(artifact.id);
      await model.refresh();
    } catch (error) {
      setTrouble((error as Error).message);
    }
  };
  return (
    <li className="hb-artifact">
      <h2>
        <span aria-hidden="true">✓ </span>
        {artifact.title}
      </h2>
      <p className="hb-quiet">
        <time dateTime={artifact.created}>{dates.format(new Date(artifact.created))}</time>
        {' · '}
        {trans._n('%2 of %1 point', '%2 of %1 points', possible, earned)}
      </p>
      <p>{assuranceWords(trans, artifact.assurance)}</p>
      {artifact.skills.length > 0 && (
        <ul className="hb-chips" aria-label={trans.__('Skills')}>
          {artifact.skills.map(skill => (
            <li key={skill} className="hb-chip">
              {skill}
            </li>
          ))}
        </ul>
      )}
      <p className="hb-actions">
        <a className="hb-button" href={model.api.url(artifact.page)} target="_blank" rel="noopener" aria-label={trans.__('Open page: %1', artifact.title)}>
          {trans.__('Open page')}
        </a>
        <a className="hb-button" href={model.api.url(artifact.zip)} download="" aria-label={trans.__('Download: %1', artifact.title)}>
          {trans.__('Download')}
        </a>
        <button type="button" className="hb-button" onClick={() => void takeAway()} aria-label={trans.__('Delete: %1', artifact.title)}>
          {trans.__('Delete')}
        </button>
      </p>
      {trouble !== null && (
        <p className="hb-trouble" role="alert">
          {trouble}
        </p>
      )}
    </li>
  );
}

/** Say what an assurance is worth. */
function assuranceWords(trans: TranslationBundle, assurance: string): string {
  if (assurance === 'self-checked') return trans.__('Self-checked: graded on the machine where it was written.');
  if (assurance === 'course-checked') return trans.__('Course-checked: graded again by the course, on its own machine.');
  return assurance;
}
