import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useId, useMemo, useReducer, useRef, useState } from 'react';
import type { IModel } from '../model';
import type { CourseInfo, LessonInfo, Related } from '../types';
import type { Desk } from './desk';
import { Hits, pasted, useFound } from './found';
import { choices, due, EVERYTHING, filter, group, key, passed, requirements, suggest, type Wanted } from './lessons';
import { countWords, dueWords, levelWords, minutesWords, progressWords, SYMBOLS } from './words';

interface PanelProps {
  model: IModel;
  desk: Desk;
  trans: TranslationBundle;
  showPortfolio: () => void;
}

/** The list of lessons, with what is known of each. */
export function Lessons({ model, desk, trans, showPortfolio }: PanelProps): JSX.Element {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [asked, setAsked] = useState(false);
  const [wanted, setWanted] = useState<Wanted>(EVERYTHING);
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const [trouble, setTrouble] = useState<string | null>(null);
  const answer = useFound(model, wanted);
  const shownNow = useRef<string | null>(null);

  useEffect(() => {
    desk.changed.connect(redraw);
    void model.ready.then(() => setAsked(true));
    return () => void desk.changed.disconnect(redraw);
  }, [model, desk]);

  const reload = (): void => {
    setAsked(false);
    void model.refresh().finally(() => setAsked(true));
  };
  const open = (lesson: { course: string; slug: string }): void => {
    setTrouble(null);
    desk.open(lesson).catch((error: Error) => setTrouble(error.message));
  };
  const toggle = (name: string, on?: boolean): void =>
    setUnfolded(before => {
      const after = new Set(before);
      if (on ?? !before.has(name)) after.add(name);
      else after.delete(name);
      return after;
    });
  const show = (name: string): void => {
    setWanted(EVERYTHING);
    toggle(name, true);
    shownNow.current = name;
  };
  // It is drawn by now; the eye and the keyboard go there.
  useEffect(() => {
    if (shownNow.current !== null) document.getElementById(buttonId(shownNow.current))?.focus();
    shownNow.current = null;
  });

  const list = model.lessons;
  if (list === null) {
    if (!asked) return <Notice busy text={trans.__('Looking for lessons …')} />;
    if (model.problem === null) {
      return <Notice text={trans.__('There is no hornbook server here, so no lessons can be listed. Lessons that you open as notebooks still work.')} />;
    }
    return (
      <Notice text={trans.__('The server did not answer, so the lessons cannot be shown.')} detail={model.problem}>
        <button type="button" className="hb-button" onClick={reload}>
          {trans.__('Try again')}
        </button>
      </Notice>
    );
  }

  const { lessons, courses } = list;
  const found = filter(lessons, wanted);
  const everything = wanted === EVERYTHING || (wanted.query.trim() === '' && wanted.skill === null && wanted.level === null && wanted.minutes === null);
  // What the list shows already is not told twice.
  const shown = new Set(found.map(key));
  const more = (answer?.hits ?? []).filter(hit => hit.kind !== 'lesson' || !shown.has(key(hit)));
  const nothing = !everything && found.length === 0 && more.length === 0;
  const inFront = desk.lesson;
  const next = suggest(lessons, inFront);
  const review = due(lessons, new Date());
  const editable = new Set(lessons.filter(lesson => lesson.editable).map(lesson => lesson.course));
  const row = (lesson: LessonInfo): JSX.Element => (
    <Row
      key={key(lesson)}
      lesson={lesson}
      lessons={lessons}
      model={model}
      trans={trans}
      inFront={inFront !== null && key(inFront) === key(lesson)}
      unfolded={unfolded.has(key(lesson))}
      toggle={() => toggle(key(lesson))}
      open={open}
      show={show}
    />
  );

  return (
    <div className="hb-panel-inside" aria-busy={!asked}>
      <div className="hb-panel-head">
        <h2>{trans.__('Lessons')}</h2>
        <span className="hb-quiet">{trans.__('%1 of %2 passed', passed(lessons), lessons.length)}</span>
        <button type="button" className="hb-icon-button" onClick={reload} title={trans.__('Read the lessons anew')} aria-label={trans.__('Read the lessons anew')}>
          <refreshIcon.react tag="span" aria-hidden="true" />
        </button>
      </div>
      {model.problem !== null && (
        <p className="hb-trouble" role="alert">
          {trans.__('The server did not answer. What you see is what was last known.')}
        </p>
      )}
      {model.health?.fleeting === true && (
        <p className="hb-fleeting">
          {trans.__('Nothing that you do here stays when this place is closed.')} <Takeaway model={model} trans={trans} />
        </p>
      )}
      {trouble !== null && (
        <p className="hb-trouble" role="alert">
          {trouble}
        </p>
      )}
      {lessons.length === 0 ? (
        <Notice text={trans.__('There are no lessons yet. A course is a folder with lessons in it; its author makes one with: hornbook new course')} />
      ) : (
        <>
          <Search wanted={wanted} want={setWanted} lessons={lessons} trans={trans} />
          <p className="hb-count" role="status">
            {everything || (nothing && answer === null) ? '' : countWords(trans, found.length, more.length)}
          </p>
          {nothing && answer !== null && (
            <Notice text={trans.__('No lesson fits. Try fewer words, or take a filter away.')}>
              <button type="button" className="hb-button" onClick={() => setWanted(EVERYTHING)}>
                {trans.__('Show all lessons')}
              </button>
            </Notice>
          )}
          {everything && review.length > 0 && (
            <Short title={trans.__('To review')} lessons={review} note={trans.__('You passed this a while ago. Doing it once more makes it stay.')} label={trans.__('Review')} open={open} trans={trans} />
          )}
          {everything && next !== null && (
            <Short
              title={trans.__('Next')}
              lessons={[next]}
              note={null}
              label={next.started ? trans.__('Continue') : trans.__('Start')}
              open={open}
              trans={trans}
            />
          )}
          {everything && next === null && inFront === null && <p className="hb-quiet">{trans.__('You have passed every lesson there is.')}</p>}
          {group(courses, found).map(({ course, lessons: some }) => (
            <Course key={course.name} course={course} all={lessons} trans={trans} problems={editable.has(course.name)}>
              {some.map(row)}
            </Course>
          ))}
          {answer !== null && answer.problem !== '' && (
            <p className="hb-quiet" role="alert">
              {trans.__('Only titles, skills and summaries were searched: %1', answer.problem)}
            </p>
          )}
          {more.length > 0 && (
            <Hits hits={more} title={found.length === 0 ? trans.__('This fits') : trans.__('Also fits')} model={model} trans={trans} show={show} />
          )}
          {/* A course of which no lesson can be read is seen by nobody but its author. */}
          {courses
            .filter(course => course.problems.length > 0 && !lessons.some(lesson => lesson.course === course.name))
            .map(course => (
              <Course key={course.name} course={course} all={lessons} trans={trans} problems={editable.has(course.name)} />
            ))}
        </>
      )}
      <div className="hb-panel-foot">
        <button type="button" className="hb-link" onClick={showPortfolio}>
          {trans.__('Open portfolio')}
        </button>
        <Takeaway model={model} trans={trans} />
      </div>
    </div>
  );
}

