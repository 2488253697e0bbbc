# SPDX-License-Identifier: Apache-2.0
"""A look at an installation: what the doctor finds, and what rows tell, as problems. Writes nothing.

It is done by the job that keeps the book of problems: files and settings are those of the process that does jobs.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import structlog

from registry.alerts import finders, publishing_finders
from registry.alerts.finders import bounded
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.api.v1.audit import VERIFY
from registry.app import trust_impact
from registry.app.doctor.database import check_database, check_history, check_master_key
from registry.app.doctor.domains import check_domains
from registry.app.doctor.files import check_disk, check_secrets, check_tls
from registry.app.doctor.findings import Finding
from registry.app.doctor.limits import check_listeners
from registry.app.doctor.served_zones import check_served_zones
from registry.app.doctor.work import check_access, check_backup, check_work
from registry.app.instance import Instance
from registry.app.other_zones import other_zones
from registry.consistency.last_checks import last_checks
from registry.dns.zone_status import zone_statuses
from registry.errors import ConfigurationError, RegistryError
from registry.impact.report import latest_report
from registry.settings import Settings
from registry.sml.reminders import known_by_name
from registry.smp.signed_documents import read_signing_key
from registry.storage.queries import alerts, jobs, signing_keys, zones
from registry.storage.queries.jobs import JobFilter, JobState
from registry.storage.queries.signing_keys import KeyRow
from trust_lists.certificates.parsing import fingerprint
from trust_lists.evaluation.trust_configuration import content_address

log = structlog.get_logger(__name__)

KINDS = {
    "DOCTOR-ANCHOR": ProblemKind.TRUST_ANCHOR_ENDS,
    "DOCTOR-ANCHOR-EARLY": ProblemKind.CERTIFICATE_EARLY,
    "DOCTOR-AUDIT": ProblemKind.AUDIT_LAG,
    "DOCTOR-BACKUP": ProblemKind.BACKUP_OLD,
    "DOCTOR-CLOCK": ProblemKind.DATABASE,
    "DOCTOR-CONNECTIONS": ProblemKind.DATABASE,
    "DOCTOR-DATA-OPEN": ProblemKind.SECRET_OPEN,
    "DOCTOR-DATABASE-OLD": ProblemKind.DATABASE,
    "DOCTOR-DISK": ProblemKind.DISK,
    "DOCTOR-DNS-AHEAD": ProblemKind.NAME_SERVER,
    "DOCTOR-DNS-BEHIND": ProblemKind.NAME_SERVER,
    "DOCTOR-DNS-SILENT": ProblemKind.NAME_SERVER,
    "DOCTOR-DOMAIN": ProblemKind.DOMAIN_LACKS,
    "DOCTOR-DOMAIN-TLS": ProblemKind.TLS_CERTIFICATE,
    "DOCTOR-EVIDENCE": ProblemKind.EVIDENCE_OLD,
    "DOCTOR-JOBS": ProblemKind.JOBS_WAIT,
    "DOCTOR-JOBS-FAILED": ProblemKind.JOBS_FAILED,
    "DOCTOR-LIMIT-OFF": ProblemKind.UNSAFE_SETTING,
    "DOCTOR-LOCKED": ProblemKind.NAMES_LOCKED,
    "DOCTOR-MASTER-KEY": ProblemKind.SECRET_OPEN,
    "DOCTOR-NO-ADMIN": ProblemKind.NO_ADMINISTRATOR,
    "DOCTOR-NO-TLS": ProblemKind.UNSAFE_SETTING,
    "DOCTOR-RUN-AS": ProblemKind.UNSAFE_SETTING,
    "DOCTOR-RUN-AS-FILE": ProblemKind.UNSAFE_SETTING,
    "DOCTOR-SECRET-OPEN": ProblemKind.SECRET_OPEN,
    "DOCTOR-SQLITE-NETWORK": ProblemKind.DATABASE,
    "DOCTOR-SQLITE-WAL": ProblemKind.DATABASE,
    "DOCTOR-TIMEOUTS": ProblemKind.DATABASE,
    "DOCTOR-TLS": ProblemKind.TLS_CERTIFICATE,
    "DOCTOR-TLS-EARLY": ProblemKind.TLS_CERTIFICATE,
    "DOCTOR-TLS-ENDS": ProblemKind.TLS_CERTIFICATE,
    "DOCTOR-TLS-EXPIRED": ProblemKind.TLS_CERTIFICATE,
    "DOCTOR-TLS-POLICY": ProblemKind.TLS_CERTIFICATE,
    "DOCTOR-TOKENS": ProblemKind.TOKENS_ENDLESS,
    "DOCTOR-TRUST": ProblemKind.TRUST_MODEL,
    "DOCTOR-ZONE-LAG": ProblemKind.DNS_LAG,
}
"""What a finding of the doctor is as a problem; the others are hints for whoever sets an installation up, or found here
from rows, or can't be while a job runs."""
_SERVERS = ("DOCTOR-DNS-AHEAD", "DOCTOR-DNS-BEHIND", "DOCTOR-DNS-SILENT")


