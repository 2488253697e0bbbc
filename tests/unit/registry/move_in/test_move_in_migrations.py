# SPDX-License-Identifier: Apache-2.0
"""Open migrations of an old SML go on here, and records of its administrators are in DNS."""

from datetime import timedelta
from typing import Any

import pytest

from registry.audit import events
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.move_in.model import Kind, Result, Verdict
from registry.move_in.sml_records import DnsRecord, MigrationRecord, PublisherRecord, RegistrationRecord
from registry.storage.queries import migrations
from registry.storage.queries.migrations import OpenMigration, Outcome, key_hash
from tests.simulators.domisml_moves import MOVER, move
from tests.simulators.offline import OfflineInstance

KEY, OTHER_KEY = "Ab12!!cd34-Xy", "Zz99!!yy88-Ww"
GIVER, TAKER = "SMP-GIVER", "SMP-TAKER"
WHO = ParticipantIdentifier(ISO6523, "0088:Moving")


@pytest.fixture
def here(offline: OfflineInstance) -> OfflineInstance:
    zone = offline.stored.domain.dns.zone
    smps = [PublisherRecord(zone, each, f"https://{each}.example.com", "192.0.2.1") for each in (GIVER, TAKER)]
    move(offline.instance, [*(each.to_record() for each in smps), registered(offline).to_record()])
    return offline


def registered(offline: OfflineInstance, smp_id: str = GIVER) -> RegistrationRecord:
    return RegistrationRecord(offline.stored.domain.dns.zone, WHO.scheme, WHO.value, smp_id)


def record_of(offline: OfflineInstance, key: str = KEY, smp_id: str = GIVER, value: str = WHO.value) -> MigrationRecord:
    return MigrationRecord(offline.stored.domain.dns.zone, WHO.scheme, value, smp_id, key_hash(key))


def taken(offline: OfflineInstance, record: MigrationRecord) -> Result:
    return move(offline.instance, [record.to_record()]).results[Kind.MIGRATION, record.key]


def opened(offline: OfflineInstance) -> list[OpenMigration]:
    with offline.instance.database.read() as connection:
        return migrations.page(connection, 0, 10, offline.clock())


def outcomes(offline: OfflineInstance) -> list[Outcome]:
    with offline.instance.database.read() as connection:
        history = migrations.history(connection, [offline.stored.id], migrations.HistoryFilter(), None, 10)
    return [each.outcome for each in history]


def test_who_has_the_old_key_takes_the_participant_over(here: OfflineInstance) -> None:
    assert taken(here, record_of(here)).verdict is Verdict.CREATED
    (found,) = opened(here)
    days = here.stored.domain.sml.migration_days
    assert (found.prepared_by, found.prepared_at) == (MOVER.name, here.clock())
    assert found.expires_at == here.clock() + timedelta(days=days)
    with here.instance.database.write(MOVER) as work:
        work.moves_in = True
        sml = here.instance.administration
        sml.complete_migration(MOVER, here.stored, WHO, TAKER, KEY)
    assert outcomes(here) == [Outcome.COMPLETED]


def test_event_is_that_of_a_migration_that_was_prepared_here(here: OfflineInstance) -> None:
    taken(here, record_of(here))
    last = events.about(here.instance.database, str(WHO))[-1]
    assert (last.tag, last.before, last.after["smp_id"]) == ("sml:migration:prepare", None, GIVER)


def test_same_once_more_leaves_it_open_as_long_as_before(here: OfflineInstance) -> None:
    taken(here, record_of(here))
    (before,) = opened(here)
    here.clock.forward(days=1)
    assert taken(here, record_of(here)).verdict is Verdict.UNCHANGED
    assert opened(here) == [before]


def test_another_key_takes_the_place_of_the_first(here: OfflineInstance) -> None:
    taken(here, record_of(here))
    assert taken(here, record_of(here, OTHER_KEY)).verdict is Verdict.UPDATED
    (found,) = opened(here)
    assert found.has_key(OTHER_KEY)
    assert outcomes(here) == [Outcome.REPLACED]


