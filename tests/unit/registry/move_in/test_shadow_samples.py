# SPDX-License-Identifier: Apache-2.0
"""A pass asks about everything that a move has brought, and about what is here besides, each once."""

import random
from collections.abc import Collection

import pytest

from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.move_in.model import Kind, SourceKind, part_of
from registry.move_in.moves import begin_move
from registry.move_in.shadow.dns import Record
from registry.move_in.shadow.run import keep_report
from registry.move_in.shadow.samples import dns_questions, smp_questions
from registry.move_in.shadow.smp import Asked
from registry.move_in.shadow.watch import ShadowReport
from registry.move_in.sml_records import participant_key
from registry.move_in.states import State
from registry.sml.model import Publisher
from registry.storage.queries import move_ins
from registry.storage.queries.move_ins import Moved
from tests.simulators.audit import all_events
from tests.simulators.offline import ACTOR, OfflineInstance, participant


def _move(offline: OfflineInstance, kind: Kind, keys: Collection[str], refused: Collection[str] = ()) -> int:
    """A move whose ledger has these keys."""
    database = offline.instance.database
    move = begin_move(database, ACTOR, SourceKind.PHOSS_SQL, "here", [offline.stored])
    rows = [Moved(part_of(key), key, "d", "refused" if key in refused else "created", None, None) for key in keys]
    with database.write(ACTOR) as work:
        move_ins.add_records(work, move.id, kind, rows)
    return move.id


def _asked(offline: OfflineInstance, move: int | None, seed: int = 1) -> list[Asked]:
    return list(smp_questions(offline.instance.database, offline.stored, move, random.Random(seed)))


@pytest.mark.parametrize("seed", range(4))
def test_the_ledger_and_what_is_here_without_it_are_asked_once_each(offline: OfflineInstance, seed: int) -> None:
    moved = [participant(f"0088:moved-{number}") for number in range(700)]
    here = [participant(f"0088:here-{number}") for number in range(5)]
    for each in (*moved[:3], *here):
        offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(each))
    move = _move(offline, Kind.PARTICIPANT, [str(each) for each in moved])

    asked = _asked(offline, move, seed)

    assert sorted(str(each) for each in asked) == sorted(str(each) for each in (*moved, *here))


def test_without_a_move_all_that_is_here_is_asked(offline: OfflineInstance) -> None:
    here = [participant(f"0088:here-{number}") for number in range(3)]
    for each in here:
        offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(each))

    assert sorted(str(each) for each in _asked(offline, None)) == sorted(map(str, here))


def test_nothing_here_and_nothing_moved_asks_nothing(offline: OfflineInstance) -> None:
    assert _asked(offline, None) == []
    assert _asked(offline, _move(offline, Kind.PARTICIPANT, [])) == []


def test_who_was_refused_is_asked_and_known_to_be(offline: OfflineInstance) -> None:
    key = str(participant())
    asked = _asked(offline, _move(offline, Kind.PARTICIPANT, [key], refused=[key]))

    assert [(str(each), each.is_refused) for each in asked] == [(key, True)]


def test_a_key_that_is_no_participant_is_passed_over(offline: OfflineInstance) -> None:
    assert _asked(offline, _move(offline, Kind.PARTICIPANT, ["iso6523-actorid-upis::"])) == []


def _registered(offline: OfflineInstance, *participants: ParticipantIdentifier) -> None:
    sml = offline.instance.sml
    sml.create_publisher(offline.caller(), Publisher("SMP-A", "https://a.example.org/", "192.0.2.1"))
    sml.create_participants(offline.caller(), "SMP-A", participants)


def test_names_of_the_ledger_and_of_the_zone_are_asked_but_not_what_servers_say_of_themselves(
    offline: OfflineInstance,
) -> None:
    here, missing = participant("0088:here"), participant("0088:missing")
    _registered(offline, here)
    zone = offline.stored.domain.dns.zone
    keys = [participant_key(zone, ISO6523, each.value) for each in (here, missing)]
    keys.append(participant_key("other.test", ISO6523, "0088:elsewhere"))
    move = _move(offline, Kind.REGISTRATION, keys)

    asked = set(dns_questions(offline.instance.database, offline.stored, move, {zone}, random.Random(1)))

    held = {Record(f"{owner}.{zone}", rdtype) for owner, rdtype in offline.zone_state() if owner != "@"}
    assert held < asked
    assert len(asked - held) == 1
    assert not [each for each in asked if each.rdtype in {"SOA", "NS"}]


def test_how_a_comparison_ended_is_kept_with_the_move(offline: OfflineInstance) -> None:
    database = offline.instance.database
    move = _move(offline, Kind.PARTICIPANT, [])
    with database.write(ACTOR) as work:
        move_ins.change(work, move, state=State.LOADED.value)

    keep_report(database, ACTOR, move, offline.stored, ShadowReport(asked=3, equal=3, complete=True))

    with database.read() as connection:
        kept = move_ins.by_id(connection, move)
    assert kept.state == State.SHADOW
    assert (kept.counts["shadow"]["asked"], kept.counts["shadow"]["agrees"]) == (3, True)
    assert [event.tag for event in all_events(database)][-1] == "move-in:shadow:compare"
