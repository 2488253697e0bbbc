# SPDX-License-Identifier: Apache-2.0
"""What each domain of an instance has and lacks, and whether this process can do its work."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from registry.api.app import DomainHealth, Unready
from registry.app.certificates import Certificates
from registry.app.instance import Instance
from registry.app.zone_service import ZoneService
from registry.errors import ConfigurationError, RegistryError
from registry.settings import Settings
from registry.storage.changes import ChangeListener
from registry.storage.domain_directory import StoredDomain
from registry.storage.installation import check_installation, compatible_from
from registry.storage.migrate import known_versions, newest_version, schema_version
from registry.storage.queries import certificates, domains, events, jobs, publishers, service_groups, zones
from registry.storage.types import from_microseconds
from registry.storage.unit_of_work import Connection


def health_of(instance: Instance) -> list[DomainHealth]:
    """The health of every domain, by name."""
    instance.directory.refresh()
    with instance.database.read() as connection:
        return [_domain_health(instance, connection, stored) for stored in instance.directory.all()]


class Probes:
    """Answers of the health resource and the readiness probe. Blocking: they ask the database."""

    def __init__(
        self,
        instance: Instance,
        settings: Settings,
        tls: Certificates,
        changes: ChangeListener,
        zone_service: ZoneService | None,
    ) -> None:
        self._instance = instance
        self._settings = settings
        self._tls = tls
        self._changes = changes
        self._zones = zone_service
        self._newest = newest_version(instance.database)
        self._known = known_versions(instance.database)

    def health(self) -> list[DomainHealth]:
        """Every domain, with what it lacks at this process's listeners, too."""
        return [
            found.model_copy(
                update={"lacks": [*found.lacks, *self._tls.lacks(self._instance.directory.get(found.name).domain)]}
            )
            for found in health_of(self._instance)
        ]

    def readiness(self) -> list[Unready]:
        """Why this process should get no requests; empty where it should."""
        try:
            with self._instance.database.read() as connection:
                zones.all_zones(connection)
        except RegistryError as error:  # then nothing else can be told
            remedy = "Start the database, or see why it can't be reached; REGISTRY_DATABASE_URL says where it is."
            return [Unready("READY-DATABASE", str(error), remedy)]
        found: list[Unready] = []
        checks: tuple[Callable[[], Iterator[Unready]], ...] = (
            *(self._schema, self._master_key, self._served_zones, self._certificates, self._jobs),
            *(self._audit, self._notifications),
        )
        for check in checks:
            try:
                found += check()
            except RegistryError as error:
                found.append(Unready("READY-CHECK", f"this could not be looked at: {error}", "See the log."))
        return found

    def _schema(self) -> Iterator[Unready]:
        database = self._instance.database
        found = schema_version(database)
        if found == self._newest:
            return
        oldest = compatible_from(database)
        if found in self._known or oldest is None or self._newest is None or self._newest < oldest:
            message = f"the database has the schema {found}, and this version needs {self._newest}"
            yield Unready("READY-SCHEMA", message, "Start this version again, or the version that the schema is of.")

    def _master_key(self) -> Iterator[Unready]:
        try:
            check_installation(self._instance.database)
        except ConfigurationError as error:
            remedy = "Give every process the file that the installation was made with, and start it again."
            yield Unready("READY-MASTER-KEY", str(error), remedy)

    def _served_zones(self) -> Iterator[Unready]:
        if self._zones is None:
            return
        status = self._zones.status
        for name in status.unreadable:
            message = f"the zone {name} has records that can't be served; DNS goes on with what it had"
            remedy = f"The log says which (zone_unreadable); see `registry dns show {name}`."
            yield Unready("READY-ZONE", message, remedy)
        lag_s = max(status.lag_s, self._zones.silent_s)
        if lag_s > self._settings.ready_zone_lag_s:
            message = f"changes wait for DNS since {lag_s:.0f} s"
            remedy = "See the log for zone_publishing_failed; one process with the role dns, sml or jobs must run."
            yield Unready("READY-ZONE-LAG", message, remedy)

    def _certificates(self) -> Iterator[Unready]:
        for stored in self._instance.directory.all():
            for reason in self._tls.lacks(stored.domain):
                remedy = f"Put a certificate and its key into {self._settings.public_tls}; it is taken over by itself."
                yield Unready("READY-CERTIFICATE", f"domain {stored.domain.name}: {reason}", remedy)

    def _jobs(self) -> Iterator[Unready]:
        now = self._instance.database.now()
        with self._instance.database.read() as connection:
            counts = jobs.counts(connection, now)
        if _is_late(counts.oldest_due, now, self._settings.ready_job_wait_s):
            message = f"{counts.waiting} jobs wait, the oldest one since {counts.oldest_due:%Y-%m-%d %H:%M:%S} UTC"
            remedy = "Let a process run with the role jobs, or more of them; `registry job list` shows what there is."
            yield Unready("READY-JOBS", message, remedy)

    def _audit(self) -> Iterator[Unready]:
        with self._instance.database.read() as connection:
            oldest = events.unsealed(connection, 1)
        at = from_microseconds(oldest[0].at) if oldest else None
        if _is_late(at, self._instance.database.now(), self._settings.ready_audit_lag_s):
            message = f"events wait for their place in the audit's chain since {at:%Y-%m-%d %H:%M:%S} UTC"
            yield Unready("READY-AUDIT", message, "Let a process run with the role jobs; see the log for audit-seal.")

    def _notifications(self) -> Iterator[Unready]:
        if not self._changes.connected:
            message = "this process isn't told of changes by others, and sees them late"
            yield Unready("READY-NOTIFY", message, "See the log, and why the database ends idle connections.")


def _is_late(since: datetime | None, now: datetime, bound_s: float) -> bool:
    return since is not None and now - since > timedelta(seconds=bound_s)


def _domain_health(instance: Instance, connection: Connection, stored: StoredDomain) -> DomainHealth:
    zone = zones.of_domain(connection, stored.id)
    return DomainHealth(
        name=stored.domain.name,
        participants=service_groups.count(connection, stored.id),
        zone=zone.name if zone else None,
        zone_serial=zone.serial if zone else None,
        unpublished_changes=zones.unstamped(connection, zone.id) if zone else 0,
        lacks=_lacks(instance, connection, stored),
    )


def _lacks(instance: Instance, connection: Connection, stored: StoredDomain) -> list[str]:
    domain = stored.domain
    lacks = [
        f"the role {role} has no trust anchors"
        for role in ("smp-sign", "ap-encrypt", *(["sml-client"] if domain.sml.enabled else []))
        if domain.trust.trusts_nobody(role)
    ]
    if domain.smp.base_url:
        key = domains.active_signing_key(connection, stored.id)
        if key is None:
            lacks.append("there is no signing key")
        else:
            valid_until = certificates.not_after(connection, key.certificate_sha256)
            if valid_until is not None and valid_until <= instance.database.now():
                lacks.append("the certificate of the signing key has expired")
        own = domain.smp.smp_id
        if domain.sml.enabled and own and not publishers.find(connection, [stored.id], own):
            lacks.append(f"the SMP {own} is not registered at the SML")
    return lacks
