# SPDX-License-Identifier: Apache-2.0
"""What stands on a certificate: the authorities that are no longer reached, or accepted, when it is taken out.

Two measures, never mixed. By names and signatures alone: who is reached from the anchors, whatever the dates and
constraints (what a map of a bridge PKI shows). By the engine: whose certificates would be accepted at a time. Here an
authority is a name, as RFC 5280 §7.1 compares them, with all keys that it has had.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.signed import is_signed_with
from trust_lists.errors import CertificateError
from trust_lists.evaluation.blast_radius.components import is_authority
from trust_lists.evaluation.blast_radius.hypotheses import context_of, wish_for
from trust_lists.evaluation.blast_radius.network import Party
from trust_lists.evaluation.blast_radius.sources import leaves
from trust_lists.evaluation.blast_radius.unsigned import Issuer, issue, own_names, taken_as_good
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case
from trust_lists.evaluation.trust_configuration.certificates import key_digest
from trust_lists.evaluation.trust_configuration.model import Anchor, PathTo, Role, TrustConfiguration


@dataclass(frozen=True, slots=True)
class Authority:
    """A name that issues certificates, with all certificates that it has."""

    name: ComparableName
    title: str
    certificates: tuple[ListedCertificate, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is reached in all, and who no longer is without each authority."""

    measure: str
    """`names and signatures`, or the engine, with its role and time."""
    reached: tuple[str, ...]
    """The titles of all that are reached, sorted."""
    lost: tuple[tuple[str, tuple[str, ...]], ...]
    """By title of what is taken out, the titles of all that is lost, itself included; the greatest loss first."""

    def without(self, title: str) -> tuple[str, ...]:
        """What is lost with one of them."""
        return dict(self.lost).get(title, ())

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {
            "measure": self.measure,
            "reached": list(self.reached),
            "without": [{"authority": title, "lost": list(lost)} for title, lost in self.lost],
        }


def authorities_of(certificates: Iterable[ListedCertificate]) -> tuple[Authority, ...]:
    """All names that issue, in the order of their titles."""
    found: dict[ComparableName, dict[ListedCertificate, None]] = {}
    for each in certificates:
        if is_authority(each) and each.comparable_subject:
            found.setdefault(each.comparable_subject, {})[each] = None
    made = [Authority(name, next(iter(held)).subject_text, tuple(held)) for name, held in found.items()]
    return tuple(sorted(made, key=lambda each: each.title))


def standing_by_names(configuration: TrustConfiguration, authorities: Sequence[Authority], role: Role) -> Standing:
    """Who is reached from the role's anchors over certificates that somebody reached has signed."""
    by_name = {each.name: each for each in authorities}
    edges = _edges(authorities, by_name)
    anchors = [each.cert.certificate for each in _anchors(configuration, role) if each.cert.certificate is not None]
    start = [each.comparable_subject for each in anchors if each.comparable_subject in by_name]

    def reached(without: ComparableName | None) -> set[ComparableName]:
        waiting = [name for name in start if name != without]
        found = set(waiting)
        while waiting:
            for name in edges.get(waiting.pop(), ()):
                if name not in found and name != without:
                    found.add(name)
                    waiting.append(name)
        return found

    whole = reached(None)
    lost = {by_name[name].title: _titles(whole - reached(name), by_name) for name in whole}
    return Standing("names and signatures, dates and constraints left aside", _titles(whole, by_name), _sorted(lost))


def standing_by_engine(
    configuration: TrustConfiguration,
    authorities: Sequence[Authority],
    role: Role,
    party: Party,
    at: datetime,
    evidence: Evidence,
    progress: Callable[[Sequence[Authority]], Iterable[Authority]] = lambda items: items,
) -> Standing:
    """Whose certificates would be accepted at `at` (aware), for a party: asked of the engine for each.

    `configuration` is a prepared one. Whoever doesn't stand in the path by which another is accepted can't take it
    along, so that only those that do are taken out, by putting their keys on the deny list.
    """
    asking = _Asking(configuration, role, party, at, evidence)
    by_key = {certificate.key: each for each in authorities for certificate in each.certificates}
    reached: list[Authority] = []
    lost: dict[str, list[str]] = {}
    for each in progress(authorities):
        over = asking.path(each, ())
        if over is None:
            continue
        reached.append(each)
        for other in dict.fromkeys(by_key[key] for key in over if key in by_key):
            if other is each or asking.path(each, other.certificates) is None:
                lost.setdefault(other.title, []).append(each.title)
    measure = f"the engine, {role.value} at {at.isoformat(timespec='seconds')}"
    told = {title: tuple(sorted(titles)) for title, titles in lost.items()}
    return Standing(measure, tuple(sorted(each.title for each in reached)), _sorted(told))


