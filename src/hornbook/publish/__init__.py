"""Seals and signs: a passed notebook becomes a page that proves itself.

    artifact = publish(notebook, verdict, lesson, into=Path("portfolio"))
    verify(artifact.folder)

`hornbook.publish` names this package and its main function alike, so the package can be called.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hornbook.publish.artifact import Artifact, artifacts
from hornbook.publish.credential import Credential
from hornbook.publish.endorsement import Draft, Endorsement, accept, decline, endorse, endorsements
from hornbook.publish.issuer import Issuer
from hornbook.publish.keys import Keyring
from hornbook.publish.sealing import Signer, Work, publish
from hornbook.publish.transcripts import transcript
from hornbook.publish.verifying import Verification, verify

__all__ = [
    "Artifact",
    "Credential",
    "Draft",
    "Endorsement",
    "Issuer",
    "Keyring",
    "Signer",
    "Verification",
    "Work",
    "accept",
    "artifacts",
    "decline",
    "endorse",
    "endorsements",
    "publish",
    "transcript",
    "verify",
]

if not TYPE_CHECKING:

    class _Callable(ModuleType):
        """A package that does what its main function does: `from hornbook import publish` may give either."""

        def __call__(self, *args: Any, **named: Any) -> Artifact:
            """Do what `publish` does."""
            return publish(*args, **named)

    sys.modules[__name__].__class__ = _Callable
