# SPDX-License-Identifier: Apache-2.0
"""The locator client: where does a participant take a document, and whose key is that?

Name → NAPTR → URL of the SMP → signed metadata → trust decision on the signer → process and endpoint → trust decision
on the endpoint's certificate. The order matters: nothing that is unverified decides about what follows.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from registry.clock import Clock, system_clock
from registry.discovery import naptr
from registry.discovery.context import LookupContext
from registry.discovery.errors import (
    DiscoveryError,
    NoMatchingServiceError,
    NotTrustedError,
    TechnicalFailureError,
)
from registry.discovery.explanation import Explanation, ExplanationBuilder
from registry.discovery.fetcher import Fetcher, HttpFetcher
from registry.discovery.locator import DnsLocator, Locator
from registry.discovery.selection import (
    Selection,
    certificate_for,
    processes_for,
    redirect_of,
    select_endpoint,
)
from registry.discovery.smp_reader import SmpReader, TrustedMetadata, redirects_again
from registry.domains.domain import Domain
from registry.identifiers.dns_names import participant_name
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.wildcard import match_document_type
from registry.metadata import Endpoint, ProcessMetadata, ServiceGroup, ServiceMetadata
from registry.smp.documents.catalogue import dialect_for
from registry.smp.documents.dialect import Dialect
from registry.trust import TrustDecision, TrustModel
from trust_lists.certificates.parsing import fingerprint, load_certificate, subject_text
from trust_lists.errors import CertificateError

MAX_DOCUMENT_TYPES: Final = 10
"""How many document types are tried when none was asked for."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where to send, and why.

    `process` is the one that was asked for, else the first that the endpoint serves, if it names any.
    `service_group` is None where it was not needed. `certificate` is the endpoint's. `decisions` has one decision for
    each signer, then the one on `certificate`.
    """

    participant: ParticipantIdentifier
    smp_url: str
    service_group: ServiceGroup | None
    metadata: ServiceMetadata
    process: ProcessIdentifier | None
    endpoint: Endpoint
    certificate: x509.Certificate
    decisions: tuple[TrustDecision, ...]
    explanation: Explanation

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was let pass, in words."""
        return self.explanation.warnings

    def endpoint_to_json(self) -> dict[str, str]:
        """Where to send and with whose key, in the form that every `--json` output has."""
        return {
            "url": self.endpoint.address,
            "transport_profile": self.endpoint.transport_profile,
            "certificate_sha256": fingerprint(self.certificate),
        }


class LookupClient:
    """Looks up participants of one domain. Keeps nothing between calls; several threads may use it at once."""

    def __init__(
        self, domain: Domain, trust: TrustModel, locator: Locator, fetcher: Fetcher, clock: Clock = system_clock
    ) -> None:
        self._domain = domain
        self._trust = trust
        self._locator = locator
        self._fetcher = fetcher
        self._clock = clock

    def resolve(
        self,
        participant: ParticipantIdentifier,
        document_type: DocumentTypeIdentifier | None = None,
        process: ProcessIdentifier | None = None,
        transport: str | None = None,
    ) -> Resolution:
        """The endpoint to send to. Without a document type, the first one (in the order of identifiers) that works.

        Raises a DiscoveryError with the explanation so far; ValidationError when the participant's identifier can't
        have a DNS name.
        """
        with self._lookup(participant, process, transport) as lookup:
            return lookup.run(document_type)

    def collect(self, participant: ParticipantIdentifier) -> tuple[ServiceMetadata, ...]:
        """All that the participant's SMP says of it, a document type each: verified, and its signer decided about.

        What a redirect leads to is taken in its place. Raises as `resolve`.
        """
        with self._lookup(participant, None, None) as lookup:
            return lookup.collect()

    @contextmanager
    def _lookup(
        self, participant: ParticipantIdentifier, process: ProcessIdentifier | None, transport: str | None
    ) -> Iterator["_Lookup"]:
        explanation = ExplanationBuilder()
        context = LookupContext(self._domain, self._trust, self._locator, self._fetcher, explanation, at=self._clock())
        try:
            yield _Lookup(context, participant, process, transport)
        except DiscoveryError as error:
            error.explanation = explanation.build()
            raise


@contextmanager
def open_client(
    domain: Domain, dns: str | None, clock: Clock = system_clock, *, trust: TrustModel | None = None
) -> Iterator[LookupClient]:
    """A client for a domain that asks real servers: the name server `dns` (HOST:PORT), or the system's.

    `trust` is the domain's trust model with evidence; by default there is none at hand. Raises ConfigurationError.
    """
    with HttpFetcher() as fetcher:
        yield LookupClient(domain, trust or TrustModel.for_domain(domain), DnsLocator(dns), fetcher, clock)