/** All copies and the portfolio, as one file. */
function Takeaway({ model, trans }: { model: IModel; trans: TranslationBundle }): JSX.Element {
  return (
    <a className="hb-link" href={model.api.url('hornbook/api/takeaway')} download="">
      {trans.__('Download my work')}
    </a>
  );
}

function Notice({ text, detail, busy, children }: { text: string; detail?: string; busy?: boolean; children?: React.ReactNode }): JSX.Element {
  return (
    <div className="hb-notice" role="status" aria-busy={busy ?? false}>
      <p>{text}</p>
      {detail !== undefined && <p className="hb-quiet">{detail}</p>}
      {children}
    </div>
  );
}

function Search({ wanted, want, lessons, trans }: { wanted: Wanted; want: (wanted: Wanted) => void; lessons: LessonInfo[]; trans: TranslationBundle }): JSX.Element {
  const { skills, levels } = useMemo(() => choices(lessons), [lessons]);
  const on = [wanted.skill, wanted.level, wanted.minutes].filter(one => one !== null).length;
  return (
    <div className="hb-search" role="search">
      <input
        type="search"
        className="hb-input"
        placeholder={trans.__('A word, a question, an error message')}
        aria-label={trans.__('Search lessons')}
        value={wanted.query}
        onChange={event => want({ ...wanted, query: event.target.value })}
        onPaste={event => {
          const text = event.clipboardData.getData('text/plain');
          if (!text.trim().includes('\n')) return;
          // A line of input would lose where the lines of a traceback end.
          event.preventDefault();
          want({ ...wanted, query: pasted(text) });
        }}
        onKeyDown={event => {
          if (event.key === 'Escape') want({ ...wanted, query: '' });
        }}
      />
      <details className="hb-filters">
        <summary>{on === 0 ? trans.__('Filters') : trans._n('Filters: %1 chosen', 'Filters: %1 chosen', on)}</summary>
        <Choice label={trans.__('Skill')} any={trans.__('Any skill')} value={wanted.skill} options={skills.map(skill => [skill, skill])} choose={skill => want({ ...wanted, skill })} />
        <Choice
          label={trans.__('Level')}
          any={trans.__('Any level')}
          value={wanted.level}
          options={levels.map(level => [level, levelWords(trans, level)])}
          choose={level => want({ ...wanted, level })}
        />
        <Choice
          label={trans.__('Time')}
          any={trans.__('Any time')}
          value={wanted.minutes === null ? null : String(wanted.minutes)}
          options={[5, 10, 15].map(minutes => [String(minutes), trans.__('at most %1 min', minutes)])}
          choose={minutes => want({ ...wanted, minutes: minutes === null ? null : Number(minutes) })}
        />
      </details>
    </div>
  );
}

