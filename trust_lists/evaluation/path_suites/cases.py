# SPDX-License-Identifier: Apache-2.0
"""A case of a suite as a question to the engine, and what came of it.

A suite knows yes and no only: INDETERMINATE is a no, and the reason says that it was one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import SuiteError, shown
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case, Decision, Outcome
from trust_lists.evaluation.trust_configuration.model import (
    Anchor,
    AnchorControls,
    AnchorKind,
    CertificateReference,
    PathTo,
    Stores,
    TrustConfiguration,
    TrustPeriod,
)

SUCCESS, FAILURE = "SUCCESS", "FAILURE"
_MAX_REASON = 500
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """What is asked, of whom, and whether the suite wants it accepted."""

    id: str
    accepted: bool
    configuration: TrustConfiguration
    case: Case
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Result:
    """What the engine said of a case."""

    id: str
    accepted: bool
    """As the suite wants it."""
    decision: Decision

    @property
    def as_expected(self) -> bool:
        """Whether the suite and the engine agree."""
        return self.decision.accepted is self.accepted

    @property
    def reason(self) -> str:
        """Why the answer was no, and that nobody can tell where it is so; "" where it was yes."""
        told = self.decision.reason
        found = told if len(told) <= _MAX_REASON else f"{told[:_MAX_REASON]}…"
        return f"INDETERMINATE: {found}" if self.decision.outcome is Outcome.INDETERMINATE else found

    def to_json(self) -> dict[str, str]:
        """`{id, expected, actual, reason}` in the words of x509-limbo."""
        expected, actual = (SUCCESS if each else FAILURE for each in (self.accepted, self.decision.accepted))
        return {"id": self.id, "expected": expected, "actual": actual, "reason": self.reason}


def run(case: SuiteCase) -> Result:
    """Ask the engine. Raises nothing."""
    return Result(case.id, case.accepted, DecisionEngine(case.configuration).decide(case.case, case.evidence))


def anchored(
    configuration: TrustConfiguration, anchors: Iterable[ListedCertificate], max_depth: int | None
) -> tuple[TrustConfiguration, PathTo]:
    """The configuration with these anchors instead of all its stores, and the expression that names them.

    `max_depth`: how many authorities that aren't self-issued may stand below an anchor.
    """
    controls = AnchorControls(
        path_len=max_depth,
        policies=None,
        require_explicit_policy=False,
        inhibit_policy_mapping=False,
        inhibit_any_policy=False,
        permitted=None,
        excluded=(),
    )
    period = TrustPeriod(None, None, None)
    made = tuple(
        Anchor(
            f"anchor-{number}",
            CertificateReference(each.sha256, certificate=each),
            AnchorKind.CA,
            controls,
            period,
        )
        for number, each in enumerate(dict.fromkeys(anchors), 1)
    )
    return replace(configuration, stores=Stores(anchors=made)), PathTo(
        tuple(each.id for each in made), issuer_must_be_anchor=False
    )


class Entries:
    """An object of a suite's JSON, read with a word about where it stands. All of it raises SuiteError."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise SuiteError(f"{where} is no JSON object")
        self._values: dict[str, Any] = value
        self.where = where

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is there, or the default."""
        return self._of_type(str, key, default)

    def number(self, key: str) -> int | None:
        """A number, None where it is null or absent."""
        return self._of_type(int, key, 0) if key in self else None

    def flag(self, key: str) -> bool:
        """A truth value, by default false."""
        return self._of_type(bool, key, default=False)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, by default empty."""
        found: list[Any] = self._of_type(list, key, [])
        if not all(isinstance(each, str) for each in found):
            raise SuiteError(f"{self.where}: {key} holds something else than texts")
        return tuple(found)

    def objects(self, key: str) -> tuple["Entries", ...]:
        """A list of objects, by default empty."""
        found: list[Any] = self._of_type(list, key, [])
        return tuple(Entries(each, f"{self.where}: {key}") for each in found)

    def object(self, key: str) -> "Entries":
        """An object, by default an empty one."""
        return Entries(self._values.get(key) or {}, f"{self.where}: {key}")

    def choice(self, key: str, *values: str) -> str:
        """One of some texts."""
        found = self.text(key)
        if found not in values:
            raise SuiteError(f"{self.where}: {key} is {shown(found)!r}, and not one of {', '.join(values)}")
        return found

    def _of_type(self, kind: type[_T], key: str, default: _T | None) -> _T:
        value = self._values.get(key)
        found = default if value is None else value
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            raise SuiteError(f"{self.where}: {key} is {'missing' if found is None else 'of another type'}")
        return found
