"""The command line: `hornbook check` for learners, `grade` for courses, `doctor` and `new` for authors.

Nothing is decided here: each command asks another module and draws the answer. What is heavy is imported by the command
that needs it, so that `hornbook --help` answers at once.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hornbook.errors import CourseError, HornbookError, SandboxError, SubmissionError, printable
from hornbook.words import say, speaking

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hornbook.course import Course
    from hornbook.lesson import Lesson
    from hornbook.model import Assurance, SandboxReport, Verdict
    from hornbook.publish import Artifact, Issuer

PASSED, NOT_PASSED, BAD_INPUT, AT_FAULT, INTERRUPTED = 0, 1, 2, 3, 130

EXIT_CODES = (
    "Exit codes: 0 all passed; 1 some checks failed; 2 bad input or usage; 3 the course or this machine is at fault; "
    "130 interrupted. Of several submissions the highest counts."
)

PATIENCE = 0.5
"""After how many seconds a terminal is told what takes so long."""

app = typer.Typer(
    name="hornbook",
    help="Auto-graded micro-lessons for Jupyter: executed in a sandbox, judged by pytest in a trusted process.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
new = typer.Typer(help="Make a course or a lesson to begin with.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(new, name="new", epilog=EXIT_CODES)
portfolio = typer.Typer(
    help="Make a site of what was published, and put it where others can read it.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(portfolio, name="portfolio", epilog=EXIT_CODES)
issuer = typer.Typer(help="Make and keep the key with which a course signs.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(issuer, name="issuer", epilog=EXIT_CODES)

CourseOption = Annotated[
    str | None,
    typer.Option("--course", metavar="DIR", help="The course: its folder, or the name of an installed one. [default: the one you are in]"),
]
LessonOption = Annotated[str | None, typer.Option("--lesson", metavar="SLUG", help="The lesson, where the notebook does not say it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
SeedOption = Annotated[
    int | None, typer.Option("--seed", metavar="N", min=0, help="Draw the same hidden inputs as the run with this seed.")
]
LevelOption = Annotated[
    int | None, typer.Option("--require-level", metavar="N", min=0, max=4, help="Refuse a weaker sandbox than this level.")
]
LanguageOption = Annotated[
    str | None,
    typer.Option("--language", metavar="TAG", help='The language of what is said, such as "de". [default: the course\'s]'),
]
IssuerOption = Annotated[
    Path,
    typer.Option("--issuer", metavar="DIR", envvar="HORNBOOK_ISSUER", help="The issuer's folder, which `hornbook issuer new` has made."),
]
IntoOption = Annotated[Path, typer.Option("--into", metavar="DIR", help="Where the artifact is written.")]
RedactOption = Annotated[bool, typer.Option("--redact", help="Leave the answers out, so that the next learners may find their own.")]
AddressOption = Annotated[
    str | None, typer.Option("--address", metavar="URL", help="Where DIR will be on the web, for what is shown beside a shared link.")
]
Notebooks = Annotated[list[str], typer.Argument(metavar="NOTEBOOK", help="Notebooks, or folders of notebooks.", show_default=False)]


def main() -> None:
    """Run the command line and end with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Where the terminal cannot write a symbol, the word beside it still says the same.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="hornbook")
    except SystemExit as ended:
        if ended.code != INTERRUPTED:
            raise
        # CPython remembers an interrupt that fell into executed text, as where a dataclass is made, long after it was dealt with,
        # and would have the signal end us instead of the exit code.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def _version(wanted: bool) -> None:
    if wanted:
        from hornbook import __version__  # noqa: PLC0415 - only here

        typer.echo(f"hornbook {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", envvar="HORNBOOK_DEBUG", help="Show where in the code an error comes from.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    del debug, version  # _errors and _version read them


# --- The commands ----------------------------------------------------------------------------------------------------


@app.command(epilog=EXIT_CODES)
def check(
    context: typer.Context,
    notebooks: Notebooks,
    *,
    course: CourseOption = None,
    lesson: LessonOption = None,
    hints: Annotated[int, typer.Option("--hints", metavar="N", min=0, help="How many hints to show for each check.")] = 1,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the visible checks about a notebook: what passes, and what to try next."""
    with speaking(language), _errors(context, as_json=as_json):
        from hornbook.show import render  # noqa: PLC0415 - heavy

        _need_linux()
        draw = functools.partial(render, hints=hints)
        run = _Run.of(notebooks, course, lesson, as_json=as_json, visible_only=True, language=language, draw=draw)
        raise typer.Exit(run.to_its_end())


@app.command(epilog=EXIT_CODES)
def grade(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    notebooks: Notebooks,
    *,
    course: CourseOption = None,
    lesson: LessonOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
    verdicts: Annotated[Path | None, typer.Option("--verdicts", metavar="DIR", help="Write each verdict as a JSON file into DIR.")] = None,
    seed: SeedOption = None,
    require_level: LevelOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One line for each notebook.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Each hidden check, times, tracebacks and digests, too.")] = False,
) -> None:
    """Grade notebooks with all checks, the hidden ones included."""
    with speaking(language), _errors(context, as_json=as_json):
        from hornbook.show import render  # noqa: PLC0415 - heavy

        _need_linux()
        draw = _line if quiet else functools.partial(render, verbose=verbose)
        run = _Run.of(notebooks, course, lesson, as_json=as_json, seed=seed, verdicts=verdicts, language=language, draw=draw)
        _require(max(run.course.settings.require_level, require_level or 0))
        raise typer.Exit(run.to_its_end())


@app.command(epilog=EXIT_CODES)
def publish(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="The notebook, finished.", show_default=False)],
    *,
    into: IntoOption = Path("portfolio"),
    learner: Annotated[str | None, typer.Option("--learner", metavar="NAME", help="A name to show, which nothing proves.")] = None,
    redact: RedactOption = False,
    address: AddressOption = None,
    course: CourseOption = None,
    lesson: LessonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade a notebook and, when it has passed, make a page of it that proves itself, signed with your own key."""
    with _errors(context, as_json=as_json):
        from hornbook.publish import publish as published  # noqa: PLC0415 - heavy

        _need_linux()
        run = _Run.of([str(notebook)], course, lesson, as_json=as_json, draw=_line)
        found = run.lesson or run.matched(notebook)
        data = _content(notebook)
        verdict = run.one(notebook, found)
        _need_passed(verdict, as_json=as_json)
        artifact = published(data, verdict, found, into=into, learner=learner, redact=redact, address=address)
        for trace in artifact.warnings[:10]:
            typer.echo(
                f"Everybody can read {trace} in it. Take it out of the notebook, and publish again, if that should not be.", err=True
            )
        _tell_artifact("Published", artifact, into, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def issue(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    submission: Annotated[
        Path, typer.Argument(metavar="NOTEBOOK|ARTIFACT", help="What a learner has handed in: a notebook, or its artifact.")
    ],
    *,
    issuer: IssuerOption,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DID", help="Whose it is: what `hornbook keys` says there. [default: the artifact's]")
    ] = None,
    into: IntoOption = Path("issued"),
    learner: Annotated[str | None, typer.Option("--learner", metavar="NAME", help="A name to show, as the course calls them.")] = None,
    redact: RedactOption = False,
    address: AddressOption = None,
    course: CourseOption = None,
    lesson: LessonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade what a learner has handed in once more and, when it has passed, sign it with the course's key: course-checked."""
    with _errors(context, as_json=as_json), tempfile.TemporaryDirectory() as folder:
        from hornbook.model import Assurance  # noqa: PLC0415 - only here
        from hornbook.publish.issuer import LEAST_LEVEL  # noqa: PLC0415 - heavy
        from hornbook.publish.sealing import Work  # noqa: PLC0415

        _need_linux()
        # Before anything of the learner's runs: the passphrase is in nobody's environment then.
        signing = _open_issuer(issuer)
        notebook, whose = _handed_in(submission, Path(folder))
        if (to or whose) is None:
            raise HornbookError("Say whose it is with --to, and what `hornbook keys` says on their machine, or take their artifact.")
        run = _Run.of([str(notebook)], course, lesson, as_json=as_json, draw=_line, assurance=Assurance.COURSE_CHECKED)
        _require(max(run.course.settings.require_level, LEAST_LEVEL))
        found = run.lesson or run.matched(notebook)
        data = _content(notebook)
        verdict = run.one(notebook, found)
        _need_passed(verdict, as_json=as_json)
        work = Work(data, verdict, found, to or whose or "", learner, redact)
        _tell_artifact("Issued", signing.issue(work, into=into, address=address), into, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def revoke(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ARTIFACT|ID", help="The artifact, or its credential's id: urn:uuid:...")],
    *,
    issuer: IssuerOption,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is noted here, and told nobody.")] = "",
) -> None:
    """Take back what was issued: put the issuer's folder public/ on the web again, and everybody can see it."""
    with _errors(context):
        from hornbook.publish import verify as verified  # noqa: PLC0415 - heavy

        credential = what if what.startswith("urn:") else verified(Path(what)).credential.id
        signing = _open_issuer(issuer)
        signing.revoke(credential, reason)
        typer.echo(f"Revoked    {printable(credential)}")
        typer.echo(f"Next: put {printable(signing.public)} where {printable(signing.address or '')} shows it.")


@app.command(epilog=EXIT_CODES)
def endorse(
    context: typer.Context,
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The work of somebody else: a folder, a zip or a page.")],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="What you have seen in it, in your own words.")],
    *,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What you call yourself.")] = None,
    issuer: Annotated[Path | None, typer.Option("--issuer", metavar="DIR", help="Sign as this issuer, not with your own key.")] = None,
    into: Annotated[Path, typer.Option("--into", metavar="FILE", help="Where the endorsement is written.")] = Path("endorsement.json"),
) -> None:
    """Say something good about somebody's work, signed: they may put it beside it with `hornbook accept`."""
    with _errors(context):
        from hornbook.publish import Keyring, Signer  # noqa: PLC0415 - heavy
        from hornbook.publish import endorse as endorsed  # noqa: PLC0415
        from hornbook.publish.verifying import files_of, verify_files  # noqa: PLC0415

        files = files_of(artifact)
        title = verify_files(files).credential.name
        if issuer:
            signer = _open_issuer(issuer).signer
        else:
            key = Keyring.open().newest
            signer = Signer(key, key.did, name or "Somebody who gives no name")
        data = endorsed(files, because, signer)
        try:
            with into.open("xb") as file:
                file.write(data)
        except OSError as error:
            raise HornbookError(f"{printable(into)}: cannot be written ({error.strerror}). Choose another file for --into.") from error
        typer.echo(f"Endorsed   {printable(title)}")
        typer.echo(f"Next: send {printable(into)} to whoever made it.")


@app.command(epilog=EXIT_CODES)
def accept(
    context: typer.Context,
    endorsement: Annotated[Path, typer.Argument(metavar="ENDORSEMENT", help="The file that somebody sent you.")],
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The folder of your work that it is about.")],
) -> None:
    """Put what somebody has said about your work beside it, into its page and its zip."""
    with _errors(context):
        from hornbook.publish import accept as accepted  # noqa: PLC0415 - heavy
        from hornbook.publish.artifact import read_file  # noqa: PLC0415

        made = accepted(read_file(endorsement), artifact)
        typer.echo(f"Accepted   {printable(made.comment)}")
        typer.echo(f"by         {printable(made.name or made.by)}, as they call themselves")


@app.command(epilog=EXIT_CODES)
def transcript(
    context: typer.Context,
    folders: Annotated[list[Path], typer.Argument(metavar="ARTIFACT", help="Artifacts of one learner, or folders of them.")],
    *,
    into: Annotated[Path, typer.Option("--into", metavar="FILE", help="Where the transcript is written.")] = Path("transcript.json"),
    issuer: Annotated[Path | None, typer.Option("--issuer", metavar="DIR", help="Sign as this issuer, not with your own key.")] = None,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="What it is called.")] = "Transcript",
) -> None:
    """Put the credentials of one learner into one file, signed: a Comprehensive Learner Record."""
    with _errors(context):
        from hornbook.publish import Keyring, Signer, artifacts  # noqa: PLC0415 - heavy
        from hornbook.publish import transcript as together  # noqa: PLC0415
        from hornbook.publish.artifact import read_file  # noqa: PLC0415

        chosen = [one for folder in folders for one in ([a.folder for a in artifacts(folder)] or [folder])]
        key = Keyring.open().newest
        signer = _open_issuer(issuer).signer if issuer else Signer(key, key.did, "A learner, on their own machine")
        data = together([read_file(folder / "credential.json") for folder in chosen], signer, title=title)
        try:
            into.write_bytes(data)
        except OSError as error:
            raise HornbookError(f"{printable(into)}: cannot be written ({error.strerror}). Choose another file for --into.") from error
        typer.echo(f"Put together {len(chosen)} credentials in {printable(into)}")


@app.command(epilog=EXIT_CODES)
def keys(
    context: typer.Context,
    *,
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new key that signs from now on.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show your own keys, by which others know whose work it is; the first time, one is made."""
    with _errors(context, as_json=as_json):
        from hornbook.publish import Keyring  # noqa: PLC0415 - heavy

        own = Keyring.open()
        own = own.rotate() if rotate else own
        if as_json:
            _print_json({"folder": str(own.folder), "keys": [key.did for key in own.keys]})
            return
        for key in own.keys:
            typer.echo(f"{key.did}{'' if key == own.newest else '  (signs no more)'}")


@issuer.command("new", epilog=EXIT_CODES)
def new_issuer(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; nobody else may look into it.", show_default=False)],
    *,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What readers see: the course's or school's name.")],
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="URL", help="Where DIR/public will be on the web. Without one nothing can be revoked."),
    ] = None,
) -> None:
    """Make a key for a course, encrypted if HORNBOOK_PASSPHRASE is set, and what belongs on the web beside it."""
    with _errors(context):
        from hornbook.publish import Issuer  # noqa: PLC0415 - heavy

        made = Issuer.create(folder, name, address=address, passphrase=os.environ.pop("HORNBOOK_PASSPHRASE", None) or None)
        typer.echo(f"Made       {printable(made.id)}")
        if made.address:
            typer.echo(f"Next: put {printable(made.public)} where {printable(made.address or '')} shows it.")


@issuer.command("show", epilog=EXIT_CODES)
def show_issuer(context: typer.Context, *, issuer: IssuerOption, as_json: JsonOption = False) -> None:
    """Show who an issuer is, and what it has issued."""
    with _errors(context, as_json=as_json):
        made = _open_issuer(issuer)
        issued = made.issued()
        if as_json:
            _print_json({"id": made.id, "name": made.name, "address": made.address, "issued": issued})
            return
        typer.echo(f"{printable(made.name)}  {printable(made.id)}")
        for one in issued:
            state = f"revoked {one.revoked}" if one.revoked else "holds"
            typer.echo(f"  {one.issued}  {printable(one.lesson)}  {one.credential}  {state}")


@issuer.command("rotate", epilog=EXIT_CODES)
def rotate_issuer(context: typer.Context, *, issuer: IssuerOption) -> None:
    """Make a new key that signs from now on. What the old ones signed holds on, because they stay listed."""
    with _errors(context):
        made = _open_issuer(issuer).rotate()
        typer.echo(f"Signs now  {made.keys.newest.multikey}")
        typer.echo(f"Next: put {printable(made.public)} where {printable(made.address or '')} shows it.")


@issuer.command("renew", epilog=EXIT_CODES)
def renew_issuer(context: typer.Context, *, issuer: IssuerOption) -> None:
    """Sign the lists of what was revoked anew: they may be believed for 90 days."""
    with _errors(context):
        made = _open_issuer(issuer)
        made.renew()
        if not made.address:
            raise HornbookError("This issuer has no address, so it has no lists.")
        typer.echo(f"Next: put {printable(made.public)} where {printable(made.address or '')} shows it.")


@app.command(epilog=EXIT_CODES)
def verify(
    context: typer.Context,
    where: Annotated[
        str,
        typer.Argument(
            metavar="PATH|URL", help="An artifact's folder, zip or page, a credential, a transcript, or a badge.", show_default=False
        ),
    ],
    *,
    online: Annotated[bool, typer.Option("--online", help="Ask the issuer, too: is the key theirs, was it revoked? A URL does.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say whether an artifact, a credential or a badge holds, and what nobody can tell from it."""
    with _errors(context, as_json=as_json):
        from hornbook.publish import verify as verified  # noqa: PLC0415 - heavy
        from hornbook.publish.lookup import fetch  # noqa: PLC0415

        is_url = where.startswith(("https://", "http://"))
        found = verified(where if is_url else Path(where), fetch=fetch if online or is_url else None)
        if as_json:
            _print_json({"id": found.credential.id, "name": found.credential.name, "issuer": found.credential.issuer,
                         "assurance": found.assurance, "held": found.held, "limits": found.limits,
                         "endorsements": found.endorsements, "contained": [one.id for one in found.contained]})  # fmt: skip
            return
        typer.echo(f"It holds: {printable(found.credential.name)}, issued {found.credential.issued:%Y-%m-%d}")
        typer.echo(f"by {printable(found.credential.issuer)}")
        if found.assurance:
            typer.echo(f"{found.assurance}, as {printable(found.credential.issuer_name or 'the issuer')} says")
        for sentence in found.held:
            typer.echo(f"  ✓ held         {sentence}")
        for sentence in found.limits:
            typer.echo(f"  · cannot tell  {sentence}")
        for one in found.endorsements:
            typer.echo(f"  “{printable(one.comment)}” {printable(one.name or one.by)}, {one.issued:%Y-%m-%d}")
        for inner in found.contained:
            typer.echo(f"  contains       {printable(inner.name)}, issued {inner.issued:%Y-%m-%d} by {printable(inner.issuer)}")


@app.command(epilog=EXIT_CODES)
def doctor(
    context: typer.Context,
    what: Annotated[
        list[str] | None, typer.Argument(metavar="COURSE|SLUG", help="A course's folder, or some of its lessons.", show_default=False)
    ] = None,
    *,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Grade the graders, too: wrong programs must not pass them. Takes minutes.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Prove a course: each lesson can be passed, gives nothing away, and recognises the mistakes that it knows."""
    with _errors(context, as_json=as_json):
        from hornbook.doctor import diagnose, render  # noqa: PLC0415 - heavy

        _need_linux()
        words = what or []
        folders = [word for word in words if Path(word).is_dir()]
        if len(folders) > 1:
            raise HornbookError(f"{printable(folders[1])}: one course at a time; run `hornbook doctor` again for it.")
        at = _course(folders[0] if folders else None, ())
        slugs = [_lesson(at, word).slug if _slug(word) not in at.slugs else _slug(word) for word in words if word not in folders]
        with _waiting("reading the course") as tell, contextlib.redirect_stdout(sys.stderr):
            diagnosis = diagnose(at, slugs, mutants=mutants, tell=tell)
        if as_json:
            _print_json(diagnosis)
        else:
            _print(render(diagnosis))
        raise typer.Exit(PASSED if diagnosis.healthy else AT_FAULT)


@app.command(epilog=EXIT_CODES)
def demo(
    context: typer.Context,
    *,
    course: CourseOption = None,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="DIR", help="Keep the notebooks, in this folder.")] = None,
) -> None:
    """Show the main job: five submissions to real lessons, one of them a cheat and one that never ends."""
    with _errors(context):
        from hornbook.demo import show_all  # noqa: PLC0415 - heavy

        _need_linux()

        def graded(words: str, work: Callable[[], Verdict]) -> Verdict:
            with _waiting(words), contextlib.redirect_stdout(sys.stderr):
                return work()

        found = _course(course, ())
        with speaking(found.settings.language):
            as_it_should = show_all(found, graded=graded, show=_print, keep=keep)
        if not as_it_should:
            typer.echo("One of these did not end as it should: `hornbook doctor` shows whether the course is at fault.", err=True)
            raise typer.Exit(AT_FAULT)


@app.command(epilog=EXIT_CODES)
def sandbox(
    context: typer.Context,
    *,
    require_level: LevelOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again, instead of once after each start of the machine.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how strong this machine's sandbox is, as measured by trying to get out of it."""
    with _errors(context, as_json=as_json):
        from hornbook.sandbox import canary  # noqa: PLC0415 - heavy

        with _waiting("trying to get out of a sandbox"):
            report = canary.report(fresh=fresh)
        if as_json:
            _print_json(report)
        else:
            _print(_walls(report))
        if report.level < (require_level or 0):
            # The document on stdout is complete; what follows is only the reason for the exit code.
            typer.echo(f"Level {require_level} is required.", err=True)
            raise typer.Exit(AT_FAULT)


@new.command("course", epilog=EXIT_CODES)
def new_course(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; it is made if it is not there.", show_default=False)],
    *,
    title: Annotated[str | None, typer.Option("--title", help="The course's title. [default: from the folder's name]")] = None,
) -> None:
    """Make a course with one lesson that works, to be replaced piece by piece."""
    with _errors(context):
        from hornbook import scaffold  # noqa: PLC0415 - only here

        made = scaffold.new_course(folder, title=title)
        _tell_made(made, f"cd {shlex.quote(printable(folder))} && hornbook doctor")


@new.command("lesson", epilog=EXIT_CODES)
def new_lesson(
    context: typer.Context,
    slug: Annotated[
        str, typer.Argument(metavar="SLUG", help='The lesson\'s name, sub-folders first: "loops/fizz_buzz".', show_default=False)
    ],
    *,
    title: Annotated[str | None, typer.Option("--title", help="The lesson's title. [default: from its name]")] = None,
    course: CourseOption = None,
) -> None:
    """Make a lesson that works, with grader, solution and hints, to be replaced piece by piece."""
    with _errors(context):
        from hornbook import scaffold  # noqa: PLC0415 - only here

        made = scaffold.new_lesson(_course(course, ()), slug, title=title)
        _tell_made(made, f"hornbook doctor {_slug(slug)}")


@portfolio.command("build", epilog=EXIT_CODES)
def portfolio_build(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the artifacts are, and the site will be.")] = Path("portfolio"),
    *,
    title: Annotated[str | None, typer.Option("--title", help='The site\'s title. [default: "Lessons passed"]')] = None,
    learner: Annotated[str | None, typer.Option("--learner", metavar="NAME", help="A name to show, which nothing proves.")] = None,
    address: Annotated[
        str | None, typer.Option("--address", metavar="URL", help="Where DIR will be on the web, for a sitemap and full links.")
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="Ask the issuers, too, whether they have taken something back.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a site of the artifacts in a folder: a page that lists and finds them, and feeds. What does not hold is left out."""
    with _errors(context, as_json=as_json):
        from hornbook.publish.lookup import fetch  # noqa: PLC0415 - heavy
        from hornbook.publish.portfolio import build  # noqa: PLC0415

        with _waiting("verifying what is there"):
            site = build(folder, title=title, learner=learner, address=address, fetch=fetch if online else None)
        for one in site.left_out:
            typer.echo(
                f"{printable(one.id)} is left out: {one.reason} It is still in the folder: delete it, or publish it again.", err=True
            )
        for name in site.beside:
            typer.echo(
                f"{printable(name)} is no part of the site, but would be published with the folder. Move it if it should not be.", err=True
            )
        if as_json:
            _print_json({"page": str(site.page), "listed": [artifact.id for artifact in site.listed],
                         "left_out": {one.id: one.reason for one in site.left_out}, "beside": site.beside})  # fmt: skip
        else:
            typer.echo(f"Listed  {len(site.listed)} {'lesson' if len(site.listed) == 1 else 'lessons'}")
            typer.echo(f"page    {printable(folder / site.page.name)}")
        raise typer.Exit(NOT_PASSED if site.left_out else PASSED)


@portfolio.command("pages", epilog=EXIT_CODES)
def portfolio_pages(
    context: typer.Context,
    host: Annotated[str, typer.Argument(metavar="github|gitlab", help="Who publishes it.", show_default=False)],
    *,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Write it into this repository instead of printing it.")
    ] = None,
) -> None:
    """Print the workflow that publishes a repository's folder portfolio/ on GitHub Pages or GitLab Pages."""
    with _errors(context):
        from hornbook.publish.portfolio import pages, write_pages  # noqa: PLC0415 - heavy

        if into is None:
            typer.echo(pages(host), nl=False)
        else:
            typer.echo(f"made  {printable(write_pages(host, into))}")


# --- Grading one notebook after the other ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """Notebooks on their way through a course's checks. `draw` says how a verdict is shown."""

    course: Course
    lesson: Lesson | None
    files: tuple[tuple[Path, str], ...]
    draw: Callable[[Verdict], RenderableType]
    as_json: bool
    as_array: bool
    visible_only: bool = False
    seed: int | None = None
    verdicts: Path | None = None
    language: str | None = None
    assurance: Assurance | None = None
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, notebooks: Sequence[str], course: str | None, lesson: str | None, **options: Any) -> _Run:
        """Return the run over *notebooks*, files or folders, that the command line asks for."""
        files = tuple(_notebooks(notebooks))
        found = _course(course, [path for path, _ in files])
        several = len(notebooks) > 1 or Path(notebooks[0]).is_dir()
        return cls(found, _lesson(found, lesson) if lesson is not None else None, files, as_array=several, **options)

    def to_its_end(self) -> int:
        """Grade every file, tell what came of it, and return the exit code; a refused file never stops the rest."""
        if self.verdicts is not None:
            _make_folder(self.verdicts)
        with speaking(self.language or self.course.settings.language), contextlib.closing(self._results()) as results:
            return self._told(results)

    def _told(self, results: Iterable[Verdict | HornbookError]) -> int:
        """Tell each of *results*, which come in the order of the files, as soon as it is there; return the exit code."""
        codes: list[int] = []
        documents: list[bytes] = []
        for (_, name), result in zip(self.files, results, strict=True):
            if isinstance(result, HornbookError):
                codes.append(result.exit_code)
                typer.echo(str(result), err=True)
                documents.append(_error_document(result, submission=printable(name)))
                continue
            codes.append(AT_FAULT if result.broken else PASSED if result.passed_so_far else NOT_PASSED)
            documents.append(result.to_json(indent=1))
            if self.verdicts is not None:
                _write_verdict(self.verdicts, name, result)
            if not self.as_json:
                if len(codes) > 1 and self.draw is not _line:
                    typer.echo("\n")
                _print(self.draw(result))
        if self.as_json:
            typer.echo(b"[" + b",\n".join(documents) + b"]" if self.as_array else documents[0])
        elif self.as_array:
            typer.echo(("" if self.draw is _line else "\n\n") + _summary(codes))
        return max(codes)

    def _results(self) -> Generator[Verdict | HornbookError]:
        """Yield what comes of each file, in their order."""
        if len(self.files) > 1:
            yield from self._side_by_side()
            return
        try:
            yield self.graded(*self.files[0])
        except HornbookError as error:
            yield error

    def matched(self, path: Path) -> Lesson:
        """Return the lesson that the notebook at *path* is a copy of."""
        from hornbook.lesson import match_lesson  # noqa: PLC0415 - heavy

        return match_lesson(path, self.course.lessons)

    def one(self, path: Path, lesson: Lesson) -> Verdict:
        """Return the verdict on the one notebook at *path*."""
        return replace(self, lesson=lesson).graded(path, path.name)

    def graded(self, path: Path, name: str) -> Verdict:
        from hornbook.grading import grade as graded  # noqa: PLC0415 - heavy
        from hornbook.model import Assurance  # noqa: PLC0415

        options: dict[str, Any] = {"visible_only": self.visible_only, "assurance": self.assurance or Assurance.SELF_CHECKED}
        # A grader may print; nothing but our own answer belongs on stdout.
        with _waiting(say("cli.grading", name=name), since=self.started), contextlib.redirect_stdout(sys.stderr):
            return graded(path, self.course, lesson=self.lesson, seed=self.seed, language=self.language, **options)

    def _side_by_side(self) -> Iterator[Verdict | HornbookError]:
        """Yield the results of several files, which are graded at the same time, in the files' order."""
        from hornbook.grading.batch import grade_all, in_order  # noqa: PLC0415 - heavy

        paths = [path for path, _ in self.files]
        graded = grade_all(paths, self.course, lesson=self.lesson, visible_only=self.visible_only, seed=self.seed, language=self.language)
        with contextlib.closing(graded):
            results = in_order(graded)
            for number in range(1, len(paths) + 1):
                words = say("cli.grading-one-of", number=number, total=len(paths), name=self.files[number - 1][1])
                with _waiting(words, since=self.started):
                    result = next(results)
                yield result.verdict or result.error or HornbookError(say("cli.nothing"))


def _notebooks(words: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Yield each notebook once: its path, and its name below the folder that was given."""
    seen: set[Path] = set()
    for word in words:
        path = Path(word)
        found = list(_below(path)) if path.is_dir() else [(path, path.name)]
        if not found:
            raise SubmissionError(path, say("file.no-notebook"))
        for notebook, name in found:
            if notebook not in seen:
                seen.add(notebook)
                yield notebook, name


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the notebooks below *folder* by name, without Jupyter's checkpoints and other hidden folders, following no links."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".ipynb") and not name.startswith("."):
                path = Path(place, name)
                yield path, str(path.relative_to(folder))


def _content(path: Path) -> bytes:
    """Return the bytes of the notebook at *path*."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SubmissionError(path, f"cannot be read ({error.strerror}).") from error


def _write_verdict(folder: Path, name: str, verdict: Verdict) -> None:
    """Write *verdict* into *folder* under the *name* of its notebook, from which nothing but letters and digits is taken over."""
    stem = "".join(char if char.isalnum() or char in "-_." else "_" for char in name.removesuffix(".ipynb")).lstrip(".") or "_"
    path = folder / f"{stem[:120]}-{verdict.submission.digest[:12]}.json"
    try:
        path.write_bytes(verdict.to_json(indent=1) + b"\n")
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}). Choose another folder for --verdicts.") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HornbookError(f"{printable(folder)}: cannot be made ({error.strerror}). Choose another folder for --verdicts.") from error


def _line(verdict: Verdict) -> RenderableType:
    from hornbook.show import points, safe  # noqa: PLC0415 - heavy

    earned = points(verdict.points.earned, verdict.points.possible)
    word = say("status.broken" if verdict.broken else "status.passed" if verdict.passed_so_far else "status.failed")
    return safe(say("cli.line", name=verdict.submission.name, lesson=verdict.lesson.slug, points=earned, word=word))


def _summary(codes: Sequence[int]) -> str:
    named = {PASSED: "status.passed", NOT_PASSED: "status.failed", BAD_INPUT: "cli.refused", AT_FAULT: "cli.held-up"}
    counts = [f"{codes.count(code)} {say(words)}" for code, words in named.items() if code in codes]
    return say("cli.summary", len(codes), words=", ".join(counts))


def _handed_in(path: Path, folder: Path) -> tuple[Path, str | None]:
    """Return the notebook that was handed in at *path*, and whose it is; that of an artifact which holds is put into *folder*."""
    if path.suffix == ".ipynb":
        return path, None
    from hornbook.publish.verifying import files_of, verify_files  # noqa: PLC0415 - heavy

    files = files_of(path)
    subject = verify_files(files).credential.subject
    notebook = folder / "notebook.ipynb"
    notebook.write_bytes(files["notebook.ipynb"])
    return notebook, subject


def _open_issuer(folder: Path) -> Issuer:
    """Return the issuer in *folder*; its passphrase is asked for on a terminal, and is in no environment any more."""
    from hornbook.publish import Issuer, Keyring  # noqa: PLC0415 - heavy

    passphrase = os.environ.pop("HORNBOOK_PASSPHRASE", None) or None
    if passphrase is None and sys.stdin.isatty() and Keyring.is_closed(folder / "keys"):
        passphrase = typer.prompt("Passphrase of the issuer's key", hide_input=True, err=True)
    return Issuer.open(folder, passphrase=passphrase)


# --- Finding things --------------------------------------------------------------------------------------------------


def _course(given: str | None, files: Sequence[Path]) -> Course:
    """Return the course that was *given*, or else the one we are in, or the one that the first of *files* is in."""
    from hornbook.course import Course, installed_courses  # noqa: PLC0415 - heavy

    if given is not None:
        folder = Path(given)
        if not folder.is_dir():
            folder = installed_courses().get(given, folder)
        if not (folder / "lessons").is_dir():
            raise HornbookError(f"{printable(folder)}: is not a course: it has no folder lessons/. `hornbook new course DIR` makes one.")
        return Course.open(folder)
    for start in (Path.cwd(), *files[:1]):
        if any((folder / "lessons").is_dir() for folder in (start.absolute(), *start.absolute().parents)):
            return Course.find(start)
    installed = installed_courses()
    if len(installed) == 1:
        return Course.open(*installed.values())
    known = say("cli.installed", courses=", ".join(installed)) if installed else ""
    raise HornbookError(say("cli.no-course") + known)


def _lesson(course: Course, word: str) -> Lesson:
    """Return the lesson that *word* names, with or without its sub-folders; that there is none is the caller's mistake."""
    slug = _slug(word)
    if slug not in course.slugs:
        try:
            return course.lesson(slug)
        except CourseError as error:
            raise HornbookError(str(error)) from error
    return course.lesson(slug)


def _slug(word: str) -> str:
    return word.rstrip("/").rpartition("/")[2]


def _need_linux() -> None:
    """Say in one sentence, before anything is read, that nothing can be graded on another system."""
    from hornbook.sandbox.canary import need_linux  # noqa: PLC0415 - heavy

    need_linux()


def _require(level: int) -> None:
    """Raise SandboxError if this machine's sandbox is weaker than *level*."""
    if level:
        from hornbook.sandbox.canary import strongest  # noqa: PLC0415 - heavy

        report = strongest().report
        if report.level < level:
            raise SandboxError(
                f"This machine's sandbox reaches level {report.level} ({report.name}), and level {level} is required. "
                "`hornbook sandbox` shows what is missing; nothing was graded."
            )


# --- Telling ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _errors(context: typer.Context, *, as_json: bool = False) -> Iterator[None]:
    """Tell an error in one sentence on stderr, as a JSON document on stdout too where one was promised, and end with its code."""
    debug = bool(context.find_root().params.get("debug"))
    if not debug:
        # What asyncio says about a loop that was interrupted is no news to whoever pressed Ctrl-C.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        yield
    except HornbookError as error:
        if debug:
            import traceback  # noqa: PLC0415 - only here

            traceback.print_exc()
        if as_json:
            typer.echo(_error_document(error))
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        typer.echo(say("cli.interrupted"), err=True)
        raise typer.Exit(INTERRUPTED) from error


@contextlib.contextmanager
def _waiting(words: str, *, since: float | None = None) -> Iterator[Callable[[str], None]]:
    """Say on a terminal what takes so long, once it has taken `PATIENCE` since *since*; give what changes the words."""
    from rich.console import Console, Group  # noqa: PLC0415 - heavy
    from rich.live import Live  # noqa: PLC0415
    from rich.spinner import Spinner  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    begun = time.monotonic() if since is None else since
    spinner = Spinner("dots", Text(words, style="dim"))
    console = Console(stderr=True)

    def tell(news: str) -> None:
        spinner.update(text=Text(news, style="dim"))

    if not console.is_terminal:
        yield tell
        return
    # The streams stay as they are: what is printed meanwhile is none of the spinner's business.
    with Live(
        get_renderable=lambda: spinner if time.monotonic() - begun >= PATIENCE else Group(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield tell


def _print(drawn: RenderableType) -> None:
    """Print *drawn*: in colour on a terminal, as plain text of a fixed width anywhere else."""
    from rich.console import Console  # noqa: PLC0415 - heavy

    from hornbook.show import as_text  # noqa: PLC0415

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(drawn)
    else:
        typer.echo(as_text(drawn), nl=False)


def _print_json(value: object) -> None:
    import msgspec  # noqa: PLC0415 - heavy

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=1))


def _error_document(error: HornbookError, **more: Any) -> bytes:
    document = {**more, "error": str(error), "kind": type(error).__name__, "exit_code": error.exit_code}
    return json.dumps(document, ensure_ascii=False).encode()


def _need_passed(verdict: Verdict, *, as_json: bool) -> None:
    """Tell a *verdict* that nothing can be published with, and end."""
    if not verdict.passed:
        typer.echo(verdict.to_json(indent=1)) if as_json else _print(_line(verdict))
        typer.echo("Nothing was published: only a notebook that has passed all checks can be.", err=True)
        raise typer.Exit(AT_FAULT if verdict.broken else NOT_PASSED)


def _tell_artifact(done: str, artifact: Artifact, into: Path, *, as_json: bool) -> None:
    if as_json:
        facts = {"id": artifact.id, "title": artifact.title, "assurance": artifact.assurance}
        _print_json(facts | {"folder": str(artifact.folder), "page": str(artifact.page), "zip": str(artifact.zip)})
        return
    typer.echo(f"{done:<10} {printable(artifact.title)}, {artifact.assurance}")
    typer.echo(f"page       {printable(into / artifact.id / artifact.page.name)}")
    typer.echo(f"zip        {printable(into / artifact.zip.name)}")


def _tell_made(files: Sequence[Path], next_step: str) -> None:
    for path in files:
        typer.echo(f"made  {printable(path)}")
    typer.echo(f"\nNext: {next_step}")


def _walls(report: SandboxReport) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - heavy
    from rich.constrain import Constrain  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from hornbook.sandbox.canary import NOT_UP  # noqa: PLC0415
    from hornbook.show import LEVELS, WIDTH, columns, safe  # noqa: PLC0415

    meaning = say(LEVELS[report.level]) if report.level in LEVELS else report.name
    heading = safe(f"Sandbox level {report.level} of {max(LEVELS)}: {meaning}", "bold")
    if not report.facts:
        # Nothing came up that anything could be tried in.
        heading = safe(f"Sandbox level {report.level} of {max(LEVELS)}: not a sandbox", "bold")
        return Constrain(Group(heading, safe(f"It is made of {report.name}", "dim")), WIDTH)
    tried, not_up = columns(), columns()
    for fact in report.facts:
        if fact.name.startswith(NOT_UP):
            not_up.add_row(Text("  ✗ NO", style="yellow"), safe(f"{fact.name.removeprefix(NOT_UP)}: {fact.detail}"))
        else:
            words = safe(fact.name)
            words.append_text(safe(f" ({'it could' if fact.detail == 'done' else fact.detail})", "dim"))
            tried.add_row(Text("  ✓ held", style="green") if fact.held else Text("  ✗ NO", style="yellow"), words)
    made_of = safe(f"It is made of: {report.name}. A program inside it has tried to", "dim")
    why: list[RenderableType] = []
    if not_up.row_count:
        why = [Text(), safe("What would be stronger, or was tried first, did not come up:", "dim"), Text(), not_up]
    return Constrain(Group(heading, made_of, Text(), tried, *why), WIDTH)
