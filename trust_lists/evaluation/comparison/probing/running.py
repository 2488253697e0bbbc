# SPDX-License-Identifier: Apache-2.0
"""Generated probes at the edges of every rule of two configurations, and what both answer.

First below twins of the authorities, whose keys we have, through the whole engine; then once more in the names of the
real authorities, with their signatures taken as good and without revocation, so that it shows whether the twins are
faithful.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from trust_lists.errors import CertificateError
from trust_lists.evaluation.comparison.probing.answers import Answer, Probe, ProbeResults
from trust_lists.evaluation.comparison.probing.attempts import Attempt
from trust_lists.evaluation.comparison.probing.bases import (
    MAX_ISSUERS,
    Base,
    Issuing,
    base,
    issuers,
    path_sources,
    unprobed,
)
from trust_lists.evaluation.comparison.probing.hypothetical import AssumedSignatures
from trust_lists.evaluation.comparison.probing.keys import KeyPool
from trust_lists.evaluation.comparison.probing.leaf_attempts import leaf_attempts
from trust_lists.evaluation.comparison.probing.listed import listed_probes
from trust_lists.evaluation.comparison.probing.minting import Mint
from trust_lists.evaluation.comparison.probing.mirror import World, mirror, real_world
from trust_lists.evaluation.comparison.probing.named import denied_attempts, pin_attempts
from trust_lists.evaluation.comparison.probing.path_attempts import path_attempts
from trust_lists.evaluation.comparison.probing.workshop import Workshop
from trust_lists.evaluation.comparison.relaxing import without_revocation
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.trust_configuration.model import Json, Role, TrustConfiguration
from trust_lists.strict_json import canonical_json

Progress = Callable[[int, int], None]
"""Told how many of how many probes were asked."""
_PORTION = 25


def run_probes(
    a: TrustConfiguration,
    b: TrustConfiguration,
    roles: tuple[Role, ...],
    at: datetime,
    progress: Progress | None = None,
    evidence: tuple[Evidence, Evidence] = (Evidence(), Evidence()),
) -> ProbeResults:
    """The probes of both configurations at about `at` (aware), each asked of both. Raises nothing.

    `evidence` is that of A and that of B; of it the lists count, below which there are hypotheticals.
    """
    pool, mint = KeyPool(), Mint()
    planned, left_out = _plan(a, b, roles, at, pool)
    twins = mirror(a, b, pool, mint)
    workshop = Workshop.of(twins, pool, mint)
    named = [
        *pin_attempts(a, b, roles, at, workshop),
        *denied_attempts(planned, a.stores.deny, b.stores.deny, workshop),
    ]
    world = replace(
        twins,
        certificates={each.digest: each.attempt.ready.sha256 for each in named if each.digest and each.attempt.ready},
        keys={each.key: each.key_digest for each in named if each.key},
    )
    by_name = [(each.attempt, each.sides) for each in named]
    attempts = [(attempt, sides) for found, sides in planned for attempt in _attempts(found, a, b, sides)]
    below_lists = listed_probes({"A": (a, evidence[0]), "B": (b, evidence[1])}, roles, at, pool)
    again = [each for each in attempts if not each[0].only_signed] + list(below_lists.attempts)
    asking = _Asking(a, b, world, workshop, progress, len(attempts) + len(by_name) + len(again))
    probes = tuple(asking.ask([*attempts, *by_name]))
    real = real_world(a, b, pool, below_lists.issuers)
    hypothetical = _Asking(
        without_revocation(a),
        without_revocation(b),
        real,
        Workshop.of(real, pool, mint),
        progress,
        asking.total,
        asking.done,
        evidence,
    )
    hypotheticals = tuple(hypothetical.ask(again))
    failed = (*asking.failed, *hypothetical.failed, *below_lists.left_out)
    told = dict.fromkeys((*left_out, *twins.left_out, *failed, *_without_base((*probes, *hypotheticals))))
    return ProbeResults(probes, hypotheticals, tuple(told))


def _plan(
    a: TrustConfiguration, b: TrustConfiguration, roles: tuple[Role, ...], at: datetime, pool: KeyPool
) -> tuple[list[tuple[Base, str]], list[str]]:
    """What meets each rule of each side, once where both have the rule; and what there is nothing for."""
    found: dict[str, tuple[Base, str]] = {}
    left_out = []
    for side, configuration in (("A", a), ("B", b)):
        for role in roles:
            rule = configuration.rule(role)
            if rule is None:
                continue
            place = f"roles.{role.value}.accept"
            left_out += [f"{side}, {told}" for told in unprobed(configuration, rule.accept, place)]
            for source in path_sources(rule.accept, place):
                authorities = list(issuers(configuration, source))
                if len(authorities) > MAX_ISSUERS:
                    left_out.append(
                        f"{source.place}: more than {MAX_ISSUERS} authorities, of which the first are probed"
                    )
                for issuing in authorities[:MAX_ISSUERS]:
                    try:
                        made = base(configuration, role, rule, source, issuing, at, pool)
                    except CertificateError as error:
                        left_out.append(f"{side}, {source.place}, {issuing.origin}: {error}")
                        continue
                    key = _key(made)
                    sides = found[key][1] + side if key in found else side
                    found[key] = (found[key][0] if key in found else made, sides)
    return list(found.values()), left_out


def _key(made: Base) -> str:
    """Equal where two configurations ask the same of the same."""
    parts: list[Json] = [
        made.place,
        made.source_place,
        made.issuing.certificate.sha256,
        str(made.rule),
        str(made.configuration.roles.smp_metadata),
        str(made.configuration.engine),
        str(made.issuing.anchor),
        [each.sha256 for each in made.issuing.above],
    ]
    return canonical_json(parts)


def _attempts(found: Base, a: TrustConfiguration, b: TrustConfiguration, sides: str) -> Iterator[Attempt]:
    yield from leaf_attempts(found)
    yield from path_attempts(found, _of_other_roles(found, b if sides == "B" else a))


def _of_other_roles(found: Base, configuration: TrustConfiguration) -> Iterator[Issuing]:
    """The anchors that other roles name and this one doesn't."""
    own = {anchor for source in path_sources(found.rule.accept, "") for anchor in source.rule.to}
    seen: set[str] = set()
    for role in Role:
        rule = configuration.rule(role)
        for source in path_sources(rule.accept, "") if rule else ():
            for issuing in issuers(configuration, source):
                if not issuing.above and issuing.anchor.id not in {*own, *seen}:
                    seen.add(issuing.anchor.id)
                    yield issuing


