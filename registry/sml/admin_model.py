# SPDX-License-Identifier: Apache-2.0
"""Values of the admin service (sml.md §1.1 D), and the port between its messages and its use cases.

None is what a request leaves out; a change leaves it as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from registry.sml.model import Caller


@dataclass(frozen=True, slots=True)
class SubDomain:
    """A sub-domain: a domain for which this instance is the SML. Its `name` is its DNS zone."""

    name: str
    description: str | None = None
    zone: str | None = None
    participants: str | None = None
    """A regular expression for the values of participants."""
    records: str | None = None
    """naptr, cname or all."""
    url_schemes: str | None = None
    """http, https or all."""
    subjects: str | None = None
    """A regular expression for the subjects of certificates whose issuer lets them in."""
    policies: str | None = None
    """OIDs with commas between."""
    max_participants: int | None = None
    max_participants_per_publisher: int | None = None


@dataclass(frozen=True, slots=True)
class SubDomainName:
    """Which sub-domain is meant."""

    name: str


@dataclass(frozen=True, slots=True)
class NewSubDomainCertificate:
    """A certificate (DER or PEM) that a sub-domain shall let in, or whose issues, where it is a root."""

    sub_domain: str
    is_root: bool
    is_admin: bool
    certificate: bytes
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class SubDomainCertificate:
    """A certificate that a sub-domain lets in, or whose issues; `identifier` is its name and serial number."""

    sub_domain: str
    is_root: bool
    is_admin: bool
    identifier: str
    alias: str | None = None
    crl_url: str | None = None


@dataclass(frozen=True, slots=True)
class SubDomainCertificateChange:
    """Another sub-domain for a certificate."""

    identifier: str
    is_admin: bool | None = None
    sub_domain: str | None = None
    crl_url: str | None = None


@dataclass(frozen=True, slots=True)
class SubDomainCertificateFilter:
    """Those whose identifier has a part, those of a sub-domain."""

    identifier: str | None = None
    sub_domain: str | None = None


@dataclass(frozen=True, slots=True)
class NewPublisherCertificate:
    """The certificate (DER or PEM) that shall speak for an SMP instead of those that it has."""

    smp_id: str
    certificate: bytes


@dataclass(frozen=True, slots=True)
class TruststoreCertificate:
    """A certificate (DER or PEM) that may stand in the paths of SML clients."""

    certificate: bytes
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """The name of a certificate, or a part of one; None means any."""

    alias: str | None


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A record of a zone; `name` and `zone` are absolute, with or without a dot at the end."""

    rdtype: str
    name: str
    zone: str
    value: str
    service: str | None = None
    """Of a NAPTR record."""


@dataclass(frozen=True, slots=True)
class DnsName:
    """A name in a zone."""

    name: str
    zone: str


@dataclass(frozen=True, slots=True)
class Property:
    """A property of DomiSML; there are none here."""

    key: str
    value: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Where the asker would like the report to be sent."""

    mail_address: str


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """What becomes of the report."""

    text: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """A request without content, or what is answered where there is nothing to say."""


class AdminOperations(Protocol):
    """The 19 operations. Each is authorized, is one transaction at most, blocks, and raises errors of the tree."""

    def change_certificate(self, caller: Caller, request: NewPublisherCertificate) -> Nothing: ...
    def generate_inconsistency_report(self, caller: Caller, request: ReportRequest) -> ReportStatus: ...
    def create_sub_domain(self, caller: Caller, request: SubDomain) -> SubDomain: ...
    def update_sub_domain(self, caller: Caller, request: SubDomain) -> SubDomain: ...
    def delete_sub_domain(self, caller: Caller, request: SubDomainName) -> SubDomain: ...
    def get_sub_domain(self, caller: Caller, request: SubDomainName) -> SubDomain: ...
    def add_sub_domain_certificate(self, caller: Caller, request: NewSubDomainCertificate) -> SubDomainCertificate: ...
    def update_sub_domain_certificate(
        self, caller: Caller, request: SubDomainCertificateChange
    ) -> SubDomainCertificate: ...
    def list_sub_domain_certificates(
        self, caller: Caller, request: SubDomainCertificateFilter
    ) -> Sequence[SubDomainCertificate]: ...
    def add_truststore_certificate(self, caller: Caller, request: TruststoreCertificate) -> TruststoreCertificate: ...
    def get_truststore_certificate(self, caller: Caller, request: Alias) -> TruststoreCertificate: ...
    def delete_truststore_certificate(self, caller: Caller, request: Alias) -> TruststoreCertificate: ...
    def list_truststore_aliases(self, caller: Caller, request: Alias) -> Sequence[Alias]: ...
    def add_dns_record(self, caller: Caller, request: DnsRecord) -> DnsRecord: ...
    def delete_dns_records(self, caller: Caller, request: DnsName) -> Sequence[DnsRecord]: ...
    def set_property(self, caller: Caller, request: Property) -> Property: ...
    def get_property(self, caller: Caller, request: Property) -> Property: ...
    def delete_property(self, caller: Caller, request: Property) -> Property: ...
    def clear_cache(self, caller: Caller, request: Nothing) -> Nothing: ...