class _Lookup:
    """One lookup on its way."""

    def __init__(
        self,
        context: LookupContext,
        participant: ParticipantIdentifier,
        process: ProcessIdentifier | None,
        transport: str | None,
    ) -> None:
        self._context = context
        self._domain = context.domain
        self._step = context.explanation.step
        self._participant = participant
        self._process = process
        self._transport = transport

    def run(self, document_type: DocumentTypeIdentifier | None) -> Resolution:
        smp_url, dialect = self._locate()
        reader = SmpReader(smp_url, dialect, self._context)
        group: ServiceGroup | None = None
        found = None if document_type is None else reader.service_metadata(self._participant, document_type)
        if found is not None:
            found, selection = self._select(reader, found)
        else:
            group = reader.service_group(self._participant)
            if document_type is None:
                found, selection = self._first_usable(reader, group)
            else:
                found, selection = self._select(reader, self._listed(reader, self._match(document_type, group)))
        endpoint = selection.endpoint
        certificate = self._certificate(endpoint)
        asserted = frozenset(hashlib.sha256(each.der).hexdigest() for each in endpoint.certificates)
        decision = self._context.decide("ap-encrypt", certificate, endpoint.address, asserted=asserted)
        return Resolution(
            participant=self._participant,
            smp_url=smp_url,
            service_group=group,
            metadata=found.metadata,
            process=selection.process,
            endpoint=endpoint,
            certificate=certificate,
            decisions=(*found.decisions, decision),
            explanation=self._context.explanation.build(),
        )

    def collect(self) -> tuple[ServiceMetadata, ...]:
        reader = SmpReader(*self._locate(), self._context)
        listed = sorted(reader.service_group(self._participant).document_types)
        return tuple(self._listed(reader, document_type).metadata for document_type in listed)

    def _locate(self) -> tuple[str, Dialect]:
        """The URL of the participant's SMP, and the dialect that its NAPTR record's service stands for."""
        dns = self._domain.dns
        with self._step("name") as step:
            name = participant_name(self._participant, dns.zone, dns.name_form)
            step.detail = name
            # What a policy says against an identifier doesn't make it unregistered.
            rules = self._domain.identifiers
            for reason in (
                *rules.validate_participant(self._participant),
                *rules.participant_warnings(self._participant),
            ):
                step.warn(str(reason))
        with self._step("dns") as step:
            answer = self._context.locator.naptr(name)
            aliases = "".join(f"alias of {alias}; " for alias in answer.aliases)
            step.detail = f"{aliases}NAPTR " + ", ".join(str(record) for record in answer.records)
        with self._step("smp") as step:
            schemes = self._domain.sml.url_schemes
            choice = naptr.choose(answer.records, name, services=dns.naptr_services, schemes=schemes)
            dialect = dialect_for(choice.record.service, self._domain)
            step.detail = "; ".join((choice.url, dialect.title, *choice.passed_over))
            return choice.url, dialect

    def _match(self, asked: DocumentTypeIdentifier, group: ServiceGroup) -> DocumentTypeIdentifier:
        """The wildcard of the service group that covers the document type that was asked for."""
        with self._step("document-type") as step:
            matched = match_document_type(asked, group.document_types)
            if matched is None:
                offered = ", ".join(str(one) for one in sorted(group.document_types))
                raise NoMatchingServiceError(
                    "document-type-not-offered", f"{asked} is not offered; offered: {offered or 'none'}"
                )
            if matched == asked:
                raise _inconsistent(asked)
            step.detail = f"{asked} is offered as {matched}"
            return matched

    def _first_usable(self, reader: SmpReader, group: ServiceGroup) -> tuple[TrustedMetadata, Selection]:
        candidates = sorted(group.document_types)
        for place, document_type in enumerate(candidates[:MAX_DOCUMENT_TYPES], start=1):
            with self._step("document-type") as step:
                step.detail = f"none was asked for; number {place} of {len(candidates)} is {document_type}"
            try:
                return self._select(reader, self._listed(reader, document_type))
            except NoMatchingServiceError:
                continue
        raise NoMatchingServiceError(
            "no-usable-document-type",
            f"the participant has {len(candidates)} document types; "
            f"of the first {MAX_DOCUMENT_TYPES} none has an endpoint that can be used",
        )

    def _listed(self, reader: SmpReader, document_type: DocumentTypeIdentifier) -> TrustedMetadata:
        """The metadata of a document type that the service group lists."""
        found = reader.service_metadata(self._participant, document_type)
        if found is None:
            raise _inconsistent(document_type)
        return found

    def _select(self, reader: SmpReader, found: TrustedMetadata) -> tuple[TrustedMetadata, Selection]:
        """The endpoint to use, and the metadata that have it: SMP 2.0 may redirect some processes only."""
        groups = self._groups(found.metadata)
        redirect = redirect_of(groups)
        if redirect is not None:
            found = reader.follow(found, redirect, self._participant, found.metadata.document_type)
            groups = self._groups(found.metadata)
            if redirect_of(groups) is not None:
                raise redirects_again(redirect.href)
        return found, self._endpoint(groups)

    def _groups(self, metadata: ServiceMetadata) -> tuple[ProcessMetadata, ...]:
        with self._step("process") as step:
            groups = processes_for(metadata, self._process, self._domain.identifiers)
            step.detail = f"{self._process or 'none was asked for'}; groups that serve it: {len(groups)}"
            return groups

    def _endpoint(self, groups: Sequence[ProcessMetadata]) -> Selection:
        with self._step("endpoint") as step:
            selection = select_endpoint(
                groups,
                process=self._process,
                transport=self._transport,
                preferred=self._domain.transport_profiles,
                at=self._context.at,
            )
            chosen = f"{selection.endpoint.transport_profile} at {selection.endpoint.address}"
            step.detail = "; ".join((chosen, *(f"not {other}" for other in selection.passed_over)))
            return selection

    def _certificate(self, endpoint: Endpoint) -> x509.Certificate:
        with self._step("certificate") as step:
            chosen = certificate_for(endpoint, self._context.at)
            if chosen is None:
                raise NotTrustedError("endpoint-certificate-missing", "the endpoint has no certificate")
            try:
                certificate = load_certificate(chosen.der)
            except CertificateError as error:
                raise NotTrustedError(
                    "endpoint-certificate-unreadable", f"the endpoint's certificate can't be read: {error}"
                ) from error
            step.detail = f"{subject_text(certificate)}, SHA-256 {fingerprint(certificate)}"
            return certificate


def _inconsistent(document_type: DocumentTypeIdentifier) -> TechnicalFailureError:
    message = f"the SMP lists {document_type}, but has no metadata for it"
    return TechnicalFailureError("smp-inconsistent", message)
