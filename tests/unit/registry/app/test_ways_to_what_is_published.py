# SPDX-License-Identifier: Apache-2.0
"""Problems of what is published and senders don't get at: keys, dates, addresses, profiles, plans of trust, NOTIFY."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert, select, update

from registry.alerts import publishing_finders
from registry.alerts.problem import MAX_OF_KIND, REST, Problem, ProblemKind, Severity
from registry.alerts.words import told
from registry.app import problem_finding, trust_impact
from registry.app.alert_job import look_for_problems
from registry.app.domain_setup import change_domain
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.dns.journal import ZonePublisher
from registry.domains.domain import Domain
from registry.metadata import ServiceGroup
from registry.settings import Settings, load_settings
from registry.storage.queries import problem_rows, problems, zone_notices, zones
from registry.storage.queries.problems import ProblemFilter, ProblemRow
from registry.storage.queries.zone_notices import Notice
from registry.storage.tables import (
    access_point,
    endpoint,
    process_metadata,
    publisher_certificate,
    redirect,
    service,
    signing_key,
)
from tests.simulators.domain_trust import peppol_like
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

SECONDARY = "192.0.2.1:53"


@pytest.fixture
def settings(offline: OfflineInstance) -> Settings:
    return load_settings(data_dir=offline.folder)


@pytest.fixture
def connection(offline: OfflineInstance) -> Iterator[Connection]:
    with offline.instance.database.read() as held:
        yield held


def look(offline: OfflineInstance, settings: Settings, kind: ProblemKind) -> list[Problem]:
    return [each for each in problem_finding.look(offline.instance, settings).problems if each.kind is kind]


def publish(offline: OfflineInstance, number: int = 1) -> None:
    who = participant(f"0088:{number:05}")
    metadata = replace(demo_metadata(offline.pki.access_points)[0], participant=who)
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(who))
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)


def change(offline: OfflineInstance, table: object, **values: object) -> None:
    with offline.instance.database.write(ACTOR) as work:
        work.connection.execute(update(table).values(values))  # type: ignore[arg-type]


def said(offline: OfflineInstance, settings: Settings, kind: ProblemKind) -> list[str]:
    """What the book has of a kind, in words."""
    look_for_problems(offline.instance, settings, ACTOR)
    with offline.instance.database.read() as connection:
        rows = problems.page(connection, ProblemFilter(), None, 1_000)
    return [told(row).what for row in rows if row.kind == kind]


def test_certificates_in_use_that_are_not_valid_yet_are_told_with_who_has_them(
    offline: OfflineInstance, settings: Settings
) -> None:
    publish(offline)
    kind = ProblemKind.CERTIFICATE_EARLY
    assert look(offline, settings, kind) == []
    change(offline, publisher_certificate, usable_from=None)
    offline.clock.now = offline.pki.smp.certificate.not_valid_before_utc - timedelta(seconds=1)
    found = [each for each in look(offline, settings, kind) if "holder" in each.parameters]
    holders = {each.parameters["holder"]: each.subject for each in found}
    assert holders.keys() == {"publisher", "signing-key", "access-point"}
    assert (holders["publisher"], holders["signing-key"]) == (SMP_ID, "demo")
    assert {each.severity for each in found} == {Severity.ERROR}
    anchors = [each for each in look(offline, settings, kind) if "holder" not in each.parameters]
    assert any("anchor" in each.parameters["what"] for each in anchors)
    change(offline, endpoint, access_point_id=_unused(offline))
    with_it = [each for each in look(offline, settings, kind) if each.parameters.get("holder") == "access-point"]
    assert with_it == [], "nobody is shown the certificates of an access point that no endpoint has"


def _unused(offline: OfflineInstance) -> int:
    """An access point without certificates."""
    with offline.instance.database.write(ACTOR) as work:
        row = dict(work.connection.execute(access_point.select()).first()._mapping)  # type: ignore[union-attr]
        row |= {"name": "bare"}
        row.pop("id")
        return int(work.connection.execute(insert(access_point).values(row).returning(access_point.c.id)).scalar_one())


def test_signing_key_that_is_gone_or_another_one_is_told_until_it_is_back(
    offline: OfflineInstance, settings: Settings
) -> None:
    kind = ProblemKind.SIGNING_KEY
    assert look(offline, settings, kind) == []
    with offline.instance.database.read() as connection:
        file = Path(connection.execute(select(signing_key.c.file)).scalar_one())
    held = file.read_bytes()
    file.unlink()
    (gone,) = look(offline, settings, kind)
    assert (gone.subject, gone.severity, gone.domain_id) == ("demo", Severity.ERROR, offline.stored.id)
    assert "can't be read" in gone.parameters["failure"]
    file.write_bytes(held)
    assert look(offline, settings, kind) == []
    file.write_bytes(b"-----BEGIN nothing")
    assert "can't be used" in look(offline, settings, kind)[0].parameters["failure"]


def test_service_whose_last_endpoint_ends_within_a_month_is_told_and_one_with_a_later_one_is_not(
    offline: OfflineInstance, settings: Settings
) -> None:
    publish(offline)
    kind, now = ProblemKind.SERVICE_ENDS, offline.clock.now
    assert look(offline, settings, kind) == []
    change(offline, endpoint, expiration=now + timedelta(days=31))
    assert look(offline, settings, kind) == []
    seen = []
    for days in (30, 8, 7, 0):
        change(offline, endpoint, expiration=now + timedelta(days=days))
        seen.append([each.severity.value for each in look(offline, settings, kind)])
    assert seen == [["hint"], ["hint"], ["warning"], []], "one that has ended is without an endpoint"
    (ended,) = look(offline, settings, ProblemKind.SERVICE_WITHOUT_ENDPOINT)
    assert "until" in said(offline, settings, ended.kind)[0]
    change(offline, endpoint, expiration=now + timedelta(days=1))
    with offline.instance.database.write(ACTOR) as work:
        row = dict(work.connection.execute(endpoint.select()).first()._mapping)  # type: ignore[union-attr]
        later = {"expiration": None, "activation": now + timedelta(days=1), "position": 99}
        row.pop("id")
        work.connection.execute(insert(endpoint).values(row | later))
    assert look(offline, settings, kind) == []


def test_endpoint_that_is_not_active_yet_is_told_with_when_it_will_be(
    offline: OfflineInstance, settings: Settings
) -> None:
    publish(offline)
    change(offline, endpoint, activation=offline.clock.now + timedelta(days=3), expiration=None)
    (text,) = said(offline, settings, ProblemKind.SERVICE_WITHOUT_ENDPOINT)
    assert f"from {offline.clock.now + timedelta(days=3):%Y-%m-%d}" in text


def test_a_redirect_neither_ends_nor_lacks_an_endpoint(offline: OfflineInstance, settings: Settings) -> None:
    publish(offline)
    with offline.instance.database.write(ACTOR) as work:
        number = work.connection.execute(select(process_metadata.c.id)).scalars().first()
        values = {"process_metadata_id": number, "href": "https://other.example.org/x", "certificate_uid": ""}
        work.connection.execute(insert(redirect).values(values))
    change(offline, endpoint, expiration=offline.clock.now + timedelta(days=1))
    assert look(offline, settings, ProblemKind.SERVICE_ENDS) == []


def test_beyond_a_number_of_services_that_end_only_how_many_more_is_told(
    offline: OfflineInstance, settings: Settings
) -> None:
    publish(offline)
    end = offline.clock.now + timedelta(days=9)
    with offline.instance.database.write(ACTOR) as work:
        held = dict(work.connection.execute(service.select()).first()._mapping)  # type: ignore[union-attr]
        shown = dict(work.connection.execute(endpoint.select()).first()._mapping)  # type: ignore[union-attr]
        held.pop("id")
        shown.pop("id")
        for number in range(MAX_OF_KIND + 1):
            one = held | {"value": f"d{number}", "value_key": f"d{number}"}
            added = work.connection.execute(insert(service).values(one).returning(service.c.id)).scalar_one()
            work.connection.execute(insert(endpoint).values(shown | {"service_id": added}))
        work.connection.execute(update(endpoint).values(expiration=end))
    found = look(offline, settings, ProblemKind.SERVICE_ENDS)
    assert len(found) == MAX_OF_KIND + 1
    assert (found[-1].subject, found[-1].parameters) == (REST, {"more": 2})


@pytest.mark.sqlite
def test_what_ends_is_found_by_indexes(offline: OfflineInstance) -> None:
    """Each service is asked for by its participant, and each endpoint by its service: no table is read for another."""
    asked: list[str] = []
    with offline.instance.database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *said: asked.append(said[2]))
        now = offline.clock.now
        problem_rows.ending_services(connection, 1, now, now, 10)
        problem_rows.count_ending_services(connection, 1, now, now)
        problem_rows.unusable_services(connection, 1, now, 10)
        problem_rows.early_certificates(connection, now, 10)
        problem_rows.used_profiles(connection, 1, 10)
        problem_rows.publishes(connection, 1)
        plans = {
            sql: [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {re.sub('[?]', '1', sql)}")]
            for sql in list(asked)
            if sql.startswith("SELECT")
        }
    assert len(plans) == 6
    for sql, steps in plans.items():
        assert not [step for step in steps if re.match(r"SCAN (endpoint|redirect|process_metadata)\b", step)], sql


def test_domain_that_publishes_without_an_address_or_with_one_of_this_machine_is_told(
    offline: OfflineInstance, settings: Settings
) -> None:
    domain, number = offline.stored.domain, offline.stored.id

    def found(url: str) -> list[tuple[str, str]]:
        changed = replace(domain, smp=replace(domain.smp, base_url=url))
        with offline.instance.database.read() as connection:
            every = list(publishing_finders.unreachable(connection, number, changed))
        return [(each.kind.value, each.severity.value) for each in every]

    assert found("") == [], "nothing is published"
    publish(offline)
    assert look(offline, settings, ProblemKind.PUBLIC_URL) == []
    assert found("") == [("public-url", "error")]
    for local in ("http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080/smp"):
        assert found(local) == [("public-url", "hint")]
    assert found("https://smp.example.org") == []


def test_domain_that_publishes_and_is_known_to_no_sml_is_told(offline: OfflineInstance) -> None:
    publish(offline)
    domain = offline.stored.domain
    without = replace(domain, sml=replace(domain.sml, enabled=False))
    other = replace(without, smp=replace(domain.smp, smp_id=None))
    seen = []
    with offline.instance.database.read() as connection:
        for each in (domain, without, other):
            found = publishing_finders.unreachable(connection, offline.stored.id, each)
            seen.append([problem.kind.value for problem in found])
    assert seen == [[], [], ["no-sml"]]


def with_profiles(domain: Domain, *allowed: str) -> Domain:
    rule = replace(domain.identifiers.transport_profile, allowed=allowed)
    return replace(domain, identifiers=replace(domain.identifiers, transport_profile=rule))


def test_transport_profile_that_the_domain_does_not_know_any_more_is_told_once(offline: OfflineInstance) -> None:
    publish(offline, 1)
    publish(offline, 2)
    domain = offline.stored.domain
    with offline.instance.database.read() as connection:
        assert list(publishing_finders.unknown_profiles(connection, offline.stored.id, domain)) == []
        changed = with_profiles(domain, "another-profile")
        (found,) = publishing_finders.unknown_profiles(connection, offline.stored.id, changed)
    assert (found.severity, found.parameters["access_points"]) == (Severity.WARNING, 1)
    assert "another-profile" in found.parameters["reason"]


def test_notify_that_nobody_acknowledges_for_minutes_is_told_until_somebody_does(
    offline: OfflineInstance, settings: Settings
) -> None:
    kind, database, number = ProblemKind.NOTIFY_UNACKNOWLEDGED, offline.instance.database, offline.stored.zone_id
    assert number is not None
    change_domain(offline.instance, ACTOR, "demo", {"dns": {"secondaries": [{"server": SECONDARY, "key": "one.test"}]}})
    ZonePublisher(database, "test", 0).tick(serve=False)
    with database.read() as connection:
        serial = zones.by_id(connection, number).serial

    def note(failure: str | None) -> None:
        with database.write(ACTOR) as work:
            zone_notices.note(work, [Notice(number, SECONDARY, serial, failure)])

    note("no answer")
    assert look(offline, settings, kind) == []
    offline.clock.forward(minutes=6)
    note("no answer")  # it is told again and again: that counts from the serial
    (found,) = look(offline, settings, kind)
    assert (found.subject, found.domain_id) == (f"sml.test {SECONDARY}", offline.stored.id)
    assert found.parameters == {"serial": serial, "failure": "no answer"}
    note(None)
    assert look(offline, settings, kind) == []


def test_whom_a_planned_trust_model_would_refuse_is_told_as_long_as_it_is_planned(
    offline: OfflineInstance, settings: Settings, pki: DemoPki
) -> None:
    publish(offline)
    kind, stored = ProblemKind.TRUST_PLAN_REFUSES, offline.stored
    document = peppol_like(pki)
    document["roles"] |= dict.fromkeys(("ap-encrypt", "ap-sign"), document["roles"]["smp-sign"])
    trust_impact.plan(offline.instance, ACTOR, stored, document)
    assert look(offline, settings, kind) == [], "it has not been compared yet"
    wanted = trust_impact.configuration_in(document)
    trust_impact.comparison(offline.instance, offline.folder, stored, wanted).run(ACTOR, 3)
    assert look(offline, settings, kind) == [], "the domain only warns of it"
    offline.clock.forward(seconds=1)
    trust_impact.comparison(offline.instance, offline.folder, stored, wanted, enforce=True).run(ACTOR, 3)
    found = look(offline, settings, kind)
    assert {each.parameters["holder"] for each in found} >= {"access-point"}
    assert {(each.severity, each.domain_id) for each in found} == {(Severity.WARNING, stored.id)}
    assert any("1 participants" in text for text in said(offline, settings, kind))
    trust_impact.plan(offline.instance, ACTOR, stored, None)
    assert look(offline, settings, kind) == []


def test_an_smp_that_publishes_nobody_is_a_hint_until_it_does(offline: OfflineInstance, settings: Settings) -> None:
    kind, domain = ProblemKind.NOTHING_PUBLISHED, offline.stored.domain
    (found,) = look(offline, settings, kind)
    assert (found.severity, found.subject, found.domain_id) == (Severity.HINT, domain.name, offline.stored.id)
    assert domain.smp.base_url in said(offline, settings, kind)[0]
    with offline.instance.database.read() as connection:
        elsewhere = replace(domain, smp=replace(domain.smp, base_url=""))
        assert list(publishing_finders.unreachable(connection, offline.stored.id, elsewhere)) == []
    publish(offline)
    assert look(offline, settings, kind) == []


def test_new_kinds_have_words_of_their_own(offline: OfflineInstance, settings: Settings) -> None:
    look_for_problems(offline.instance, settings, ACTOR)
    with offline.instance.database.read() as connection:
        row: ProblemRow = problems.page(connection, ProblemFilter(), None, 1)[0]
    for kind in (ProblemKind.PUBLIC_URL, ProblemKind.NO_SML, ProblemKind.TRANSPORT_PROFILE, ProblemKind.SERVICE_ENDS):
        text = told(replace(row, kind=kind.value, subject="x", parameters={}))
        assert "x" in text.what
        assert text.remedy
