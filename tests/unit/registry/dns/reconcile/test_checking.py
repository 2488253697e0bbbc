# SPDX-License-Identifier: Apache-2.0
"""What servers serve is compared with what the zone held at their serial; only what is really wrong is found."""

import random
import tracemalloc

import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.asking import ShownSoa
from registry.dns.journal import NewState
from registry.dns.reconcile import checking, comparison
from registry.dns.reconcile.checking import Checker, Server, ServerCheck, Standing
from registry.dns.reconcile.differences import Kind, owner_of, wire_names
from registry.dns.reconcile.fingerprints import Fingerprints
from registry.dns.reconcile.repairing import plan_repair
from registry.dns.reconcile.sampling import choose, undetected_share
from registry.storage.queries import served_states, zones
from tests.simulators.offline import ACTOR
from tests.simulators.served_zones import NAMES, Zone
from tests.simulators.zone_sender import ZoneSender, new_key, sending, without


def found_in(check: ServerCheck) -> dict[tuple[str, str], Kind]:
    return {(each.owner, each.rdtype): each.kind for each in check.differences}


def test_server_with_the_same_records_agrees(zone: Zone) -> None:
    found = zone.checked(zone.served(), key=new_key())
    assert found.agrees
    assert (found.standing, found.method, found.serial) == (Standing.CURRENT, "transfer", zone.row.serial)
    assert found.compared == found.served == len(zone.served())


def test_each_way_to_be_wrong_is_told(zone: Zone) -> None:
    records = without(zone.served(), f"n1.{zone.name}.")
    records = [(o, 61, t, d) if o == f"n2.{zone.name}." else (o, s, t, d) for o, s, t, d in records]
    records += [(f"n3.{zone.name}.", 60, "TXT", '"more"'), (f"new.{zone.name}.", 60, "A", "192.0.2.1")]
    found = zone.checked(records)
    assert found_in(found) == {
        ("n1", "TXT"): Kind.MISSING,
        ("n2", "TXT"): Kind.DIFFERS,
        ("n3", "TXT"): Kind.DIFFERS,
        ("new", "A"): Kind.SURPLUS,
    }
    by_name = {each.owner: each for each in found.differences}
    assert (by_name["n2"].wanted, by_name["n2"].found) == ('60 "2"', '61 "2"')
    assert (by_name["n3"].wanted, by_name["n3"].found) == (None, '60 "more"')
    assert not found.agrees


def test_set_of_which_a_part_is_there_differs(zone: Zone) -> None:
    zone.change(NewState("two", "A", "60 192.0.2.1\n60 192.0.2.2"))
    records = [record for record in zone.served() if record[3] != "192.0.2.2"]
    assert found_in(zone.checked(records)) == {("two", "A"): Kind.DIFFERS}


def test_server_that_is_behind_is_compared_with_what_was_then(zone: Zone) -> None:
    before = zone.served()
    zone.change(NewState("n1", "TXT", None), NewState("n2", "TXT", '60 "other"'))
    zone.change(NewState("n1", "TXT", '60 "again"'), NewState("new", "TXT", '60 "new"'))
    with zone.database.write(ACTOR) as work:
        zone.journal.write(work, zone.id, [NewState("n4", "TXT", None), NewState("later", "TXT", '60 "x"')])
    found = zone.checked(before)
    assert (found.standing, found.differences) == (Standing.BEHIND, [])
    assert found.agrees
    assert found_in(zone.checked(without(before, f"n2.{zone.name}."))) == {("n2", "TXT"): Kind.MISSING}


