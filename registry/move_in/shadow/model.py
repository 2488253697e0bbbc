# SPDX-License-Identifier: Apache-2.0
"""What a comparison of two systems speaks of: questions put to both, and in what their answers differ.

A failure of either side is no answer: it is never taken for an equal one, nor for a difference.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar


class DifferenceKind(StrEnum):
    """In what the answers of both systems differ; what is missing is missing here, what is extra is only here."""

    MISSING_PARTICIPANT = "missing-participant"
    EXTRA_PARTICIPANT = "extra-participant"
    MISSING_DOCUMENT_TYPE = "missing-document-type"
    EXTRA_DOCUMENT_TYPE = "extra-document-type"
    MISSING_PROCESS = "missing-process"
    EXTRA_PROCESS = "extra-process"
    MISSING_ENDPOINT = "missing-endpoint"
    EXTRA_ENDPOINT = "extra-endpoint"
    URL = "url"
    CERTIFICATE = "certificate"
    DATES = "dates"
    REDIRECT = "redirect"
    IDENTIFIER = "identifier"
    """A document is about something else than was asked."""
    DETAILS = "details"
    """Descriptions, contacts, flags, roles: what no sender needs in order to send."""
    EXTENSION = "extension"
    MISSING_RECORD = "missing-record"
    EXTRA_RECORD = "extra-record"
    OTHER_RECORD = "other-record"
    SPELLING = "spelling"
    """The same identifier in another letter case, where the domain's rules say that case means nothing."""
    REFUSED = "refused"
    """What is missing was refused when it was loaded, with reasons that are kept there."""
    COMPLETED = "completed-redirect"
    """The old redirect leads to an SMP, ours to the document there, which is what a redirect of SMP 1.x has to say."""
    TTL = "ttl"


HARMLESS = frozenset({DifferenceKind.SPELLING, DifferenceKind.REFUSED, DifferenceKind.COMPLETED, DifferenceKind.TTL})
"""What is counted and shown, and speaks against nothing."""


class Side(StrEnum):
    """One of both systems."""

    OLD = "old"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the answers don't agree on; `where` is inside of the document, "" for all of it."""

    kind: DifferenceKind
    where: str = ""
    old: str = ""
    ours: str = ""

    @property
    def is_harmless(self) -> bool:
        """Whether a sender does the same with either answer."""
        return self.kind in HARMLESS

    def to_json(self) -> dict[str, str]:
        """For a report; what says nothing is left out."""
        said = {"kind": self.kind.value, "where": self.where, "old": self.old, "ours": self.ours}
        return {name: text for name, text in said.items() if text}


Q = TypeVar("Q", bound=Hashable)
Q_contra = TypeVar("Q_contra", bound=Hashable, contravariant=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question: in what the answers differ, and who failed to give one."""

    differences: tuple[Difference, ...] = ()
    failures: tuple[tuple[Side, str], ...] = ()
    follow: tuple[Any, ...] = ()
    """The questions that the answers lead to."""

    @property
    def is_settled(self) -> bool:
        """Whether both have answered, and mean the same."""
        return not self.failures and all(each.is_harmless for each in self.differences)


class Comparer(Protocol[Q_contra]):
    """Asks both systems, one question after the other; belongs to one thread and keeps its connections."""

    def ask(self, question: Q_contra) -> Answer:
        """Put a question to both, and compare. Never raises for what a server does."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