def _without_base(probes: tuple[Probe, ...]) -> Iterator[str]:
    """Where nothing was found that meets a rule, what its probes say is worth little."""
    for each in probes:
        if each.kind == "BASE" and each.unmet:
            answer = each.before if "A" in each.sides else each.after
            yield f"{each.sides}, {each.rule}, {each.origin}: what should meet the rule doesn't: {answer.message}"


class _Asking:
    """Asks both sides in one world."""

    def __init__(
        self,
        a: TrustConfiguration,
        b: TrustConfiguration,
        world: World,
        workshop: Workshop,
        progress: Progress | None,
        total: int,
        done: int = 0,
        evidence: tuple[Evidence, ...] = (),
    ) -> None:
        self._engines = tuple(DecisionEngine(world.mirrored(each)) for each in (a, b))
        self._evidence = evidence
        """Of A and of B, where it isn't made for each probe."""
        self._world, self._workshop, self._progress = world, workshop, progress
        self.total, self.done = total, done
        self.failed: list[str] = []

    def ask(self, attempts: list[tuple[Attempt, str]]) -> Iterator[Probe]:
        """What both answer; what can't be made is in `failed`. Below a base that isn't accepted nothing is asked."""
        useless: set[tuple[str, Role, str]] = set()
        for attempt, sides in attempts:
            self.done += 1
            if self._progress is not None and self.done % _PORTION == 0:
                self._progress(self.done, self.total)
            base_key = (sides, attempt.base.role, attempt.base.issuing.origin)
            if base_key in useless:
                continue
            try:
                before, after = self._answers(attempt)
            except CertificateError as error:
                self.failed.append(f"{sides}, {attempt.rule}, {attempt.told}: {error}")
                continue
            probe = Probe(
                attempt.kind,
                attempt.told,
                sides,
                attempt.base.role,
                attempt.rule,
                attempt.base.issuing.origin,
                attempt.at,
                attempt.expected,
                before,
                after,
                self._world.signed,
            )
            if probe.kind == "BASE" and probe.unmet:
                useless.add(base_key)
            yield probe

    def _answers(self, attempt: Attempt) -> tuple[Answer, Answer]:
        made = self._workshop.make(attempt, revocation=self._world.signed)
        given = self._evidence or (made.evidence, made.evidence)
        found = []
        for engine, evidence in zip(self._engines, given, strict=True):
            signatures = AssumedSignatures(made.assumed) if made.assumed else None
            found.append(Answer.of(engine.decide(made.case, evidence, signatures=signatures)))
        return found[0], found[1]
