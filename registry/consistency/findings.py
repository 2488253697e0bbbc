# SPDX-License-Identifier: Apache-2.0
"""What a comparison finds: each finding by itself, and how many there are of each kind of how much was looked at."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import IO, Any, Self

from registry.scratch import scratch_file

ALWAYS_ALLOWED = 10
"""So many changes of a kind are no sign of a mistake, whatever share they are."""
EXAMPLES = 20
"""Findings of each kind that a summary shows."""


class Kind(StrEnum):
    """What is wrong. `repaired_by` says what a repair does; nothing does for the kinds where it is empty."""

    GROUP_UNREGISTERED = "group-unregistered"
    GROUP_ELSEWHERE = "group-elsewhere"
    REGISTRATION_UNSERVED = "registration-unserved"
    NAME_MISSING = "name-missing"
    NAME_DIFFERS = "name-differs"
    NAME_SURPLUS = "name-surplus"
    NAME_CONTESTED = "name-contested"
    SERVER_DIFFERS = "server-differs"
    FOREIGN_MISSING = "foreign-missing"
    FOREIGN_SURPLUS = "foreign-surplus"
    DIRECTORY_MISSING = "directory-missing"
    DIRECTORY_SURPLUS = "directory-surplus"
    DIRECTORY_UNREGISTERED = "directory-unregistered"

    @property
    def meaning(self) -> str:
        """What it says, for a reader."""
        return _MEANINGS[self][0]

    @property
    def repaired_by(self) -> str:
        """What a repair does; empty where there is none."""
        return _MEANINGS[self][1]


_MEANINGS: Mapping[Kind, tuple[str, str]] = {
    Kind.GROUP_UNREGISTERED: ("our SMP serves a participant that the SML doesn't know", "it is registered"),
    Kind.GROUP_ELSEWHERE: ("our SMP serves a participant that another SMP has registered", ""),
    Kind.REGISTRATION_UNSERVED: (
        "our SMP has registered a participant that it doesn't serve",
        "its registration is removed",
    ),
    Kind.NAME_MISSING: ("a name lacks records that it should hold", "they are written"),
    Kind.NAME_DIFFERS: ("a name holds other records than it should", "they are replaced"),
    Kind.NAME_SURPLUS: ("a name holds records that nothing accounts for", "they are removed"),
    Kind.NAME_CONTESTED: ("several registrations want different records at one name", ""),
    Kind.SERVER_DIFFERS: ("a name server answers other than the zone that it claims to serve", ""),
    Kind.FOREIGN_MISSING: ("our SMP serves a participant that the foreign SML doesn't know", "CreateList"),
    Kind.FOREIGN_SURPLUS: (
        "the foreign SML has a participant for our SMP that this doesn't serve",
        "DeleteList",
    ),
    Kind.DIRECTORY_MISSING: ("the directory lacks a participant that should be found there", ""),
    Kind.DIRECTORY_SURPLUS: (
        "the directory has a participant of our SMP that has no public card, or isn't registered",
        "",
    ),
    Kind.DIRECTORY_UNREGISTERED: ("the directory has a participant that nobody has registered", ""),
}
REPAIRABLE = tuple(kind for kind in Kind if kind.repaired_by)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: `subject` for a reader, `key` for who repairs it.

    `wanted` and `found` are what should be there and what is; None for nothing.
    """

    kind: Kind
    subject: str
    key: tuple[str, ...]
    wanted: str | None = None
    found: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For a report."""
        return {"kind": self.kind.value, "subject": self.subject, "wanted": self.wanted, "found": self.found}


@dataclass(frozen=True, slots=True)
class Seen:
    """When a comparison began: the moment, and the number of the zone's last change by then."""

    at: datetime
    sequence: int


@dataclass(slots=True)
class Summary:
    """How many findings there are of each kind, the first of them, and how many things were compared for each."""

    counts: dict[Kind, int] = field(default_factory=dict)
    compared: dict[Kind, int] = field(default_factory=dict)
    examples: list[Finding] = field(default_factory=list)
    in_progress: int = 0
    """Names that weren't judged, since a job is at work on those of their SMP."""

    @property
    def consistent(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.counts.values())

    def add(self, finding: Finding) -> None:
        """Count a finding."""
        count = self.counts.get(finding.kind, 0)
        self.counts[finding.kind] = count + 1
        if count < EXAMPLES:
            self.examples.append(finding)

    def looked_at(self, number: int, *kinds: Kind) -> None:
        """Note how many things were compared that could have been of these kinds."""
        self.compared |= dict.fromkeys(kinds, number)

    def beyond(self, max_percent: float, kinds: Collection[Kind]) -> list[str]:
        """Which of these kinds would change more than so many percent of what there is, in words."""
        return [
            f"{count} of {self.compared.get(kind, 0)} ({kind})"
            for kind, count in self.counts.items()
            if kind in kinds and kind.repaired_by and count > ALWAYS_ALLOWED
            if count * 100 > max_percent * self.compared.get(kind, 0)
        ]

    def to_json(self) -> dict[str, Any]:
        """For a report, a job's result, a client."""
        return {
            "consistent": self.consistent,
            "in_progress": self.in_progress,
            "counts": {kind.value: count for kind, count in self.counts.items()},
            "compared": {kind.value: number for kind, number in self.compared.items()},
            "examples": [finding.to_json() for finding in self.examples],
        }


class Findings:
    """The findings of a comparison, however many, in a file that goes with the block that holds it."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.summary = Summary()
        self._file: IO[str] = scratch_file()

    def add(self, finding: Finding) -> None:
        """Keep a finding."""
        self.summary.add(finding)
        parts = (finding.kind, finding.subject, finding.key, finding.wanted, finding.found)
        self._file.write(json.dumps(parts) + "\n")

    def __iter__(self) -> Iterator[Finding]:
        """All of them, in the order in which they were found."""
        self._file.seek(0)
        for line in self._file:
            kind, subject, key, wanted, found = json.loads(line)
            yield Finding(Kind(kind), subject, tuple(key), wanted, found)

    def close(self) -> None:
        """Forget all of them but the summary."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
