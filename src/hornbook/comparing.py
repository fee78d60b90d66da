"""`hornbook similar`: which notebooks of a batch are more alike than chance makes them, for a person to look at."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hornbook.errors import HornbookError, printable
from hornbook.terminal import BAD_INPUT, EXIT_CODES, PASSED, CourseOption, JsonOption, LessonOption, Run, line, show_json, telling_errors

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.grading.similar import Sources
    from hornbook.lesson import Lesson

app = typer.Typer()


@app.command(epilog=EXIT_CODES)
def similar(
    context: typer.Context,
    notebooks: Annotated[list[str], typer.Argument(metavar="NOTEBOOK", help="Notebooks, or folders of notebooks.", show_default=False)],
    *,
    least: Annotated[int, typer.Option("--least", metavar="PERCENT", min=1, max=100, help="How much two must have in common.")] = 60,
    course: CourseOption = None,
    lesson: LessonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name notebooks that are more alike than chance makes them, apart from what the lesson gives: for a person to look at."""
    with telling_errors(context, as_json=as_json):
        from hornbook.grading.similar import alike  # noqa: PLC0415 - brings grading along
        from hornbook.lesson import SubmissionFile  # noqa: PLC0415

        run = Run.of(notebooks, course, lesson, as_json=as_json, draw=line)
        works: defaultdict[str, dict[str, Sources]] = defaultdict(dict)
        refused = 0
        for path, name in run.files:
            try:
                file = SubmissionFile.open(path)
                found = run.lesson or file.match(run.course.lessons)
                works[found.slug][printable(name)] = file.submission(found).sources
            except HornbookError as error:
                typer.echo(str(error), err=True)
                refused += 1
        pairs: list[dict[str, Any]] = []
        for slug, handed_in in sorted(works.items()):
            known = _known(run.course, run.course.lesson(slug))
            pairs += [{"lesson": slug, **asdict(pair)} for pair in alike(handed_in, known, least=least / 100)]
        if as_json:
            show_json(pairs)
        else:
            _tell(pairs, sum(map(len, works.values())))
        raise typer.Exit(BAD_INPUT if refused else PASSED)


def _known(course: Course, lesson: Lesson) -> list[Sources]:
    """Return what everybody may have: the lesson's own cells, and the answers that its course knows."""
    from hornbook.lesson import read_solution  # noqa: PLC0415 - heavy

    given: Sources = {"": [cell.source for cell in lesson.cells if cell.kind == "code"]}
    answers = []
    for path in (course.solution(lesson.slug), *course.alternatives(lesson.slug).values()):
        try:
            answers.append(read_solution(path))
        except HornbookError as error:
            typer.echo(str(error), err=True)
    return [given, *answers]


def _tell(pairs: list[dict[str, Any]], compared: int) -> None:
    for pair in pairs:
        typer.echo(f"{round(pair['share'] * 100):>3} %  {pair['one']}  {pair['other']}")
        typer.echo(f"       {pair['lesson']}: {', '.join(pair['exercises'])}; {pair['common']} places")
    if pairs:
        typer.echo("\nAlike is not copied: learners work together, and have read the same pages. Look before you ask.")
    else:
        typer.echo(
            f"No two of {compared} notebooks are more alike than chance makes them." if compared > 1 else "There is only one notebook."
        )
