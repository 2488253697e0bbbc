# SPDX-License-Identifier: Apache-2.0
"""What an administrator does over the admin service of an SML (sml.md §1.1 D), as use cases of this product.

Who may, `registry.sml.admin_access` says. Settings are changed under a lock of the domain, so that two who add a
certificate at once both have added it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn, Protocol

from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import SYSTEM, Action, require
from registry.dns.zone_records import DEFAULT_TTL, ZoneRecords
from registry.domains.domain import Domain
from registry.domains.loader import profile_names
from registry.domains.section import merge
from registry.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    ValidationError,
)
from registry.sml.admin_access import Admin, Admins, CertificateOwners
from registry.sml.admin_certificates import (
    Held,
    certificates_of,
    read_certificate,
    with_certificate,
    with_truststore_certificate,
    without_certificate,
)
from registry.sml.admin_dns import records_of, rrset_of
from registry.sml.admin_model import (
    Alias,
    DnsName,
    DnsRecord,
    NewPublisherCertificate,
    NewSubDomainCertificate,
    Nothing,
    Property,
    ReportRequest,
    ReportStatus,
    SubDomain,
    SubDomainCertificate,
    SubDomainCertificateChange,
    SubDomainCertificateFilter,
    SubDomainName,
    TruststoreCertificate,
)
from registry.sml.admin_sub_domains import ROLE, made_after, settings_of, shown, zone_of
from registry.sml.authorization import TrustOf
from registry.sml.errors import FaultKind, SmlError, publisher_not_found
from registry.sml.model import Caller
from registry.sml.publisher_certificates import PublisherCertificates, Window
from registry.sml.registration import zone_id_of
from registry.storage.certificate_rows import certificate_row
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import certificates, domains, pinned, publishers, sml_views, zone_records
from registry.storage.unit_of_work import UnitOfWork
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import fingerprint, load_certificate


class DomainSetup(Protocol):
    """The use cases of domains, which concern all parts of an instance."""

    def add(self, actor: Actor, profile: str, settings: Mapping[str, Any]) -> StoredDomain:
        """Add a domain. Raises ConfigurationError with all that is wrong, AlreadyExistsError."""
        ...

    def change(self, actor: Actor, name: str, settings: Mapping[str, Any]) -> StoredDomain:
        """Lay settings over those that a domain has. Raises ConfigurationError, ConflictError."""
        ...


_PROFILE = "demo"
"""What settings that are complete are laid over where their own profile isn't one of the package."""
SettingsOf = Callable[[Domain], Mapping[str, Any]]
"""Settings to be laid over those of a domain as it is."""
AskForReport = Callable[[UnitOfWork, StoredDomain], int]
"""Has a sub-domain compared with DNS later on, and gives the number of the job."""


