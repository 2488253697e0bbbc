# SPDX-License-Identifier: Apache-2.0
"""A check becomes a plan, and the plan is done: a serial beyond all that are served, record sets for targets."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.followers import FollowerRole
from registry.dns.journal import NewState
from registry.dns.reconcile.checking import Server, ServerCheck, Standing
from registry.dns.reconcile.differences import Difference, Kind
from registry.dns.reconcile.repairing import Key, Plan, plan_repair, refuse_too_much, repair
from registry.dns.serials import serial_beyond
from registry.errors import ConflictError, TechnicalError
from registry.serials import is_greater
from registry.storage.queries import name_servers
from tests.simulators.audit import all_events
from tests.simulators.offline import ACTOR
from tests.simulators.served_zones import Zone
from tests.simulators.zone_sender import without

SERIALS = st.integers(1, 2**32 - 1)


def no_push(server: Server, keys: Sequence[Key]) -> int:
    raise AssertionError(server)


def planned(zone: Zone, *checks: ServerCheck, max_percent: float = 30, exact: bool = False) -> Plan:
    return plan_repair(zone.database, zone.id, checks, max_percent=max_percent, exact=exact)


def done(zone: Zone, plan: Plan) -> int | None:
    return repair(zone.database, zone.journal, ACTOR, zone.id, plan, no_push).serial


def test_nothing_is_done_where_all_is_well(zone: Zone) -> None:
    serial, events = zone.row.serial, len(all_events(zone.database))
    plan = planned(zone, zone.checked(zone.served()))
    assert plan.is_empty
    assert done(zone, plan) is None
    assert (zone.row.serial, len(all_events(zone.database))) == (serial, events)


def test_secondary_with_other_content_takes_the_whole_zone(zone: Zone) -> None:
    held = zone.row.serial
    plan = planned(zone, zone.checked(without(zone.served(), f"n1.{zone.name}.")))
    assert plan.serial == held + 1
    assert done(zone, plan) == held + 1
    row = zone.row
    assert (row.serial, row.history_from) == (held + 1, held + 1)
    assert not row.has_history_since(held)
    assert zone.checked(zone.served()).standing is Standing.CURRENT
    (event,) = [each for each in all_events(zone.database) if each.tag == "dns:zone:repair"]
    assert event.subject == zone.name


def test_database_that_is_older_than_its_servers_goes_on_beyond_them(zone: Zone) -> None:
    """Restored from a backup: a server has a greater serial, and content that we don't know any more."""
    served = zone.row.serial + 50
    zone.change(NewState("lost", "TXT", '60 "x"'))
    records = zone.renumbered(served)
    zone.change(NewState("lost", "TXT", None))
    check = zone.checked(records)
    assert check.standing is Standing.AHEAD
    assert done(zone, planned(zone, check)) == served + 1
    assert is_greater(zone.row.serial, served)


def test_serial_of_a_server_that_is_away_now_counts_too(zone: Zone) -> None:
    held = zone.row.serial
    with zone.database.write(ACTOR) as work:
        name_servers.seen(work, zone.id, "192.0.2.1:53", held + 70)
    plan = planned(zone, zone.checked(without(zone.served(), f"n1.{zone.name}.")))
    assert plan.serial == held + 71


def test_zone_that_has_gone_on_since_the_plan_goes_on_still_further(zone: Zone) -> None:
    plan = planned(zone, zone.checked(without(zone.served(), f"n1.{zone.name}.")))
    for number in range(3):
        zone.change(NewState("more", "TXT", f'60 "{number}"'))
    with zone.database.write(ACTOR) as work:
        zone.journal.write(work, zone.id, [NewState("waiting", "TXT", '60 "x"')])
    before = zone.row.serial
    assert done(zone, plan) == before + 1
    assert ("waiting." + zone.name + ".") in {record[0] for record in zone.served()}


