# SPDX-License-Identifier: Apache-2.0
"""All that a comparison of two configurations comes to, and where each part of it is from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from trust_lists.evaluation.comparison.limits import Succession, successions
from trust_lists.evaluation.comparison.matrix import (
    Circumstances,
    Progress,
    RoleMatrix,
    Side,
    Subject,
    compare_decisions,
)
from trust_lists.evaluation.comparison.model import Difference
from trust_lists.evaluation.comparison.onboarding import Onboarding, onboarding
from trust_lists.evaluation.comparison.probing.answers import ProbeResults
from trust_lists.evaluation.comparison.probing.running import run_probes
from trust_lists.evaluation.comparison.relaxing import without_revocation
from trust_lists.evaluation.comparison.structural import structural_differences
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import ENGINE_VERSION
from trust_lists.evaluation.trust_configuration.canonical import content_address
from trust_lists.evaluation.trust_configuration.model import Context, Role, TrustConfiguration


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the two, as it is compared."""

    name: str
    """A or B."""
    configuration: TrustConfiguration
    evidence: Evidence
    effective: bool = False
    """Whether its declared deviations are in force in it."""

    @property
    def address(self) -> str:
        """The SHA-256 of its canonical form."""
        return content_address(self.configuration)

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {
            "id": self.configuration.id,
            "address": self.address,
            "effective": self.effective,
            "evidence": self.evidence.digest,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared beside the configurations themselves."""

    at: datetime
    """Aware: when probes, and certificates without a time of their own, are asked about."""
    roles: tuple[Role, ...] = ()
    """() is every role that one of them has a rule for."""
    corpus: Sequence[Subject] = ()
    own_time: bool = False
    """Whether each certificate is asked about in the middle of its own validity."""
    context: tuple[tuple[Context, str], ...] = ()
    own_context: tuple[tuple[Context, str], ...] = ()
    """What is taken from an attribute of the certificate."""
    probes: bool = False
    present: int = 400
    """Access points that are there before others join."""
    added: int = 0
    without_revocation: bool = False
    """Whether certificates of the corpus are decided about as if no role asked for revocation."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What both sides are relieved of when they decide about the corpus, in words."""
        told = ["nothing of the corpus is revoked, and no role asks whether it is"] if self.without_revocation else []
        return (*told, *(f"{key.value} is what the {name} of each certificate says" for key, name in self.own_context))

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {
            "at": "each certificate's own" if self.own_time else self.at.isoformat(),
            "context": {key.value: value for key, value in self.context},
            "context_from_certificate": {key.value: value for key, value in self.own_context},
            "assumptions": list(self.assumptions),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result; parts that weren't asked for are empty or None."""

    a: Compared
    b: Compared
    asked: Asked
    roles: tuple[Role, ...]
    differences: tuple[Difference, ...]
    successions: tuple[Succession, ...]
    matrices: tuple[RoleMatrix, ...]
    probes: ProbeResults | None
    onboarding: tuple[tuple[Onboarding, ...], tuple[Onboarding, ...]]
    """Of A, of B."""

    @property
    def same(self) -> bool:
        """Whether nothing was found that A and B have, or answer, differently."""
        probed = self.probes is None or not self.probes.differing
        return not self.differences and probed and not any(each.flipped for each in self.matrices)

    @property
    def corpus_digest(self) -> str:
        """The SHA-256 of the sorted digests of the certificates; "" where there are none."""
        digests = sorted({each.certificate.sha256 for each in self.asked.corpus})
        return sha256("\n".join(digests).encode()).hexdigest() if digests else ""

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {
            "A": self.a.to_json(),
            "B": self.b.to_json(),
            "engine": ENGINE_VERSION,
            "asked": self.asked.to_json(),
            "roles": [each.value for each in self.roles],
            "corpus": {"certificates": len(self.asked.corpus), "sha256": self.corpus_digest},
            "same": self.same,
            "differences": [each.to_json() for each in self.differences],
            "successions": [each.to_json() for each in self.successions],
            "decisions": [each.to_json() for each in self.matrices],
            "probes": self.probes.to_json() if self.probes else None,
            "onboarding": self._onboarding() if self.asked.added else None,
        }

    def _onboarding(self) -> dict[str, object]:
        of_a, of_b = ([each.to_json() for each in side] for side in self.onboarding)
        return {"present": self.asked.present, "added": self.asked.added, "A": of_a, "B": of_b}


def compare(a: Compared, b: Compared, asked: Asked, progress: Progress | None = None) -> Comparison:
    """Compares them. Raises SimulationError where more access points are added than can be simulated."""
    one, other = a.configuration, b.configuration
    roles = asked.roles or tuple(role for role in Role if one.rule(role) or other.rule(role))
    circumstances = Circumstances(asked.at, dict(asked.context), dict(asked.own_context), asked.own_time)
    before, after = (_side(each, relaxed=asked.without_revocation) for each in (a, b))
    costs = (
        (onboarding(one, asked.present, asked.added), onboarding(other, asked.present, asked.added))
        if asked.added
        else ((), ())
    )
    return Comparison(
        a=a,
        b=b,
        asked=asked,
        roles=roles,
        differences=structural_differences(one, other),
        successions=successions(one, other),
        matrices=compare_decisions(before, after, asked.corpus, roles, circumstances, progress) if asked.corpus else (),
        probes=run_probes(one, other, roles, asked.at, progress, (a.evidence, b.evidence)) if asked.probes else None,
        onboarding=costs,
    )


def _side(found: Compared, *, relaxed: bool) -> Side:
    configuration = without_revocation(found.configuration) if relaxed else found.configuration
    return Side(found.name, DecisionEngine(configuration), found.evidence)
