# SPDX-License-Identifier: Apache-2.0
"""The services of lists that a rule is about, by key and name: prepared once for an index, and asked often."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from weakref import WeakKeyDictionary

from trust_lists.certificates.anchors import TrustAnchor
from trust_lists.certificates.building import by_name
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.evaluation.services import ListedService, ServiceIndex

Names: TypeAlias = tuple[str, ...] | None
"""Territories, or types of services (URIs); None: any."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A service, and one of its certificates: that by which it was found."""

    service: ListedService
    certificate: ListedCertificate


@dataclass(frozen=True, slots=True)
class ListedServices:
    """Those of some territories and types."""

    of_anchor: Mapping[TrustAnchor, tuple[Entry, ...]]
    """Each service once for an anchor."""
    of_bytes: Mapping[bytes, tuple[Entry, ...]]
    """By the DER of certificates that neither key nor name can be found in."""
    anchors: Callable[[ComparableName], Iterable[TrustAnchor]]
    certificates: Callable[[ComparableName], Iterable[ListedCertificate]]
    """Those of the services of whatever territory and type: they may stand between."""

    def identical(self, certificate: ListedCertificate) -> tuple[Entry, ...]:
        """The services with the key and name of the certificate (TS 119 612 §5.5.3)."""
        anchor = TrustAnchor.of(certificate)
        return self.of_anchor.get(anchor, ()) if anchor else self.of_bytes.get(certificate.der, ())


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An index without a filter, and what was asked of it with one."""

    entries: tuple[tuple[Entry, TrustAnchor | None], ...]
    certificates: Callable[[ComparableName], Iterable[ListedCertificate]]
    found: dict[tuple[Names, Names], ListedServices]


# An index never changes; what was made of it goes when nobody has it any more.
_PREPARED: "WeakKeyDictionary[ServiceIndex, _Prepared]" = WeakKeyDictionary()


def listed_services(index: ServiceIndex, territories: Names, types: Names) -> ListedServices:
    """The services of an index in these territories and of these types. The same arguments cost nothing again."""
    prepared = _PREPARED.get(index)
    if prepared is None:
        prepared = _PREPARED.setdefault(index, _prepare(index))
    found = prepared.found.get((territories, types))
    if found is None:
        found = prepared.found.setdefault((territories, types), _filtered(prepared, territories, types))
    return found


def _prepare(index: ServiceIndex) -> _Prepared:
    entries = [
        Entry(service, certificate)
        for service in index.entries
        for certificate in service.service.current.identity.certificates
    ]
    certificates = by_name((each.certificate for each in entries), lambda each: each.comparable_subject)
    return _Prepared(tuple((each, TrustAnchor.of(each.certificate)) for each in entries), certificates, {})


def _filtered(prepared: _Prepared, territories: Names, types: Names) -> ListedServices:
    of_anchor: dict[TrustAnchor, dict[int, Entry]] = {}
    of_bytes: dict[bytes, dict[int, Entry]] = {}
    for each, anchor in prepared.entries:
        if territories is not None and each.service.territory not in territories:
            continue
        if types is not None and each.service.service.current.type not in types:
            continue
        group = of_anchor.setdefault(anchor, {}) if anchor else of_bytes.setdefault(each.certificate.der, {})
        group.setdefault(id(each.service), each)
    return ListedServices(
        {anchor: tuple(group.values()) for anchor, group in of_anchor.items()},
        {der: tuple(group.values()) for der, group in of_bytes.items()},
        by_name(of_anchor, lambda anchor: anchor.name),
        prepared.certificates,
    )
