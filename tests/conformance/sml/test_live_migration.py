# SPDX-License-Identifier: Apache-2.0
"""How a participant moves from one SMP to another (sml.md §1.3), between two certificates, over SOAP and DNS."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from registry.clock import system_clock
from registry.demo.pki import DemoPki
from registry.errors import ConflictError
from registry.metadata import ServiceGroup
from registry.sml.client import SmlClient
from tests.conformance.sml.live_calls import (
    BAD_REQUEST,
    NOT_FOUND,
    UNAUTHORIZED,
    Zone,
    participant,
    publisher,
    refused,
)
from tests.interop.identities import write_identity
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance, live_instance

OLD, NEW = "SMP-M-OLD", "SMP-M-NEW"
OLD_URL, NEW_URL = "https://old.example.org/", "https://new.example.org/"
KEY, OTHER_KEY = "11AAbb$$11AAbb$$", "22CCdd%%22CCdd%%"


@dataclass
class Clock:
    """The system's clock, put forward while a test wants it."""

    ahead: timedelta = field(default=timedelta())

    def __call__(self) -> datetime:
        return system_clock() + self.ahead

    @contextmanager
    def put_forward(self, time: timedelta) -> Iterator[None]:
        self.ahead = time
        try:
            yield
        finally:
            self.ahead = timedelta()


@dataclass(frozen=True, slots=True)
class Parties:
    """Two SMPs as their owners, a third that is of neither, and the zone."""

    live: LiveInstance
    old: SmlClient
    new: SmlClient
    third: SmlClient
    zone: Zone
    clock: Clock


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Parties]:
    folder, clock = tmp_path_factory.mktemp("live"), Clock()
    with live_instance(folder, pki, clock=clock) as live:
        new_file = write_identity(folder, pki.smp_ca, "SMP_NEW")
        third_file = write_identity(folder, pki.smp_ca, "SMP_THIRD")
        with (
            live.sml_client() as old,
            live.sml_client(new_file) as new,
            live.sml_client(third_file) as third,
        ):
            old.create_publisher(publisher(OLD, OLD_URL))
            new.create_publisher(publisher(NEW, NEW_URL))
            third.create_publisher(publisher("SMP-M-THIRD"))
            yield Parties(live, old, new, third, Zone(live), clock)


def owners(parties: Parties, value: str) -> list[str]:
    """The publishers whose list has the participant."""
    lists = ((parties.old, OLD), (parties.new, NEW))
    return [
        smp_id
        for client, smp_id in lists
        if value in {item.value for item in client.list_participants(smp_id).participants}
    ]


def test_migration_gives_the_participant_and_its_name_to_the_new_owner(parties: Parties) -> None:
    moving = participant("0088:m-Moving")
    parties.old.create_participants(OLD, [moving])
    parties.old.prepare_migration(OLD, moving, KEY)
    assert (owners(parties, moving.value), parties.zone.url_of(moving)) == ([OLD], OLD_URL)
    parties.new.migrate(NEW, moving, KEY)
    assert (owners(parties, moving.value), parties.zone.url_of(moving)) == ([NEW], NEW_URL)

    with refused(UNAUTHORIZED, 101):
        parties.old.delete_participants(OLD, [moving])
    with refused(UNAUTHORIZED, 101):
        parties.old.delete_participants(None, [moving])
    parties.new.delete_participants(NEW, [moving])
    assert parties.zone.url_of(moving) is None


def test_migration_key_is_single_use(parties: Parties) -> None:
    once = participant("0088:m-once")
    parties.old.create_participants(OLD, [once])
    parties.old.prepare_migration(OLD, once, KEY)
    parties.new.migrate(NEW, once, KEY)
    with refused(NOT_FOUND, 111):
        parties.new.migrate(NEW, once, KEY)
    with refused(NOT_FOUND, 111):
        parties.old.migrate(OLD, once, KEY)
    assert owners(parties, once.value) == [NEW]


def test_migration_with_a_wrong_key_or_without_preparation_is_not_found(parties: Parties) -> None:
    staying = participant("0088:m-staying")
    parties.old.create_participants(OLD, [staying])
    with refused(NOT_FOUND, 111):
        parties.new.migrate(NEW, staying, KEY)
    parties.old.prepare_migration(OLD, staying, KEY)
    for wrong in (OTHER_KEY, KEY.swapcase(), f"{KEY}1"):
        with refused(NOT_FOUND, 111):
            parties.new.migrate(NEW, staying, wrong)
    with refused(BAD_REQUEST, 106):
        parties.new.migrate(NEW, staying, "")
    assert (owners(parties, staying.value), parties.zone.url_of(staying)) == ([OLD], OLD_URL)
    parties.new.migrate(NEW, staying, KEY)