class SmlAdminService:
    """Implements `registry.sml.admin_model.AdminOperations`. Each operation raises UnauthorizedError."""

    def __init__(
        self,
        database: Database,
        directory: DomainDirectory,
        owners: CertificateOwners,
        setup: DomainSetup,
        records: ZoneRecords,
        trust_of: TrustOf,
        ask_for_report: AskForReport,
    ) -> None:
        self._database = database
        self._directory = directory
        self._admins = Admins(directory, owners)
        self._setup = setup
        self._records = records
        self._trust_of = trust_of
        self._ask_for_report = ask_for_report
        self._publisher_certificates = PublisherCertificates(trust_of)

    # Sub-domains

    def create_sub_domain(self, caller: Caller, request: SubDomain) -> SubDomain:
        """Be the SML of one more domain, with the rules and name servers of the one in whose zone it is.

        Without such a one, with those of the first one. One that was deleted is taken up again. Raises
        ValidationError, AlreadyExistsError, ConflictError, ConfigurationError.
        """
        admin = self._admins.of(caller)
        require(admin.principal, Action.DOMAIN_CREATE, SYSTEM)
        zone = zone_of(request.name)
        for stored in self._directory.all():
            if stored.domain.dns.zone == zone and stored.zone_id is not None:
                if stored.domain.sml.enabled:
                    raise AlreadyExistsError(f"there is a sub-domain {zone} already")
                return self._change(admin.actor, stored, partial(_taken_up_again, request))
        model = self._model_for(zone)
        profile = model.profile if model.profile in profile_names() else _PROFILE
        return shown(self._setup.add(admin.actor, profile, made_after(model, request)).domain)

    def update_sub_domain(self, caller: Caller, request: SubDomain) -> SubDomain:
        """Change what the request says. Raises NotFoundError, ValidationError, ConflictError, ConfigurationError."""
        admin = self._admins.of(caller)
        stored = admin.sub_domain(request.name)
        return self._change(admin.actor, stored, lambda domain: settings_of(request, domain))

    def delete_sub_domain(self, caller: Caller, request: SubDomainName) -> SubDomain:
        """Be its SML no more; the domain stays with its history. Raises NotFoundError, ConflictError."""
        admin = self._admins.of(caller)
        stored = admin.sub_domain(request.name)
        with self._database.write(admin.actor) as work:
            if held := publishers.of_domain(work.connection, stored.id):
                raise ConflictError(f"the sub-domain {stored.domain.dns.zone} has SMPs: {len(held)}")
            return self._change(admin.actor, stored, lambda _domain: {"sml": {"enabled": False}})

    def get_sub_domain(self, caller: Caller, request: SubDomainName) -> SubDomain:
        """A sub-domain as it is. Raises NotFoundError."""
        return shown(self._admins.of(caller).sub_domain(request.name).domain)

    # Certificates

    def add_sub_domain_certificate(self, caller: Caller, request: NewSubDomainCertificate) -> SubDomainCertificate:
        """Let a certificate in, or those that it issues. Raises NotFoundError, ValidationError, ConflictError,
        AlreadyExistsError.
        """
        admin = self._admins.of(caller)
        stored = admin.sub_domain(request.sub_domain)
        _refuse_admin(request.is_admin)
        certificate = read_certificate(request.certificate)
        listed = ListedCertificate(certificate.public_bytes(Encoding.DER))
        added = partial(with_certificate, certificate=certificate, is_root=request.is_root)
        self._trust_otherwise(admin.actor, listed, (stored, added))
        return Held(stored.domain, listed, is_root=request.is_root).shown()

    def update_sub_domain_certificate(
        self, caller: Caller, request: SubDomainCertificateChange
    ) -> SubDomainCertificate:
        """Give a certificate to another sub-domain. Raises SmlError (ERR-115), NotFoundError, ValidationError,
        ConflictError.
        """
        admin = self._admins.of(caller)
        held = self._only(admin, request.identifier)
        _refuse_admin(request.is_admin)
        if request.crl_url is not None and request.crl_url != held.crl_url:
            message = f"CrlDistributionPoint is what the certificate says: {held.crl_url or 'nothing'}"
            raise ValidationError.of("SML-CERTIFICATE-CRL", message)
        before = admin.sub_domain(held.domain.dns.zone)
        after = before if request.sub_domain is None else admin.sub_domain(request.sub_domain)
        if after.id != before.id:
            certificate = load_certificate(held.certificate.der)
            self._trust_otherwise(
                admin.actor,
                held.certificate,
                (before, partial(without_certificate, sha256=held.certificate.sha256)),
                (after, partial(with_certificate, certificate=certificate, is_root=held.is_root)),
            )
        return replace(held, domain=after.domain).shown()

    def list_sub_domain_certificates(
        self, caller: Caller, request: SubDomainCertificateFilter
    ) -> Sequence[SubDomainCertificate]:
        """Those of one sub-domain, or of all that the caller administers. Raises NotFoundError, ConflictError."""
        admin = self._admins.of(caller)
        among = admin.sub_domains if request.sub_domain is None else (admin.sub_domain(request.sub_domain),)
        part = (request.identifier or "").strip("%").lower()
        found = (held for held in self._held(among) if held.lets_in)
        return [held.shown() for held in found if part in held.identifier.lower()]

    @retried
    def change_certificate(self, caller: Caller, request: NewPublisherCertificate) -> Nothing:
        """Let a certificate speak for an SMP from now on, and none of those that do so at present.

        Raises SmlError: ERR-100 where there is no such SMP, ERR-106 for a certificate that won't do.
        """
        admin = self._admins.of(caller)
        certificate = read_certificate(request.certificate)
        by_id = {stored.id: stored for stored in admin.sub_domains}
        with self._database.write(admin.actor) as work:
            publishers.lock(work.connection, list(by_id), request.smp_id)
            found = publishers.find(work.connection, list(by_id), request.smp_id)
            if len(found) != 1:
                several = ConflictError(f"several sub-domains have an SMP {request.smp_id}")
                raise several if found else admin.missing(publisher_not_found(request.smp_id))
            (row,), sha256 = found, fingerprint(certificate)
            held = {each.sha256: each for each in sml_views.certificates_of(work.connection, row.id)}
            stored, change = by_id[row.domain_id], self._publisher_certificates
            if sha256 in held:
                change.change(work, stored, row, sha256, Window(min(held[sha256].usable_from or work.now, work.now)))
            else:
                change.add(work, stored, row, certificate, Window())
            for other in held.keys() - {sha256}:
                change.end(work, stored, row, other, last=True)
        return Nothing()

    def add_truststore_certificate(self, caller: Caller, request: TruststoreCertificate) -> TruststoreCertificate:
        """Let a certificate stand in paths; by itself it lets nobody in.

        The answer has the alias that it goes by. Raises ValidationError, ConflictError, AlreadyExistsError.
        """
        admin = self._admins.of(caller)
        stored = admin.sub_domain_of(request.alias)
        certificate = read_certificate(request.certificate)
        listed = ListedCertificate(certificate.public_bytes(Encoding.DER))
        added = partial(with_truststore_certificate, certificate=certificate)
        self._trust_otherwise(admin.actor, listed, (stored, added))
        return _in_truststore(Held(stored.domain, listed, is_root=True, lets_in=False))

    def get_truststore_certificate(self, caller: Caller, request: Alias) -> TruststoreCertificate:
        """A certificate by its alias. Raises SmlError (ERR-115)."""
        return _in_truststore(self._by_alias(self._admins.of(caller), request))

    def delete_truststore_certificate(self, caller: Caller, request: Alias) -> TruststoreCertificate:
        """Trust a certificate no more, also where it lets in. Raises SmlError (ERR-115), ConflictError."""
        admin = self._admins.of(caller)
        held = self._by_alias(admin, request)
        stored = admin.sub_domain(held.domain.dns.zone)
        gone = partial(without_certificate, sha256=held.certificate.sha256)
        self._trust_otherwise(admin.actor, held.certificate, (stored, gone))
        return _in_truststore(held)

    def list_truststore_aliases(self, caller: Caller, request: Alias) -> Sequence[Alias]:
        """The aliases that have a part. Raises ConflictError."""
        admin = self._admins.of(caller)
        aliases = dict.fromkeys(held.alias for held in self._held(admin.sub_domains) if held.is_root)
        return [Alias(alias) for alias in aliases if (request.alias or "").lower() in alias]

    # DNS

    @retried
    def add_dns_record(self, caller: Caller, request: DnsRecord) -> DnsRecord:
        """Add a record to those of its name and type. Raises NotFoundError, ValidationError."""
        admin = self._admins.of(caller)
        stored = self._zone_with(admin, request.name, request.zone)
        wanted = rrset_of(request, DEFAULT_TTL)
        with self._database.write(admin.actor) as work:
            zone_records.lock(work.connection, zone_id_of(stored))
            if (held := self._records.find(stored, wanted.owner, wanted.rdtype)) is not None:
                wanted = replace(held.rrset, rdatas=tuple(dict.fromkeys((*held.rrset.rdatas, *wanted.rdatas))))
            self._records.put(admin.actor, stored, [wanted])
        return replace(request, rdtype=wanted.rdtype)

    @retried
    def delete_dns_records(self, caller: Caller, request: DnsName) -> Sequence[DnsRecord]:
        """Remove the operator's records of a name, and tell which there were. Raises NotFoundError, ValidationError."""
        admin = self._admins.of(caller)
        stored = self._zone_with(admin, request.name, request.zone)
        with self._database.write(admin.actor) as work:
            zone_records.lock(work.connection, zone_id_of(stored))
            held = self._records.page(stored, request.name)
            self._records.remove(admin.actor, stored, request.name)
        return [shown for each in held for shown in records_of(each.rrset, stored.domain.dns.zone)]

    @retried
    def generate_inconsistency_report(self, caller: Caller, _request: ReportRequest) -> ReportStatus:
        """Have each sub-domain of the caller compared with DNS. Nothing is mailed: the answer says where it will be."""
        admin = self._admins.of(caller)
        if not admin.sub_domains:
            raise admin.missing(NotFoundError("there is no sub-domain"))
        with self._database.write(admin.actor) as work:
            numbers = [self._ask_for_report(work, stored) for stored in admin.sub_domains]
        found = ", ".join(map(str, numbers[:10]))
        return ReportStatus(
            f"Job {found} makes the report; nothing is sent by mail. See: registry job show {numbers[0]}"
        )

    # What there is not

    def set_property(self, caller: Caller, _request: Property) -> Property:
        """Raises NotFoundError: there are no properties."""
        self._no_property(caller)

    def get_property(self, caller: Caller, _request: Property) -> Property:
        """Raises NotFoundError: there are no properties."""
        self._no_property(caller)

    def delete_property(self, caller: Caller, _request: Property) -> Property:
        """Raises NotFoundError: there are no properties."""
        self._no_property(caller)

    def clear_cache(self, caller: Caller, _request: Nothing) -> Nothing:
        """Raises ConflictError: there is no cache."""
        require(self._admins.of(caller).principal, Action.DOMAIN_CHANGE, SYSTEM)
        raise ConflictError(_NO_CACHE)

    # helpers

    def _no_property(self, caller: Caller) -> NoReturn:
        require(self._admins.of(caller).principal, Action.DOMAIN_CHANGE, SYSTEM)
        raise NotFoundError(_NO_PROPERTIES)

    def _model_for(self, zone: str) -> Domain:
        """The domain after which a new one is made: that of the nearest zone above, or the first one."""
        every = sorted(self._directory.with_sml(), key=lambda stored: stored.id)
        if not every:
            raise ConflictError("the first domain is made by `registry domain add`: its rules and name servers count")
        above = [stored for stored in every if zone.endswith(f".{stored.domain.dns.zone}")]
        return max(above, key=lambda stored: len(stored.domain.dns.zone), default=every[0]).domain

    def _change(self, actor: Actor, stored: StoredDomain, settings: SettingsOf) -> SubDomain:
        """Lay settings over those that a sub-domain has once nobody else changes it."""
        with self._database.write(actor) as work:
            domains.lock(work, stored.id)
            self._directory.refresh()
            present = self._directory.by_id(stored.id).domain
            return shown(self._setup.change(actor, present.name, settings(present)).domain)

    def _held(self, among: Iterable[StoredDomain]) -> Iterator[Held]:
        with self._database.read() as connection:
            for stored in among:
                pins = stored.domain.trust.role(ROLE).pins
                yield from certificates_of(stored.domain, self._trust_of, pinned.ders(connection, pins))

    def _only(self, admin: Admin, identifier: str) -> Held:
        wanted = identifier.strip().lower()
        found = [each for each in self._held(admin.sub_domains) if each.identifier.lower() == wanted]
        lets_in = [each for each in found if each.lets_in]
        if len(lets_in) > 1:
            raise ConflictError(f"several sub-domains have the certificate {identifier}; change their settings instead")
        if not lets_in:
            raise admin.missing(_no_certificate(identifier))
        return lets_in[0]

    def _by_alias(self, admin: Admin, request: Alias) -> Held:
        for held in self._held(admin.sub_domains):
            if held.alias == (request.alias or "").strip().lower() and held.is_root:
                return held
        raise admin.missing(_no_certificate(request.alias or ""))

    def _trust_otherwise(
        self, actor: Actor, certificate: ListedCertificate, *changes: tuple[StoredDomain, SettingsOf]
    ) -> None:
        """Change whom sub-domains trust, all or none, and keep the certificate that it is about."""
        with self._database.write(actor) as work:
            certificates.put(work.connection, [certificate_row(certificate.der)])
            for stored, trust in sorted(changes, key=lambda change: change[0].id):  # all in one order: no deadlock
                self._change(actor, stored, partial(_trusting, trust))

    def _zone_with(self, admin: Admin, name: str, zone: str) -> StoredDomain:
        """The sub-domain whose zone has a name, which may be one below the zone that the request names."""
        owner, named = zone_of(name), zone_of(zone)
        for stored in sorted(admin.sub_domains, key=lambda stored: -len(stored.domain.dns.zone)):
            apex = stored.domain.dns.zone
            if f".{owner}".endswith(f".{apex}") and f".{apex}".endswith(f".{named}"):
                return stored
        raise admin.missing(NotFoundError(f"there is no zone {named} with the name {owner}"))


_NO_PROPERTIES = "There are no properties here; settings of a domain: registry domain change, or REST PATCH /domains"
_NO_CACHE = "There is no cache to be cleared: what is changed counts at once, in every process"


def _taken_up_again(request: SubDomain, domain: Domain) -> dict[str, Any]:
    return merge(settings_of(request, domain), {"sml": {"enabled": True}})


def _trusting(trust: SettingsOf, domain: Domain) -> dict[str, Any]:
    return {"trust": trust(domain)}


def _refuse_admin(is_admin: bool | None) -> None:
    if is_admin:
        message = "no certificate makes an administrator: registry account add-certificate gives it an account"
        raise ValidationError.of("SML-CERTIFICATE-ADMIN", message)


def _no_certificate(name: str) -> SmlError:
    return SmlError(FaultKind.NOT_FOUND, 115, f"There is no certificate '{name[:300]}'")


def _in_truststore(held: Held) -> TruststoreCertificate:
    return TruststoreCertificate(held.certificate.der, held.alias)
