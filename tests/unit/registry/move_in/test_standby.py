# SPDX-License-Identifier: Apache-2.0
"""A domain in standby is read here and written by its move alone."""

import threading
from collections.abc import Callable

import pytest

from registry.audit import events
from registry.audit.events import record
from registry.errors import ConflictError
from registry.metadata import ServiceGroup
from registry.move_in.standby import put_in_standby, take_out_of_standby, wait_for_writers
from registry.sml.model import Publisher
from registry.storage.queries import standby
from tests.simulators.databases import ON_POSTGRESQL
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

WHO, OTHER = participant("0088:held"), participant("0088:other")


def enter(offline: OfflineInstance) -> None:
    with offline.instance.database.write(ACTOR) as work:
        put_in_standby(work, offline.stored)


def leave(offline: OfflineInstance) -> None:
    with offline.instance.database.write(ACTOR) as work:
        take_out_of_standby(work, offline.stored)


def publish(offline: OfflineInstance) -> None:
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(OTHER))


WRITES: dict[str, Callable[[OfflineInstance], object]] = {
    "a participant is published": publish,
    "a participant is withdrawn": lambda o: o.instance.publishing.delete_service_group(ACTOR, o.stored, WHO),
    "a participant is registered": lambda o: o.instance.sml.create_participants(o.caller(), SMP_ID, [OTHER]),
    "a list is registered": lambda o: o.instance.sml.create_participants(
        o.caller(), SMP_ID, [OTHER, participant("0088:third")]
    ),
    "a registration ends": lambda o: o.instance.sml.delete_participants(o.caller(), SMP_ID, [WHO]),
    "a migration is prepared": lambda o: o.instance.sml.prepare_migration(o.caller(), SMP_ID, WHO, "11AAbb$$11AAbb$$"),
    "an SMP changes its address": lambda o: o.instance.sml.update_publisher(
        o.caller(), Publisher(SMP_ID, "https://elsewhere.example.org", "192.0.2.1")
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_nobody_else_writes_to_a_domain_in_standby(
    offline: OfflineInstance, write: Callable[[OfflineInstance], object]
) -> None:
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(WHO))
    enter(offline)
    before = offline.zone_state()
    with pytest.raises(ConflictError, match="moving in; writes go to the old system"):
        write(offline)
    assert offline.zone_state() == before, "nothing of it stays"
    leave(offline)
    write(offline)


def test_what_is_read_is_served_in_standby(offline: OfflineInstance) -> None:
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(WHO))
    enter(offline)
    assert offline.instance.sml.list_participants(offline.caller(), SMP_ID, None).participants == (WHO,)
    assert offline.instance.sml.read_publisher(offline.caller(), SMP_ID).smp_id == SMP_ID


def test_the_move_itself_writes_also_in_parts_of_its_transaction(offline: OfflineInstance) -> None:
    enter(offline)
    with offline.instance.database.write(ACTOR) as work:
        work.moves_in = True
        publish(offline)
    with offline.instance.database.read() as connection:
        assert standby.names(connection) == [offline.stored.domain.name]
    with pytest.raises(ConflictError):
        offline.instance.publishing.delete_service_group(ACTOR, offline.stored, OTHER)


@pytest.mark.parametrize("tag", ["sml:migration:expire", "smp:access-point:remind", "domains:domain:update"])
def test_what_time_does_and_what_a_domain_is_set_to_go_on(offline: OfflineInstance, tag: str) -> None:
    enter(offline)
    with offline.instance.database.write(ACTOR) as work:
        record(work, tag, "subject", domain_id=offline.stored.id)


def test_other_domains_are_written_to(offline: OfflineInstance) -> None:
    enter(offline)
    with offline.instance.database.write(ACTOR) as work:
        record(work, "sml:publisher:update", "SMP", domain_id=None)


def test_going_in_and_out_is_told_once(offline: OfflineInstance) -> None:
    for change in (enter, enter, leave, leave):
        change(offline)
    told = events.about(offline.instance.database, f"domain:{offline.stored.domain.name}")
    tags = [event.tag for event in told if event.tag.startswith("move-in:")]
    assert tags == ["move-in:domain:standby", "move-in:domain:open"]


def test_a_transaction_that_puts_its_domain_in_standby_is_refused_behind_it(offline: OfflineInstance) -> None:
    with offline.instance.database.write(ACTOR) as work:
        publish(offline)
        put_in_standby(work, offline.stored)
        with pytest.raises(ConflictError):
            offline.instance.publishing.delete_service_group(ACTOR, offline.stored, OTHER)


@pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite has one writer at a time")
def test_who_waits_for_writers_waits_for_those_that_saw_the_domain_open(offline: OfflineInstance) -> None:
    database = offline.instance.database
    seen, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        with database.write(ACTOR) as work:
            record(work, "sml:publisher:update", "SMP", domain_id=offline.stored.id)
            seen.set()
            go_on.wait(10)
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert seen.wait(10)
    enter(offline)
    waiter = threading.Thread(target=wait_for_writers, args=(database,))
    waiter.start()
    waiter.join(0.2)
    assert waiter.is_alive()
    go_on.set()
    waiter.join(10)
    assert ended.is_set()
    writer.join(10)
