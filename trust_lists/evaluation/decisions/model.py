# SPDX-License-Identifier: Apache-2.0
"""The words of a decision: what is asked, what is answered, and each thing that speaks against it.

Three answers, as EN 319 102-1 §5.1.3 has them: what nobody can tell is no yes, and no plain no either, since somebody
who knows more could come to another answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.trust_configuration.model import Context, Json, Role

ENGINE_VERSION = "1"
"""Grows when the same inputs may give another answer. Decisions cite it."""


class Outcome(StrEnum):
    """ACCEPT is the only yes. INDETERMINATE: it could not be told, so it is no yes either."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked: whether a certificate is accepted in a role at a time."""

    role: Role
    certificate: ListedCertificate
    at: datetime
    """Aware."""
    intermediates: tuple[ListedCertificate, ...] = ()
    """Certificates that came along; nothing of them is trusted."""
    context: Mapping[Context, str] = field(default_factory=dict)
    """What is known about who is meant; what a rule asks for and isn't here can't be told."""
    asserted: frozenset[str] | None = None
    """SHA-256 of the certificates that signed SMP metadata name for the endpoint; None where there are none at hand."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that speaks against a certificate.

    `id` is stable and upper case (`EKU_MISSING`, or one of `PathReason` and `RevocationReason`). `clause` is that of a
    specification (`RFC 5280 6.1.3(a)(2)`), or the key path of the rule (`roles.ap-sign.leaf.eku`). `subject` is the
    SHA-256 of the certificate that it is about; "" where it is about none. `source` is the ground that it is about
    (`stores.anchors.ap-ca-g3`), "" where it is about the certificate whoever vouches for it.
    """

    id: str
    clause: str
    message: str
    subject: str = ""
    source: str = ""
    undecided: bool = False
    """Whether nobody can tell, rather than that it is wrong."""
    outdated: bool = False
    """Whether it speaks against the source because of the source's own age: what it would say today isn't known."""

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        return {
            "id": self.id,
            "clause": self.clause,
            "message": self.message,
            "subject": self.subject,
            "source": self.source,
            "undecided": self.undecided,
        }

    def __str__(self) -> str:
        return f"{self.message} [{self.id}, {self.clause}]"


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of a decision, with the steps that it consists of."""

    step: str
    """Number of a clause, or the key path of a rule."""
    ref: str
    """What the step is of: `RFC 5280`, `TS 119 615`, `configuration`."""
    outcome: str
    """PASSED, FAILED, UNDECIDED or NOT CHECKED."""
    subject: str = ""
    """SHA-256 of the certificate that it is about."""
    inputs: Mapping[str, object] = field(default_factory=dict)
    """What was looked at: texts, numbers, truth values, None, and lists of them."""
    why: tuple[str, ...] = ()
    steps: tuple["TraceStep", ...] = ()

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {
            "step": self.step,
            "ref": self.ref,
            "outcome": self.outcome,
            "subject": self.subject,
            "inputs": dict(self.inputs),
            "why": list(self.why),
            "steps": [step.to_json() for step in self.steps],
        }

    def lines(self, indent: str = "") -> list[str]:
        """The tree as text, one step a line, for people."""
        told = "; ".join(self.why) or ", ".join(f"{key} {value}" for key, value in self.inputs.items())
        head = f"{indent}{self.outcome:<11} {self.ref} {self.step}" + (f": {told}" if told else "")
        return [head, *(line for step in self.steps for line in step.lines(f"{indent}  "))]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a certificate is accepted, and everything that speaks against it. Same inputs, same decision."""

    outcome: Outcome
    role: Role
    subject: str
    """Of the certificate, for people."""
    sha256: str
    """Of the certificate, 64 lower-case hexadecimal digits."""
    at: datetime
    configuration: str
    """The address of the configuration (SHA-256)."""
    evidence: str
    """The digest of the snapshot that the evidence is from; "" where it is from none."""
    checks: tuple[Check, ...] = ()
    """All that failed or couldn't be told, the decisive one first; empty where it is accepted."""
    grounds: tuple[str, ...] = ()
    """Who vouches for it, by the key path of the entry (`stores.anchors.ap-ca-g3`), where it is accepted."""
    path: tuple[str, ...] = ()
    """SHA-256 of the certificates of the path that counts, from below the anchor down to the certificate itself."""
    warnings: tuple[str, ...] = ()
    trace: TraceStep | None = None
    """Only where it was asked for."""

    @property
    def accepted(self) -> bool:
        """Whether the answer is yes."""
        return self.outcome is Outcome.ACCEPT

    @property
    def reason(self) -> str:
        """Why the answer is not yes, in words; "" if it is."""
        return "; ".join(dict.fromkeys(check.message for check in self.checks))

    @property
    def decisive(self) -> Check | None:
        """The first check of all that failed."""
        return self.checks[0] if self.checks else None

    def to_json(self) -> dict[str, object]:
        """The decision in values that `json.dumps` takes; `at` in ISO 8601."""
        found: dict[str, object] = {
            "outcome": self.outcome.value,
            "role": self.role.value,
            "subject": self.subject,
            "sha256": self.sha256,
            "at": self.at.isoformat(),
            "configuration": self.configuration,
            "engine": ENGINE_VERSION,
            "evidence": self.evidence,
            "checks": [check.to_json() for check in self.checks],
            "grounds": list(self.grounds),
            "path": list(self.path),
            "warnings": list(self.warnings),
        }
        return found | ({"trace": self.trace.to_json()} if self.trace else {})


def decided(checks: Sequence[Check]) -> Outcome:
    """What failing checks, all of which count, come to: one that is wrong is enough."""
    if not checks:
        return Outcome.ACCEPT
    return Outcome.INDETERMINATE if all(check.undecided for check in checks) else Outcome.REJECT
