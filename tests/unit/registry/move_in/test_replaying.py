# SPDX-License-Identifier: Apache-2.0
"""What was written here since the cutover is told to the old system: all of it, in the end, and nothing else."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self

import pytest

from registry.audit.chain import head, seal
from registry.demo.content import demo_metadata
from registry.errors import ConflictError, TechnicalError, ValidationError
from registry.metadata import ServiceGroup
from registry.move_in.model import SourceKind
from registry.move_in.moves import begin_move
from registry.move_in.replay.changes import Change, Subject
from registry.move_in.replay.model import MAX_REFUSED, Replayed
from registry.move_in.replay.replaying import KEPT, Replay
from registry.move_in.states import State
from registry.sml.model import Publisher
from registry.smp.access_points import AccessPoints
from registry.storage.queries import move_ins
from registry.storage.turns import turn
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

WHO, OTHER = participant("0088:who"), participant("0088:other")


@dataclass
class Old:
    """An old system that keeps what it is told, and refuses or fails when it is to."""

    subjects: frozenset[Subject] = frozenset({Subject.PUBLISHED})
    told: list[Change] = field(default_factory=list)
    refuses: str = ""
    fails: int = 0

    def take(self, change: Change) -> None:
        if self.fails:
            self.fails -= 1
            raise TechnicalError("the old system is away")
        if self.refuses and self.refuses in change.name:
            raise ValidationError.of("OLD", "it doesn't want that")
        self.told.append(change)

    @property
    def names(self) -> list[str]:
        names = [each.name for each in self.told]
        self.told.clear()
        return names

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


@pytest.fixture
def number(offline: OfflineInstance) -> int:
    """A move that is cut over: what comes from here on is to be told."""
    database, stored = offline.instance.database, offline.stored
    offline.instance.publishing.put_service_group(ACTOR, stored, ServiceGroup(participant("0088:before")))
    made = begin_move(database, ACTOR, SourceKind.PHOSS_XML, "export.xml", [stored]).id
    seal(database)
    with database.write(ACTOR) as work:
        move_ins.change(work, made, state=State.CUT_OVER, event_at_cutover=head(database).position)
    return made


def replayed(offline: OfflineInstance, number: int, old: Old) -> Replayed:
    return Replay(offline.instance.database, number, old).run(ACTOR)


def kept(offline: OfflineInstance, number: int) -> dict[str, object]:
    with offline.instance.database.read() as connection:
        said: dict[str, object] = move_ins.by_id(connection, number).steps[KEPT]
    return said


def test_each_participant_is_told_once_however_often_it_was_written(offline: OfflineInstance, number: int) -> None:
    publishing, stored, old = offline.instance.publishing, offline.stored, Old()
    publishing.put_service_group(ACTOR, stored, ServiceGroup(WHO))
    publishing.put_service_group(ACTOR, stored, ServiceGroup(OTHER))
    publishing.delete_service_group(ACTOR, stored, WHO)
    assert replayed(offline, number, old).told == 2
    assert sorted(old.names) == sorted(map(str, (WHO, OTHER))), "the registrations are nothing to an SMP"
    assert replayed(offline, number, old).told == 2
    assert old.names == [], "nothing is told again"


def test_sml_is_told_of_smps_and_registrations_with_all_that_had_them(offline: OfflineInstance, number: int) -> None:
    sml, old = offline.instance.sml, Old(frozenset({Subject.PUBLISHER, Subject.REGISTRATION}))
    sml.create_publisher(offline.caller(), Publisher("SMP-NEW", "https://new.example.org", "192.0.2.1"))
    sml.create_participants(offline.caller(), SMP_ID, [WHO, OTHER])
    sml.delete_participants(offline.caller(), SMP_ID, [WHO])
    done = replayed(offline, number, old)
    assert (done.refused, done.left_out) == ({}, {})
    assert {(each.subject, each.name): each.smp_ids for each in old.told} == {
        (Subject.PUBLISHER, "SMP-NEW"): {"SMP-NEW"},
        (Subject.REGISTRATION, str(WHO)): {SMP_ID},
        (Subject.REGISTRATION, str(OTHER)): {SMP_ID},
    }


def test_where_the_old_system_is_away_nothing_is_passed_over(offline: OfflineInstance, number: int) -> None:
    old = Old(fails=1)
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(WHO))
    with pytest.raises(TechnicalError, match="away"):
        replayed(offline, number, old)
    assert kept(offline, number)["failure"] == "the old system is away"
    assert replayed(offline, number, old).failure == ""
    assert old.names == [str(WHO)]


def test_what_is_refused_is_remembered_and_tried_again(offline: OfflineInstance, number: int) -> None:
    old = Old(refuses="who")
    publishing, stored = offline.instance.publishing, offline.stored
    publishing.put_service_group(ACTOR, stored, ServiceGroup(WHO))
    publishing.put_service_group(ACTOR, stored, ServiceGroup(OTHER))
    done = replayed(offline, number, old)
    assert list(done.refused.values()) == ["it doesn't want that [OLD]"]
    assert old.names == [str(OTHER)], "others go on"
    old.refuses = ""
    assert replayed(offline, number, old).refused == {}
    assert old.names == [str(WHO)]


def test_who_refuses_everything_is_stopped(
    offline: OfflineInstance, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.move_in.replay.replaying.MAX_REFUSED", 1)
    assert MAX_REFUSED > 1
    publishing, stored = offline.instance.publishing, offline.stored
    for value in ("0088:a", "0088:b"):
        publishing.put_service_group(ACTOR, stored, ServiceGroup(participant(value)))
    with pytest.raises(TechnicalError, match="refuses more than 1 changes"):
        replayed(offline, number, Old(refuses="0088"))


@pytest.fixture
def shown(offline: OfflineInstance, number: int) -> tuple[AccessPoints, str, str]:
    """A participant (the last) that shows an access point (by its name), published after the cutover."""
    stored, publishing = offline.stored, offline.instance.publishing
    (metadata, *_) = demo_metadata(offline.pki.access_points)
    publishing.put_service_group(ACTOR, stored, ServiceGroup(metadata.participant))
    publishing.put_service_metadata(ACTOR, stored, metadata)
    points = AccessPoints(offline.instance.database, stored, offline.instance.trust_models.of(stored.domain))
    (row,) = points.listed()
    return points, row.name, str(metadata.participant)


def test_other_access_point_is_told_for_all_who_show_it(
    offline: OfflineInstance, number: int, shown: tuple[AccessPoints, str, str]
) -> None:
    (points, name, who), old = shown, Old()
    replayed(offline, number, old)
    assert old.names == [who]
    points.change(ACTOR, name, address="https://elsewhere.example.org/as4")
    replayed(offline, number, old)
    assert old.names == [who]


def test_what_was_planned_is_told_once_its_instant_has_come(
    offline: OfflineInstance, number: int, shown: tuple[AccessPoints, str, str]
) -> None:
    (points, name, who), old = shown, Old()
    points.change(ACTOR, name, address="https://elsewhere.example.org/as4", at=offline.clock.now + timedelta(hours=1))
    replayed(offline, number, old)
    assert old.names == [who]
    replayed(offline, number, old)
    assert old.names == [], "it hasn't come yet"
    offline.clock.forward(hours=2)
    replayed(offline, number, old)
    assert old.names == [who]


def test_only_one_at_a_time_and_only_after_a_cutover(offline: OfflineInstance, number: int) -> None:
    with (
        turn(offline.instance.database, f"move-in-replay:{number}"),
        pytest.raises(ConflictError, match="another process"),
    ):
        replayed(offline, number, Old())
    with offline.instance.database.write(ACTOR) as work:
        move_ins.change(work, number, event_at_cutover=None)
    with pytest.raises(ConflictError, match="isn't cut over"):
        replayed(offline, number, Old())