class _Asking:
    """What an authority could issue, put before the engine."""

    def __init__(
        self, configuration: TrustConfiguration, role: Role, party: Party, at: datetime, evidence: Evidence
    ) -> None:
        self.configuration, self.role, self.party, self.at, self.evidence = configuration, role, party, at, evidence
        stores = configuration.stores
        known = (*stores.intermediates, *(each.cert for each in stores.anchors))
        own = [each.certificate for each in known if each.certificate is not None]
        self._held = {each.sha256: each for each in (*evidence.intermediates, *own)}
        self._engines: dict[tuple[str, ...], DecisionEngine] = {}

    def path(self, authority: Authority, without: Sequence[ListedCertificate]) -> tuple[bytes, ...] | None:
        """The keys over which what the authority could issue is accepted, its own first; None where it is not."""
        engine = self._engine(without)
        rule = self.configuration.rule(self.role)
        if rule is None:
            return None
        for certificate in authority.certificates:
            issuer = Issuer.of(certificate)
            if issuer is None:
                continue
            wish = wish_for(rule, self.role, self.party, self.at, certificate)
            # constraints may allow some organisations only, and rules only such names as parties have
            within = (replace(wish, subject=name) for name in own_names(certificate, "end entity"))
            for each in (wish, *within):
                leaf = issue(issuer, each, serial=2)
                case = Case(self.role, leaf, self.at, context=context_of(rule, self.party))
                signatures = taken_as_good({leaf: issuer.key})
                found = engine.decide(case, self.evidence, signatures=signatures)
                if found.accepted:
                    between = [self._held[one].key for one in found.path[:-1] if one in self._held]
                    return (issuer.key, *between, *self._anchor_keys(found.grounds))
        return None

    def _engine(self, without: Sequence[ListedCertificate]) -> DecisionEngine:
        keys = tuple(dict.fromkeys(key_digest(each) for each in without))
        if keys not in self._engines:
            stores = self.configuration.stores
            deny = replace(stores.deny, spki_sha256=(*stores.deny.spki_sha256, *keys))
            changed = replace(self.configuration, stores=replace(stores, deny=deny))
            self._engines[keys] = DecisionEngine(changed)
        return self._engines[keys]

    def _anchor_keys(self, grounds: Iterable[str]) -> tuple[bytes, ...]:
        named = {f"stores.anchors.{each.id}": each.cert.certificate for each in self.configuration.stores.anchors}
        found = (named.get(each) for each in grounds)
        return tuple(each.key for each in found if each is not None)


def _anchors(configuration: TrustConfiguration, role: Role) -> list[Anchor]:
    rule = configuration.rule(role)
    wanted = {name for leaf in leaves(rule.accept) if isinstance(leaf, PathTo) for name in leaf.to} if rule else set()
    return [each for each in configuration.stores.anchors if each.id in wanted]


def _edges(
    authorities: Sequence[Authority], by_name: dict[ComparableName, Authority]
) -> dict[ComparableName, list[ComparableName]]:
    """Whom each has certified, with a signature that one of its keys made."""
    found: dict[ComparableName, list[ComparableName]] = {}
    for each in authorities:
        for certificate in each.certificates:
            above = by_name.get(certificate.comparable_issuer)
            if above is None or above is each:
                continue
            keys = {one.key for one in above.certificates}
            if any(_signed(certificate, key) for key in keys):
                found.setdefault(above.name, []).append(each.name)
    return found


def _signed(certificate: ListedCertificate, key: bytes) -> bool:
    try:
        return is_signed_with(certificate, key)
    except CertificateError:
        return False


def _titles(names: Iterable[ComparableName], by_name: dict[ComparableName, Authority]) -> tuple[str, ...]:
    return tuple(sorted(by_name[name].title for name in names))


def _sorted(lost: dict[str, tuple[str, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(sorted(lost.items(), key=lambda item: (-len(item[1]), item[0])))
