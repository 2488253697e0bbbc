# SPDX-License-Identifier: Apache-2.0
"""Differences lead from what was served at one serial to what is served now, or there are none."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.audit import retention
from registry.dns.transfer.differences import Differences, differences
from registry.dns.transfer.packing import MessagePacker
from registry.dns.transfer.sending import ZoneSender
from registry.dns.wire import name_to_wire
from tests.simulators.offline import OfflineInstance
from tests.simulators.zone_transfers import (
    Records,
    Taken,
    after_transfer,
    held_zone,
    records_of,
    request,
    set_serial,
    stamp,
    write,
)

_STATES = st.tuples(
    st.sampled_from(["a", "b", "c.d", "@"]),
    st.sampled_from(["TXT", "MX"]),
    st.sets(st.sampled_from(["1", "2", "3"])),
    st.sampled_from([60, 61]),
)


def text_of(rdtype: str, values: set[str], ttl: int) -> str | None:
    lines = [f'{ttl} "{value}"' if rdtype == "TXT" else f"{ttl} {value} mx.test." for value in sorted(values)]
    return "\n".join(lines) or None


def whole(offline: OfflineInstance) -> Records:
    """All records of the zone, as AXFR has them."""
    taken = Taken()
    ZoneSender(offline.instance.database, lambda: 0).send(request("AXFR", "sml.test"), taken)
    return set(taken.records())


def found(offline: OfflineInstance, since: int, most: int = 1000) -> Differences | None:
    database, zone_id = offline.instance.database, offline.stored.zone_id
    assert zone_id is not None
    with database.read() as connection:
        return differences(connection, held_zone(database, zone_id), since, most=most)


def zone_of(offline: OfflineInstance) -> int:
    assert offline.stored.zone_id is not None
    return offline.stored.zone_id


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_STATES, min_size=1, max_size=4), min_size=1, max_size=6), st.integers(1, 2**32 - 1))
def test_differences_from_any_serial_lead_to_what_is_served(
    offline: OfflineInstance, versions: list[list[tuple[str, str, set[str], int]]], first: int
) -> None:
    """Across the end of the numbers, too (RFC 1982), and with changes that wait for their serial."""
    database, zone_id = offline.instance.database, zone_of(offline)
    set_serial(database, zone_id, first if first % 2 else 2**32 - 2)
    served = {held_zone(database, zone_id).serial: whole(offline)}
    for states in versions:
        for owner, rdtype, values, ttl in states:
            write(database, zone_id, (owner, rdtype, text_of(rdtype, values, ttl)))
        stamp(database)
        served[held_zone(database, zone_id).serial] = whole(offline)
    waiting = '61 "waits"', "3600 ns.new.test. h.test. 0 1 1 1 1"
    write(database, zone_id, ("a", "TXT", waiting[0]), ("@", "SOA", waiting[1]))
    present = held_zone(database, zone_id).serial
    for since, held in served.items():
        step = found(offline, since)
        assert step is not None
        messages = MessagePacker(name_to_wire("sml.test") + b"\0").messages(step.rows())
        assert after_transfer(held, records_of(messages)) == served[present]
    stamp(database)
    step = found(offline, present)
    assert step is not None
    messages = MessagePacker(name_to_wire("sml.test") + b"\0").messages(step.rows())
    assert after_transfer(served[present], records_of(messages)) == whole(offline)


def test_what_came_and_went_is_not_there(offline: OfflineInstance) -> None:
    """RFC 1995 §5."""
    database, zone_id = offline.instance.database, zone_of(offline)
    stamp(database)
    since = held_zone(database, zone_id).serial
    for text in ('60 "1"', '60 "2"', None):
        write(database, zone_id, ("a", "TXT", text))
        stamp(database)
    step = found(offline, since)
    assert step is not None
    assert (step.removed, step.added, step.serial_to) == ((), (), since + 3)


def test_single_records_go_and_come(offline: OfflineInstance) -> None:
    database, zone_id = offline.instance.database, zone_of(offline)
    write(database, zone_id, ("a", "TXT", '60 "1"\n60 "2"'))
    stamp(database)
    since = held_zone(database, zone_id).serial
    write(database, zone_id, ("a", "TXT", '60 "2"\n60 "3"'))
    stamp(database)
    step = found(offline, since)
    assert step is not None
    assert (step.removed, step.added) == ((("a", "TXT", '60 "1"'),), (("a", "TXT", '60 "3"'),))


@pytest.mark.parametrize("since", [0, 999, 2**31])
def test_a_serial_that_was_never_published_has_no_differences(offline: OfflineInstance, since: int) -> None:
    stamp(offline.instance.database)
    assert found(offline, since) is None


def test_a_history_that_begins_anew_has_no_differences_to_before(offline: OfflineInstance) -> None:
    database, zone_id = offline.instance.database, zone_of(offline)
    stamp(database)
    since = held_zone(database, zone_id).serial
    write(database, zone_id, ("a", "TXT", '60 "1"'))
    set_serial(database, zone_id, 1000)
    assert found(offline, since) is None
    write(database, zone_id, ("b", "TXT", '60 "1"'))
    stamp(database)
    step = found(offline, 1000)
    assert step is not None
    assert step.added == (("b", "TXT", '60 "1"'),)


def test_a_pruned_history_has_no_differences(offline: OfflineInstance) -> None:
    """Who was away for longer than the journal reaches back gets the whole zone."""
    database, zone_id = offline.instance.database, zone_of(offline)
    stamp(database)
    since = held_zone(database, zone_id).serial
    write(database, zone_id, ("a", "TXT", '60 "1"'))
    stamp(database)
    offline.clock.forward(days=2)
    retention.purge(database, retention.Policy(zone_changes=timedelta(days=1)))
    assert found(offline, since) is None


def test_more_changes_than_the_zone_has_records_or_than_fit_into_memory_are_no_differences(
    offline: OfflineInstance,
) -> None:
    database, zone_id = offline.instance.database, zone_of(offline)
    stamp(database)
    since = held_zone(database, zone_id).serial
    for number in range(3):
        write(database, zone_id, *((f"n{each}", "TXT", f'60 "{number}"') for each in range(50)))
    stamp(database)
    assert found(offline, since) is None, "150 changes of 53 record sets"
    present = held_zone(database, zone_id).serial
    write(database, zone_id, *((f"n{each}", "TXT", '60 "4"') for each in range(50)))
    stamp(database)
    assert found(offline, present) is not None
    assert found(offline, present, most=49) is None