def test_preparing_again_replaces_the_key(parties: Parties) -> None:
    again = participant("0088:m-again")
    parties.old.create_participants(OLD, [again])
    parties.old.prepare_migration(OLD, again, KEY)
    parties.old.prepare_migration(OLD, again, OTHER_KEY)
    with refused(NOT_FOUND, 111):
        parties.new.migrate(NEW, again, KEY)
    parties.new.migrate(NEW, again, OTHER_KEY)


def test_a_participant_with_an_open_migration_is_not_deleted(parties: Parties) -> None:
    kept, other = participant("0088:m-kept"), participant("0088:m-kept-too")
    parties.old.create_participants(OLD, [kept, other])
    parties.old.prepare_migration(OLD, kept, KEY)
    with refused(BAD_REQUEST, 114):
        parties.old.delete_participants(OLD, [kept])
    with refused(BAD_REQUEST, 114):
        parties.old.delete_participants(OLD, [other, kept])
    assert owners(parties, other.value) == owners(parties, kept.value) == [OLD]
    with refused(BAD_REQUEST, 113):
        parties.old.delete_publisher(OLD)
    assert parties.zone.url_of(kept) == OLD_URL
    parties.new.migrate(NEW, kept, KEY)
    parties.old.delete_participants(OLD, [other])


def test_only_the_owner_prepares_a_migration(parties: Parties) -> None:
    owned = participant("0088:m-owned")
    parties.old.create_participants(OLD, [owned])
    with refused(UNAUTHORIZED, 101):
        parties.third.prepare_migration(OLD, owned, KEY)
    with refused(UNAUTHORIZED, 101):
        parties.new.prepare_migration(NEW, owned, KEY)
    with refused(NOT_FOUND, 110):
        parties.old.prepare_migration(OLD, participant("0088:m-nobody"), KEY)
    with refused(NOT_FOUND, 111):
        parties.new.migrate(NEW, owned, KEY)


def test_nobody_migrates_in_the_name_of_another_smp(parties: Parties) -> None:
    wanted = participant("0088:m-wanted")
    parties.old.create_participants(OLD, [wanted])
    parties.old.prepare_migration(OLD, wanted, KEY)
    with refused(UNAUTHORIZED, 101):
        parties.third.migrate(NEW, wanted, KEY)
    with refused(NOT_FOUND, 100):
        parties.third.migrate("SMP-M-UNKNOWN", wanted, KEY)
    parties.new.migrate(NEW, wanted, KEY)


def test_the_new_owner_may_give_the_participant_on(parties: Parties) -> None:
    travelling = participant("0088:m-travelling")
    parties.old.create_participants(OLD, [travelling])
    parties.old.prepare_migration(OLD, travelling, KEY)
    parties.new.migrate(NEW, travelling, KEY)
    with refused(UNAUTHORIZED, 101):
        parties.old.prepare_migration(OLD, travelling, KEY)
    parties.new.prepare_migration(NEW, travelling, KEY)
    parties.old.migrate(OLD, travelling, KEY)
    assert (owners(parties, travelling.value), parties.zone.url_of(travelling)) == ([OLD], OLD_URL)


def test_participants_are_the_same_in_any_spelling(parties: Parties) -> None:
    parties.old.create_participants(OLD, [participant("0088:m-CASE")])
    parties.old.prepare_migration(OLD, participant("0088:M-case"), KEY)
    parties.new.migrate(NEW, participant("0088:m-case"), KEY)
    assert owners(parties, "0088:m-CASE") == [NEW]


def test_a_migration_that_nobody_completes_ends_by_itself(parties: Parties) -> None:
    """There is no operation that cancels one, and users were stuck in it (phoss-smp#489)."""
    stuck = participant("0088:m-stuck")
    parties.old.create_participants(OLD, [stuck])
    parties.old.prepare_migration(OLD, stuck, KEY)
    with refused(BAD_REQUEST, 114):
        parties.old.delete_participants(OLD, [stuck])
    with parties.clock.put_forward(timedelta(days=91)):
        with refused(NOT_FOUND, 111):
            parties.new.migrate(NEW, stuck, KEY)
        parties.old.delete_participants(OLD, [stuck])
    assert parties.zone.url_of(stuck) is None


def test_what_was_migrated_away_is_no_longer_published_here_as_registered(parties: Parties) -> None:
    """The instance's own SMP loses the registration like any other, and its withdrawal leaves the new one alone."""
    publishing, stored = parties.live.instance.publishing, parties.live.stored
    ours = participant("0088:m-ours")
    publishing.put_service_group(ACTOR, stored, ServiceGroup(ours))
    parties.old.prepare_migration(SMP_ID, ours, KEY)
    parties.new.migrate(NEW, ours, KEY)
    with pytest.raises(ConflictError):
        publishing.put_service_group(ACTOR, stored, ServiceGroup(ours))
    publishing.delete_service_group(ACTOR, stored, ours)
    assert (owners(parties, ours.value), parties.zone.url_of(ours)) == ([NEW], NEW_URL)