@pytest.mark.parametrize(("gone", "refused"), [(9, False), (11, True)])
def test_more_than_the_allowed_share_is_refused(zone: Zone, gone: int, refused: bool) -> None:
    """32 records are served with those that shouldn't be: 30 % are between the two."""
    names = [f"n{number}" for number in range(gone)]
    records = zone.served()
    zone.change(*(NewState(name, "TXT", None) for name in names))
    records = [zone.served()[0], *records[1:]]
    plan = planned(zone, zone.checked(records))
    assert bool(plan.too_much) is refused
    if refused:
        with pytest.raises(ConflictError, match="more than 30 %"):
            refuse_too_much(plan, 30)
        refuse_too_much(planned(zone, zone.checked(records), max_percent=100), 100)


def test_missing_records_are_no_danger(zone: Zone) -> None:
    records = [record for record in zone.served() if not record[0].startswith("n1")]
    assert planned(zone, zone.checked(records), max_percent=0).too_much == ()


def target_check(*kinds: Kind, only_writer: bool = True) -> ServerCheck:
    server = Server("192.0.2.7:53", "sml.test", FollowerRole.TARGET, only_writer=only_writer)
    differences = [Difference(kind, kind.value, "TXT", None, None) for kind in kinds]
    return ServerCheck(server, 5, Standing.OWN, differences=differences, served=1000)


def test_target_gets_what_differs_and_keeps_what_was_never_ours(zone: Zone) -> None:
    written: list[tuple[str, Sequence[Key]]] = []

    def push(server: Server, keys: Sequence[Key]) -> int:
        written.append((server.address, keys))
        return len(keys)

    plan = planned(zone, target_check(*Kind, only_writer=False))
    assert plan.serial is None
    result = repair(zone.database, zone.journal, ACTOR, zone.id, plan, push)
    assert written == [("192.0.2.7:53", (("missing", "TXT"), ("differs", "TXT"), ("surplus", "TXT")))]
    assert (result.written, result.failures) == ({"192.0.2.7:53": 3}, {})
    (event,) = [each for each in all_events(zone.database) if each.tag == "dns:target:repair"]
    assert event.subject == f"{zone.name} 192.0.2.7:53"


def test_what_was_never_ours_goes_only_where_nobody_else_writes_and_it_is_said(zone: Zone) -> None:
    assert planned(zone, target_check(Kind.FOREIGN)).is_empty
    assert planned(zone, target_check(Kind.FOREIGN, only_writer=False), exact=True).is_empty
    assert planned(zone, target_check(Kind.FOREIGN), exact=True).targets[0][1] == (("foreign", "TXT"),)


def test_target_that_fails_keeps_no_other_from_its_repair(zone: Zone) -> None:
    def push(server: Server, keys: Sequence[Key]) -> int:
        if server.address.startswith("192.0.2.7"):
            raise TechnicalError("it answers REFUSED")
        return len(keys)

    other = target_check(Kind.MISSING)
    other.server = Server("192.0.2.8:53", "sml.test", FollowerRole.TARGET)
    plan = planned(zone, target_check(Kind.MISSING), other)
    result = repair(zone.database, zone.journal, ACTOR, zone.id, plan, push)
    assert result.failures == {"192.0.2.7:53": "it answers REFUSED"}
    assert result.written == {"192.0.2.8:53": 1}


@given(SERIALS, st.lists(SERIALS, max_size=5))
def test_serial_beyond_all_is_greater_than_each_or_there_is_none(held: int, served: list[int]) -> None:
    try:
        found = serial_beyond(held, served)
    except ConflictError:
        step = max(((each - held) % 2**32 for each in served if is_greater(each, held)), default=0) + 1
        after = (held + step) % 2**32 or 1
        assert not all(is_greater(after, each) for each in (held, *served))
        return
    assert all(is_greater(found, each) for each in (held, *served))


@given(SERIALS, st.lists(st.integers(0, 2**29), max_size=5))
def test_serials_near_ours_are_always_passed(held: int, steps: list[int]) -> None:
    assert serial_beyond(held, [(held + step) % 2**32 for step in steps]) != 0
