# SPDX-License-Identifier: Apache-2.0
"""Registrations that move in land as if they had been registered here one list after the other."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from registry.app.domain_setup import change_domain
from registry.audit import events
from registry.audit.events import EventFilter
from registry.demo.pki import DemoPki
from registry.dns.records import RRset
from registry.dns.zone_records import ZoneRecords
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.move_in.model import Kind, Result, Verdict
from registry.move_in.sml_records import RegistrationRecord
from registry.sml.candidates import Candidates
from registry.sml.model import Publisher
from registry.storage.queries import migrations, publishers
from registry.storage.tables import registration, zone_change, zone_rrset
from tests.simulators.domisml_moves import MOVER, move
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance

SMPS = ("SMP-A", "smp-b", "SMP-c")
MISSING = "SMP-NONE"


def with_smps(offline: OfflineInstance) -> OfflineInstance:
    with offline.instance.database.write(ACTOR) as work:
        for smp_id in SMPS:
            publisher = Publisher(smp_id, f"https://{smp_id.lower()}.example.com/", "192.0.2.1")
            offline.instance.publishers.add(work, offline.stored, publisher, None)
    return offline


@pytest.fixture
def here(offline: OfflineInstance) -> OfflineInstance:
    return with_smps(offline)


def record_of(
    offline: OfflineInstance, value: str, smp_id: str = SMPS[0], scheme: str = ISO6523, **said: Any
) -> RegistrationRecord:
    return RegistrationRecord(offline.stored.domain.dns.zone, scheme, value, smp_id, **said)


def taken(offline: OfflineInstance, *records: RegistrationRecord) -> dict[str, Result]:
    """What became of records, by their values in lower case."""
    moved = move(offline.instance, [each.to_record() for each in records]).of(Kind.REGISTRATION)
    return {key.rpartition("::")[2]: result for key, result in moved.items()}


def left(offline: OfflineInstance, *records: RegistrationRecord) -> None:
    move(offline.instance, [], gone=[(Kind.REGISTRATION, each.key) for each in records])


def verdicts(results: Mapping[str, Result]) -> dict[str, Verdict]:
    return {value: result.verdict for value, result in results.items()}


def reason_ids(results: Mapping[str, Result]) -> dict[str, list[str]]:
    return {value: [reason.id for reason in result.reasons] for value, result in results.items()}


def rows(offline: OfflineInstance) -> list[tuple[Any, ...]]:
    """All that registrations are, but their numbers."""
    c = registration.c
    left_out = {"id", "event", "modified_at", "publisher_id"}
    columns = [column for column in c if column.name not in left_out]
    with offline.instance.database.read() as connection:
        held = [(*row[:-1], row[-1]) for row in connection.execute(select(*columns, c.publisher_id))]
        named = publishers.smp_ids(connection, {row[-1] for row in held})
    return sorted((*map(repr, row[:-1]), named[row[-1]]) for row in held)


def zone_of(offline: OfflineInstance) -> tuple[set[Any], list[Any]]:
    """What names hold, and what the journal says of them but for the order and the time."""
    with offline.instance.database.read() as connection:
        z, c = zone_rrset.c, zone_change.c
        state = set(connection.execute(select(z.owner, z.rdtype, z.content)).all())
        journal = sorted(map(repr, connection.execute(select(c.owner, c.rdtype, c.before, c.after)).all()))
    return state, journal


def told(offline: OfflineInstance) -> list[str]:
    """What events tell of registrations, of each participant."""
    page = events.search(offline.instance.database, EventFilter(), None, 10_000, whole=True)
    found = []
    for event in page.events:
        if event.tag.startswith("sml:registration:"):
            after = event.after if event.count is None else event.after.get("each")
            found += [repr((event.tag, who, event.before, after)) for who in event.subjects or (event.subject,)]
    return sorted(found)


VALUES = st.from_regex(r"0088:[A-Za-z0-9]{1,8}", fullmatch=True)
REGISTERED = st.lists(
    st.tuples(VALUES, st.sampled_from(SMPS)), max_size=20, unique_by=lambda registered: registered[0].lower()
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(registered=REGISTERED, indirection=st.booleans(), legacy=st.booleans())
def test_rows_names_journal_and_events_are_those_of_the_registrar(
    tmp_path_factory: pytest.TempPathFactory,
    pki: DemoPki,
    registered: Sequence[tuple[str, str]],
    indirection: bool,
    legacy: bool,
) -> None:
    dns = {"publisher_indirection": indirection, "legacy_cname": legacy}
    found = []
    for moves in (True, False):
        with offline_instance(tmp_path_factory.mktemp("one"), pki, dns=dns) as offline:
            with_smps(offline)
            if moves:
                records = [record_of(offline, value, smp_id) for value, smp_id in registered]
                assert set(verdicts(taken(offline, *records)).values()) <= {Verdict.CREATED}
            else:
                register(offline, registered)
            found.append((rows(offline), zone_of(offline), told(offline)))
    assert found[0] == found[1]


def register(offline: OfflineInstance, registered: Sequence[tuple[str, str]]) -> None:
    for smp_id in SMPS:
        mine = [ParticipantIdentifier(ISO6523, value) for value, whose in registered if whose == smp_id]
        if mine:
            with offline.instance.database.write(ACTOR) as work:
                (row,) = publishers.find(work.connection, [offline.stored.id], smp_id)
                offline.instance.registrar.register(work, offline.stored, row, Candidates.of(offline.stored, mine))


def test_events_tell_of_all_participants_of_an_smp_in_a_part_together(here: OfflineInstance) -> None:
    records = [record_of(here, f"0088:{number}", SMPS[number % 2]) for number in range(8)]
    with here.instance.database.write(MOVER) as work:
        work.moves_in = True
        receiver = receivers(here)
        receiver.apply(work, [each.to_record() for each in records], [])
    found = events.search(here.instance.database, EventFilter(tag="sml:registration:create"), None, 100).events
    assert sorted(event.count or 1 for event in found) == [4, 4]
    assert {event.actor for event in found} == {MOVER.name}
    assert [event.tag for event in events.about(here.instance.database, f"{ISO6523}::0088:3")] == [
        "sml:registration:create"
    ]


def receivers(offline: OfflineInstance) -> Any:
    from registry.app.move_in_receivers import Choices, receivers_of

    return next(each for each in receivers_of(offline.instance, None, Choices()) if each.kind is Kind.REGISTRATION)


def test_participant_that_is_disabled_is_registered_and_not_found(here: OfflineInstance) -> None:
    before = here.zone_state()
    assert verdicts(taken(here, record_of(here, "0088:off", suspended=True))) == {"0088:off": Verdict.CREATED}
    assert here.zone_state() == before
    tags = [event.tag for event in events.about(here.instance.database, f"{ISO6523}::0088:off")]
    assert tags == ["sml:registration:create", "sml:registration:suspend"]


def test_disabled_participant_comes_back_when_it_is_enabled_there(here: OfflineInstance) -> None:
    taken(here, record_of(here, "0088:off"))
    found = here.zone_state()
    assert verdicts(taken(here, record_of(here, "0088:off", suspended=True))) == {"0088:off": Verdict.UPDATED}
    assert here.zone_state() != found
    assert verdicts(taken(here, record_of(here, "0088:off"))) == {"0088:off": Verdict.UPDATED}
    assert here.zone_state() == found


def test_participant_goes_over_to_the_smp_that_has_it_now(here: OfflineInstance) -> None:
    taken(here, record_of(here, "0088:goes"))
    assert verdicts(taken(here, record_of(here, "0088:goes", SMPS[1]))) == {"0088:goes": Verdict.UPDATED}
    (row,) = (row for row in rows(here) if "'0088:goes'" in row)
    assert row[-1] == SMPS[1]
    assert any("smp-b.example.com" in text for text in here.zone_state().values())


def test_same_records_once_more_change_nothing(here: OfflineInstance) -> None:
    records = [record_of(here, "0088:a"), record_of(here, "0088:b", SMPS[1], suspended=True)]
    taken(here, *records)
    before = rows(here), zone_of(here), told(here)
    assert set(verdicts(taken(here, *records)).values()) == {Verdict.UNCHANGED}
    assert (rows(here), zone_of(here), told(here)) == before


def test_what_is_gone_there_goes_here_and_twice_is_no_matter(here: OfflineInstance) -> None:
    before = here.zone_state()
    record = record_of(here, "0088:Gone")
    taken(here, record)
    for _ in range(2):
        left(here, record)
    assert not rows(here)
    assert here.zone_state() == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the star first", "the star last"])
def test_wildcard_and_those_beside_it_are_taken_in_any_order(
    tmp_path: Path, pki: DemoPki, order: tuple[int, int]
) -> None:
    sml = {"wildcard_owners": {ISO6523: [SMPS[0]]}}
    with offline_instance(tmp_path, pki, sml={"enabled": True, **sml}) as offline:
        with_smps(offline)
        records = [record_of(offline, "*"), record_of(offline, "0088:beside", SMPS[1])]
        for place in order:
            assert set(verdicts(taken(offline, records[place])).values()) == {Verdict.CREATED}


def test_services_of_their_own_come_along_and_change(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, dns={"optional_services": ["Meta:CPPA"]}) as offline:
        with_smps(offline)
        both = record_of(offline, "0088:own", services=("meta:smp", "Meta:CPPA"))
        assert verdicts(taken(offline, both)) == {"0088:own": Verdict.CREATED}
        assert any('"Meta:CPPA"' in text for text in offline.zone_state().values())
        assert verdicts(taken(offline, both)) == {"0088:own": Verdict.UNCHANGED}
        one = record_of(offline, "0088:own", services=("Meta:SMP",))
        assert verdicts(taken(offline, one)) == {"0088:own": Verdict.UPDATED}
        assert not any('"Meta:CPPA"' in text for text in offline.zone_state().values())


def test_refusals_say_why_and_keep_nobody_else_out(here: OfflineInstance) -> None:
    found = taken(
        here,
        record_of(here, "0088:good"),
        record_of(here, "0088:torn", others=(SMPS[1],)),
        record_of(here, "0088:lost", MISSING),
        record_of(here, "0088:url", services=("https://smp.example.com",)),
        record_of(here, "*"),
        record_of(here, "0088:" + "x" * 300),
        RegistrationRecord("elsewhere.example.org", ISO6523, "0088:away", SMPS[0]),
    )
    assert reason_ids(found) == {
        "0088:good": [],
        "0088:torn": ["MOVE-IN-SEVERAL-SMPS"],
        "0088:lost": ["MOVE-IN-NO-SMP"],
        "0088:url": ["SML-SERVICE"],
        "*": ["SML-WILDCARD-OWNER"],
        "0088:" + "x" * 300: ["PARTICIPANT-LENGTH"],
        "0088:away": ["MOVE-IN-NO-DOMAIN"],
    }
    assert len(rows(here)) == 1


def test_two_cuts_of_one_party_id_are_one_participant(here: OfflineInstance) -> None:
    urn = "urn:oasis:names:tc:ebcore:partyid-type:iso6523"
    records = [
        record_of(here, "0088:4035811991021", scheme=urn),
        record_of(here, f"{urn}:0088:4035811991021", scheme=""),
    ]
    with here.instance.database.write(MOVER) as work:
        work.moves_in = True
        results = receivers(here).apply(work, [each.to_record() for each in records], [])
    assert sorted(result.verdict for result in results) == [Verdict.CREATED, Verdict.REFUSED]
    assert len(rows(here)) == 1


def test_participants_below_a_name_that_was_given_away_are_refused(here: OfflineInstance) -> None:
    records = ZoneRecords(here.instance.database, here.instance.journal)
    records.put(ACTOR, here.stored, [RRset(ISO6523, "NS", 3600, ("ns.example.net.",))])
    assert reason_ids(taken(here, record_of(here, "0088:below"))) == {"0088:below": ["SML-DELEGATED"]}
    assert not rows(here)


def test_quarantine_keeps_a_participant_for_the_smp_that_had_it(tmp_path: Path, pki: DemoPki) -> None:
    with offline_instance(tmp_path, pki, sml={"enabled": True, "quarantine_days": 30}) as offline:
        with_smps(offline)
        mine = record_of(offline, "0088:kept")
        taken(offline, mine)
        left(offline, mine)
        found = taken(offline, record_of(offline, "0088:kept", SMPS[1]), record_of(offline, "0088:free", SMPS[1]))
        assert reason_ids(found) == {"0088:kept": ["SML-QUARANTINE"], "0088:free": []}
        assert verdicts(taken(offline, mine)) == {"0088:kept": Verdict.CREATED}


def test_admission_rules_of_the_domain_count_and_quotas_do_not(here: OfflineInstance) -> None:
    rule = {"icds": ["0192"], "publishers": ["SMP-B"]}
    sml = {"max_participants": 1, "max_participants_per_publisher": 1, "admission": [rule]}
    change_domain(here.instance, ACTOR, "demo", {"sml": sml})
    records = [record_of(here, "0088:1"), record_of(here, "0088:2"), record_of(here, "0192:3")]
    found = taken(here, *records, record_of(here, "0192:4", SMPS[1]))
    assert {value: ids for value, ids in reason_ids(found).items() if ids} == {"0192:3": ["SML-ADMISSION-PUBLISHER"]}


def test_change_that_is_refused_leaves_all_as_it_was(here: OfflineInstance) -> None:
    taken(here, record_of(here, "0088:stays"), record_of(here, "0192:moves", SMPS[1]))
    rule = {"icds": ["0088"], "publishers": [SMPS[0]]}
    change_domain(here.instance, ACTOR, "demo", {"sml": {"admission": [rule]}})
    before = rows(here), zone_of(here), told(here)
    found = taken(here, record_of(here, "0088:stays", SMPS[1], suspended=True))
    assert reason_ids(found) == {"0088:stays": ["SML-ADMISSION-PUBLISHER"]}
    assert (rows(here), zone_of(here), told(here)) == before


def test_open_migration_ends_with_the_registration(here: OfflineInstance) -> None:
    record = record_of(here, "0088:moving")
    taken(here, record)
    with here.instance.database.write(ACTOR) as work:
        (row,) = here.instance.registrar.find(work, here.stored, [record.participant])
        migrations.add(work, row.id, "Ab12!!cd34-Xy", work.now + timedelta(days=1))
    left(here, record)
    with here.instance.database.read() as connection:
        assert not migrations.page(connection, 0, 10, here.clock())
