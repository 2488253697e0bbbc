# SPDX-License-Identifier: Apache-2.0
"""The whole answer: blast radius of each component, minimal sets for each goal, and what all of it rests on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.blast_radius.acceptance import Acceptance
from trust_lists.evaluation.blast_radius.assumed_network import assumed_network, network_of_certificates
from trust_lists.evaluation.blast_radius.components import Component, components_of, is_authority
from trust_lists.evaluation.blast_radius.goals import Attack, Attacker, Goal
from trust_lists.evaluation.blast_radius.hypotheses import context_of, prepared
from trust_lists.evaluation.blast_radius.monotone import MinimalSets, minimal_sets
from trust_lists.evaluation.blast_radius.network import Network, Party
from trust_lists.evaluation.blast_radius.reach import Reach, Share, reach_of, reached_anyway
from trust_lists.evaluation.blast_radius.unsigned import names_of
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import ENGINE_VERSION, Case
from trust_lists.evaluation.trust_configuration import content_address
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration


@dataclass(frozen=True, slots=True)
class Ways:
    """The minimal sets for one goal."""

    somewhere: MinimalSets[str]
    """Against somebody."""
    everywhere: MinimalSets[str]
    """Against whomever the attacker chooses."""

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {
            name: {"sets": [list(each) for each in found.sets], "complete": found.complete}
            for name, found in (("against_somebody", self.somewhere), ("against_anybody", self.everywhere))
        }


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """The answer, and what it rests on."""

    configuration: TrustConfiguration
    """The one that was asked about, not the prepared one."""
    effective: tuple[str, ...]
    """The deviations in force."""
    at: datetime
    network: Network
    corpus: str
    """SHA-256 over the digests of the certificates at hand, sorted, one a line; "" where there are none."""
    corpus_size: int
    evidence: str
    """The digest of the snapshot of evidence; ""."""
    components: tuple[Component, ...]
    reaches: tuple[Reach, ...]
    """Of those that were asked about, what matters most first."""
    anyway: Mapping[Attacker, Mapping[Goal, Share]]
    """What is reached without any compromise."""
    ways: Mapping[Attacker, Mapping[Goal, Ways]]
    assumptions: tuple[str, ...]
    decisions: int
    """How often the engine was asked."""

    @property
    def address(self) -> str:
        """Of the configuration."""
        return content_address(self.configuration)

    def component(self, name: str) -> Component:
        """By id; KeyError where there is none."""
        return next(each for each in self.components if each.id == name)

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes; the same inputs give the same values."""
        return {
            "configuration": {"id": self.configuration.id, "address": self.address, "effective": list(self.effective)},
            "engine": ENGINE_VERSION,
            "at": self.at.isoformat(),
            "corpus": {"digest": self.corpus, "certificates": self.corpus_size},
            "evidence": self.evidence,
            "network": {"digest": self.network.digest, **self.network.to_json()},
            "assumptions": list(self.assumptions),
            "source": self.source,
            "decisions": self.decisions,
            "components": [each.to_json() for each in self.components],
            "blast_radius": [each.to_json() for each in self.reaches],
            "reached_anyway": _told(self.anyway),
            "minimal_sets": _told(self.ways),
        }

    @property
    def source(self) -> str:
        """Where every number comes from, in words."""
        corpus = f"{self.corpus_size} certificates {self.corpus[:16]}" if self.corpus else "no certificates"
        return (
            f"{self.decisions} decisions of engine {ENGINE_VERSION} under {self.address[:16]} "
            f"at {self.at.isoformat(timespec='seconds')}; network {self.network.id} {self.network.digest[:16]}; "
            f"{corpus}"
        )


def _told(found: Mapping[Attacker, Mapping[Goal, Share | Ways]]) -> dict[str, object]:
    return {who.value: {goal.value: each.to_json() for goal, each in goals.items()} for who, goals in found.items()}


def corpus_digest(certificates: Iterable[ListedCertificate]) -> str:
    """SHA-256 over the digests of certificates, each once; "" where there are none."""
    lines = sorted({each.sha256 for each in certificates})
    return sha256("\n".join(lines).encode()).hexdigest() if lines else ""


