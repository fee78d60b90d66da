"""What is answered under `/hornbook/api`: JSON, to whoever has signed in, and every refusal with a code and a sentence."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import tempfile
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import iostream, web

from hornbook import __version__
from hornbook.errors import HornbookError
from hornbook.record.store import OWNER
from hornbook.sandbox.canary import strongest
from hornbook.server.finder import MOST_FOUND
from hornbook.server.jobs import Job, TooMany
from hornbook.server.lessons import WORK
from hornbook.server.openapi import description
from hornbook.server.service import Example, LessonName, Refused, SeenHint, SentNotebook, Service
from hornbook.server.takeaway import fleeting
from hornbook.words import nearest, speaking

MOST_BODY = 8 << 20
"""The largest body that is read, in bytes: eight times what a notebook's sources may have."""

AT_ONCE = 1.0
"""How long a check is waited for before its job is answered without the result, in seconds."""

ALIVE_SECONDS = 10.0
"""How often a stream in which nothing happens says that it is there, for proxies that close what is silent."""

Body = TypeVar("Body")

SLUG = r"([a-z][a-z0-9_]*)"
COURSE = r"([a-z][a-z0-9_-]{0,63})"


class HandedIn(msgspec.Struct, frozen=True):
    """Body of `POST grades`: where a notebook is saved, and whether what is made of it can be found."""

    path: str
    listed: bool = True


_SENT_AT_ONCE = 1 << 20


