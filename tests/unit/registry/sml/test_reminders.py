# SPDX-License-Identifier: Apache-2.0
"""Operators are reminded of every certificate in use 90, 30, 7 and 1 days before its end, once each time."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from registry.app.certificate_metrics import certificate_gauges
from registry.app.signing_key_job import signing_keys_of
from registry.audit.events import EventFilter, search
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki, identity_pem, new_rsa_key
from registry.metadata import ServiceGroup
from registry.sml.administration import SmlAdministration
from registry.sml.model import Publisher
from registry.sml.publisher_certificates import Window
from registry.sml.reminders import DAYS_AHEAD, known_by_name, remind
from registry.smp.access_points import AccessPoints
from registry.storage.queries import certificate_ends, publishers
from registry.storage.queries.certificate_ends import EndingCertificate, EndingFilter
from registry.storage.tables import certificate_reminder
from tests.simulators.live import SMP_ID
from tests.simulators.next_certificates import next_identity
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance
from trust_lists.certificates.parsing import fingerprint

OTHER = Publisher("OTHER", "https://other.example.org/smp/", "192.0.2.1")
DAY = timedelta(days=1)
TAGS = {
    "sml:certificate:remind": "publisher",
    "smp:signing-key:remind": "signing-key",
    "smp:access-point:remind": "access-point",
}


@pytest.fixture
def sml(offline: OfflineInstance) -> SmlAdministration:
    instance = offline.instance
    return SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)


@pytest.fixture
def published(offline: OfflineInstance) -> OfflineInstance:
    """With an access point that endpoints show."""
    metadata = demo_metadata(offline.pki.access_points)[0]
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(metadata.participant))
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)
    return offline


def end_of(offline: OfflineInstance) -> datetime:
    """All certificates of the test network end together."""
    return offline.pki.smp.certificate.not_valid_after_utc


def reminders(offline: OfflineInstance) -> list[tuple[str, int]]:
    """Of what, and how many days before; oldest first."""
    found = []
    for tag, holder in TAGS.items():
        page = search(offline.instance.database, EventFilter(tag=tag), size=100)
        found += [(event.at, holder, event.after["days"]) for event in page.events]
    return [(holder, days) for _, holder, days in sorted(found)]


def run(offline: OfflineInstance) -> int:
    return remind(offline.instance.database, ACTOR)["reminded"]


def ending(offline: OfflineInstance, days: int = 90) -> list[EndingCertificate]:
    database = offline.instance.database
    wanted = EndingFilter(None, database.now() + days * DAY)
    with database.read() as connection:
        return certificate_ends.ending(connection, wanted, database.now(), 100)


def test_each_is_told_once_at_each_number_of_days(published: OfflineInstance) -> None:
    assert run(published) == 0
    for days in sorted(DAYS_AHEAD, reverse=True):
        published.clock.now = end_of(published) - days * DAY - timedelta(seconds=1)
        assert run(published) == 0, f"more than {days} days before"
        published.clock.now = end_of(published) - days * DAY
        assert run(published) == 3
        assert run(published) == 0
    published.clock.now = end_of(published) + DAY
    assert run(published) == 0, "who has let it come to the end was told"
    assert sorted(reminders(published)) == sorted((holder, days) for holder in TAGS.values() for days in DAYS_AHEAD)


def test_who_comes_late_is_told_of_the_time_that_is_left(published: OfflineInstance) -> None:
    published.clock.now = end_of(published) - 5 * DAY
    assert run(published) == 3
    assert {days for _, days in reminders(published)} == {7}


def test_event_names_certificate_holder_and_end(published: OfflineInstance) -> None:
    published.clock.now = end_of(published) - 20 * DAY
    run(published)
    page = search(published.instance.database, EventFilter(tag="sml:certificate:remind"), size=10)
    (event,) = page.events
    own = published.pki.smp.certificate
    assert (event.subject, event.domain_id, event.actor) == (SMP_ID, published.stored.id, ACTOR.name)
    assert event.after == {
        "certificate": fingerprint(own),
        "subject": "CN=SMP_DEMO000001,OU=PEPPOL TEST SMP,O=Demo,C=BE",
        "ends_at": own.not_valid_after_utc.isoformat(),
        "days": 30,
    }


def test_nobody_is_reminded_where_a_successor_is_there(
    published: OfflineInstance, sml: SmlAdministration, tmp_path: Path
) -> None:
    instance, stored, end = published.instance, published.stored, end_of(published)
    published.clock.now = end - 20 * DAY
    new = next_identity(published.pki, published.clock.now, key=new_rsa_key())
    sml.add_certificate(ACTOR, stored, SMP_ID, new.certificate, Window(end - DAY))
    (tmp_path / "next.pem").write_bytes(identity_pem(new))
    signing_keys_of(instance, stored).plan(ACTOR, tmp_path / "next.pem", None, end - DAY)
    points = AccessPoints(instance.database, stored, instance.trust_models.of(stored.domain))
    gateway = published.pki.ap_ca.issue(
        "POP000009", "PEPPOL TEST AP", not_before=published.clock.now, not_after=end + 365 * DAY, key=new.private_key
    )
    (name,) = {row.name for row in points.listed() if row.endpoints}
    der = gateway.certificate.public_bytes(Encoding.DER)
    points.change(ACTOR, name, certificate=der, at=end - DAY)
    assert run(published) == 0
    assert {row.has_successor for row in ending(published)} == {True}
    published.clock.now = end - timedelta(hours=1)
    assert run(published) == 0


def test_successor_that_comes_after_the_end_is_none(published: OfflineInstance, sml: SmlAdministration) -> None:
    published.clock.now = end_of(published) - 20 * DAY
    new = next_identity(published.pki, published.clock.now)
    sml.add_certificate(ACTOR, published.stored, SMP_ID, new.certificate, Window(end_of(published) + DAY))
    run(published)
    assert ("publisher", 30) in reminders(published)


def test_certificate_that_ends_with_it_is_no_successor(published: OfflineInstance, sml: SmlAdministration) -> None:
    now = published.clock.now = end_of(published) - 20 * DAY
    new = next_identity(published.pki, now, lasts=20 * DAY)
    sml.add_certificate(ACTOR, published.stored, SMP_ID, new.certificate, Window())
    run(published)
    assert [holder for holder, _ in reminders(published)].count("publisher") == 2


def test_end_of_a_window_counts_like_the_end_of_the_certificate(
    published: OfflineInstance, sml: SmlAdministration
) -> None:
    own, until = fingerprint(published.pki.smp.certificate), published.clock.now + 6 * DAY
    sml.change_certificate(ACTOR, published.stored, SMP_ID, own, Window(usable_until=until))
    assert run(published) == 1
    assert reminders(published) == [("publisher", 7)]


@pytest.mark.parametrize("state", ["planned", "ended", "removing"])
def test_what_is_not_in_use_is_not_told_of(published: OfflineInstance, sml: SmlAdministration, state: str) -> None:
    now = published.clock.now
    short = next_identity(published.pki, now, lasts=20 * DAY)
    sml.create_publisher(ACTOR, published.stored, OTHER)
    sml.add_certificate(
        ACTOR, published.stored, "OTHER", short.certificate, Window(now + DAY if state == "planned" else None)
    )
    if state == "ended":
        published.clock.forward(hours=1)
        sml.end_certificate(ACTOR, published.stored, "OTHER", fingerprint(short.certificate), last=True)
    if state == "removing":
        with published.instance.database.write(ACTOR) as work:
            (row,) = publishers.find(work.connection, [published.stored.id], "OTHER")
            publishers.begin_removal(work, row.id)
    assert run(published) == 0


def test_smps_that_are_known_by_name_renew_without_a_successor_here(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, sml={"enabled": True, "identity": "issuer+subject"}) as offline:
        by_name = known_by_name(offline.instance.directory.all())
        offline.clock.now = end_of(offline) - 5 * DAY
        assert remind(offline.instance.database, ACTOR, by_name) == {"reminded": 1}
        assert reminders(offline) == [("signing-key", 7)]
        (metric,) = certificate_gauges(offline.instance)
        assert {sample.labels["holder"] for sample in metric.samples if sample.value} == {"signing-key"}


def test_access_point_that_no_endpoint_shows_is_not_in_use(published: OfflineInstance) -> None:
    metadata = demo_metadata(published.pki.access_points)[0]
    published.instance.publishing.delete_service_group(ACTOR, published.stored, metadata.participant)
    published.clock.now = end_of(published) - 20 * DAY
    run(published)
    assert "access-point" not in dict(reminders(published))


def test_successor_that_has_taken_over_is_what_is_in_use(published: OfflineInstance) -> None:
    instance, stored, now = published.instance, published.stored, published.clock.now
    points = AccessPoints(instance.database, stored, instance.trust_models.of(stored.domain))
    gateway = published.pki.ap_ca.issue(
        "POP000009", "PEPPOL TEST AP", not_before=now, not_after=now + 40 * DAY, key=new_rsa_key()
    )
    (name,) = {row.name for row in points.listed() if row.endpoints}
    points.change(ACTOR, name, certificate=gateway.certificate.public_bytes(Encoding.DER), at=now + DAY)
    assert ending(published) == []
    published.clock.forward(days=2)
    (row,) = ending(published)
    assert (row.sha256, row.name) == (fingerprint(gateway.certificate), name)


def test_what_was_told_is_kept_by_certificate_holder_and_days(published: OfflineInstance) -> None:
    published.clock.now = end_of(published) - 5 * DAY
    run(published)
    with published.instance.database.read() as connection:
        rows = connection.execute(select(certificate_reminder)).all()
        (publisher,) = publishers.find(connection, [published.stored.id], SMP_ID)
    assert {row.days for row in rows} == {7}
    assert f"publisher:{publisher.id}" in {row.holder for row in rows}


def test_list_is_in_pages_of_rising_ends(published: OfflineInstance, sml: SmlAdministration) -> None:
    now = published.clock.now
    sml.create_publisher(ACTOR, published.stored, OTHER)
    key = new_rsa_key()
    for days in (30, 10, 20):
        new = next_identity(published.pki, now, lasts=days * DAY, key=key).certificate
        sml.add_certificate(ACTOR, published.stored, "OTHER", new, Window())
    every, database = ending(published, 5000), published.instance.database
    assert len(every) == 6
    assert [row.place for row in every] == sorted(row.place for row in every)
    found: list[EndingCertificate] = []
    with database.read() as connection:
        while page := certificate_ends.ending(
            connection, EndingFilter(None, now + 5000 * DAY), now, 2, found[-1].place if found else None
        ):
            found += page
    assert found == every


def test_gauge_counts_what_has_no_successor(published: OfflineInstance) -> None:
    def values() -> dict[tuple[str, str], float]:
        (metric,) = certificate_gauges(published.instance)
        return {
            (sample.labels["holder"], sample.labels["days"]): sample.value
            for sample in metric.samples
            if sample.labels["domain"] == "demo"
        }

    assert set(values().values()) == {0.0}
    published.clock.now = end_of(published) - 5 * DAY
    told = values()
    assert {key for key, value in told.items() if value} == {
        (holder, str(days)) for holder in TAGS.values() for days in (7, 30, 90)
    }
    published.clock.now = end_of(published) + DAY
    assert values()["publisher", "0"] == 1.0
