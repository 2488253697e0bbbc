# SPDX-License-Identifier: Apache-2.0
"""Probes below services of trusted lists at hand: hypotheticals alone, since lists are signed by others.

A service that counts stands for all of its list; services that don't count, by status, type or territory, are tried out
against the filters of the source.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from trust_lists.certificates.anchors import TrustAnchor
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import CertificateError
from trust_lists.evaluation.comparison.probing.attempts import NO, Attempt, By
from trust_lists.evaluation.comparison.probing.bases import Base, Issuing, PathSource, base
from trust_lists.evaluation.comparison.probing.keys import KeyPool
from trust_lists.evaluation.comparison.probing.leaf_attempts import leaf_attempts
from trust_lists.evaluation.comparison.probing.named import nobody
from trust_lists.evaluation.decisions.evidence import Evidence, ListsAtHand
from trust_lists.evaluation.services import ListedService, state_at
from trust_lists.evaluation.trust_configuration import model
from trust_lists.evaluation.trust_configuration.model import (
    Role,
    RoleRule,
    ServiceMatch,
    TrustConfiguration,
    TrustedListSource,
)

_FILTERS = {
    "statuses": "its issuer is a service whose status doesn't count",
    "service_types": "its issuer is a service of a type that doesn't count",
    "territories": "its issuer is a service of a territory that doesn't count",
}


@dataclass(frozen=True, slots=True)
class ListedProbes:
    """The attempts, with the sides whose rules they are about, and the certificates of their issuers."""

    attempts: tuple[tuple[Attempt, str], ...]
    issuers: tuple[ListedCertificate, ...]
    left_out: tuple[str, ...]


def listed_probes(
    sides: Mapping[str, tuple[TrustConfiguration, Evidence]], roles: tuple[Role, ...], at: datetime, pool: KeyPool
) -> ListedProbes:
    """Those of each side's rules, below the lists that this side has at hand."""
    attempts, issuers, left_out = list[tuple[Attempt, str]](), dict[ListedCertificate, None](), list[str]()
    for side, (configuration, evidence) in sides.items():
        for role in roles:
            rule = configuration.rule(role)
            for place, source in _sources(rule.accept, f"roles.{role.value}.accept") if rule else ():
                asking = _Asking(configuration, role, source, place, at, pool)
                for list_id in source.lists:
                    found = evidence.lists.get(list_id)
                    if rule is None or found is None:
                        left_out.append(f"{side}, {place}, stores.lists.{list_id}: the list is not at hand")
                        continue
                    try:
                        for attempt in asking.attempts(rule, list_id, found):
                            attempts.append((attempt, side))
                            issuers[attempt.base.issuing.certificate] = None
                    except CertificateError as error:
                        left_out.append(f"{side}, {place}, stores.lists.{list_id}: {error}")
    return ListedProbes(tuple(attempts), tuple(issuers), tuple(left_out))


def _sources(source: model.Source, place: str) -> Iterator[tuple[str, model.Listed]]:
    match source:
        case model.Listed():
            yield f"{place}.list", source
        case model.AnyOf(parts) | model.AllOf(parts) | model.Quorum(_, parts):
            name = {model.AnyOf: "any_of", model.AllOf: "all_of"}.get(type(source), "quorum.of")
            for number, part in enumerate(parts, 1):
                yield from _sources(part, f"{place}.{name}[{number}]")


@dataclass(frozen=True, slots=True)
class _Asking:
    configuration: TrustConfiguration
    role: Role
    source: model.Listed
    place: str
    at: datetime
    pool: KeyPool

    def attempts(self, rule: RoleRule, list_id: str, found: ListsAtHand) -> Iterator[Attempt]:
        """Raises CertificateError where there is no service to begin with."""
        if self.source.match is ServiceMatch.IDENTITY:
            raise CertificateError("its services are the subjects themselves, whose keys nobody here has")
        of_list = next(each for each in self.configuration.stores.lists if each.id == list_id)
        failing = [(each, self._failing(each, of_list)) for each in found.index.entries]
        good = next((each for each, filters in failing if not filters and _certificate(each)), None)
        if good is None:
            raise CertificateError("no service of it counts")
        first = self._base(rule, list_id, good)
        yield from leaf_attempts(first)
        told = "it is issued by somebody unknown"
        yield Attempt("STRANGER", told, f"{self.place}.in", NO, first, by=By.STRANGER)
        accepted = {TrustAnchor.of(each) for entry, filters in failing if not filters for each in _certificates(entry)}
        for name, words in _FILTERS.items():
            alone = (each for each, filters in failing if filters == {name})
            # the same authority may stand there as another service, which counts
            other = next((e for e in alone if (c := _certificate(e)) and TrustAnchor.of(c) not in accepted), None)
            if other is not None:
                rule_path = f"stores.lists.{list_id}.{name}"
                yield Attempt("SERVICE", words, rule_path, NO, self._base(rule, list_id, other))

    def _failing(self, entry: ListedService, source: TrustedListSource) -> set[str]:
        """The filters of the source that a service doesn't pass."""
        state = state_at(entry.service, self.at)
        status = state.status if state else ""
        values = {
            "statuses": (status, source.statuses),
            "service_types": (entry.service.current.type, source.service_types),
            "territories": (entry.territory, source.territories),
        }
        return {name for name, (value, wanted) in values.items() if wanted is not None and value not in wanted}

    def _base(self, rule: RoleRule, list_id: str, entry: ListedService) -> Base:
        certificate = _certificate(entry)
        if certificate is None:
            raise CertificateError("a service has no certificate")
        issuing: Issuing = nobody(f"stores.lists.{list_id}/{entry.territory}", certificate)
        path = PathSource(model.PathTo((), issuer_must_be_anchor=False), self.place, ())
        return base(self.configuration, self.role, rule, path, issuing, self.at, self.pool)


def _certificates(entry: ListedService) -> tuple[ListedCertificate, ...]:
    return entry.service.current.identity.certificates


def _certificate(entry: ListedService) -> ListedCertificate | None:
    """One in whose name others can be issued."""
    return next((each for each in _certificates(entry) if each.certificate is not None), None)
