# SPDX-License-Identifier: Apache-2.0
"""A look at an installation finds what rows and the doctor tell, each once, in its domain, and bounded in number."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from registry.accounts.accounts import Kind as AccountKind
from registry.accounts.accounts import create_account
from registry.alerts import finders
from registry.alerts.problem import MAX_OF_KIND, REST, Problem, ProblemKind, Severity
from registry.alerts.words import told
from registry.app import doctor, problem_finding
from registry.app.alert_job import look_for_problems
from registry.app.job_handlers import RECURRING, handlers
from registry.app.last_backup import note_backup
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import TechnicalError
from registry.jobs.queue import enqueue
from registry.jobs.worker import Worker
from registry.metadata import ServiceGroup
from registry.settings import Settings, load_settings
from registry.sml.interventions.model import CertificateName, Kind, Operator, Wanted
from registry.storage.engine import Actor
from registry.storage.queries import problems
from registry.storage.queries.problems import ProblemFilter, ProblemRow
from registry.storage.tables import access_point, endpoint, intervention, job, login_failure
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant

OURS = {
    "DOCTOR-AUDIT-BROKEN": "found from the last check of the chain",
    "DOCTOR-CHECK": "a look that fails is a problem by itself",
    "DOCTOR-DATABASE": "no job runs then",
    "DOCTOR-DNS-DELEGATION": "asks others",
    "DOCTOR-DNS-SERIAL": "asks others",
    "DOCTOR-DNS-SERVER": "asks others",
    "DOCTOR-DOMAIN-ENDS": "found from rows",
    "DOCTOR-NEW": "no job runs then",
    "DOCTOR-NO-DOMAIN": "for whoever sets it up",
    "DOCTOR-NOT-RESTORED": "for whoever restores",
    "DOCTOR-PROXY": "for whoever sets it up",
    "DOCTOR-RESTORED": "for whoever restores",
    "DOCTOR-RESTORED-TOKENS": "for whoever restores",
    "DOCTOR-RESTORED-ZONE": "for whoever restores",
    "DOCTOR-ROOT": "tells of a process",
    "DOCTOR-SCHEMA": "no job runs then",
}
"""Findings of the doctor that are no problems of the book, and why."""


@pytest.fixture
def settings(offline: OfflineInstance) -> Settings:
    return load_settings(data_dir=offline.folder)


def look(offline: OfflineInstance, settings: Settings) -> dict[ProblemKind, list[Problem]]:
    found: dict[ProblemKind, list[Problem]] = {}
    for problem in problem_finding.look(offline.instance, settings).problems:
        found.setdefault(problem.kind, []).append(problem)
    return found


def publish(offline: OfflineInstance) -> None:
    metadata = replace(demo_metadata(offline.pki.access_points)[0], participant=participant())
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(participant()))
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)


def change(offline: OfflineInstance, table: object, **values: object) -> None:
    with offline.instance.database.write(ACTOR) as work:
        work.connection.execute(update(table).values(values))  # type: ignore[arg-type]


def rows(offline: OfflineInstance) -> list[ProblemRow]:
    with offline.instance.database.read() as connection:
        return problems.page(connection, ProblemFilter(), None, 1_000)


def test_every_finding_of_the_doctor_is_a_problem_or_known_to_be_none() -> None:
    folder = Path(doctor.__path__[0])
    ids = {found for file in folder.glob("*.py") for found in re.findall(r'"(DOCTOR-[A-Z-]+)"', file.read_text())}
    assert ids == problem_finding.KINDS.keys() | OURS.keys()
    assert not problem_finding.KINDS.keys() & OURS.keys()


def test_findings_of_the_doctor_keep_their_words_and_their_domain(offline: OfflineInstance, settings: Settings) -> None:
    found = look(offline, settings)
    (backup,) = found[ProblemKind.BACKUP_OLD]
    assert backup.severity is Severity.HINT
    assert "no backup" in backup.parameters["what"]
    note_backup(offline.folder, offline.clock.now)
    assert ProblemKind.BACKUP_OLD not in look(offline, settings)
    assert ProblemKind.DOMAIN_LACKS not in found
    offline.clock.now = offline.pki.smp.certificate.not_valid_after_utc + timedelta(days=1)
    (lack,) = look(offline, settings)[ProblemKind.DOMAIN_LACKS]
    assert (lack.domain_id, lack.severity) == (offline.stored.id, Severity.ERROR)


def test_certificate_ends_first_as_a_hint_then_as_a_warning_then_as_an_error(
    offline: OfflineInstance, settings: Settings
) -> None:
    ends = offline.pki.smp.certificate.not_valid_after_utc
    seen = []
    keys = set()
    for days in (91, 90, 30, 7, 0):
        offline.clock.now = ends - timedelta(days=days)
        found = [p for p in look(offline, settings).get(ProblemKind.CERTIFICATE_ENDS, []) if p.subject == "demo"]
        seen.append([problem.severity.value for problem in found])
        keys |= {problem.key for problem in found}
    assert seen == [[], ["hint"], ["warning"], ["error"], ["error"]]
    assert len(keys) == 1


def test_participant_without_a_service_and_service_without_an_endpoint_that_counts_are_told(
    offline: OfflineInstance, settings: Settings
) -> None:
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(participant("0088:empty")))
    publish(offline)
    assert ProblemKind.SERVICE_WITHOUT_ENDPOINT not in look(offline, settings)
    change(offline, endpoint, expiration=offline.clock.now)
    found = look(offline, settings)
    assert [problem.subject for problem in found[ProblemKind.PARTICIPANT_EMPTY]] == [str(participant("0088:empty"))]
    (service,) = found[ProblemKind.SERVICE_WITHOUT_ENDPOINT]
    assert service.subject == str(participant())
    change(offline, endpoint, expiration=None, activation=offline.clock.now + timedelta(seconds=1))
    assert ProblemKind.SERVICE_WITHOUT_ENDPOINT in look(offline, settings)


def test_beyond_a_number_of_one_kind_only_their_number_is_told(offline: OfflineInstance, settings: Settings) -> None:
    for number in range(MAX_OF_KIND + 3):
        group = ServiceGroup(participant(f"0088:{number:05}"))
        offline.instance.publishing.put_service_group(ACTOR, offline.stored, group)
    found = look(offline, settings)[ProblemKind.PARTICIPANT_EMPTY]
    assert len(found) == MAX_OF_KIND + 1
    assert (found[-1].subject, found[-1].parameters) == (REST, {"more": 3})
    many = [Problem(ProblemKind.DISK, Severity.ERROR, str(number)) for number in range(MAX_OF_KIND + 1)]
    assert list(finders.bounded(many))[-1].parameters == {"more": 1}
    assert len(list(finders.bounded(many[:-1]))) == MAX_OF_KIND


def test_planned_change_is_told_when_it_is_near_and_when_its_certificate_will_not_be_valid(
    offline: OfflineInstance, settings: Settings
) -> None:
    publish(offline)
    with offline.instance.database.write(ACTOR) as work:
        row = work.connection.execute(access_point.select()).one()._mapping
        copy = {name: value for name, value in row.items() if name != "id"} | {"name": "next"}
        added = insert(access_point).values(copy).returning(access_point.c.id)
        successor = work.connection.execute(added).scalar_one()
        certificates = problem_rows_certificates(work.connection, row["id"], successor)
        assert certificates
        values = {"successor_id": successor, "successor_at": offline.clock.now + timedelta(days=8)}
        work.connection.execute(update(access_point).where(access_point.c.id == row["id"]).values(values))
    assert not {ProblemKind.CHANGE_DUE, ProblemKind.SUCCESSOR_INVALID} & look(offline, settings).keys()
    offline.clock.forward(days=1)
    assert look(offline, settings)[ProblemKind.CHANGE_DUE][0].parameters["successor"] == "next"
    ends = max(ap.certificate.not_valid_after_utc for ap in offline.pki.access_points)
    change(offline, access_point, successor_at=ends + timedelta(days=1))
    assert look(offline, settings)[ProblemKind.SUCCESSOR_INVALID][0].severity is Severity.ERROR


def problem_rows_certificates(connection: object, held: int, successor: int) -> int:
    """Let a successor show the certificates of another access point; how many these are."""
    from registry.storage.tables import access_point_certificate as table

    shown = connection.execute(table.select().where(table.c.access_point_id == held)).all()  # type: ignore[attr-defined]
    for row in shown:
        values = dict(row._mapping) | {"access_point_id": successor}
        connection.execute(insert(table).values(values))  # type: ignore[attr-defined]
    return len(shown)


def test_intervention_that_waits_and_migration_that_ends_are_told(offline: OfflineInstance, settings: Settings) -> None:
    publish(offline)
    offline.instance.sml.prepare_migration(offline.caller(), SMP_ID, participant(), "Ab12!!cd34-Xy")
    found = look(offline, settings)
    assert ProblemKind.MIGRATION_ENDS not in found
    assert ProblemKind.REVIEW_WAITS not in found
    offline.clock.forward(days=offline.stored.domain.sml.migration_days - 0.5)
    (ending,) = look(offline, settings)[ProblemKind.MIGRATION_ENDS]
    assert (ending.subject, ending.parameters["smp_id"]) == (str(participant()), SMP_ID)


def test_many_failed_logins_are_told_by_their_number(offline: OfflineInstance, settings: Settings) -> None:
    values = {"name_sha256": "a" * 64, "failures": 19, "last_at": offline.clock.now}
    with offline.instance.database.write(ACTOR) as work:
        work.connection.execute(insert(login_failure).values(values))
    assert ProblemKind.LOGINS_FAIL not in look(offline, settings)
    change(offline, login_failure, failures=20)
    assert look(offline, settings)[ProblemKind.LOGINS_FAIL][0].parameters == {"names": 1, "failures": 20}
    offline.clock.forward(hours=1, seconds=1)
    assert ProblemKind.LOGINS_FAIL not in look(offline, settings)


def test_broken_chain_is_told_until_a_check_finds_it_whole(offline: OfflineInstance, settings: Settings) -> None:
    flaw = {"flaw": "hash", "position": 7, "message": "another hash"}
    for finding in (flaw, None):
        with offline.instance.database.write(ACTOR) as work:
            number = enqueue(work, "verify-audit", {})
            done = {"state": "done", "finished_at": work.now, "result": {"finding": finding}}
            work.connection.execute(update(job).where(job.c.id == number).values(done))
        found = look(offline, settings).get(ProblemKind.AUDIT_BROKEN, [])
        assert [problem.parameters["position"] for problem in found] == ([7] if finding else [])


def test_what_cannot_be_looked_at_is_a_problem_and_ends_no_others(
    offline: OfflineInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(participant()))
    look_for_problems(offline.instance, settings, ACTOR)
    assert "participant-empty" in {row.kind for row in rows(offline)}

    def fails(*_: object) -> None:
        raise TechnicalError("the disk is gone")

    monkeypatch.setattr(finders, "published_in_vain", fails)
    look_for_problems(offline.instance, settings, ACTOR)
    held = {row.kind: row for row in rows(offline)}
    assert "participant-empty" in held
    assert "the disk is gone" in told(held["check-fails"]).what


def test_job_keeps_the_book_four_times_an_hour(offline: OfflineInstance, settings: Settings) -> None:
    assert [work.every for work in RECURRING if work.kind == "problems"] == [timedelta(minutes=15)]
    with offline.instance.database.write(Actor("test")) as work:
        number = enqueue(work, "problems", {})
    worker = Worker(offline.instance.database, handlers(offline.instance, settings), "test")
    while worker.run_one():
        pass
    with offline.instance.database.read() as connection:
        result = connection.execute(job.select().where(job.c.id == number)).one().result
    assert result["begun"] == result["open"] == len(rows(offline)) > 0


def test_every_kind_has_words(offline: OfflineInstance, settings: Settings) -> None:
    look_for_problems(offline.instance, settings, ACTOR)
    for row in rows(offline):
        for kind in ProblemKind:
            for parameters in (row.parameters, {}, {"more": 3}):
                assert told(replace(row, kind=kind.value, parameters=parameters)).what
        assert told(replace(row, kind="of a later version", parameters={}, subject="x")).what == "of a later version: x"


def test_review_that_waits_is_told_until_somebody_approves(tmp_path: Path, pki: DemoPki) -> None:
    wanted = Wanted(Kind.BLOCK_CERTIFICATE, certificates=(CertificateName("CN=Some CA", "1f"),))
    with offline_instance(tmp_path, pki, sml={"four_eyes": ["block-certificate"]}) as offline:
        asks = create_account(offline.instance.database, ACTOR, AccountKind.PERSON, "somebody").id
        number = offline.instance.interventions.ask(Operator(ACTOR, asks), offline.stored, wanted).row.id
        with offline.instance.database.read() as connection:
            (waiting,) = finders.waiting_reviews(connection, offline.stored.id, offline.clock.now)
        assert {"intervention": number, "what": "block-certificate"}.items() <= waiting.parameters.items()
        change(offline, intervention, refused_at=offline.clock.now)
        with offline.instance.database.read() as connection:
            assert list(finders.waiting_reviews(connection, offline.stored.id, offline.clock.now)) == []