class Handler(APIHandler):
    """What all have in common."""

    auth_resource: ClassVar[str] = "contents"

    def initialize(self, service: Service) -> None:
        """Take the service along."""
        self.service = service

    @property
    def user(self) -> str:
        """The name of who has signed in: what a hub says, or else whoever this server belongs to.

        jupyter_server itself knows a token or a password, but no names: it makes up a new one for each sign-in.
        """
        if type(self.identity_provider).__module__.startswith("jupyter_server."):
            return OWNER
        return str(getattr(self.current_user, "username", "") or OWNER)

    @property
    def spoken(self) -> str:
        """The language that the browser has asked for."""
        return nearest(self.request.headers.get("Accept-Language", "en").partition(",")[0].partition(";")[0].strip())

    def body(self, kind: type[Body]) -> Body:
        """Return what was sent; refuse what is no such thing."""
        if len(self.request.body) > MOST_BODY:
            sentence = f"This is larger than {MOST_BODY >> 20} MB, the most that is read."
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", sentence)
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "malformed", f"This body cannot be used: {error}.") from error

    async def reply(self, value: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Answer with *value* as JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        await self.finish(json.dumps(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a code and a sentence, never with a page or a traceback."""
        error = kwargs.get("exc_info", (None, None))[1]
        code, sentence = _told(error, status_code)
        if isinstance(error, Refused):
            self.set_status(error.status)
        elif isinstance(error, TooMany):
            self.set_status(HTTPStatus.TOO_MANY_REQUESTS)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"code": code, "message": sentence}))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is ours; what a client did is no mistake of the server's."""
        if not isinstance(value, HornbookError):
            super().log_exception(typ, value, tb)


def _told(error: BaseException | None, status: int) -> tuple[str, str]:
    match error:
        case Refused():
            return error.code, str(error)
        case TooMany():
            return "too-many", str(error)
        case HornbookError():
            return type(error).__name__, str(error)
        case web.HTTPError():
            known = HTTPStatus(status)
            return known.phrase.lower().replace(" ", "-"), str(error.log_message or known.description or known.phrase)
    return "internal", "This is a mistake of hornbook's own; the server's log has more."


class HealthHandler(Handler):
    """Whether we are here, and how strong the sandbox is."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Say so."""
        report = (await asyncio.to_thread(strongest)).report
        sandbox = {"level": report.level, "name": report.name}
        jobs = self.service.jobs.counts(self.user)
        await self.reply({"version": __version__, "sandbox": sandbox, "jobs": jobs, "fleeting": fleeting()})


class DescriptionHandler(Handler):
    """This interface, described."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Return the OpenAPI description."""
        await self.reply(description(self.base_url))


class LessonsHandler(Handler):
    """Every lesson."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List them, with how far the learner is."""
        await self.reply(await asyncio.to_thread(self.service.lessons, self.user))


class RelatedHandler(Handler):
    """What fits after a lesson."""

    @web.authenticated
    @authorized
    async def get(self, course: str, slug: str) -> None:
        """List it, with the reasons."""
        with speaking(self.spoken):
            found = await asyncio.to_thread(self.service.lesson, course, slug)
            await self.reply(await asyncio.to_thread(self.service.related, self.user, *found))


class TeachingHandler(Handler):
    """The lesson that teaches what an error message is about."""

    @web.authenticated
    @authorized
    async def get(self, course: str, slug: str) -> None:
        """Name it, if there is one beside the lesson that is worked on."""
        trouble = self.get_query_argument("trouble", "")
        with speaking(self.spoken):
            found = await asyncio.to_thread(self.service.lesson, course, slug)
            await self.reply(await asyncio.to_thread(self.service.teaching, self.user, *found, trouble))


class FindHandler(Handler):
    """Lessons and artifacts, by words and by meaning."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Return what fits best, the best first, each with why."""
        # The Lab adds the time as an argument without a value, so that no cache answers.
        given = {name for name in self.request.query_arguments if not name.isdecimal()}
        wanted: dict[str, Any] = {name: self.get_query_argument(name) for name in given if name not in {"text", "limit", "token"}}
        wanted |= {name: self.get_query_arguments(name) for name in ("skills", "levels") if name in given}
        wanted |= {name: self.whole(name) for name in ("minutes",) if name in given}
        limit = self.whole("limit") if "limit" in given else MOST_FOUND
        with speaking(self.spoken):
            found = await asyncio.to_thread(self.service.find, self.get_query_argument("text", ""), wanted, limit)
        await self.reply(found)

    def whole(self, name: str) -> int:
        """Return the argument *name*, which is a whole number; refuse what is none."""
        said = self.get_query_argument(name)
        if not re.fullmatch("[0-9]{1,9}", said):
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "not-found-so", f'"{name}" must be a whole number, at least 1.')
        return int(said)


class WorkHandler(Handler):
    """The learner's copy of a lesson."""

    @web.authenticated
    @authorized
    async def post(self, course: str, slug: str) -> None:
        """Make it, if it is not there."""
        found = await asyncio.to_thread(self.service.lesson, course, slug)
        await self.reply(await asyncio.to_thread(self.service.start, self.user, *found))


class TakeawayHandler(Handler):
    """All of the learner's work."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Send it as one file."""
        with tempfile.SpooledTemporaryFile(max_size=_SENT_AT_ONCE) as file:
            await asyncio.to_thread(self.service.pack_work, file)
            self.set_header("Content-Disposition", f'attachment; filename="{WORK}.zip"')
            self.set_header("Content-Type", "application/zip")
            self.set_header("X-Content-Type-Options", "nosniff")
            file.seek(0)
            # Whoever has closed the page meanwhile wants no more of it.
            with contextlib.suppress(iostream.StreamClosedError):
                while part := file.read(_SENT_AT_ONCE):
                    self.write(part)
                    await self.flush()
                await self.finish(set_content_type="application/zip")


class NotebooksHandler(Handler):
    """Which lesson a notebook is."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Say so, and have its grader collected meanwhile."""
        sent = self.body(SentNotebook)
        with speaking(self.spoken):
            found = await asyncio.to_thread(self.service.notebook, self.user, sent)
            await self.reply(found)
            self.service.warm(self.user, sent)


class ChecksHandler(Handler):
    """Checks of cells as they stand."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Begin one; what comes of it within a second is answered at once."""
        with speaking(self.spoken):
            await self.answer_soon(await self.service.check(self.user, self.body(SentNotebook), self.spoken))

    async def answer_soon(self, job: Job) -> None:
        """Answer with *job* when it is over, or else as it is after a moment."""
        if job.task is not None:
            await asyncio.wait([job.task], timeout=AT_ONCE)
        await self.reply(job.to_json(), HTTPStatus.CREATED)


class HintsHandler(Handler):
    """Hints that a learner has asked for."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Record that they were shown."""
        await self.reply(await asyncio.to_thread(self.service.hinted, self.user, self.body(SeenHint)))


class GradesHandler(Handler):
    """Notebooks that are handed in."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Begin to grade one; the job is answered at once, and tells how far it is."""
        with speaking(self.spoken):
            sent = self.body(HandedIn)
            job = await self.service.grade(self.user, sent.path, self.spoken, listed=sent.listed)
        await self.reply(job.to_json(), HTTPStatus.CREATED)


class DoctorHandler(Handler):
    """The proofs of a lesson, for whoever may edit it."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Begin; the job is answered at once."""
        job = await self.service.doctor(self.user, self.body(LessonName))
        await self.reply(job.to_json(), HTTPStatus.CREATED)


class ExamplesHandler(Handler):
    """Checks made of examples, for whoever may edit the lesson."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Return the text of one."""
        await self.reply(await self.service.example(self.user, self.body(Example)))


class ArtifactsHandler(Handler):
    """What the learner has published."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List it."""
        await self.reply(await asyncio.to_thread(self.service.artifacts))


class ArtifactHandler(Handler):
    """One artifact."""

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Delete it, and let it be found no more."""
        await asyncio.to_thread(self.service.remove_artifact, name)
        await self.reply({"id": name})


class PageHandler(Handler):
    """The page of an artifact."""

    @property
    def content_security_policy(self) -> str:
        """What the page may do: read itself. It is never of the Lab's origin, so it can ask the Lab for nothing.

        The page's own policy, which holds too, names the digests of its script and its style.
        """
        return (
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
        )

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Send it."""
        page = await asyncio.to_thread(self.service.artifact_file, name, packed=False)
        self.set_header("X-Content-Type-Options", "nosniff")
        await self.finish(page, set_content_type="text/html; charset=utf-8")


class ZipHandler(Handler):
    """An artifact to take along."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Send it."""
        packed = await asyncio.to_thread(self.service.artifact_file, name, packed=True)
        self.set_header("Content-Disposition", f'attachment; filename="{name}.zip"')
        self.set_header("X-Content-Type-Options", "nosniff")
        await self.finish(packed, set_content_type="application/zip")


class JobHandler(Handler):
    """One job."""

    def job(self, job_id: str) -> Job:
        """Return it, if it is this user's."""
        job = self.service.jobs.get(self.user, job_id)
        if job is None:
            raise Refused(HTTPStatus.NOT_FOUND, "no-job", "There is no such job, or it was over long ago.")
        return job

    @web.authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        """Say how it stands."""
        await self.reply(self.job(job_id).to_json())

    @web.authenticated
    @authorized
    async def delete(self, job_id: str) -> None:
        """Cancel it."""
        job = self.job(job_id)
        self.service.jobs.cancel(job)
        await self.reply(job.to_json())


class EventsHandler(JobHandler):
    """How a job goes on, as a stream (WHATWG HTML, "Server-sent events")."""

    @web.authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        """Send the job as it is, and whenever it has changed, until it is over."""
        job = self.job(job_id)
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Accel-Buffering", "no")
        changes = job.changes()
        waiting = asyncio.ensure_future(anext(changes, None))
        try:
            while True:
                if not (await asyncio.wait([waiting], timeout=ALIVE_SECONDS))[0]:
                    self.write(": still here\n\n")
                elif (change := waiting.result()) is None:
                    break
                else:
                    self.write(f"event: {change['state']}\ndata: {json.dumps(change)}\n\n")
                    waiting = asyncio.ensure_future(anext(changes, None))
                await self.flush()
        except iostream.StreamClosedError:
            return
        finally:
            waiting.cancel()


_LESSON = f"lessons/{COURSE}/{SLUG}"
ROUTES: dict[str, type[Handler]] = {
    "health": HealthHandler,
    "openapi.json": DescriptionHandler,
    "lessons": LessonsHandler,
    f"{_LESSON}/related": RelatedHandler,
    f"{_LESSON}/teaching": TeachingHandler,
    f"{_LESSON}/work": WorkHandler,
    "takeaway": TakeawayHandler,
    "find": FindHandler,
    "notebooks": NotebooksHandler,
    "checks": ChecksHandler,
    "hints": HintsHandler,
    "grades": GradesHandler,
    "doctor": DoctorHandler,
    "examples": ExamplesHandler,
    "artifacts": ArtifactsHandler,
    "artifacts/([a-z0-9_-]+)": ArtifactHandler,
    "artifacts/([a-z0-9_-]+)/page": PageHandler,
    "artifacts/([a-z0-9_-]+)/zip": ZipHandler,
    r"jobs/([\w-]+)": JobHandler,
    r"jobs/([\w-]+)/events": EventsHandler,
}
"""What answers where, below `/hornbook/api`."""


def handlers(app: Any, service: Service) -> list[tuple[str, type[Handler], dict[str, Service]]]:
    """Return the handlers with their addresses, below the base URL of *app*."""
    base = app.web_app.settings["base_url"]
    return [(url_path_join(base, "hornbook", "api", route), handler, {"service": service}) for route, handler in ROUTES.items()]
