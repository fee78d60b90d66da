import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useState } from 'react';
import type { IModel } from '../model';
import type { Found } from '../types';
import { fold, key, type Wanted } from './lessons';

/** How long nothing is typed before the server is asked, in milliseconds. */
const PAUSE = 200;

/** What the server finds by words and by meaning, or why it finds nothing. */
export interface Answer {
  hits: Found[];
  problem: string;
}

const NOTHING: Answer = { hits: [], problem: '' };

/** Return what the server finds for *wanted*; null until it has answered. */
export function useFound(model: IModel, wanted: Wanted): Answer | null {
  const [answer, setAnswer] = useState<(Answer & { wanted: Wanted }) | null>(null);
  const isAsked = fold(wanted.query) !== '';
  useEffect(() => {
    if (!isAsked) return;
    let gone = false;
    const take = (hits: Found[], problem = ''): void => {
      if (!gone) setAnswer({ wanted, hits, problem });
    };
    const timer = setTimeout(() => {
      model.api.find(wanted).then(take, (error: Error) => take([], error.message));
    }, PAUSE);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [model, wanted, isAsked]);
  if (!isAsked) return NOTHING;
  return answer !== null && answer.wanted === wanted ? answer : null;
}

/** Return what of a pasted text to search for: of a traceback its last line, which says what went wrong, else all of it in one line. */
export function pasted(text: string): string {
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
  const last = lines[lines.length - 1] ?? '';
  return lines.length > 1 && /^[\w.]*(Error|Exception|Warning|Interrupt|Iteration|Exit|NotFound)\b/.test(last) ? last : lines.join(' ');
}

interface HitsProps {
  hits: Found[];
  title: string;
  model: IModel;
  trans: TranslationBundle;
  show: (name: string) => void;
}

/** What was found by meaning, each with why, and with the passage to read. */
export function Hits({ hits, title, model, trans, show }: HitsProps): JSX.Element {
  const id = useId();
  return (
    <section className="hb-hits" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      <ul>
        {hits.map(hit => (
          <li key={`${hit.kind}:${key(hit)}:${hit.artifact ?? ''}`}>
            <Title hit={hit} model={model} show={show} />
            {hit.kind === 'artifact' && <span className="hb-quiet"> {hit.artifact === null ? hit.assurance : trans.__('from your portfolio')}</span>}
            {hit.kind === 'lesson' && !hit.here && <span className="hb-quiet"> {trans.__('in the course %1, which is not open here', hit.course)}</span>}
            <p className="hb-quiet">{hit.reasons.join(' ')}</p>
            {hit.passage !== '' && <p className="hb-passage">{hit.passage}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Title({ hit, model, show }: Pick<HitsProps, 'model' | 'show'> & { hit: Found }): JSX.Element {
  if (hit.here) {
    return (
      <button type="button" className="hb-link" onClick={() => show(key(hit))}>
        {hit.title}
      </button>
    );
  }
  if (hit.artifact !== null) {
    return (
      <a className="hb-link" href={model.api.url(`hornbook/api/artifacts/${encodeURIComponent(hit.artifact)}/page`)} target="_blank" rel="noopener">
        {hit.title}
      </a>
    );
  }
  return <span className="hb-found-title">{hit.title}</span>;
}
