# SPDX-License-Identifier: Apache-2.0
"""Which services of trusted lists a certificate belongs to (TS 119 615 §4.3.4-03), from an index of their anchors.

A service is its key and subject name, nothing else of its certificates counts (TS 119 612 §5.5.3): so a certificate
that expired, or that `cryptography` refuses to load, is as good an anchor as any. Services without a certificate are
found by nobody.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509

from trust_lists.certificates.building import CertificatePath, Issuers, build_paths, by_name
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.rfc5280 import PathReason, TrustAnchor
from trust_lists.certificates.signed import is_signed_with
from trust_lists.documents.model import ServiceState, TrustedList, TrustService, TrustServiceProvider
from trust_lists.errors import CertificateError


@dataclass(frozen=True, slots=True)
class ListedService:
    """A service, with its provider and the territory (or other name) of the list that it is in."""

    territory: str
    provider: TrustServiceProvider
    service: TrustService


@dataclass(frozen=True, slots=True)
class Match:
    """A service that a certificate belongs to, and why.

    `how` is `identity` where key and subject are those of the service, else `path`: then `path` goes from the
    certificate that the service issued down to the one that was asked about. `state` is the service at that time, None
    where the list says nothing about it.
    """

    entry: ListedService
    state: ServiceState | None
    how: str
    path: tuple[ListedCertificate, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectedPath:
    """A path from a service down to the certificate, and why it isn't valid at that time."""

    entry: ListedService
    path: tuple[ListedCertificate, ...]
    reasons: tuple[PathReason, ...]


@dataclass(frozen=True, slots=True)
class ServiceSearch:
    """What a certificate belongs to, and to what else it would if its paths were valid."""

    matches: tuple[Match, ...]
    rejected: tuple[RejectedPath, ...]


def state_at(service: TrustService, at: datetime) -> ServiceState | None:
    """SI-at-Date-time: what the list says about the service at `at` (aware); None where that is before all it says.

    The first section, present one first, that began by then. A service without times (TS 119 602) is always as it is.
    """
    for state in (service.current, *service.history):
        if state.starting_time is None or state.starting_time <= at:
            return state
    return None


def history_is_ordered(service: TrustService) -> bool:
    """Whether the instances of the history begin at different times, newest first (TS 119 615 §4.3.4-03A).

    The present section isn't an instance: lists exist where it begins together with the newest of them.
    """
    times = [state.starting_time for state in service.history if state.starting_time is not None]
    return all(later > earlier for later, earlier in pairwise(times))


