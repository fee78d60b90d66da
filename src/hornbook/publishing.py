"""The commands of what was passed: `hornbook publish` for learners, `issue` for courses, `verify` for everybody else."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hornbook.errors import HornbookError, printable
from hornbook.terminal import (
    AT_FAULT,
    EXIT_CODES,
    NOT_PASSED,
    PASSED,
    Commands,
    CourseOption,
    Drawing,
    JsonOption,
    LessonOption,
    Run,
    SeedFileOption,
    VariantsOption,
    content_of,
    line,
    need_level,
    need_linux,
    show,
    show_json,
    telling_errors,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from hornbook.course import Course
    from hornbook.lesson import Lesson
    from hornbook.model import Verdict
    from hornbook.publish import Artifact, Draft, Endorsement, Issuer

app = typer.Typer()
portfolio = typer.Typer(
    help="Make a site of what was published, and put it where others can read it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    cls=Commands,
)
app.add_typer(portfolio, name="portfolio", epilog=EXIT_CODES)
issuer = typer.Typer(help="Make and keep the key with which a course signs.", no_args_is_help=True, rich_markup_mode=None, cls=Commands)
app.add_typer(issuer, name="issuer", epilog=EXIT_CODES)

IssuerOption = Annotated[
    Path,
    typer.Option("--issuer", metavar="DIR", envvar="HORNBOOK_ISSUER", help="The issuer's folder, which `hornbook issuer new` has made."),
]
IntoOption = Annotated[Path, typer.Option("--into", metavar="DIR", help="Where the artifact is written.")]
RedactOption = Annotated[bool, typer.Option("--redact", help="Leave the answers out, so that the next learners may find their own.")]
AddressOption = Annotated[
    str | None, typer.Option("--address", metavar="URL", help="Where DIR will be on the web, for what is shown beside a shared link.")
]

VariantOfOption = Annotated[
    str | None,
    typer.Option("--variant-of", metavar="ID", help="Whose values the lesson's parameters have: what `hornbook hand-out` was told."),
]
UnlistedOption = Annotated[bool, typer.Option("--unlisted", help="Do not let it be found by `hornbook find`.")]


@app.command(epilog=EXIT_CODES)
def publish(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="The notebook, finished.", show_default=False)],
    *,
    into: IntoOption = Path("portfolio"),
    learner: Annotated[str | None, typer.Option("--learner", metavar="NAME", help="A name to show, which nothing proves.")] = None,
    redact: RedactOption = False,
    address: AddressOption = None,
    unlisted: UnlistedOption = False,
    variant_of: VariantOfOption = None,
    seed_file: SeedFileOption = None,
    variants: VariantsOption = None,
    course: CourseOption = None,
    lesson: LessonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade a notebook and, when it has passed, make a page of it that proves itself, signed with your own key."""
    with telling_errors(context, as_json=as_json):
        from hornbook.publish import publish as published  # noqa: PLC0415 - heavy

        need_linux()
        run = Run.of([str(notebook)], course, lesson, as_json=as_json, draw=line)
        # Whoever was handed it has no seed, and this is their own word all the same: self-checked.
        believed = variant_of is None
        run = replace(run, drawing=replace(Drawing.of(run.course, seed_file, variant_of, variants), believed=believed))
        data, verdict, found = _passed(run, notebook)
        artifact = published(data, verdict, found, into=into, learner=learner, redact=redact, address=address)
        if not unlisted:
            _enter(artifact, found, run.course, artifact.issuer)
        _tell_values(verdict)
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
    unlisted: UnlistedOption = False,
    variant_of: VariantOfOption = None,
    seed_file: SeedFileOption = None,
    variants: VariantsOption = None,
    course: CourseOption = None,
    lesson: LessonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade what a learner has handed in once more and, when it has passed, sign it with the course's key: course-checked."""
    with telling_errors(context, as_json=as_json), tempfile.TemporaryDirectory() as folder:
        from hornbook.model import Assurance  # noqa: PLC0415 - only here
        from hornbook.publish.issuer import LEAST_LEVEL  # noqa: PLC0415 - heavy
        from hornbook.publish.sealing import Work, check_subject  # noqa: PLC0415

        need_linux()
        # Before anything of the learner's runs: the passphrase is in nobody's environment then.
        signing = _open_issuer(issuer)
        notebook, whose = _handed_in(submission, Path(folder))
        subject = to or whose
        if subject is None:
            raise HornbookError("Say whose it is with --to, and what `hornbook keys` says on their machine, or take their artifact.")
        check_subject(subject)
        run = Run.of([str(notebook)], course, lesson, as_json=as_json, draw=line, assurance=Assurance.COURSE_CHECKED)
        run = replace(run, drawing=Drawing.of(run.course, seed_file, variant_of, variants))
        need_level(max(run.course.settings.require_level, LEAST_LEVEL))
        data, verdict, found = _passed(run, notebook)
        artifact = signing.issue(Work(data, verdict, found, subject, learner, redact), into=into, address=address)
        if not unlisted:
            _enter(artifact, found, run.course, subject)
        _tell_values(verdict, drawn=run.drawing.seed is not None)
        _tell_artifact("Issued", artifact, into, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def revoke(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ARTIFACT|ID", help="The artifact, or its credential's id: urn:uuid:...")],
    *,
    issuer: IssuerOption,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is noted here, and told nobody.")] = "",
) -> None:
    """Take back what was issued: put the issuer's folder public/ on the web again, and everybody can see it."""
    with telling_errors(context):
        from hornbook.publish import verify as verified  # noqa: PLC0415 - heavy

        credential = what if what.startswith("urn:") else verified(Path(what)).credential.id
        signing = _open_issuer(issuer)
        signing.revoke(credential, reason)
        _withdraw(signing, credential)
        typer.echo(f"Revoked    {printable(credential)}")
        typer.echo(f"Next: put {printable(signing.public)} where {printable(signing.address or '')} shows it.")


@app.command(epilog=EXIT_CODES)
def endorse(
    context: typer.Context,
    work: Annotated[
        Path,
        typer.Argument(
            metavar="ARTIFACT|DRAFT",
            help="The work of somebody else: a folder, a zip or a page; or the draft that its page has saved.",
            show_default=False,
        ),
    ],
    *,
    because: Annotated[
        str | None, typer.Option("--because", metavar="TEXT", help="What you have seen in it, in your own words. [default: the draft's]")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What you call yourself. [default: the draft's]")] = None,
    issuer: Annotated[Path | None, typer.Option("--issuer", metavar="DIR", help="Sign as this issuer, not with your own key.")] = None,
    into: Annotated[Path, typer.Option("--into", metavar="FILE", help="Where the endorsement is written.")] = Path("endorsement.json"),
) -> None:
    """Say something good about somebody's work, signed: they may put it beside it with `hornbook accept`."""
    with telling_errors(context):
        from hornbook.publish import Keyring, Signer  # noqa: PLC0415 - heavy
        from hornbook.publish import endorse as endorsed  # noqa: PLC0415

        files, title, draft = _to_endorse(work)
        because = because if because is not None else draft.comment if draft else None
        if because is None:
            raise HornbookError("Say what you have seen in it, with --because TEXT.")
        if issuer:
            data = _open_issuer(issuer).endorse(files, because)
        else:
            key = Keyring.open().newest
            called = name or (draft.name.strip() if draft else "") or "Somebody who gives no name"
            data = endorsed(files, because, Signer(key, key.did, called))
        try:
            with into.open("xb") as file:
                file.write(data)
        except OSError as error:
            raise HornbookError(f"{printable(into)}: cannot be written ({error.strerror}). Choose another file for --into.") from error
        typer.echo(f"Endorsed   {printable(title)}")
        typer.echo(f"said       {printable(because.strip())}")
        if draft:
            # The page was made by whoever made the work, and may have written other words into the draft than were typed.
            typer.echo("           Of the work, its credential was looked at here; the files were your browser's to check.")
            typer.echo(f"Next: if these are your words, send {printable(into)} to whoever made it.")
        else:
            typer.echo(f"Next: send {printable(into)} to whoever made it.")


@app.command(epilog=EXIT_CODES)
def accept(
    context: typer.Context,
    endorsement: Annotated[Path, typer.Argument(metavar="ENDORSEMENT", help="The file that somebody sent you.")],
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The folder of your work that it is about.")],
    *,
    by: Annotated[
        str | None, typer.Option("--by", metavar="DID", help="Take it only with this key: what `hornbook keys` says on their machine.")
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="Ask a course that signed it whether the key is theirs, and it stands.")] = False,
) -> None:
    """Put what somebody has said about your work beside it, into its page and its zip."""
    with telling_errors(context):
        from hornbook.publish import accept as accepted  # noqa: PLC0415 - heavy
        from hornbook.publish.artifact import read_file  # noqa: PLC0415
        from hornbook.publish.credential import Credential  # noqa: PLC0415
        from hornbook.publish.lookup import fetch  # noqa: PLC0415
        from hornbook.publish.verifying import verify_data  # noqa: PLC0415

        now = datetime.now(UTC)
        data = read_file(endorsement)
        # What one reading of the file has shown is what is accepted.
        signed = verify_data(data, now, fetch if online else None)
        if by is not None and signed.credential.issuer != by:
            raise HornbookError(f"It was signed by {printable(signed.credential.issuer[:200])}, and not by {printable(by[:200])}.")
        made = accepted(data, artifact, now=now)
        typer.echo(f"Accepted   {printable(made.comment)}")
        typer.echo(f"by         {printable(made.name or made.by)}, as they call themselves")
        typer.echo(f"key        {printable(made.by)}")
        work = Credential(json.loads(read_file(artifact / "credential.json")), ())
        listed = any("lists this key" in sentence for sentence in signed.held)
        if by is not None:
            typer.echo("           It is the key that you have named.")
        elif set(signed.credential.methods) == set(work.methods):
            # The key, not the name: anybody can sign in the name of a course that is not asked.
            typer.echo("           It is the key with which the work was issued.")
        elif not listed and made.by.startswith("did:web:"):
            typer.echo("           Whether the key is theirs was not asked, or not answered: --online asks.")
        elif not listed:
            typer.echo("           Whose key that is nobody can tell from the file. `hornbook keys` shows it on their machine.")
        else:
            typer.echo("           It lists this key as its own today.")
        typer.echo(f"id         {printable(made.id)}; `hornbook decline` takes it away again")


@app.command(epilog=EXIT_CODES)
def decline(
    context: typer.Context,
    endorsement: Annotated[str, typer.Argument(metavar="ENDORSEMENT|ID", help="The file, or its id: urn:uuid:...", show_default=False)],
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The folder of your work.", show_default=False)],
) -> None:
    """Take what somebody has said about your work away from it, its page and its zip."""
    with telling_errors(context):
        from hornbook.publish import decline as declined  # noqa: PLC0415 - heavy
        from hornbook.publish.artifact import read_file  # noqa: PLC0415

        which = endorsement
        if not endorsement.startswith("urn:"):
            try:
                which = str(json.loads(read_file(Path(endorsement)))["id"])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise HornbookError(
                    f"{printable(endorsement)}: is no endorsement. `hornbook verify` names the ids of those there are."
                ) from error
        typer.echo(f"Declined   {printable(declined(which, artifact))}")
        typer.echo("Copies that others have still show it. Build the site again, if the work stands in one.")


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
    with telling_errors(context):
        from hornbook.publish import Keyring, Signer, artifacts  # noqa: PLC0415 - heavy
        from hornbook.publish import transcript as together  # noqa: PLC0415
        from hornbook.publish.artifact import read_files  # noqa: PLC0415
        from hornbook.publish.endorsement import standing  # noqa: PLC0415

        chosen = [one for folder in folders for one in ([a.folder for a in artifacts(folder)] or [folder])]
        key = Keyring.open().newest
        signer = _open_issuer(issuer).signer if issuer else Signer(key, key.did, "A learner, on their own machine")
        works, now = [read_files(folder) for folder in chosen], datetime.now(UTC)
        said = [data for files in works for _, data in standing(files, now)]
        data = together([files["credential.json"] for files in works], signer, endorsed=said, title=title, now=now)
        try:
            into.write_bytes(data)
        except OSError as error:
            raise HornbookError(f"{printable(into)}: cannot be written ({error.strerror}). Choose another file for --into.") from error
        beside = f" and {len(said)} {'endorsement' if len(said) == 1 else 'endorsements'}" if said else ""
        typer.echo(f"Put together {len(chosen)} {'credential' if len(chosen) == 1 else 'credentials'}{beside} in {printable(into)}")


@app.command(epilog=EXIT_CODES)
def keys(
    context: typer.Context,
    *,
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new key that signs from now on.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show your own keys, by which others know whose work it is; the first time, one is made."""
    with telling_errors(context, as_json=as_json):
        from hornbook.publish import Keyring  # noqa: PLC0415 - heavy

        own = Keyring.open()
        own = own.rotate() if rotate else own
        if as_json:
            show_json({"folder": str(own.folder), "keys": [key.did for key in own.keys]})
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
    with telling_errors(context):
        from hornbook.publish import Issuer  # noqa: PLC0415 - heavy

        made = Issuer.create(folder, name, address=address, passphrase=os.environ.pop("HORNBOOK_PASSPHRASE", None) or None)
        typer.echo(f"Made       {printable(made.id)}")
        if made.address:
            typer.echo(f"Next: put {printable(made.public)} where {printable(made.address or '')} shows it.")


@issuer.command("show", epilog=EXIT_CODES)
def show_issuer(context: typer.Context, *, issuer: IssuerOption, as_json: JsonOption = False) -> None:
    """Show who an issuer is, and what it has issued."""
    with telling_errors(context, as_json=as_json):
        made = _open_issuer(issuer)
        issued = made.issued()
        if as_json:
            show_json({"id": made.id, "name": made.name, "address": made.address, "issued": issued})
            return
        typer.echo(f"{printable(made.name)}  {printable(made.id)}")
        for one in issued:
            state = f"revoked {one.revoked}" if one.revoked else "holds"
            typer.echo(f"  {one.issued}  {printable(one.lesson)}  {one.credential}  {state}")


@issuer.command("rotate", epilog=EXIT_CODES)
def rotate_issuer(context: typer.Context, *, issuer: IssuerOption) -> None:
    """Make a new key that signs from now on. What the old ones signed holds on, because they stay listed."""
    with telling_errors(context):
        made = _open_issuer(issuer).rotate()
        typer.echo(f"Signs now  {made.keys.newest.multikey}")
        typer.echo(f"Next: put {printable(made.public)} where {printable(made.address or '')} shows it.")


@issuer.command("renew", epilog=EXIT_CODES)
def renew_issuer(context: typer.Context, *, issuer: IssuerOption) -> None:
    """Sign the lists of what was revoked anew: they may be believed for 90 days."""
    with telling_errors(context):
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
    with telling_errors(context, as_json=as_json):
        from hornbook.publish import verify as verified  # noqa: PLC0415 - heavy
        from hornbook.publish.lookup import fetch  # noqa: PLC0415

        is_url = where.startswith(("https://", "http://"))
        found = verified(where if is_url else Path(where), fetch=fetch if online or is_url else None)
        if as_json:
            show_json({"id": found.credential.id, "name": found.credential.name, "issuer": found.credential.issuer,
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
        for inner in found.contained:
            typer.echo(f"  contains       {printable(inner.name)}, issued {inner.issued:%Y-%m-%d} by {printable(inner.issuer)}")
            _tell_said(one for one in found.endorsements if one.about == inner.id)
        if not found.contained:
            _tell_said(found.endorsements)


@portfolio.command("build", epilog=EXIT_CODES)
def portfolio_build(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the artifacts are, and the site will be.")] = Path("portfolio"),
    *,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help='The site\'s title. [default: "Lessons passed"]')] = None,
    learner: Annotated[str | None, typer.Option("--learner", metavar="NAME", help="A name to show, which nothing proves.")] = None,
    address: Annotated[
        str | None, typer.Option("--address", metavar="URL", help="Where DIR will be on the web, for a sitemap and full links.")
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="Ask the issuers, too, whether they have taken something back.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a site of the artifacts in a folder: a page that lists and finds them, and feeds. What does not hold is left out."""
    with telling_errors(context, as_json=as_json):
        from hornbook.publish.lookup import fetch  # noqa: PLC0415 - heavy
        from hornbook.publish.portfolio import build  # noqa: PLC0415

        with waiting("verifying what is there"), _neighbours() as related:
            site = build(folder, title=title, learner=learner, address=address, fetch=fetch if online else None, related=related)
        for one in site.left_out:
            away = f"`hornbook portfolio remove {printable(folder / one.id)}` takes it away"
            typer.echo(f"{printable(one.id)} is left out: {one.reason} It is still in the folder: {away}, or publish it again.", err=True)
        for name in site.beside:
            typer.echo(
                f"{printable(name)} is no part of the site, but would be published with the folder. Move it if it should not be.", err=True
            )
        if as_json:
            show_json({"page": str(site.page), "listed": [artifact.id for artifact in site.listed],
                         "left_out": {one.id: one.reason for one in site.left_out}, "beside": site.beside})  # fmt: skip
        else:
            typer.echo(f"Listed  {len(site.listed)} {'lesson' if len(site.listed) == 1 else 'lessons'}")
            typer.echo(f"page    {printable(folder / site.page.name)}")
        raise typer.Exit(NOT_PASSED if site.left_out else PASSED)


@portfolio.command("wall", epilog=EXIT_CODES)
def portfolio_wall(
    context: typer.Context,
    works: Annotated[
        list[Path],
        typer.Argument(metavar="ARTIFACT", help="What was handed over for it: artifacts, or folders of them.", show_default=False),
    ],
    *,
    into: Annotated[Path, typer.Option("--into", metavar="FILE", help="Where the page is written.")] = Path("wall.html"),
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help='The page\'s title. [default: "What we have learnt"]')
    ] = None,
    names: Annotated[bool, typer.Option("--names/--no-names", help="Show the names that learners have put on their work.")] = True,
    nameless: Annotated[
        list[Path] | None, typer.Option("--nameless", metavar="PATH", help="Leave out the name of whoever made this one; several times.")
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="Ask the issuers, too, whether they have taken something back.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make one page of what several learners have handed over for it, by lesson. What does not hold is left out."""
    with telling_errors(context, as_json=as_json):
        from hornbook.publish.lookup import fetch  # noqa: PLC0415 - heavy
        from hornbook.publish.wall import put_up  # noqa: PLC0415

        with waiting("verifying what is there"):
            wall = put_up(works, into, title=title, names=names, nameless=nameless or (), fetch=fetch if online else None)
        for path, reason in wall.left_out.items():
            typer.echo(f"{printable(path)} is left out: {reason}", err=True)
        for path in wall.replaced:
            typer.echo(f"{printable(path)} is not on it: the same learner's newest work on that lesson is.", err=True)
        if as_json:
            left_out = {str(path): reason for path, reason in wall.left_out.items()}
            replaced = [str(path) for path in wall.replaced]
            told = {"page": str(wall.page), "works": wall.works, "learners": wall.learners, "left_out": left_out, "replaced": replaced}
            show_json(told)
        else:
            typer.echo(f"On it   {wall.works} {'work' if wall.works == 1 else 'works'}")
            typer.echo(f"page    {printable(into)}")
        raise typer.Exit(NOT_PASSED if wall.left_out else PASSED)


@portfolio.command("remove", epilog=EXIT_CODES)
def portfolio_remove(
    context: typer.Context,
    folders: Annotated[list[Path], typer.Argument(metavar="ARTIFACT", help="The folders, or zips, of what should go.", show_default=False)],
) -> None:
    """Delete artifacts: folder, zip, what `hornbook find` knows of them, and their place in the site over their folder, if there is one."""
    with telling_errors(context):
        from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy
        from hornbook.publish.portfolio import remove  # noqa: PLC0415

        # Who names all files of an artifact means the artifact.
        for folder in dict.fromkeys(one.with_suffix("") if one.suffix == ".zip" else one for one in folders):
            # First, so that nothing is found that is not there.
            with Catalog.from_environment(asking=True) as catalog:
                catalog.withdraw(folder.absolute() / "index.html")
            site = remove(folder.absolute())
            typer.echo(f"Removed    {printable(folder)}")
            if site is not None:
                typer.echo(f"page       {printable(site.page)} lists {len(site.listed)} now. Put the folder on the web again.")


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
    with telling_errors(context):
        from hornbook.publish.portfolio import pages, write_pages  # noqa: PLC0415 - heavy

        if into is None:
            typer.echo(pages(host), nl=False)
        else:
            typer.echo(f"made  {printable(write_pages(host, into))}")


# --- What they share -------------------------------------------------------------------------------------------------


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


def _passed(run: Run, notebook: Path) -> tuple[bytes, Verdict, Lesson]:
    """Return the content of *notebook*, the verdict that it has passed with, and its lesson; tell one that has not passed, and end."""
    lesson = run.lesson or run.matched(notebook)
    data = content_of(notebook)
    verdict = run.one(notebook, lesson)
    if not verdict.passed:
        typer.echo(verdict.to_json(indent=1)) if run.as_json else show(line(verdict))
        typer.echo("Nothing was published: only a notebook that has passed all checks can be.", err=True)
        raise typer.Exit(AT_FAULT if verdict.broken else NOT_PASSED)
    return data, verdict, lesson


def _to_endorse(path: Path) -> tuple[dict[str, bytes], str, Draft | None]:
    """Return what an endorsement of the work at *path* is made of, the work's title, and the draft if *path* is one; all of it holds."""
    from hornbook.publish.artifact import read_file  # noqa: PLC0415 - heavy
    from hornbook.publish.credential import Credential  # noqa: PLC0415
    from hornbook.publish.endorsement import Draft  # noqa: PLC0415
    from hornbook.publish.verifying import files_of, verify_files  # noqa: PLC0415

    if path.is_file() and Draft.is_one(data := read_file(path)):
        draft = Draft.read(data, datetime.now(UTC))
        return {"credential.json": draft.credential}, Credential(json.loads(draft.credential), ()).name, draft
    files = files_of(path)
    return files, verify_files(files).credential.name, None


def _tell_said(endorsements: Iterable[Endorsement]) -> None:
    for one in endorsements:
        typer.echo(f"  “{printable(one.comment)}” {printable(one.name or one.by)}, {one.issued:%Y-%m-%d} ({printable(one.id)})")


def _tell_values(verdict: Verdict, *, drawn: bool = False) -> None:
    """Tell whose values the lesson's parameters had, where those are not what somebody may think; *drawn* says that there are others."""
    if verdict.parameters is None:
        return
    for repair in verdict.repairs:
        if repair.kind == "metadata":
            typer.echo(repair.message, err=True)
    if drawn and verdict.parameters.of == "lesson":
        typer.echo("It was graded with the lesson's own values. Say whose variant it is with --variant-of ID, to have theirs.", err=True)


def _enter(artifact: Artifact, lesson: Lesson, course: Course, learner: str) -> None:
    """Enter *artifact* in the catalog. It is published all the same where that cannot be done."""
    from hornbook.catalog import Catalog, artifact_document  # noqa: PLC0415 - heavy

    try:
        with Catalog.from_environment(asking=True) as catalog:
            language = course.settings.language
            made = artifact_document(artifact, lesson, course=course.name, author=artifact.issuer, learner=learner, language=language)
            catalog.add(made)
    except HornbookError as error:
        typer.echo(f"It is not found by `hornbook find` yet: {error}", err=True)


def _withdraw(issuer: Issuer, credential: str) -> None:
    """Let what *credential* was about be found no more, unless the learner has another one of this issuer's for it that holds."""
    from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy

    issued = issuer.issued()
    revoked = next(one for one in issued if one.credential == credential)
    if any(one.revoked is None and (one.lesson, one.subject) == (revoked.lesson, revoked.subject) for one in issued):
        return
    with Catalog.from_environment(asking=True) as catalog:
        catalog.withdraw_issued(revoked.lesson, issuer.id, revoked.subject)


@contextlib.contextmanager
def _neighbours() -> Iterator[Callable[[Artifact], Sequence[Path] | None]]:
    """Give what says which artifacts are most like one, as far as the catalog knows it; a site is made without one all the same."""
    from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy

    try:
        catalog = Catalog.from_environment(asking=True)
    except HornbookError as error:
        typer.echo(f"What is related is told by skills alone: {error}", err=True)
        yield lambda _artifact: None
        return
    with catalog:
        yield catalog.neighbours


def _tell_artifact(done: str, artifact: Artifact, into: Path, *, as_json: bool) -> None:
    for trace in artifact.warnings[:10]:
        typer.echo(f"Everybody can read {trace} in it. Take it out of the notebook, and publish again, if that should not be.", err=True)
    if as_json:
        facts = {"id": artifact.id, "title": artifact.title, "assurance": artifact.assurance}
        show_json(facts | {"folder": str(artifact.folder), "page": str(artifact.page), "zip": str(artifact.zip)})
        return
    typer.echo(f"{done:<10} {printable(artifact.title)}, {artifact.assurance}")
    typer.echo(f"page       {printable(into / artifact.id / artifact.page.name)}")
    typer.echo(f"zip        {printable(into / artifact.zip.name)}")
