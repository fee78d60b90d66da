"""The catalog as one learner's server asks it: opened when it is first needed, and answering while its index is still made.

The server's start costs nothing of it. The first question is answered from the database, and then, in a thread, Chroma's directory is
taken over where no other process has it: what is published from then on is in it, too. Where the catalog cannot be used, a search is
refused in one sentence, and everything else goes on without it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.errors import HornbookError
from hornbook.server.lessons import PORTFOLIO, Shelf

if TYPE_CHECKING:
    from hornbook.catalog import Catalog, Hit, Where
    from hornbook.course import Course
    from hornbook.lesson import Lesson
    from hornbook.publish.artifact import Artifact

MOST_FOUND = 20
MOST_STEPS = 3
PATIENCE = 5.0
"""How long the end of a server waits for an index that is being made, in seconds."""


@dataclass(eq=False)
class Finder:
    """What can be found from a *shelf*. Threads may share it."""

    shelf: Shelf
    _catalog: Catalog | None = None
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _indexing: threading.Thread | None = None
    _closed: bool = False

    @property
    def ready(self) -> bool:
        """Whether the catalog is open, so that a question costs nobody the time to open it."""
        return self._catalog is not None

    def find(self, text: str, wanted: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
        """Return what fits *text*, for which what is *wanted* holds, each as plain data. Raises `HornbookError` for what makes no sense."""
        from hornbook.catalog import Where  # noqa: PLC0415 - heavy

        where = Where.of(wanted)
        courses = self.shelf.courses()
        catalog = self._kept(courses)
        hits = catalog.find(text, where, limit=min(limit, MOST_FOUND))
        self._index_soon(catalog)
        return [self._told(hit, courses) for hit in hits]

    def related(self, course: Course, lesson: Lesson, passed: Collection[str]) -> list[dict[str, str]]:
        """Return what to do after *lesson*, as far as it can be begun from here; each step with its reason."""
        catalog = self._kept([course])
        hits = catalog.related(_key(course, lesson), passed=passed, limit=2 * MOST_STEPS)
        self._index_soon(catalog)
        return self._steps(hits)[:MOST_STEPS]

    def teaching(self, course: Course, lesson: Lesson, passed: Collection[str], trouble: str) -> list[dict[str, str]]:
        """Return the lesson that teaches what the error message *trouble* is about: another one, that was passed or can be begun.

        Whoever works on *lesson* may begin what it builds on, and what builds on no more than that.
        """
        here = {one.slug: one for one in course.lessons}
        known = {*passed, *_before(lesson.slug, here)}
        hits = self._kept([course]).teaching(trouble, _lessons_of(course), limit=2 * MOST_STEPS)
        able = [hit for hit in hits if hit.slug in here and set(here[hit.slug].requires) <= {*known, hit.slug}]
        return self._steps([hit for hit in able if hit.slug != lesson.slug], reasons=2)[:1]

    def enter(self, artifact: Artifact, course: Course, lesson: Lesson) -> None:
        """Let *artifact* be found, in the place of what was there of the same lesson."""
        from hornbook.catalog import artifact_document  # noqa: PLC0415 - heavy

        catalog = self._open()
        language = course.settings.language
        catalog.add(artifact_document(artifact, lesson, course=course.name, author=artifact.issuer, language=language))
        self._index_soon(catalog)

    def withdraw(self, page: Path) -> None:
        """Let the artifact with this *page* be found no more."""
        self._open().withdraw(page)

    def warm(self, course: Course) -> None:
        """Open the catalog and read the lessons of *course* while nobody waits for it."""
        with contextlib.suppress(HornbookError):
            self._kept([course])

    def close(self) -> None:
        """Let go of the catalog, after what is under way."""
        with self._opening:
            self._closed = True
        if self._indexing is not None:
            self._indexing.join(PATIENCE)
        # An index that is still being made is made anew the next time: it may end in the middle.
        if self._catalog is not None and (self._indexing is None or not self._indexing.is_alive()):
            self._catalog.close()

    # --- the parts ---

    def _open(self) -> Catalog:
        from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy

        with self._opening:
            if self._closed:
                raise HornbookError("The server ends.")
            if self._catalog is None:
                self._catalog = Catalog.from_environment(asking=True)
            return self._catalog

    def _kept(self, courses: Sequence[Course]) -> Catalog:
        catalog = self._open()
        for course in courses:
            catalog.keep(course)
        return catalog

    def _index_soon(self, catalog: Catalog) -> None:
        with self._opening:
            if self._indexing is None and not self._closed:
                self._indexing = threading.Thread(target=catalog.take_over, name="hornbook-index", daemon=True)
                self._indexing.start()

    def _steps(self, hits: Sequence[Hit], *, reasons: int = 1) -> list[dict[str, str]]:
        """Return those of *hits* that can be begun from here, as the list of what is related shows them, with so many *reasons*."""
        courses = {course.name: course for course in self.shelf.courses()}
        seen = [hit for hit in hits if hit.course in courses and hit.slug in courses[hit.course].slugs]
        return [{"course": hit.course, "slug": hit.slug, "title": hit.title, "reason": " ".join(hit.reasons[:reasons])} for hit in seen]

    def _told(self, hit: Hit, courses: Sequence[Course]) -> dict[str, Any]:
        """Return *hit* as a client sees it: no path of this machine, but whether it is a lesson here, or an artifact of this portfolio."""
        at = Path(hit.place)
        mine = hit.kind == "artifact" and at.parent.parent == Path(os.path.realpath(self.shelf.root / PORTFOLIO))
        is_here = hit.kind == "lesson" and any(course.name == hit.course and hit.slug in course.slugs for course in courses)
        told = {name: value for name, value in hit.plain().items() if name not in {"key", "place"}}
        return told | {"here": is_here, "artifact": at.parent.name if mine else None}


def _key(course: Course, lesson: Lesson) -> str:
    from hornbook.catalog import lesson_key  # noqa: PLC0415 - heavy

    return lesson_key(course.name, lesson.slug)


def _lessons_of(course: Course) -> Where:
    from hornbook.catalog import Where  # noqa: PLC0415 - heavy

    return Where(course=course.name)


def _before(slug: str, lessons: Mapping[str, Lesson]) -> set[str]:
    """Return what the lesson *slug* requires, and what that does in its turn."""
    found: set[str] = set()
    todo = [slug]
    while todo:
        further = set(lessons[one].requires if (one := todo.pop()) in lessons else ()) - found
        found |= further
        todo += further
    return found
