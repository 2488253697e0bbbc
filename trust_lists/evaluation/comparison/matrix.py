# SPDX-License-Identifier: Apache-2.0
"""What two configurations decide about the same certificates: a 3x3 matrix for each role, and every flip with its step.

Decisions are made without a trace; only what flips is asked again with one. The first step at which two traces part
tells which rule is behind a flip, and flips with the same one are a group.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import zip_longest

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.errors import CertificateError
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.leaf import values
from trust_lists.evaluation.decisions.model import Case, Decision, Outcome, TraceStep
from trust_lists.evaluation.trust_configuration.model import Context, Json, Role

EXAMPLES = 5
"""Flips of a group that people are shown; a program gets all of them."""
TRACED = 200
"""Flips for the same reasons that are traced one by one, as long as they all part at the same step."""
_PORTION = 500
"""Decisions between two calls of `progress`."""

Progress = Callable[[int, int], None]
"""Told how many of how many certificates are done, roles counted one by one."""


@dataclass(frozen=True, slots=True)
class Side:
    """A configuration that is compared, ready to decide, with its evidence."""

    name: str
    """A or B."""
    engine: DecisionEngine
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Subject:
    """A certificate of the corpus, and where it is from."""

    certificate: ListedCertificate
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is asked about every certificate."""

    at: datetime
    """Aware."""
    context: Mapping[Context, str] = field(default_factory=dict)
    """What is known about who is meant, the same for all."""
    own_context: Mapping[Context, str] = field(default_factory=dict)
    """What is taken from the certificate, by the attribute (`CN`): everybody is then who they say they are."""
    own_time: bool = False
    """Whether each certificate is asked about in the middle of its own validity, where that can be read."""

    def case(self, role: Role, certificate: ListedCertificate) -> Case:
        """The question about one certificate."""
        at = self._middle(certificate) if self.own_time else self.at
        case = Case(role, certificate, at, context=self.context)
        own = {key: found[0] for key, name in self.own_context.items() if (found := values(case, name))}
        return replace(case, context={**self.context, **own}) if own else case

    def _middle(self, certificate: ListedCertificate) -> datetime:
        try:
            start, end = certificate.slices.dates if certificate.slices else (self.at, self.at)
        except CertificateError:
            return self.at
        return start + timedelta(seconds=(end - start) // timedelta(seconds=2))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a trace, and what came of it; `name` is "" where the other trace has a step more."""

    name: str
    outcome: str

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        return {"step": self.name, "outcome": self.outcome}


@dataclass(frozen=True, slots=True)
class Flip:
    """A certificate about which A and B don't say the same."""

    subject: Subject
    case: Case
    before: Decision
    after: Decision

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {
            "sha256": self.before.sha256,
            "subject": self.before.subject,
            "origin": self.subject.origin,
            "at": self.case.at.isoformat(),
            "before": _told(self.before),
            "after": _told(self.after),
        }


@dataclass(frozen=True, slots=True)
class FlipGroup:
    """Flips whose traces part at the same step."""

    before: Outcome
    after: Outcome
    steps: tuple[Step, Step]
    """The first that differ: of A, of B."""
    reason: str
    """The id of the decisive check of the side that says less; "" where both accept."""
    clause: str
    flips: tuple[Flip, ...]

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {
            "before": self.before.value,
            "after": self.after.value,
            "count": len(self.flips),
            "first_differing_step": {"before": self.steps[0].to_json(), "after": self.steps[1].to_json()},
            "reason": self.reason,
            "clause": self.clause,
            "flips": [each.to_json() for each in self.flips],
        }


@dataclass(frozen=True, slots=True)
class RoleMatrix:
    """What A and B decide in one role."""

    role: Role
    counts: Mapping[tuple[Outcome, Outcome], int]
    """How many certificates, by the answer of A and that of B."""
    groups: tuple[FlipGroup, ...]
    """The largest first."""
    names: tuple[int, int]
    """How many subjects A, and B, accepts by at least one of their certificates."""
    lost: int
    """Subjects that A accepts and B doesn't, by whatever certificate."""
    won: int

    @property
    def total(self) -> int:
        """How many certificates were asked about."""
        return sum(self.counts.values())

    @property
    def flipped(self) -> int:
        """About how many A and B don't say the same."""
        return sum(count for (before, after), count in self.counts.items() if before is not after)

    def accepted(self, side: int) -> int:
        """How many A (0) or B (1) accepts."""
        return sum(count for pair, count in self.counts.items() if pair[side] is Outcome.ACCEPT)

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {
            "role": self.role.value,
            "certificates": self.total,
            "accepted": {"A": self.accepted(0), "B": self.accepted(1)},
            "matrix": {
                before.value: {after.value: self.counts.get((before, after), 0) for after in Outcome}
                for before in Outcome
            },
            "flipped": self.flipped,
            "subjects": {"A": self.names[0], "B": self.names[1], "lost": self.lost, "won": self.won},
            "groups": [each.to_json() for each in self.groups],
        }


def compare_decisions(
    a: Side,
    b: Side,
    corpus: Sequence[Subject],
    roles: Sequence[Role],
    asked: Circumstances,
    progress: Progress | None = None,
) -> tuple[RoleMatrix, ...]:
    """Both sides' decisions about every certificate in every role. Raises nothing."""
    done = 0
    found = []
    for role in roles:
        counts: Counter[tuple[Outcome, Outcome]] = Counter()
        flipped: list[Flip] = []
        accepted: tuple[set[ComparableName], set[ComparableName]] = (set(), set())
        for subject in corpus:
            case = asked.case(role, subject.certificate)
            before, after = (side.engine.decide(case, side.evidence) for side in (a, b))
            counts[before.outcome, after.outcome] += 1
            for decision, names in zip((before, after), accepted, strict=True):
                if decision.accepted:
                    names.add(subject.certificate.comparable_subject)
            if before.outcome is not after.outcome:
                flipped.append(Flip(subject, case, before, after))
            done += 1
            if progress is not None and done % _PORTION == 0:
                progress(done, len(corpus) * len(roles))
        of_a, of_b = accepted
        sizes = (len(of_a), len(of_b))
        groups = tuple(_groups(a, b, flipped))
        found.append(RoleMatrix(role, dict(counts), groups, sizes, len(of_a - of_b), len(of_b - of_a)))
    return tuple(found)


def first_difference(before: TraceStep, after: TraceStep) -> tuple[Step, Step]:
    """The first steps, in their order, at which two traces part; those of the whole where nothing inside differs."""
    for one, other in zip_longest(before.steps, after.steps):
        if one is None or other is None or (one.ref, one.step) != (other.ref, other.step):
            return _step(one), _step(other)
        if one.outcome != other.outcome:
            return first_difference(one, other)
    return _step(before), _step(after)


_Key = tuple[Outcome, Outcome, tuple[Step, Step], str, str]
_Reasons = tuple[tuple[object, ...], tuple[object, ...]]


def _groups(a: Side, b: Side, flipped: Iterable[Flip]) -> Iterator[FlipGroup]:
    groups: dict[_Key, list[Flip]] = {}
    steps = _Steps(a, b)
    for flip in flipped:
        decisive = (flip.after if flip.before.accepted else flip.before).decisive
        told = (decisive.id, decisive.clause) if decisive else ("", "")
        groups.setdefault((flip.before.outcome, flip.after.outcome, steps.of(flip), *told), []).append(flip)
    for key in sorted(groups, key=lambda key: (-len(groups[key]), str(key))):
        yield FlipGroup(*key, tuple(groups[key]))


class _Steps:
    """Where traces part. Of flips for the same reasons, so many of which all part at one step, the others do too."""

    def __init__(self, a: Side, b: Side) -> None:
        self._sides = (a, b)
        self._seen: dict[_Reasons, list[tuple[Step, Step]]] = {}

    def of(self, flip: Flip) -> tuple[Step, Step]:
        """The first steps that differ: of A, of B."""
        reasons = (_reasons(flip.before), _reasons(flip.after))
        seen = self._seen.setdefault(reasons, [])
        if len(seen) < TRACED or len(set(seen)) > 1:
            seen.append(self._traced(flip))
            return seen[-1]
        return seen[0]

    def _traced(self, flip: Flip) -> tuple[Step, Step]:
        before, after = (side.engine.decide(flip.case, side.evidence, trace=True) for side in self._sides)
        if before.trace and after.trace:
            return first_difference(before.trace, after.trace)
        return Step(_clause(before), before.outcome.value), Step(_clause(after), after.outcome.value)


def _reasons(decision: Decision) -> tuple[object, ...]:
    """Why it was decided so, whatever certificate it is about."""
    return (decision.grounds, *((check.id, check.clause, check.source) for check in decision.checks))


def _step(found: TraceStep | None) -> Step:
    if found is None:
        return Step("", "")
    name = found.step if found.ref in {"configuration", "ground"} else f"{found.ref} {found.step}"
    return Step(name, found.outcome)


def _clause(decision: Decision) -> str:
    return decision.decisive.clause if decision.decisive else ""


def _told(decision: Decision) -> dict[str, object]:
    found: dict[str, object] = {"outcome": decision.outcome.value, "grounds": list(decision.grounds)}
    return found | {"checks": [check.to_json() for check in decision.checks]}
