"""The description of `/hornbook/api` in OpenAPI 3.1, as `GET openapi.json` answers it.

`jlab_extension/src/types.ts` says the same in types.
"""

from __future__ import annotations

from typing import Any

from hornbook import __version__

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
WHOLE: dict[str, Any] = {"type": "integer", "minimum": 0}
AT_LEAST_ONE: dict[str, Any] = {"type": "integer", "minimum": 1}
YES_OR_NO: dict[str, Any] = {"type": "boolean"}
ANY: dict[str, Any] = {"type": "object"}
SLUG = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
COURSE = {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$"}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _or_null(of: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [of, {"type": "null"}]}


def _object(optional: tuple[str, ...] = (), **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [name for name in properties if name not in optional]}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: dict[str, Any] = {
    "Refusal": _object(code=TEXT, message=TEXT),
    "Health": _object(
        version=TEXT,
        sandbox=_object(level={"type": "integer", "minimum": 0, "maximum": 4}, name=TEXT),
        jobs=_object(running=WHOLE, waiting=WHOLE),
        fleeting=YES_OR_NO,
    ),
    "Check": _object(name=TEXT, title=TEXT, points=NUMBER, hidden=YES_OR_NO),
    "Exercise": _object(id=TEXT, points=NUMBER, checks=_list(_ref("Check")), hidden=WHOLE),
    "LessonProgress": _object(
        status={"enum": ["new", "started", "passed"]},
        exercises={"type": "object", "additionalProperties": YES_OR_NO},
        done=WHOLE,
        of=WHOLE,
        attempts=WHOLE,
        passedAt=_or_null(TEXT),
        reviewAt=_or_null(TEXT),
    ),
    "Lesson": _object(
        course=TEXT,
        slug=TEXT,
        title=TEXT,
        version=TEXT,
        summary=TEXT,
        objectives=_list(TEXT),
        skills=_list(_object(name=TEXT, uri=_or_null(TEXT))),
        level=TEXT,
        minutes=WHOLE,
        requires=_list(TEXT),
        authors=_list(TEXT),
        licence=TEXT,
        exercises=_list(_ref("Exercise")),
        path=TEXT,
        original=_or_null(TEXT),
        started=YES_OR_NO,
        progress=_ref("LessonProgress"),
        editable=YES_OR_NO,
        due=_list(_object(cohort=TEXT, title=TEXT, at=TEXT)),
    ),
    "Lessons": _object(courses=_list(_object(name=TEXT, title=TEXT, problems=_list(TEXT))), lessons=_list(_ref("Lesson"))),
    "Related": _object(course=TEXT, slug=TEXT, title=TEXT, reason=TEXT),
    "Cell": _object(("exercise", "injected"), id=TEXT, kind=TEXT, source=TEXT, exercise=_or_null(TEXT), injected=YES_OR_NO),
    "SentNotebook": _object(("exercise",), path=TEXT, cells=_list(_ref("Cell")), exercise=_or_null(TEXT)),
    "Notebook": _object(
        lesson=_ref("Lesson"),
        role={"enum": ["work", "original"]},
        cells=_list(_ref("Cell")),
        exercises={"type": "object", "additionalProperties": TEXT},
    ),
    "HandedIn": _object(("listed",), path=TEXT, listed=YES_OR_NO),
    "Found": _object(
        kind=TEXT,
        title=TEXT,
        score=NUMBER,
        reasons=_list(TEXT),
        passage=TEXT,
        cell=WHOLE,
        matched=_list(TEXT),
        skills=_list(TEXT),
        level=TEXT,
        minutes=_or_null(WHOLE),
        course=TEXT,
        slug=TEXT,
        authors=_list(TEXT),
        assurance=TEXT,
        created=_or_null(TEXT),
        here=YES_OR_NO | {"description": "Whether it is a lesson that can be begun here."},
        artifact=_or_null(TEXT) | {"description": "Its id, where it is one of this portfolio."},
    ),
    "Removed": _object(id=TEXT),
    "SeenHint": _object(path=TEXT, check=TEXT, shown=AT_LEAST_ONE),
    "ShownHint": _object(check=TEXT, shown=AT_LEAST_ONE),
    "LessonName": _object(course=TEXT, slug=TEXT),
    "Example": _object(course=TEXT, slug=TEXT, exercise=TEXT, example=TEXT),
    "ExampleCheck": _object(check=TEXT, file=TEXT),
    "Artifact": _object(
        id=TEXT,
        course=TEXT,
        slug=TEXT,
        title=TEXT,
        created=TEXT,
        points=_object(earned=NUMBER, possible=NUMBER),
        assurance=TEXT,
        skills=_list(TEXT),
        page=TEXT,
        zip=TEXT,
    ),
    "Checked": _object(
        exercise=_or_null(TEXT),
        card=ANY,
        verdict=ANY | {"description": "As `docs/schemas/verdict-1.json` describes it."},
        lesson=_ref("Lesson"),
        artifact=_or_null(_ref("Artifact")),
        note=_or_null(TEXT),
        next=_list(_ref("Related")),
    ),
    "Doctored": _object(
        proofs=_list(_object(name=TEXT, holds=YES_OR_NO, problem=TEXT)),
        survivors=_list(_object(exercise=TEXT, line=TEXT, becomes=TEXT)),
        score=_or_null(NUMBER),
    ),
    "Job": _object(
        id=TEXT,
        kind={"enum": ["check", "grade", "doctor", "example"]},
        state={"enum": ["waiting", "running", "done", "failed", "cancelled"]},
        progress=_or_null(_object(done=WHOLE, of=WHOLE, label=TEXT)),
        result={"anyOf": [_ref("Checked"), _ref("Doctored"), _ref("ExampleCheck"), {"type": "null"}]},
        error=_or_null(_ref("Refusal")),
    ),
}

REFUSALS = {
    400: "The body, or the request, is not what it should be.",
    403: "Nobody has signed in, or this is not allowed here.",
    404: "There is no such thing.",
    405: "This address is not asked so.",
    413: "It is larger than what is read.",
    422: "It can be read, but not used.",
    429: "This user has as many jobs under way as may be.",
    507: "There is no room for it on the disk.",
}
"""How any operation may be refused: with a code for programs, and a sentence."""


def _operation(
    summary: str,
    answer: dict[str, Any] | str,
    *,
    body: str | None = None,
    status: int = 200,
    parameters: dict[str, dict[str, Any]] | None = None,
    query: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return one operation; *answer* is a schema, or the media type of what is no JSON."""
    content = {answer: {"schema": TEXT}} if isinstance(answer, str) else {"application/json": {"schema": answer}}
    described: dict[str, Any] = {
        "summary": summary,
        "responses": {
            str(status): {"description": summary, "content": content},
            **{
                str(number): {"description": said, "content": {"application/json": {"schema": _ref("Refusal")}}}
                for number, said in REFUSALS.items()
            },
        },
    }
    where = [("path", parameters or {}), ("query", query or {})]
    if parameters or query:
        described["parameters"] = [
            {"name": name, "in": place, "required": place == "path", "schema": schema}
            for place, named in where
            for name, schema in named.items()
        ]
    if body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    return described


LESSON = {"course": COURSE, "slug": SLUG}
JOB = {"id": {"type": "string", "pattern": r"^[A-Za-z0-9_-]+$"}}
ARTIFACT = {"id": {"type": "string", "pattern": "^[a-z0-9_-]+$"}}
DATE = {"type": "string", "format": "date"}
WANTED = {
    "text": TEXT,
    "limit": AT_LEAST_ONE,
    "kind": {"enum": ["lesson", "artifact"]},
    "course": TEXT,
    "skills": _list(TEXT),
    "levels": _list(TEXT),
    "minutes": AT_LEAST_ONE,
    "author": TEXT,
    "language": TEXT,
    "assurance": TEXT,
    "since": DATE,
    "until": DATE,
}
"""What a search may say: `catalog.store.Where` has the same fields."""

PATHS: dict[str, dict[str, Any]] = {
    "/health": {"get": _operation("Whether hornbook is here, and how strong its sandbox is", _ref("Health"))},
    "/openapi.json": {"get": _operation("This description", ANY)},
    "/lessons": {"get": _operation("Every lesson, with how far the learner is", _ref("Lessons"))},
    "/lessons/{course}/{slug}/related": {"get": _operation("What fits after a lesson", _list(_ref("Related")), parameters=LESSON)},
    "/lessons/{course}/{slug}/teaching": {
        "get": _operation(
            "The lesson that teaches what an error message is about", _list(_ref("Related")), parameters=LESSON, query={"trouble": TEXT}
        )
    },
    "/find": {"get": _operation("What fits a question, some words or an error message", _list(_ref("Found")), query=WANTED)},
    "/lessons/{course}/{slug}/work": {
        "post": _operation("Make the learner's copy of a lesson, if there is none", _ref("Lesson"), parameters=LESSON)
    },
    "/takeaway": {"get": _operation("All of the learner's work, as one file", "application/zip")},
    "/notebooks": {"post": _operation("Tell which lesson a notebook is", _ref("Notebook"), body="SentNotebook")},
    "/checks": {"post": _operation("Check cells as they stand", _ref("Job"), body="SentNotebook", status=201)},
    "/hints": {"post": _operation("Record that hints of a check were shown", _ref("ShownHint"), body="SeenHint")},
    "/grades": {"post": _operation("Hand a saved notebook in", _ref("Job"), body="HandedIn", status=201)},
    "/doctor": {"post": _operation("Prove a lesson", _ref("Job"), body="LessonName", status=201)},
    "/examples": {"post": _operation("Make a check of an example", _ref("ExampleCheck"), body="Example")},
    "/artifacts": {"get": _operation("What was published, newest first", _list(_ref("Artifact")))},
    "/artifacts/{id}": {"delete": _operation("Delete an artifact, and let it be found no more", _ref("Removed"), parameters=ARTIFACT)},
    "/artifacts/{id}/page": {"get": _operation("The page of an artifact", "text/html; charset=utf-8", parameters=ARTIFACT)},
    "/artifacts/{id}/zip": {"get": _operation("An artifact to take along", "application/zip", parameters=ARTIFACT)},
    "/jobs/{id}": {
        "get": _operation("How a job stands", _ref("Job"), parameters=JOB),
        "delete": _operation("Cancel a job", _ref("Job"), parameters=JOB),
    },
    "/jobs/{id}/events": {"get": _operation("A job whenever it has changed, until it is over", "text/event-stream", parameters=JOB)},
}


def description(base_url: str) -> dict[str, Any]:
    """Return it, for a server whose addresses begin with *base_url*."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "hornbook", "version": __version__, "description": "Lessons, checks and grades of one learner's Lab."},
        "servers": [{"url": f"{base_url}hornbook/api"}],
        "security": [{"token": []}],
        "paths": PATHS,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        },
    }