@pytest.mark.parametrize("few", [0, 1000], ids=["by-the-database", "in-memory"])
def test_state_at_each_serial_is_what_was_published_with_it(
    zone: Zone, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where serials go round in between, and with changes that have no serial yet."""
    monkeypatch.setattr(zones, "FEW_CHANGED", few)
    with zone.database.write(ACTOR) as work:
        zone.journal.begin_anew(work, zone.row, 2**32 - 10)
    chance = random.Random(1)
    versions = {zone.row.serial: _state(zone)}
    for _ in range(25):
        said = chance.choices([None, '60 "a"', '60 "b"'], k=3)
        serial = zone.change(*(NewState(f"h{chance.randrange(5)}", "TXT", text) for text in said))
        versions[serial] = _state(zone)
    with zone.database.write(ACTOR) as work:
        zone.journal.write(work, zone.id, [NewState("h1", "TXT", '60 "waiting"'), NewState("n1", "TXT", None)])
    assert zone.row.serial < 100
    with zone.database.read() as connection:
        row = zones.by_id(connection, zone.id)
        for serial, state in versions.items():
            assert {(o, t): x for o, t, x in served_states.state_at(connection, row, serial)} == state


def _state(zone: Zone) -> dict[tuple[str, str], str]:
    with zone.database.read() as connection:
        return {(owner, rdtype): text for owner, rdtype, text in zones.state(connection, zone.id)}


def test_server_that_is_ahead_is_told(zone: Zone) -> None:
    records = zone.renumbered(zone.row.serial + 5)
    found = zone.checked(records)
    assert found.standing is Standing.AHEAD
    assert not found.agrees


def test_server_with_a_serial_that_went_round_is_ahead(zone: Zone) -> None:
    with zone.database.write(ACTOR) as work:
        zone.journal.begin_anew(work, zone.row, 2**32 - 2)
    records = zone.renumbered(3)
    assert zone.checked(records).standing is Standing.AHEAD


def test_server_from_before_the_history_is_not_compared(zone: Zone) -> None:
    before = without(zone.served(), f"n1.{zone.name}.")
    with zone.database.write(ACTOR) as work:
        zone.journal.begin_anew(work, zone.row, zone.row.serial + 10)
    found = zone.checked(before)
    assert (found.standing, found.differences, found.agrees) == (Standing.OUTDATED, [], False)


@pytest.mark.parametrize("beyond", [9, 0], ids=["beyond-ours", "as-ours"])
def test_what_a_signer_adds_is_no_difference_and_its_serial_its_own(zone: Zone, beyond: int) -> None:
    zone.offline.clock.forward(hours=1)
    owner = f"n1.{zone.name}."
    signature = "TXT 13 4 60 20300101000000 20200101000000 1 sml.test. AAAA"
    records = zone.renumbered(zone.row.serial + beyond)
    records += [(owner, 60, "RRSIG", signature), (owner, 60, "NSEC", f"n2.{zone.name}. TXT RRSIG NSEC")]
    found = zone.checked(records)
    assert (found.standing, found.signed, found.differences) == (Standing.OWN, True, [])


def test_change_that_may_be_on_its_way_to_who_counts_by_himself_is_not_judged(zone: Zone) -> None:
    zone.offline.clock.forward(hours=1)
    records = zone.renumbered(5)
    records.append((f"n1.{zone.name}.", 60, "NSEC", f"n2.{zone.name}. TXT"))
    records.append((f"n1.{zone.name}.", 60, "RRSIG", "TXT 13 4 60 20300101000000 20200101000000 1 sml.test. AAAA"))
    zone.change(NewState("n3", "TXT", '60 "lately"'))
    found = zone.checked(records)
    assert (found.differences, found.on_the_way) == ([], 1)
    zone.offline.clock.forward(hours=1)
    assert found_in(zone.checked(records)) == {("n3", "TXT"): Kind.DIFFERS}


def test_what_was_never_ours_at_a_target_is_foreign(zone: Zone) -> None:
    zone.change(NewState("gone", "TXT", '60 "x"'))
    zone.change(NewState("gone", "TXT", None))
    zone.offline.clock.forward(hours=1)
    others = [
        (f"theirs.{zone.name}.", 60, "A", "192.0.2.9"),
        (f"n1.{zone.name}.", 60, "A", "192.0.2.9"),
        (f"gone.{zone.name}.", 60, "TXT", '"x"'),
        (f"{zone.name}.", 60, "NS", "their.example."),
    ]
    found = zone.checked_target(zone.served() + others, only_writer=False)
    assert found_in(found) == {
        ("theirs", "A"): Kind.FOREIGN,
        ("n1", "A"): Kind.FOREIGN,
        ("gone", "TXT"): Kind.SURPLUS,
    }
    assert [each.owner for each in found.wrong] == ["gone"]


def test_name_that_was_ours_and_is_somebody_elses_now_is_foreign(zone: Zone) -> None:
    for text in ('60 "x"\n60 "y"', None, '60 "z"', None):
        zone.change(NewState("gone", "TXT", text))
    zone.offline.clock.forward(hours=1)

    def kind(*texts: str) -> dict[tuple[str, str], Kind]:
        others = [(f"gone.{zone.name}.", 77, "TXT", f'"{text}"') for text in texts]
        return found_in(zone.checked_target(zone.served() + others, only_writer=False))

    assert kind("theirs") == {("gone", "TXT"): Kind.FOREIGN}
    for left in ("x", "y", "z"):
        assert kind(left) == {("gone", "TXT"): Kind.SURPLUS}
    assert kind("x", "theirs") == {("gone", "TXT"): Kind.SURPLUS}, "ours can go, record by record"


def test_records_outside_of_the_zone_are_surplus(zone: Zone) -> None:
    found = zone.checked([*zone.served(), ("other.example.", 60, "A", "192.0.2.1")])
    assert found_in(found) == {("other.example.", "A"): Kind.SURPLUS}


def test_server_that_refuses_is_asked_for_samples(zone: Zone) -> None:
    records = without(zone.served(), f"n1.{zone.name}.")
    with sending(ZoneSender(records, transfer_rcode=dns.rcode.REFUSED)) as sender:
        (found,) = Checker(zone.database, zone.id).check([Server(sender.address, zone.name)])
    assert found.method.startswith("samples")
    assert found_in(found) == {("n1", "TXT"): Kind.MISSING}


def test_samples_say_how_much_they_show(zone: Zone) -> None:
    found = zone.checked(zone.served(), samples=10)
    assert (found.compared, found.differences) == (10, [])
    assert found.undetected_share == pytest.approx(1 - 0.05**0.1)
    assert undetected_share(3000) == pytest.approx(0.001, rel=0.01)


def test_samples_find_names_that_should_have_gone(zone: Zone) -> None:
    zone.change(NewState("gone", "TXT", '60 "x"'))
    with_it = zone.served()
    zone.change(NewState("gone", "TXT", None))
    records = [zone.served()[0], *with_it[1:]]
    zone.offline.clock.forward(hours=1)
    assert found_in(zone.checked(records, samples=5)) == {("gone", "TXT"): Kind.SURPLUS}


def test_samples_of_a_server_that_has_gone_on_meanwhile_are_no_differences(zone: Zone) -> None:
    before = zone.served()
    zone.change(NewState("n1", "TXT", '60 "new"'))
    ahead_of_its_serial = [*without(before, f"n1.{zone.name}."), (f"n1.{zone.name}.", 60, "TXT", '"new"')]
    found = zone.checked(ahead_of_its_serial, samples=100)
    assert (found.differences, found.on_the_way) == ([], 1)


def test_server_that_is_not_there_is_a_result(zone: Zone) -> None:
    with sending(ZoneSender(zone.served())) as sender:
        pass
    checker = Checker(zone.database, zone.id, soa_of=lambda _server, _zone: ShownSoa(zone.row.serial))
    (found,) = checker.check([Server(sender.address, zone.name)])
    assert found.failure is not None
    assert "no connection" in found.failure
    assert not found.agrees


def test_report_is_json(zone: Zone) -> None:
    shown = zone.checked(without(zone.served(), f"n1.{zone.name}.")).to_json()
    assert shown["counts"] == {"missing": 1, "differs": 0, "surplus": 0, "foreign": 0}
    assert shown["examples"] == [{"kind": "missing", "owner": "n1", "type": "TXT", "wanted": '60 "1"', "found": None}]


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_difference_of_fingerprints_is_that_of_sets(here: set[int], there: set[int]) -> None:
    def prints(numbers: set[int]) -> Fingerprints:
        kept = Fingerprints()
        kept.add((b"%d" % number, b"x") for number in sorted(numbers))
        return kept

    def hashes(numbers: set[int]) -> set[int]:
        return {hash((b"%d" % number, b"x")) for number in numbers}

    assert prints(here).difference(prints(there), 1000) == (hashes(here - there), hashes(there - here), True)
    assert len(prints(here)) == len(here)
    some, others, _ = prints(here).difference(prints(there), 7)
    assert some <= hashes(here - there)
    assert others <= hashes(there - here)
    assert max(len(some), len(others)) >= min(7, max(len(here - there), len(there - here)))


def test_difference_to_what_is_not_ours_at_all_costs_little_memory() -> None:
    ours, theirs = Fingerprints(), Fingerprints()
    ours.add([(b"a", b"x")])
    theirs.add((b"one name", b"%d" % number) for number in range(100_000))
    tracemalloc.start()
    here, there, whole = ours.difference(theirs, 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(here) <= 1, whole) == (True, False)
    assert 100 <= len(there) <= 10_100
    assert peak < 2 * 2**20, "a set of all of them has 7 MB"


@given(st.integers(0, 50), st.integers(1, 20), st.integers())
def test_samples_are_record_sets_each_once(size: int, number: int, seed: int) -> None:
    rows = [(f"n{place}", "TXT", "60 x") for place in range(size)]
    chosen = choose(rows, number, seed)
    assert len(chosen) == min(size, number)
    assert len({(each.owner, each.rdtype) for each in chosen}) == len(chosen)
    assert {each.owner for each in chosen} <= {row[0] for row in rows}


def test_each_record_set_has_the_same_chance() -> None:
    rows = [(str(place), "TXT", "60 x") for place in range(10)]
    counts = dict.fromkeys((row[0] for row in rows), 0)
    for seed in range(3000):
        for each in choose(rows, 3, seed):
            counts[each.owner] += 1
    assert all(780 < count < 1020 for count in counts.values())


@pytest.mark.parametrize("owner", ["@", "a", "a.b", r"a\.b.c", r"\000x", "*.a", "A.b"])
def test_names_have_two_forms(owner: str) -> None:
    apex = b"\x03sml\x04test\x00"
    wire = wire_names(apex)(owner)
    assert wire.endswith(apex)
    assert owner_of(wire, apex) == owner.lower()


def test_apex_of_a_target_is_left_to_who_has_it(zone: Zone) -> None:
    assert "NS" in {record[2] for record in zone.served()}
    records = [record for record in zone.served() if record[2] != "NS"]
    assert found_in(zone.checked(records)) == {("@", "NS"): Kind.MISSING}
    assert zone.checked_target(records).agrees


def test_target_is_compared_with_what_had_arrived_whatever_its_serial_is(zone: Zone) -> None:
    pushed = zone.row.serial
    zone.change(NewState("n1", "TXT", '60 "not there yet"'))
    found = zone.checked_target(zone.served(), pushed, only_writer=False)
    assert (found.standing, found.differences, found.on_the_way) == (Standing.OWN, [], 1)
    found = zone.checked_target(zone.renumbered(pushed + 1), pushed)
    assert (found.standing, found.differences) == (Standing.BEHIND, [])


def test_target_that_others_have_brought_ahead_is_told(zone: Zone) -> None:
    assert zone.checked_target(zone.renumbered(zone.row.serial + 4)).standing is Standing.AHEAD


def test_target_that_nothing_was_pushed_to_is_not_compared(zone: Zone) -> None:
    assert zone.checked_target(zone.served()[:1], None).standing is Standing.OUTDATED


def test_where_more_differs_than_is_told_the_report_says_so_and_nothing_is_repaired_unasked(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MAX_DIFFERENCES", 5)
    records = [(o, t + 1, k, d) if k == "TXT" else (o, t, k, d) for o, t, k, d in zone.served()]
    found = zone.checked(records)
    assert found.truncated
    assert 5 <= len(found.differences) < NAMES
    assert {each.kind for each in found.differences} == {Kind.DIFFERS}, "what is told of a name is all of it"
    (said,) = plan_repair(zone.database, zone.id, [found], max_percent=99).too_much
    assert said.startswith(f"{len(found.differences)} or more of ")
    assert not plan_repair(zone.database, zone.id, [found], max_percent=100).too_much


def test_more_texts_than_a_report_can_use_are_left_out(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "MAX_FOUND_OCTETS", 1000)
    long = " ".join(f'"{"x" * 200}"' for _ in range(2))
    found = zone.checked([*zone.served(), *((f"s{number}.{zone.name}.", 60, "TXT", long) for number in range(10))])
    assert (len(found.differences), found.truncated) == (2, True)
    assert {each.kind for each in found.differences} == {Kind.SURPLUS}


def test_records_that_come_again_and_again_are_told_once(zone: Zone) -> None:
    surplus = (f"s.{zone.name}.", 60, "TXT", '"x"')
    found = zone.checked([*zone.served(), *(surplus for _ in range(50))])
    assert [each.found for each in found.differences] == ['60 "x"']


def test_server_that_sends_far_more_than_the_zone_has_is_given_up(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept of it is bounded by our zone; where it stands is told, and it isn't repaired unasked."""
    monkeypatch.setattr(checking, "SPARE_RECORDS", 10)
    ours = len(zone.served())
    just = [(f"s{number}.{zone.name}.", 60, "TXT", '"x"') for number in range(ours + 10)]
    assert zone.checked([*zone.served(), *just]).failure is None
    too_many = [*zone.renumbered(zone.row.serial + 3), *just, (f"one.{zone.name}.", 60, "TXT", '"more"')]
    found = zone.checked(too_many)
    assert found.failure is not None
    assert found.failure.startswith(f"zone-too-large: it has sent more than {2 * ours + 10} records")
    assert (found.standing, found.truncated, found.agrees, found.differences) == (Standing.AHEAD, True, False, [])
    assert plan_repair(zone.database, zone.id, [found]).too_much


def test_what_a_signer_adds_does_not_count_as_too_much(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "SPARE_RECORDS", 0)
    signed = [
        (f"n1.{zone.name}.", 60, "RRSIG", f"TXT 13 4 60 20300101000000 20200101000000 {number} sml.test. AAAA")
        for number in range(200)
    ]
    assert zone.checked([*zone.served(), *signed]).failure is None


def test_records_of_a_zone_are_counted(zone: Zone) -> None:
    with zone.database.read() as connection:
        before = served_states.record_count(connection, zone.id)
    assert before == len(zone.served())
    zone.change(NewState("two", "A", "60 192.0.2.1\n60 192.0.2.2"))
    with zone.database.read() as connection:
        assert served_states.record_count(connection, zone.id) == before + 2
        assert served_states.record_count(connection, 987_654) == 0
