# SPDX-License-Identifier: Apache-2.0
"""Adds, changes and removes publishers and keeps their names in DNS: rows and zone journal in one transaction.

Nothing here asks who calls; `registry.sml.service` and `registry.sml.administration` do.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from registry.audit.events import record
from registry.dns.journal import ZoneJournal
from registry.dns.records import naptr_rrset, publisher_rrset
from registry.domains.base_url import check_https_443
from registry.errors import AlreadyExistsError, Reason, ValidationError
from registry.identifiers.smp_id import validate_smp_id
from registry.sml.bulk import Bulk
from registry.sml.errors import FaultKind, SmlError, broken_rules, publisher_exists
from registry.sml.model import Publisher
from registry.sml.names import publisher_owner, publisher_states
from registry.sml.quarantine import forget_publisher
from registry.sml.registration import Registrar, zone_id_of
from registry.storage.certificate_rows import certificate_row
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import certificates, migrations, publishers
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import UnitOfWork

_MAX_PHYSICAL_ADDRESS = 255


class Publishers:
    """The publishers of every domain, with their DNS records and audit events."""

    def __init__(self, journal: ZoneJournal, registrar: Registrar) -> None:
        self._journal = journal
        self.bulk = Bulk(journal, registrar)

    def add(self, work: UnitOfWork, stored: StoredDomain, publisher: Publisher, certificate: bytes | None) -> int:
        """Add a publisher with its DNS name, and the certificate (DER) that may speak for it; returns its id.

        Raises SmlError (ERR-106) for an id that exists or an address that breaks rules.
        """
        _check(stored, publisher)
        try:
            publisher_id = publishers.add(
                work, stored.id, publisher.smp_id, publisher.logical_address, publisher.physical_address
            )
        except AlreadyExistsError as error:
            raise publisher_exists(publisher.smp_id) from error
        forget_publisher(work, stored, publisher.smp_id)
        if certificate is not None:
            row = certificate_row(certificate)
            certificates.put(work.connection, [row])
            publishers.add_certificate(work, publisher_id, row["sha256"])
        added = PublisherRow(
            publisher_id,
            stored.id,
            publisher.smp_id,
            publisher.logical_address,
            publisher.physical_address,
            suspended=False,
        )
        self._journal.write(work, zone_id_of(stored), publisher_states(stored.domain, added))
        record(work, "sml:publisher:create", publisher.smp_id, domain_id=stored.id, after=_audited(publisher))
        return publisher_id

    def change(
        self, work: UnitOfWork, stored: StoredDomain, row: PublisherRow, logical_address: str, physical_address: str
    ) -> bool:
        """Give a publisher, which is locked, new addresses; the names of all its participants follow, of many by a job.

        Returns whether it had others.

        Raises SmlError (ERR-106) for an address that breaks rules.
        """
        before = publisher_of(row)
        changed = Publisher(row.smp_id, logical_address, physical_address)
        if changed == before:
            return False
        _check(stored, changed)
        publishers.change_addresses(work, row.id, logical_address, physical_address)
        if logical_address != before.logical_address:
            self.bulk.follow(work, stored, replace(row, logical_address=logical_address))
        shown = {"before": _audited(before), "after": _audited(changed)}
        record(work, "sml:publisher:update", row.smp_id, domain_id=stored.id, **shown)
        return True

    def remove(self, work: UnitOfWork, stored: StoredDomain, row: PublisherRow) -> int | None:
        """Remove a publisher, which is locked, with all its registrations and names.

        Returns the job's id where many are left to one.

        Raises SmlError (ERR-113) while a participant has an open migration.
        """
        migrating = migrations.number_open(work.connection, row.id, work.now)
        if migrating:
            text = f"The SMP '{row.smp_id}' can't be deleted: {migrating} of its participants have an open migration"
            raise SmlError(FaultKind.BAD_REQUEST, 113, text)
        job_id = self.bulk.remove(work, stored, row)
        record(work, "sml:publisher:delete", row.smp_id, domain_id=stored.id, before=_audited(publisher_of(row)))
        return job_id


def publisher_of(row: PublisherRow) -> Publisher:
    """A publisher as it was registered."""
    return Publisher(row.smp_id, row.logical_address, row.physical_address)


def _check(stored: StoredDomain, publisher: Publisher) -> None:
    address = publisher.logical_address
    reasons = [*validate_smp_id(publisher.smp_id), *_address_reasons(stored, publisher)]
    if stored.domain.smp.https_443_only and (refused := check_https_443(address)):
        reasons.append(refused)
    if len(publisher.physical_address) > _MAX_PHYSICAL_ADDRESS:
        message = f"PhysicalAddress has more than {_MAX_PHYSICAL_ADDRESS} characters"
        reasons.append(Reason("SML-PHYSICAL-ADDRESS-LENGTH", message))
    if reasons:
        raise broken_rules(reasons)


def _address_reasons(stored: StoredDomain, publisher: Publisher) -> list[Reason]:
    address, profile, schemes = publisher.logical_address, stored.domain.dns, stored.domain.sml.url_schemes
    reasons = []
    try:
        parts = urlsplit(address)
        if parts.scheme not in schemes or not parts.hostname or parts.port == 0:  # port: ValueError beyond 65535
            message = f"LogicalAddress must be an absolute URL with scheme {' or '.join(sorted(schemes))}"
            reasons.append(Reason("SML-LOGICAL-ADDRESS-SCHEME", message))
        # What DNS couldn't carry must not be registered.
        naptr_rrset("x", address, profile.naptr_services, profile.ttl)
        publisher_rrset("x", address, profile.ttl)
        own_name = f"{publisher_owner(profile, publisher.smp_id)}.{profile.zone}"
        if (parts.hostname or "").rstrip(".") == own_name:
            message = f"LogicalAddress must not be {own_name}, which becomes an alias of it"
            reasons.append(Reason("SML-LOGICAL-ADDRESS-LOOP", message))
    except ValidationError as error:
        reasons += error.reasons
    except ValueError:
        reasons.append(Reason("SML-LOGICAL-ADDRESS", "LogicalAddress is not a URL"))
    return reasons


def _audited(publisher: Publisher) -> dict[str, str]:
    return {
        "smp_id": publisher.smp_id,
        "logical_address": publisher.logical_address,
        "physical_address": publisher.physical_address,
    }
