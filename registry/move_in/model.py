# SPDX-License-Identifier: Apache-2.0
"""What moving in speaks of: records of a source, the parts they are arranged in, and what became of each.

A source says the same record in the same bytes as long as nothing of it has changed: what is taken again is told by
its digest. Keys are spelled as the source spells them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import md5
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from registry.errors import Reason
from registry.identifiers.text import ascii_lower

if TYPE_CHECKING:
    from registry.storage.unit_of_work import UnitOfWork

PARTS = 4096
"""How many parts the records of a kind are arranged in; a part is written in one transaction."""
_PART_DIGITS = 3


class SourceKind(StrEnum):
    """In which form the old system's data are at hand."""

    PHOSS_XML = "phoss-xml"
    PHOSS_SQL = "phoss-sql"
    DOMISMP_SQL = "domismp-sql"
    DOMISML_SQL = "domisml-sql"
    SMP_CRAWL = "smp-crawl"
    CSV = "csv"


class Kind(StrEnum):
    """What a record is about, in the order of loading; the first two belong to an SMP, the others to an SML.

    A migration has the key of its registration, so that both are in one part.
    """

    OWNER = "owner"
    PARTICIPANT = "participant"
    SUB_DOMAIN = "sub-domain"
    PUBLISHER = "publisher"
    REGISTRATION = "registration"
    MIGRATION = "migration"
    DNS_RECORD = "dns-record"


def part_of(key: str) -> int:
    """The part of a key, 0 to 4095: three hexadecimal digits of its MD5, which the databases of sources can say too.

    It is that of the folded key, so that one transaction sees all spellings of a participant.
    """
    return int(md5(folded(key).encode(), usedforsecurity=False).hexdigest()[:_PART_DIGITS], 16)


def folded(key: str) -> str:
    """A key without what may tell two spellings of one participant apart.

    That is letter case (of A to Z), blanks, and the colons between which an ebCore party id is cut.
    """
    return ascii_lower(key.replace(" ", "").replace(":", ""))


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One thing that the source holds; `body` is canonical JSON (`registry.smp.exchange.json_lines.canonical_json`)."""

    kind: Kind
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Unhoused:
    """What the source holds and what has no home here: `smp_user.password`, how many, and why."""

    name: str
    count: int
    why: str


class Source(Protocol):
    """An old system's data. Whoever opens one closes it; reading changes nothing there."""

    kind: SourceKind

    def check(self) -> None:
        """Find out whether it can be reached and read, and has a layout that is known.

        Raises ConfigurationError where an operator has to change something, TechnicalError where trying again may help;
        either says what to do.
        """

    def checksums(self) -> Mapping[tuple[Kind, int], str] | None:
        """What each part amounts to, of the very snapshot that `records` reads; an empty part has none.

        None where the source can only be read whole. Errors as those of `check`.
        """

    def records(self, parts: Collection[tuple[Kind, int]] | None) -> Iterator[SourceRecord]:
        """The records of these parts, or all, in any order; a key comes at most once in a kind.

        Raises ConflictError where the source has changed while it was read; else as `check`.
        """

    def unhoused(self) -> tuple[Unhoused, ...]:
        """What was left out; known once `records` has been read to its end."""

    def close(self) -> None:
        """Let go of the source."""


@runtime_checkable
class StatedSource(Source, Protocol):
    """A source that can tell at little cost that nobody has written to it."""

    def state(self) -> str | None:
        """What tells the snapshot that `records` reads from any other: the same one means that nothing was written.

        Another one means that something may have been; None that it can't be told. Errors as those of `check`.
        """


class Verdict(StrEnum):
    """What became of a record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one record: all reasons where it was refused, and what an operator should know where it wasn't."""

    key: str
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()


class Receiver(Protocol):
    """Takes the records of one kind in.

    A plan takes its transactions back, and one that fails is tried again: what a receiver keeps from one call to the
    next must hold all the same (what was decided of a certificate, not the number of a row that it has made).
    """

    kind: Kind

    def apply(self, work: "UnitOfWork", records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        """Write the records of a part that are new or have changed, and take away those that are gone at the source.

        No participant comes in two spellings, and none is gone of which the source still has one.
        One result for each record and each key that is gone; what is refused leaves nothing behind. All in `work`'s
        transaction, and safe to repeat. Raises TechnicalError alone.
        """
