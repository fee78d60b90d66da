import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';
import { isOver } from '../api';
import type { IModel } from '../model';
import type { Doctored, Job, LessonInfo } from '../types';

/** What the doctor says about a lesson, from the first proof to the last. */
export function Doctor({ model, lesson, trans }: { model: IModel; lesson: LessonInfo; trans: TranslationBundle }): JSX.Element {
  const [job, setJob] = useState<Job<Doctored> | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let gone = false;
    let last: Job<Doctored> | null = null;
    const seen = (now: Job<Doctored>): void => {
      last = now;
      if (!gone) setJob(now);
    };
    setJob(null);
    setProblem(null);
    model.api
      .doctor(lesson.course, lesson.slug)
      .then(async begun => {
        seen(begun);
        // The tab was closed before the server had answered.
        if (gone) return void (await model.api.cancel(begun.id));
        seen(await model.api.follow(begun, seen));
      })
      .catch((error: Error) => gone || setProblem(error.message));
    return () => {
      gone = true;
      // Nobody looks any more, and the processors are for others.
      if (last !== null && !isOver(last)) void model.api.cancel(last.id).catch(() => undefined);
    };
  }, [model, lesson.course, lesson.slug, round]);

  const over = problem !== null || (job !== null && isOver(job));
  return (
    <section className="hb-page-inside" aria-label={trans.__('Doctor: %1', lesson.title)}>
      <h1>{trans.__('Doctor: %1', lesson.title)}</h1>
      <div role="status">
        {!over && <p>{job?.progress?.label || trans.__('Proving the lesson …')}</p>}
        {problem !== null && <p>{problem}</p>}
        {job?.state === 'failed' && <p>{job.error?.message ?? trans.__('The doctor could not finish.')}</p>}
        {job?.state === 'cancelled' && <p>{trans.__('Cancelled. Nothing was found out.')}</p>}
      </div>
      {!over && job !== null && (
        <>
          <progress aria-label={trans.__('Progress')} max={job.progress?.of ?? 1} value={job.progress === null ? undefined : job.progress.done} />
          <p className="hb-actions">
            <button type="button" className="hb-button" onClick={() => void model.api.cancel(job.id).catch((error: Error) => setProblem(error.message))}>
              {trans.__('Cancel')}
            </button>
          </p>
        </>
      )}
      {job?.result && <Result found={job.result} trans={trans} />}
      {over && (
        <p className="hb-actions">
          <button type="button" className="hb-button" onClick={() => setRound(round + 1)}>
            {trans.__('Ask again')}
          </button>
        </p>
      )}
    </section>
  );
}

function Result({ found, trans }: { found: Doctored; trans: TranslationBundle }): JSX.Element {
  const broken = found.proofs.filter(proof => !proof.holds);
  return (
    <>
      <section>
        <h2>
          {broken.length === 0
            ? trans._n('%1 proof holds', 'All %1 proofs hold', found.proofs.length)
            : trans._n('%2 of %1 proof does not hold', '%2 of %1 proofs do not hold', found.proofs.length, broken.length)}
        </h2>
        <ul className="hb-proofs">
          {broken.map(proof => (
            <li key={proof.name}>
              <strong>{proof.name}</strong>
              <br />
              {proof.problem}
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h2>{found.score === null ? trans.__('Mistakes were not tried') : trans.__('The checks notice %1 % of the mistakes', Math.round(found.score * 100))}</h2>
        {found.survivors.length > 0 && (
          <table className="hb-survivors">
            <caption className="hb-quiet">{trans.__('Mistakes that no check notices. A check for one of them makes the grader sharper.')}</caption>
            <thead>
              <tr>
                <th scope="col">{trans.__('Exercise')}</th>
                <th scope="col">{trans.__('Line')}</th>
                <th scope="col">{trans.__('becomes')}</th>
              </tr>
            </thead>
            <tbody>
              {[...found.survivors]
                .sort((one, other) => one.exercise.localeCompare(other.exercise))
                .map((survivor, number) => (
                  <tr key={number}>
                    <td>{survivor.exercise}</td>
                    <td>
                      <code>{survivor.line}</code>
                    </td>
                    <td>
                      <code>{survivor.becomes}</code>
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        )}
      </section>
    </>
  );
}

/** A check that was written from an example, and where it goes. */
export function NewCheck({ check, file, trans }: { check: string; file: string; trans: TranslationBundle }): JSX.Element {
  const [copied, setCopied] = useState(false);
  return (
    <section className="hb-page-inside" aria-label={trans.__('New check')}>
      <h1>{trans.__('New check')}</h1>
      <p>{trans.__('It asks what the example gives with the reference solution. Put it into this file, and give it a sentence that a learner understands:')}</p>
      <p>
        <code>{file}</code>
      </p>
      <pre tabIndex={0}>{check}</pre>
      <p className="hb-actions">
        <button type="button" className="hb-button hb-primary" onClick={() => void navigator.clipboard.writeText(check).then(() => setCopied(true))}>
          {trans.__('Copy')}
        </button>
        <span role="status">{copied ? trans.__('Copied.') : ''}</span>
      </p>
    </section>
  );
}
