# SPDX-License-Identifier: Apache-2.0
"""What two configurations answer to probes, and what that says about their rules."""

from dataclasses import dataclass
from datetime import datetime

from trust_lists.evaluation.decisions.model import Decision, Outcome
from trust_lists.evaluation.trust_configuration.model import Json, Role


@dataclass(frozen=True, slots=True)
class Answer:
    """What a side says of a probe."""

    outcome: Outcome
    reason: str
    """The id of the decisive check; "" where it is accepted."""
    clause: str
    message: str

    @classmethod
    def of(cls, decision: Decision) -> "Answer":
        """The short of a decision."""
        found = decision.decisive
        return cls(decision.outcome, *((found.id, found.clause, found.message) if found else ("", "", "")))

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        return {"outcome": self.outcome.value, "reason": self.reason, "clause": self.clause}


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe that was asked."""

    kind: str
    told: str
    sides: str
    """Whose rule it is about: A, B, or AB where both have it."""
    role: Role
    rule: str
    origin: str
    """Below which authority, or pin, by its key path."""
    at: datetime
    expected: Outcome
    """What the rule says."""
    before: Answer
    after: Answer
    signed: bool
    """Whether its signatures were verified; else that of the authority was taken as good."""

    @property
    def differs(self) -> bool:
        """Whether A and B don't answer the same."""
        return self.before.outcome is not self.after.outcome

    @property
    def unmet(self) -> bool:
        """Whether a side whose rule it is doesn't answer what the rule says."""
        answers = {"A": (self.before,), "B": (self.after,), "AB": (self.before, self.after)}[self.sides]
        return any(each.outcome is not self.expected for each in answers)

    @property
    def other(self) -> Answer:
        """The answer of the side whose rule it isn't; where both have it, that of B."""
        return self.before if self.sides == "B" else self.after

    @property
    def key(self) -> tuple[str, ...]:
        """What it is, whichever world it was asked in."""
        return (self.kind, self.told, self.sides, self.role.value, self.rule, self.origin)

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        return {
            "kind": self.kind,
            "probe": self.told,
            "of": self.sides,
            "role": self.role.value,
            "rule": self.rule,
            "below": self.origin,
            "at": self.at.isoformat(),
            "expected": self.expected.value,
            "A": self.before.to_json(),
            "B": self.after.to_json(),
            "differs": self.differs,
            "rule_met": not self.unmet,
            "signature": "verified" if self.signed else "assumed",
        }


@dataclass(frozen=True, slots=True)
class ProbeResults:
    """All of them."""

    probes: tuple[Probe, ...]
    """With real signatures, below twins."""
    hypotheticals: tuple[Probe, ...]
    """The same in the names of the real authorities, without revocation."""
    left_out: tuple[str, ...]
    """What no probes were made for, and why."""

    @property
    def whole(self) -> tuple[Probe, ...]:
        """The probes, and the hypotheticals that have no twin: those below services of lists."""
        known = {each.key for each in self.probes}
        return (*self.probes, *(each for each in self.hypotheticals if each.key not in known))

    @property
    def differing(self) -> tuple[Probe, ...]:
        """Those that A and B answer differently."""
        return tuple(each for each in self.whole if each.differs)

    @property
    def telling(self) -> tuple[Probe, ...]:
        """Those of them that don't follow from the other side not trusting the authority, or pin, at all."""
        foreign = {(each.sides, each.role, each.origin) for each in self.differing if each.kind == "BASE"}
        return tuple(
            each
            for each in self.differing
            if each.kind == "BASE"
            or (each.sides, each.role, each.origin) not in foreign
            or each.other.outcome is Outcome.ACCEPT
        )

    @property
    def unmet(self) -> tuple[Probe, ...]:
        """Those whose own side doesn't answer what the rule says: the rule has no effect, or isn't what decides.

        Where nothing was found that meets the whole rule, that is told in `left_out`, and says nothing against it.
        """
        return tuple(each for each in self.whole if each.unmet and each.kind != "BASE")

    @property
    def disagreeing(self) -> tuple[Probe, ...]:
        """Hypotheticals that are answered otherwise than their twins: these aren't faithful there."""
        known = {each.key: (each.before.outcome, each.after.outcome) for each in self.probes}
        return tuple(
            each
            for each in self.hypotheticals
            if each.key in known and known[each.key] != (each.before.outcome, each.after.outcome)
        )

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        return {
            "asked": len(self.whole),
            "differing": len(self.differing),
            "differing_by_themselves": len(self.telling),
            "rules_unmet": len(self.unmet),
            "probes": [each.to_json() for each in self.probes],
            "hypotheticals": {
                "asked": len(self.hypotheticals),
                "disagreeing": len(self.disagreeing),
                "probes": [each.to_json() for each in self.hypotheticals],
            },
            "left_out": list(self.left_out),
        }