def test_migration_that_is_gone_there_is_cancelled_here(here: OfflineInstance) -> None:
    record = record_of(here)
    taken(here, record)
    for _ in range(2):
        (result,) = move(here.instance, [], gone=[(Kind.MIGRATION, record.key)]).results.values()
        assert result.verdict is Verdict.REMOVED
    assert outcomes(here) == [Outcome.CANCELLED]


def test_migration_that_was_completed_there_ends_with_the_move_here(here: OfflineInstance) -> None:
    record = record_of(here)
    taken(here, record)
    move(here.instance, [registered(here, TAKER).to_record()], gone=[(Kind.MIGRATION, record.key)])
    assert outcomes(here) == [Outcome.TRANSFERRED]


@pytest.mark.parametrize(
    ("said", "reason"),
    [({"smp_id": TAKER}, "MOVE-IN-MIGRATION-OTHER-SMP"), ({"value": "0088:nobody"}, "MOVE-IN-REFUSED")],
    ids=["of another SMP", "of nobody"],
)
def test_migration_of_what_is_not_so_is_refused(here: OfflineInstance, said: dict[str, Any], reason: str) -> None:
    result = taken(here, record_of(here, **said))
    assert [each.id for each in result.reasons] == [reason]
    assert not opened(here)


# Records in DNS


def dns_record(offline: OfflineInstance, owner: str, rdtype: str, *values: tuple[str, str | None]) -> DnsRecord:
    return DnsRecord(offline.stored.domain.dns.zone, owner, rdtype, values)


def put(offline: OfflineInstance, record: DnsRecord) -> Result:
    return move(offline.instance, [record.to_record()]).results[Kind.DNS_RECORD, record.key]


def test_records_of_an_administrator_are_in_the_zone_with_the_ttl_of_the_others(offline: OfflineInstance) -> None:
    assert (
        put(offline, dns_record(offline, "www", "A", ("192.0.2.2", None), ("192.0.2.1", None))).verdict
        is Verdict.CREATED
    )
    put(offline, dns_record(offline, "docs", "CNAME", ("docs.example.net", None)))
    put(offline, dns_record(offline, "find", "NAPTR", ("!.*!https://x.example.org/!", "Meta:SML")))
    state = offline.zone_state()
    assert state["www", "A"] == "60 192.0.2.1\n60 192.0.2.2"
    assert state["docs", "CNAME"] == "60 docs.example.net."
    assert state["find", "NAPTR"] == '60 100 10 "U" "Meta:SML" "!.*!https://x.example.org/!" .'


def test_record_that_changes_there_changes_here_and_goes(offline: OfflineInstance) -> None:
    before = offline.zone_state()
    record = dns_record(offline, "www", "A", ("192.0.2.1", None))
    put(offline, record)
    assert put(offline, record).verdict is Verdict.UNCHANGED
    assert put(offline, dns_record(offline, "www", "A", ("192.0.2.9", None))).verdict is Verdict.UPDATED
    for _ in range(2):
        (result,) = move(offline.instance, [], gone=[(Kind.DNS_RECORD, record.key)]).results.values()
        assert result.verdict is Verdict.REMOVED
    assert offline.zone_state() == before


@pytest.mark.parametrize(
    ("owner", "rdtype", "value"),
    [
        ("away.example.net.", "A", "192.0.2.1"),
        ("www", "A", "no address"),
        ("www", "MX", "10 x."),
        ("x.publisher", "A", "192.0.2.1"),
    ],
    ids=["outside", "value", "type", "the name of an SMP"],
)
def test_record_that_the_zone_does_not_take_is_refused(
    offline: OfflineInstance, owner: str, rdtype: str, value: str
) -> None:
    before = offline.zone_state()
    result = put(offline, dns_record(offline, owner, rdtype, (value, None)))
    assert result.verdict is Verdict.REFUSED
    assert result.reasons
    assert offline.zone_state() == before