def suitable_network(
    configuration: TrustConfiguration, certificates: Sequence[ListedCertificate], at: datetime
) -> Network:
    """The network of certificates at hand; where none of them is an access point's, one that is made up.

    A certificate counts in the roles in which it is accepted at `at`, or was in the middle of its life.
    """
    ready, _ = prepared(configuration, at)
    engine = DecisionEngine(ready)
    evidence = Evidence(intermediates=tuple(each for each in certificates if is_authority(each)))

    def accepted(role: Role, certificate: ListedCertificate) -> bool:
        rule = ready.rule(role)
        slices = certificate.slices
        if rule is None or slices is None:
            return False
        start, end = slices.dates
        own = Party(certificate.sha256, (role,), names_of(certificate))
        named = frozenset({certificate.sha256})
        cases = (
            Case(role, certificate, moment, context=context_of(rule, own), asserted=named)
            for moment in (at, start + (end - start) / 2)
        )
        return any(engine.decide(case, evidence).accepted for case in cases)

    return network_of_certificates(ready, certificates, accepted) or assumed_network(ready)


def blast_radius(
    configuration: TrustConfiguration,
    network: Network,
    certificates: Sequence[ListedCertificate],
    at: datetime,
    *,
    evidence: Evidence = Evidence(),  # noqa: B008 - immutable
    effective: tuple[str, ...] = (),
    wanted: Callable[[Component], bool] = lambda _component: True,
) -> BlastRadius:
    """Everything about one configuration and network at `at` (aware). Raises nothing of its own.

    `certificates`: those at hand, of authorities and others; nothing of them is trusted. `wanted`: of which components
    the blast radius is asked; the minimal sets are over all.
    """
    ready, told = prepared(configuration, at)
    held = tuple(dict.fromkeys((*evidence.intermediates, *(each for each in certificates if is_authority(each)))))
    known = replace(evidence, intermediates=held)
    components = components_of(ready, network, held)
    acceptance = Acceptance(ready, network, components, at, known)
    attacks = [Attack(acceptance, components, each) for each in Attacker]
    anyway = reached_anyway(attacks)
    asked = [each for each in components if wanted(each)]
    reaches = [reach_of(each, attacks, anyway) for each in asked]
    ids = [each.id for each in components]
    return BlastRadius(
        configuration=configuration,
        effective=effective,
        at=at,
        network=network,
        corpus=corpus_digest(certificates),
        corpus_size=len(set(certificates)),
        evidence=evidence.digest,
        components=components,
        reaches=tuple(sorted(reaches, key=lambda each: tuple(-number for number in each.weight))),
        anyway={
            each.attacker: {goal: Share(anyway[each.attacker][goal], each.relations(goal)) for goal in Goal}
            for each in attacks
        },
        ways={each.attacker: {goal: _ways(each, goal, ids) for goal in Goal} for each in attacks},
        assumptions=(*told, *network.assumed, *_unserved(acceptance)),
        decisions=acceptance.decisions,
    )


def _ways(attack: Attack, goal: Goal, ids: Sequence[str]) -> Ways:
    return Ways(
        minimal_sets(lambda chosen: attack.somewhere(goal, chosen), ids),
        minimal_sets(lambda chosen: attack.everywhere(goal, chosen), ids),
    )


def _unserved(acceptance: Acceptance) -> Iterable[str]:
    """What can't happen to begin with: roles without a rule, and parties that nobody accepts."""
    for role, goal in ((Role.AP_SIGN, Goal.IMPERSONATE), (Role.AP_ENCRYPT, Goal.INTERCEPT)):
        if acceptance.rule(role) is None:
            yield f"there is no rule for {role.value}, so that {goal.value} can't be reached"
    without = [each.id for each in acceptance.network.parties if each.roles and not acceptance.regular(each)]
    if without:
        yield f"no authority or source at hand can make these acceptable: {', '.join(without)}"