function Choice({ label, any, value, options, choose }: { label: string; any: string; value: string | null; options: string[][]; choose: (value: string | null) => void }): JSX.Element {
  return (
    <label className="hb-choice">
      <span>{label}</span>
      <select className="hb-input" value={value ?? ''} onChange={event => choose(event.target.value === '' ? null : event.target.value)}>
        <option value="">{any}</option>
        {options.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ShortProps {
  title: string;
  lessons: LessonInfo[];
  note: string | null;
  label: string;
  open: (lesson: LessonInfo) => void;
  trans: TranslationBundle;
}

/** A few lessons to begin with at once. */
function Short({ title, lessons, note, label, open, trans }: ShortProps): JSX.Element {
  const id = useId();
  return (
    <section className="hb-short" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {note !== null && <p className="hb-quiet">{note}</p>}
      <ul>
        {lessons.map(lesson => (
          <li key={key(lesson)}>
            <span className="hb-short-title">
              {lesson.title}
              <span className="hb-quiet">{`${minutesWords(trans, lesson.minutes)} · ${levelWords(trans, lesson.level)}`}</span>
            </span>
            <button type="button" className="hb-button hb-primary" onClick={() => open(lesson)} aria-label={`${label}: ${lesson.title}`}>
              {label}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface CourseProps {
  course: CourseInfo;
  all: LessonInfo[];
  problems: boolean;
  trans: TranslationBundle;
  children?: React.ReactNode;
}

function Course({ course, all, problems, trans, children }: CourseProps): JSX.Element {
  const id = useId();
  const mine = all.filter(lesson => lesson.course === course.name);
  return (
    <section className="hb-course" aria-labelledby={id}>
      <h3 id={id}>{course.title}</h3>
      <p className="hb-quiet">{trans.__('%1 of %2 passed', passed(mine), mine.length)}</p>
      {problems && course.problems.length > 0 && (
        <details className="hb-problems">
          <summary>{trans._n('%1 problem in this course', '%1 problems in this course', course.problems.length)}</summary>
          <ul>
            {course.problems.map(problem => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </details>
      )}
      <ul className="hb-lessons">{children}</ul>
    </section>
  );
}

interface RowProps {
  lesson: LessonInfo;
  lessons: LessonInfo[];
  model: IModel;
  trans: TranslationBundle;
  inFront: boolean;
  unfolded: boolean;
  toggle: () => void;
  open: (lesson: LessonInfo) => void;
  show: (name: string) => void;
}

const buttonId = (name: string): string => `hb-lesson-${name}`;

function Row({ lesson, lessons, model, trans, inFront, unfolded, toggle, open, show }: RowProps): JSX.Element {
  const { status } = lesson.progress;
  const details = `${buttonId(key(lesson))}-details`;
  return (
    <li className={`hb-lesson hb-is-${status}`} aria-current={inFront ? 'true' : undefined}>
      <button type="button" id={buttonId(key(lesson))} className="hb-lesson-button" aria-expanded={unfolded} aria-controls={details} onClick={toggle}>
        <span className="hb-symbol" aria-hidden="true">
          {SYMBOLS[status]}
        </span>
        <span className="hb-lesson-words">
          <span className="hb-lesson-title">{lesson.title}</span>
          <span className="hb-quiet">
            {[progressWords(trans, lesson), minutesWords(trans, lesson.minutes), dueWords(trans, lesson, new Date()), inFront ? trans.__('open now') : null]
              .filter(Boolean)
              // A line ends between two of them, not inside one.
              .map(words => words!.replaceAll(' ', '\u00a0'))
              .join(' · ')}
          </span>
        </span>
      </button>
      <div id={details} className="hb-details" hidden={!unfolded}>
        {unfolded && <Details lesson={lesson} lessons={lessons} model={model} trans={trans} open={open} show={show} />}
      </div>
    </li>
  );
}

type DetailsProps = Pick<RowProps, 'lesson' | 'lessons' | 'model' | 'trans' | 'open' | 'show'>;

function Details({ lesson, lessons, model, trans, open, show }: DetailsProps): JSX.Element {
  const [related, setRelated] = useState<Related[] | null>(null);
  useEffect(() => {
    let gone = false;
    // Without an answer the lesson is as good as with one; only the neighbours are missing.
    model.api.related(lesson.course, lesson.slug).then(
      found => gone || setRelated(found),
      () => gone || setRelated([])
    );
    return () => {
      gone = true;
    };
  }, [model, lesson.course, lesson.slug]);
  const label = lesson.progress.status === 'passed' ? trans.__('Open again') : lesson.started ? trans.__('Continue') : trans.__('Start');
  const required = requirements(lesson, lessons);
  return (
    <>
      <p>{lesson.summary}</p>
      {lesson.objectives.length > 0 && (
        <>
          <h4>{trans.__('You will')}</h4>
          <ul className="hb-dots">
            {lesson.objectives.map(objective => (
              <li key={objective}>{objective}</li>
            ))}
          </ul>
        </>
      )}
      <p className="hb-chips" aria-label={trans.__('Skills and level')} role="group">
        {lesson.skills.map(skill => (
          <span key={skill.name} className="hb-chip">
            {skill.name}
          </span>
        ))}
        <span className="hb-chip">{levelWords(trans, lesson.level)}</span>
      </p>
      {required.length > 0 && (
        <>
          <h4>{trans.__('Comes after')}</h4>
          <ul>
            {required.map(({ slug, title, met }) => (
              <li key={slug}>
                <span aria-hidden="true">{met ? SYMBOLS.passed : SYMBOLS.new} </span>
                <button type="button" className="hb-link" onClick={() => show(key({ course: lesson.course, slug }))}>
                  {title}
                </button>
                <span className="hb-quiet"> {met ? trans.__('passed') : trans.__('not passed yet')}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <button type="button" className="hb-button hb-primary" onClick={() => open(lesson)} aria-label={`${label}: ${lesson.title}`}>
        {label}
      </button>
      {related !== null && related.length > 0 && (
        <>
          <h4>{trans.__('Related')}</h4>
          <ul className="hb-related">
            {related.map(other => (
              <li key={key(other)}>
                <button type="button" className="hb-link" onClick={() => show(key(other))}>
                  {other.title}
                </button>
                <span className="hb-quiet">{other.reason}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