class ServiceIndex:
    """The services of some lists by anchor; building it takes time once, asking it hardly any."""

    def __init__(self, lists: Iterable[tuple[str, TrustedList]]) -> None:
        """`lists`: each with its territory as the list of lists writes it (`EL`, `UK`)."""
        self._entries: list[ListedService] = []
        self._of_anchor: dict[TrustAnchor, list[int]] = {}
        self._of_bytes: dict[bytes, list[int]] = {}
        self._of_kind: dict[tuple[str, str], set[int]] = {}
        certificates: dict[ListedCertificate, None] = {}
        for territory, document in lists:
            for provider in document.providers:
                for service in provider.services:
                    self._add(ListedService(territory, provider, service))
                    certificates |= dict.fromkeys(service.current.identity.certificates)
        self._anchors_named = by_name(self._of_anchor, lambda anchor: anchor.name)
        self._certificates_named = by_name(certificates, lambda certificate: certificate.comparable_subject)

    def _add(self, entry: ListedService) -> None:
        position = len(self._entries)
        self._entries.append(entry)
        self._of_kind.setdefault((entry.territory, entry.service.current.type), set()).add(position)
        for certificate in entry.service.current.identity.certificates:
            anchor = TrustAnchor.of(certificate)
            if anchor is None:
                self._of_bytes.setdefault(certificate.der, []).append(position)
                continue
            positions = self._of_anchor.setdefault(anchor, [])
            if positions[-1:] != [position]:
                positions.append(position)

    @property
    def entries(self) -> tuple[ListedService, ...]:
        """All services, in the order of the lists."""
        return tuple(self._entries)

    @property
    def anchors(self) -> int:
        """How many different anchors there are: key and subject name together."""
        return len(self._of_anchor)

    def services_of(self, certificate: ListedCertificate | x509.Certificate) -> tuple[ListedService, ...]:
        """The services that the certificate is identical to, or that issued it directly, in the order of the lists.

        Only key, name and signature are asked; dates, and whether the issuer was allowed to issue, are not.
        """
        asked = listed(certificate)
        found = set(self._identical(asked))
        for anchor in self._anchors_named(asked.comparable_issuer):
            if not found.issuperset(self._of_anchor[anchor]) and _issued(anchor, asked):
                found.update(self._of_anchor[anchor])
        return tuple(self._entries[position] for position in sorted(found))

    def matching(
        self,
        certificate: ListedCertificate | x509.Certificate,
        *,
        service_type: str,
        territory: str,
        at: datetime,
        intermediates: Iterable[ListedCertificate | x509.Certificate] = (),
    ) -> tuple[Match, ...]:
        """The services of a type and territory that the certificate belongs to at `at` (aware), in their order.

        By identity without regard to dates, or by a path of any length that is valid at that time; certificates in
        between may come from the lists and from `intermediates`. Raises PathLimitError where there is too much to look
        at, since then a service more could be found.
        """
        return self.search(
            certificate, service_type=service_type, territory=territory, at=at, intermediates=intermediates
        ).matches

    def search(
        self,
        certificate: ListedCertificate | x509.Certificate,
        *,
        service_type: str,
        territory: str,
        at: datetime,
        intermediates: Iterable[ListedCertificate | x509.Certificate] = (),
    ) -> ServiceSearch:
        """The same, and the paths to other services of that type and territory that aren't valid at that time."""
        asked = listed(certificate)
        wanted = self._of_kind.get((territory, service_type), set())
        found = {
            position: self._match(position, at, "identity") for position in self._identical(asked) if position in wanted
        }
        rejected: list[tuple[int, CertificatePath]] = []
        for path in build_paths(asked, self._issuers(wanted, map(listed, intermediates)), at):
            for position in wanted.intersection(self._of_anchor[path.anchor]):
                if not path.verdict.valid:
                    rejected.append((position, path))
                elif position not in found:
                    found[position] = self._match(position, at, "path", path.certificates)
        return ServiceSearch(
            tuple(found[position] for position in sorted(found)),
            tuple(
                RejectedPath(self._entries[position], path.certificates, path.verdict.reasons)
                for position, path in rejected
                if position not in found
            ),
        )

    def _issuers(self, wanted: AbstractSet[int], intermediates: Iterable[ListedCertificate]) -> Issuers:
        own = self._certificates_named
        others = by_name(intermediates, lambda certificate: certificate.comparable_subject)

        def anchors(name: ComparableName) -> Iterator[TrustAnchor]:
            return (each for each in self._anchors_named(name) if not wanted.isdisjoint(self._of_anchor[each]))

        def certificates(name: ComparableName) -> Iterable[ListedCertificate]:
            return dict.fromkeys((*own(name), *others(name)))

        return Issuers(anchors, certificates)

    def _identical(self, certificate: ListedCertificate) -> list[int]:
        anchor = TrustAnchor.of(certificate)
        return self._of_anchor.get(anchor, []) if anchor else self._of_bytes.get(certificate.der, [])

    def _match(self, position: int, at: datetime, how: str, path: tuple[ListedCertificate, ...] = ()) -> Match:
        entry = self._entries[position]
        return Match(entry, state_at(entry.service, at), how, path)


def _issued(anchor: TrustAnchor, certificate: ListedCertificate) -> bool:
    try:
        return is_signed_with(certificate, anchor.key)
    except CertificateError:
        return False
