# SPDX-License-Identifier: Apache-2.0
"""`registry move-in` from a DomiSML in a real MariaDB: planned, loaded, and loaded again after its life has gone on."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from registry.app.move_in import Moving, load, plan
from registry.app.move_in_sources import SourceChoice
from registry.demo.pki import DemoPki
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.move_in.model import SourceKind
from registry.move_in.report import Limits, Report
from registry.settings import load_settings
from registry.storage.queries import migrations, publishers, zones
from registry.storage.queries.migrations import Outcome
from registry.storage.tables import registration
from tests.simulators.domisml_database import ZONE, DomiSml, participant_value
from tests.simulators.domisml_moves import MOVER
from tests.simulators.domisml_oddities import BIG, SMALL, certificates_of, fill_oddly
from tests.simulators.mariadb import MariaDb
from tests.simulators.offline import OfflineInstance

LIMITS = Limits(refused_percent=100, removed_percent=100)


@pytest.fixture
def odd(mariadb: MariaDb, pki: DemoPki) -> Iterator[DomiSml]:
    url = mariadb.new_database("utf8mb3")
    with DomiSml(url) as database:
        database.create()
        fill_oddly(database, certificates_of(pki))
        database.participants([2], map(participant_value, range(1200)))
        yield database
    mariadb.drop(url)


def moving(odd: DomiSml) -> Moving:
    return Moving(SourceChoice(SourceKind.DOMISML_SQL, url=odd.url), None)


def loaded(offline: OfflineInstance, odd: DomiSml) -> Report:
    settings = load_settings(data_dir=offline.folder)
    return load(offline.instance, settings, MOVER, moving(odd), LIMITS, lambda _what, _number: None)


def verdicts(report: Report) -> dict[str, dict[str, int]]:
    said = report.to_json()["records"]
    return {kind: {verdict: count for verdict, count in each.items() if count} for kind, each in said.items()}


def registered(offline: OfflineInstance) -> int:
    with offline.instance.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(registration)).scalar_one())


def owner(offline: OfflineInstance, value: str) -> str:
    stored = next(each for each in offline.instance.directory.all() if each.domain.dns.zone == ZONE)
    return offline.instance.administration.registration(stored, ParticipantIdentifier(ISO6523, value)).smp_id


def test_plan_says_what_a_load_does_and_does_nothing(offline: OfflineInstance, odd: DomiSml) -> None:
    settings = load_settings(data_dir=offline.folder)
    planned = plan(offline.instance, settings, MOVER, moving(odd), lambda _what, _number: None)
    assert registered(offline) == 0
    offline.instance.directory.refresh()
    assert [each.domain.name for each in offline.instance.directory.all()] == ["demo"]
    done = loaded(offline, odd)
    assert verdicts(planned) == verdicts(done)
    assert planned.to_json()["unhoused"] == done.to_json()["unhoused"]


def test_second_load_takes_what_has_changed_alone(offline: OfflineInstance, odd: DomiSml) -> None:
    loaded(offline, odd)
    count = registered(offline)
    again = loaded(offline, odd)
    # What was refused is tried again, and nothing else.
    assert all(set(each) <= {"refused"} for each in verdicts(again).values())
    life_goes_on(odd)
    third = verdicts(loaded(offline, odd))
    assert third["registration"] == {"created": 1, "updated": 2, "removed": 1, "refused": 3}
    assert third["migration"] == {"removed": 2}
    assert third["publisher"] == {"updated": 1, "refused": 1}
    assert registered(offline) == count
    assert (owner(offline, "0088:moving"), owner(offline, "0088:brand-new")) == (BIG, SMALL)
    with offline.instance.database.read() as connection:
        stored = next(each for each in offline.instance.directory.all() if each.domain.dns.zone == ZONE)
        ended = migrations.history(connection, [stored.id], migrations.HistoryFilter(), None, 10)
        (small,) = publishers.find(connection, [stored.id], SMALL)
    assert [each.outcome for each in ended] == [Outcome.TRANSFERRED]
    assert small.logical_address == "https://moved.example.com/"


def life_goes_on(odd: DomiSml) -> None:
    """A migration is completed, a participant comes, one goes, one is enabled; an SMP gets another address."""
    (big, small) = (odd.run("SELECT id FROM bdmsl_smp WHERE smp_id = %s", (each,))[0][0] for each in (BIG, SMALL))
    odd.run("UPDATE bdmsl_participant_identifier SET fk_smp_id = %s WHERE participant_id = '0088:moving'", (big,))
    odd.run("UPDATE bdmsl_migrate SET migrated = 1")
    odd.participant(small, "0088:brand-new")
    odd.run("DELETE FROM bdmsl_participant_identifier WHERE participant_id = %s", (participant_value(7),))
    odd.run("UPDATE bdmsl_participant_identifier SET disabled = 0 WHERE participant_id = '0088:off'")
    odd.run("UPDATE bdmsl_smp SET endpoint_logical_address = 'https://moved.example.com/' WHERE id = %s", (small,))


def test_all_that_goes_there_goes_here(offline: OfflineInstance, odd: DomiSml) -> None:
    loaded(offline, odd)
    for table in ("participant_identifier", "migrate", "allowed_wildcard", "smp", "dns_record"):
        odd.run(f"DELETE FROM bdmsl_{table}")  # noqa: S608
    report = verdicts(loaded(offline, odd))
    assert set(report["publisher"]) == {"removed"}
    assert registered(offline) == 0
    with offline.instance.database.read() as connection:
        stored = next(each for each in offline.instance.directory.all() if each.domain.dns.zone == ZONE)
        assert publishers.of_domain(connection, stored.id) == []
        assert stored.zone_id is not None
        assert {rdtype for _, rdtype, _ in zones.newest_state(connection, stored.zone_id)} == {"SOA", "NS"}
