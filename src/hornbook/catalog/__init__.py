"""Finds: lessons and artifacts by their words and by their meaning. SQL is the truth, Chroma an index that can be made again.

    with Catalog.open() as catalog:
        catalog.keep(course)
        catalog.find("how do I fill missing values?", Where(levels=("beginner",)))

`hornbook.find` and `hornbook.related` do it for the learner's own catalog.
"""

from hornbook.catalog.catalog import Catalog, Report, find, ranked, related
from hornbook.catalog.embed import Embedder, MiniLM
from hornbook.catalog.passages import Document, Passage, artifact_document, artifact_key, lesson_document, lesson_key
from hornbook.catalog.search import Hit
from hornbook.catalog.store import Where, default_path

__all__ = [
    "Catalog",
    "Document",
    "Embedder",
    "Hit",
    "MiniLM",
    "Passage",
    "Report",
    "Where",
    "artifact_document",
    "artifact_key",
    "default_path",
    "find",
    "lesson_document",
    "lesson_key",
    "ranked",
    "related",
]