def look(instance: Instance, settings: Settings) -> Look:
    """Everything that is the matter now. What can't be looked at is a problem, too, and the rest is told."""
    return _Look(instance, settings).all()


class _Look:
    def __init__(self, instance: Instance, settings: Settings) -> None:
        instance.directory.refresh()
        self._instance = instance
        self._settings = settings
        self._database = instance.database
        self._now = instance.database.now()
        self._stored = instance.directory.all()
        self._ids = {stored.domain.name: stored.id for stored in self._stored}

    def all(self) -> Look:
        """Each source by itself."""
        kind = ProblemKind
        sources: dict[str, tuple[Callable[[], Iterable[Problem]], set[ProblemKind]]] = {
            "certificates": (
                self._certificates,
                {kind.CERTIFICATE_ENDS, kind.CERTIFICATE_EARLY, kind.CHANGE_DUE, kind.SUCCESSOR_INVALID},
            ),
            "signing keys": (self._signing_keys, {kind.SIGNING_KEY}),
            "planned trust models": (self._trust_plans, {kind.TRUST_PLAN_REFUSES}),
            "people": (self._people, {kind.LOGINS_FAIL, kind.MIGRATION_ENDS, kind.REVIEW_WAITS}),
            "campaigns": (self._campaigns, {kind.CAMPAIGN_LATE}),
            "published": (
                self._published,
                {kind.PARTICIPANT_EMPTY, kind.SERVICE_WITHOUT_ENDPOINT, kind.SERVICE_ENDS},
            ),
            "ways to what is published": (
                self._reachable,
                {kind.PUBLIC_URL, kind.NO_SML, kind.NOTHING_PUBLISHED, kind.TRANSPORT_PROFILE},
            ),
            "name servers": (
                self._name_servers,
                {kind.NAME_SERVER, kind.NAME_SERVER_CONTENT, kind.NOTIFY_UNACKNOWLEDGED},
            ),
            "directories": (self._directories, {kind.DIRECTORY_LAG, kind.DIRECTORY_FAILED}),
            "audit": (self._audit, {kind.AUDIT_BROKEN}),
            "alerts": (self._alerts, {kind.ALERT_FAILS}),
            **{name: (self._told_by(check), set(KINDS.values())) for name, check in self._checks().items()},
        }
        found: list[Problem] = []
        blind: set[ProblemKind] = set()
        for name, (source, kinds) in sources.items():
            try:
                found += source()
            except (RegistryError, OSError) as error:
                log.warning("problems_not_looked_at", source=name, reason=str(error))
                told = {"what": f"the {name} could not be looked at: {error}", "remedy": "See the log."}
                found.append(Problem(kind.CHECK_FAILS, Severity.ERROR, name, parameters=told))
                blind |= kinds
        return Look(found, frozenset(blind))

    def _checks(self) -> dict[str, Callable[[], Iterator[Finding]]]:
        settings, database, now = self._settings, self._database, self._now
        return {
            "listeners": lambda: check_listeners(settings),
            "secrets": lambda: check_secrets(settings),
            "TLS": lambda: check_tls(settings, now),
            "disk": lambda: check_disk(settings),
            "master key": lambda: check_master_key(settings, database),
            "database": lambda: check_database(settings, database),
            "history": lambda: check_history(database),
            "domains": lambda: check_domains(settings, self._instance),
            "work": lambda: check_work(settings, database),
            "access": lambda: check_access(database),
            "served zones": lambda: check_served_zones(database),
            "backups": lambda: check_backup(settings, now),
        }

    def _told_by(self, check: Callable[[], Iterator[Finding]]) -> Callable[[], Iterable[Problem]]:
        def told() -> Iterable[Problem]:
            with self._database.read() as connection:
                of_zone = {row.name: row.domain_id for row in zones.all_zones(connection)}
            return bounded([self._problem(finding, of_zone) for finding in check() if finding.id in KINDS])

        return told

    def _problem(self, finding: Finding, of_zone: dict[str, int | None]) -> Problem:
        domain_id = None if finding.domain is None else self._ids.get(finding.domain)
        if finding.id in _SERVERS:
            domain_id = of_zone.get(finding.subject.partition(" ")[0])
        told = {"what": finding.what, "remedy": finding.remedy}
        severity = Severity(finding.level.value)
        return Problem(KINDS[finding.id], severity, finding.subject, domain_id, None, told, finding.id)

    def _certificates(self) -> Iterable[Problem]:
        with self._database.read() as connection:
            found = finders.ending_certificates(connection, self._now, known_by_name(self._stored))
            early = publishing_finders.early_certificates(connection, self._now)
            return [*found, *early, *finders.planned_changes(connection, self._now)]

    def _signing_keys(self) -> Iterator[Problem]:
        """Keys that sign, or are to, and can't be used here, where documents are signed in the background."""
        for stored in self._stored:
            with self._database.read() as connection:
                rows = signing_keys.of_domain(connection, stored.id)
            for row in (row for row in rows if row.active or row.is_planned):
                if failure := _unusable(row):
                    told = {"file": row.file, "failure": failure}
                    name = stored.domain.name
                    yield Problem(ProblemKind.SIGNING_KEY, Severity.ERROR, name, stored.id, None, told, str(row.id))

    def _trust_plans(self) -> Iterator[Problem]:
        """Whom planned trust models would refuse, as they were compared last."""
        for stored in self._stored:
            if (document := trust_impact.planned(self._instance, stored)) is None:
                continue
            address = content_address(trust_impact.configuration_in(document))
            with self._database.read() as connection:
                report = latest_report(connection, stored.id, address)
            if report is not None:
                yield from finders.refused_by_plan(report, stored.id)

    def _people(self) -> Iterable[Problem]:
        with self._database.read() as connection:
            reviews = (finders.waiting_reviews(connection, stored.id, self._now) for stored in self._stored)
            logins = finders.failing_logins(connection, self._now)
            return [*logins, *finders.ending_migrations(connection, self._now), *chain.from_iterable(reviews)]

    def _campaigns(self) -> Iterable[Problem]:
        with self._database.read() as connection:
            return list(finders.late_campaigns(connection, self._now))

    def _published(self) -> Iterable[Problem]:
        found: list[Problem] = []
        for stored in self._stored:
            with self._database.read() as connection:
                found += finders.published_in_vain(connection, stored.id, self._now)
                found += publishing_finders.ending_services(connection, stored.id, self._now)
        return found

    def _reachable(self) -> Iterable[Problem]:
        found: list[Problem] = []
        for stored in self._stored:
            with self._database.read() as connection:
                found += publishing_finders.unreachable(connection, stored.id, stored.domain)
                found += publishing_finders.unknown_profiles(connection, stored.id, stored.domain)
        return found

    def _name_servers(self) -> Iterable[Problem]:
        others = other_zones(self._instance, self._settings)
        statuses = zone_statuses(self._database, self._stored, others)
        found = list(finders.name_servers(statuses, self._ids.get, self._now))
        with self._database.read() as connection:
            for stored in self._stored:
                found += finders.contents(last_checks(connection, stored.id), stored.id, stored.domain.dns.zone)
            found += finders.unacknowledged_notices(connection, statuses, self._ids.get, self._now)
        return bounded(found)

    def _directories(self) -> Iterable[Problem]:
        found: list[Problem] = []
        for stored in self._stored:
            if stored.domain.directory.enabled:
                with self._database.read() as connection:
                    found += finders.directories(connection, stored.id, stored.domain.name, self._now)
        return found

    def _audit(self) -> Iterator[Problem]:
        """What the last check of the chain found."""
        with self._database.read() as connection:
            done = jobs.page(connection, JobFilter(states=[JobState.DONE], kind=VERIFY), None, 1)
        finding = done[0].result["finding"] if done and done[0].result else None
        if finding is not None:
            told = {"position": finding["position"], "message": finding["message"]}
            yield Problem(ProblemKind.AUDIT_BROKEN, Severity.ERROR, since=done[0].finished_at, parameters=told)

    def _alerts(self) -> Iterator[Problem]:
        """Channels by which nobody could be told."""
        with self._database.read() as connection:
            failing = alerts.failing(connection)
        for name, failure in failing:
            yield Problem(ProblemKind.ALERT_FAILS, Severity.WARNING, name, parameters={"failure": failure})


def _unusable(row: KeyRow) -> str:
    """Why a signing key can't be used by this process; empty where it can."""
    try:
        key = read_signing_key(Path(row.file), Path(row.password_file) if row.password_file else None)
    except ConfigurationError as error:
        return str(error)
    same = fingerprint(key.certificate) == row.certificate_sha256
    return "" if same else f"the signing key {row.file} is another one than was taken"
