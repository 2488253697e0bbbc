# SPDX-License-Identifier: Apache-2.0
"""What a plan or a load comes to: how many of what, which were refused and why, what has no home here."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from registry.errors import ConflictError, Reason
from registry.move_in.model import Kind, Result, Unhoused, Verdict

SHOWN = 20
"""So many refusals and notes are told one by one."""
MAX_PERCENT = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be refused, and removed, in percent of what the source holds, or held when it was read last."""

    refused_percent: float = MAX_PERCENT
    removed_percent: float = MAX_PERCENT


@dataclass(frozen=True, slots=True)
class Difference:
    """What a source holds of a kind, compared with the ledger: how many that has, `refused` ones among them; and how
    many are new, changed and gone."""

    held: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    refused: int = 0

    @property
    def records(self) -> int:
        """How many the source holds now."""
        return self.held - self.gone + self.new

    def plus(self, other: "Difference") -> "Difference":
        """Both together."""
        return Difference(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))


Differences = Mapping[Kind, Difference]


@dataclass(slots=True)
class Tally:
    """What became of records: how many by kind and verdict, the ids of reasons, the first refusals and notes.

    `retried` are those that had been refused before.
    """

    counts: Counter[tuple[Kind, Verdict]] = field(default_factory=Counter)
    retried: Counter[Kind] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[Kind, str, tuple[Reason, ...]]] = field(default_factory=list)
    notes: list[tuple[Kind, str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, kind: Kind, results: Iterable[Result], retried: int) -> "Tally":
        """Of the results of one kind."""
        tally = cls(retried=Counter({kind: retried}))
        for result in results:
            tally.counts[kind, result.verdict] += 1
            if result.reasons:
                tally.reasons.update({reason.id for reason in result.reasons})
                tally.refused.append((kind, result.key, result.reasons))
            tally.notes += ((kind, result.key, note) for note in result.notes)
        return tally

    def add(self, other: "Tally") -> None:
        """Count others, too."""
        self.counts += other.counts
        self.retried += other.retried
        self.reasons += other.reasons
        self.refused += other.refused[: SHOWN - len(self.refused)]
        self.notes += other.notes[: SHOWN - len(self.notes)]

    def count(self, verdict: Verdict) -> int:
        """How many of all kinds."""
        return sum(count for (_, each), count in self.counts.items() if each is verdict)

    @property
    def total(self) -> int:
        """How many in all."""
        return self.counts.total()

    def to_json(self) -> dict[str, Any]:
        """The counts."""
        kinds: dict[str, dict[str, int]] = {}
        for (kind, verdict), count in sorted(self.counts.items()):
            kinds.setdefault(kind.value, {})[verdict.value] = count
        return {"records": kinds, "reasons": dict(sorted(self.reasons.items()))}


@dataclass(frozen=True, slots=True)
class Report:
    """A plan, or a load. `resumed` tells that it went on with what had been read before."""

    move_id: int
    differences: Differences
    tally: Tally
    unhoused: tuple[Unhoused, ...]
    planned: bool = False
    resumed: bool = False

    @property
    def refused(self) -> int:
        """How many records of the source are refused after it, whenever that was."""
        return sum(_refused(kind, difference, self.tally) for kind, difference in self.differences.items())

    def kept_json(self) -> dict[str, Any]:
        """What is kept of it: without participants, who are in the ledger."""
        return self.tally.to_json() | {"unhoused": [[each.name, each.count, each.why] for each in self.unhoused]}

    def to_json(self) -> dict[str, Any]:
        """For a client."""
        return self.kept_json() | {
            "move": self.move_id,
            "planned": self.planned,
            "resumed": self.resumed,
            "source": {kind.value: difference.records for kind, difference in sorted(self.differences.items())},
            "refused": [
                {"kind": kind.value, "key": key, "reasons": [reason_json(reason) for reason in reasons]}
                for kind, key, reasons in self.tally.refused
            ],
            "notes": [{"kind": kind.value, "key": key, "note": note} for kind, key, note in self.tally.notes],
        }


def reason_json(reason: Reason) -> list[str]:
    """A reason as [id, message, clause]."""
    return [reason.id, reason.message, reason.clause]


def reason_text(said: Sequence[str]) -> str:
    """What `reason_json` gives, in words."""
    return str(Reason(*said))


def refuse_too_many_removed(differences: Differences, limits: Limits) -> None:
    """Raises ConflictError where more is gone at the source than may be removed here."""
    for kind, difference in differences.items():
        if difference.gone * 100 > limits.removed_percent * difference.held:
            raise ConflictError(
                f"{difference.gone} of {difference.held} {kind} records are gone at the source, more than "
                f"{limits.removed_percent:g} %. Look at the plan; if it is right, say --max-removed-percent"
            )


def refuse_too_many_refused(tally: Tally, differences: Differences, limits: Limits) -> None:
    """Raises ConflictError where more is refused than may be, and more than before."""
    for kind, difference in differences.items():
        refused, known = _refused(kind, difference, tally), difference.held + difference.new
        if refused > difference.refused and refused * 100 > limits.refused_percent * known:
            raise ConflictError(
                f"{refused} of {known} {kind} records were refused, more than "
                f"{limits.refused_percent:g} %; the load has stopped there and can go on. `registry move-in status` "
                "tells the reasons; if it is right, say --max-refused-percent"
            )


def _refused(kind: Kind, difference: Difference, tally: Tally) -> int:
    return difference.refused - tally.retried[kind] + tally.counts[kind, Verdict.REFUSED]
