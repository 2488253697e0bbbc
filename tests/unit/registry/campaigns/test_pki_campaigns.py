# SPDX-License-Identifier: Apache-2.0
"""Campaigns for certificates: who has to move follows from what is held, and who has moved stays in the count."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from registry.campaigns import desk
from registry.campaigns.model import CampaignKind
from registry.domains.trust_models import document_of
from registry.errors import ValidationError
from registry.storage.certificate_rows import certificate_row
from registry.storage.queries import campaigns, certificates, impact
from registry.storage.tables import access_point_certificate, endpoint, publisher
from tests.simulators.campaign_world import CampaignWorld
from tests.simulators.certificate_chains import NOW, Authority
from tests.simulators.impact_world import trusting
from tests.simulators.offline import ACTOR
from trust_lists.certificates.listed import ListedCertificate

pytestmark = pytest.mark.database

DAY = timedelta(days=1)
OLD, NEW = Authority("old"), Authority("new")
BOTH, TARGET = trusting(OLD, NEW), trusting(NEW)


def shows(world: CampaignWorld, point: int, shown: ListedCertificate) -> None:
    """Let an access point show another certificate."""
    with world.offline.instance.database.write(ACTOR) as work:
        certificates.put(work.connection, [certificate_row(shown.der)])
        mine = access_point_certificate.c.access_point_id == point
        work.connection.execute(update(access_point_certificate).where(mine).values(certificate_sha256=shown.sha256))


def test_who_shows_the_old_authority_has_to_move_and_is_late(world: CampaignWorld) -> None:
    world.holders.access_point("few", OLD.issue(), participants=1)
    world.holders.access_point("many", OLD.issue(), participants=3)
    world.holders.access_point("moved before", NEW.issue(), participants=5)
    world.holders.publisher("SMP-OLD", OLD.issue(), registrations=2)
    row = world.to_pki(TARGET)
    counted = world.count_pki(row, BOTH, TARGET)
    assert [(each.kind, each.name, each.late) for each in world.members(row)] == [
        ("access-point", "many", 3),
        ("publisher", "SMP-OLD", 2),
        ("access-point", "few", 1),
    ]
    assert counted.counts == {"members": 3, "members_done": 0, "participants": 6, "participants_done": 0}
    reason = world.members(row)[0].reason
    assert reason is not None
    assert reason["check"] == "NO_PATH"


def test_who_has_moved_stays_a_member_and_is_done_since_then(world: CampaignWorld) -> None:
    point = world.holders.access_point("moves", OLD.issue(), participants=2)
    world.holders.access_point("stays", OLD.issue(), participants=1)
    row = world.to_pki(TARGET)
    world.count_pki(row, BOTH, TARGET)
    world.offline.clock.now = NOW + 3 * DAY
    shows(world, point, NEW.issue())
    counted = world.count_pki(row, BOTH, TARGET)
    assert counted.counts == {"members": 2, "members_done": 1, "participants": 3, "participants_done": 2}
    (done,) = world.members(row, done=True)
    assert (done.name, done.late, done.reason, done.changed_at) == ("moves", 0, None, NOW + 3 * DAY)
    (late,) = world.members(row, done=False)
    assert (late.name, late.changed_at) == ("stays", NOW), "it has been late since it was counted first"


def test_once_the_target_is_in_force_the_late_stay_late(world: CampaignWorld) -> None:
    world.holders.access_point("stays", OLD.issue(), participants=1)
    row = world.to_pki(TARGET)
    world.count_pki(row, BOTH, TARGET)
    counted = world.count_pki(row, TARGET, TARGET)
    assert counted.counts == {"members": 1, "members_done": 0, "participants": 1, "participants_done": 0}


def test_who_moved_before_the_model_in_force_knew_the_new_authority_is_done(world: CampaignWorld) -> None:
    world.holders.access_point("early", NEW.issue(), participants=1)
    row = world.to_pki(TARGET)
    counted = world.count_pki(row, trusting(OLD), TARGET)
    assert counted.counts == {"members": 1, "members_done": 1, "participants": 1, "participants_done": 1}


def test_what_counts_is_the_deadline_not_today(world: CampaignWorld) -> None:
    world.holders.access_point("ends before", NEW.issue(end=NOW + 10 * DAY), participants=1)
    world.holders.access_point("planned", OLD.issue(), participants=1, successor=(NEW.issue(), NOW + 5 * DAY))
    row = world.to_pki(TARGET, days_ahead=30)
    world.count_pki(row, BOTH, TARGET)
    assert [each.name for each in world.members(row, done=False)] == ["ends before"]
    assert "planned" not in {each.name for each in world.members(row)}, "it is accepted by either model then"


def test_a_participant_is_done_with_the_last_of_those_that_it_needs(world: CampaignWorld) -> None:
    one, other = (world.holders.access_point(name, OLD.issue()) for name in ("one", "other"))
    world.holders.participant(one, other)
    row = world.to_pki(TARGET)
    world.count_pki(row, BOTH, TARGET)
    shows(world, one, NEW.issue())
    counted = world.count_pki(row, BOTH, TARGET)
    assert counted.counts == {"members": 2, "members_done": 1, "participants": 1, "participants_done": 0}
    shows(world, other, NEW.issue())
    assert (world.count_pki(row, BOTH, TARGET).counts or {})["participants_done"] == 1


def test_registrations_of_our_own_smp_are_the_same_participants(world: CampaignWorld) -> None:
    smp_id = world.offline.stored.domain.smp.smp_id
    world.holders.publisher(smp_id, OLD.issue(), registrations=2)
    point = world.holders.access_point("fine", NEW.issue())
    for _ in range(2):
        world.holders.participant(point)
    row = world.to_pki(TARGET)
    counted = world.count_pki(row, BOTH, TARGET)
    assert counted.counts == {"members": 1, "members_done": 0, "participants": 2, "participants_done": 0}


def test_who_is_there_no_more_is_no_member_any_more(world: CampaignWorld) -> None:
    world.holders.publisher("SMP-GONE", OLD.issue())
    row = world.to_pki(TARGET)
    world.count_pki(row, BOTH, TARGET)
    with world.offline.instance.database.write(ACTOR) as work:
        work.connection.execute(delete(publisher))
    assert (world.count_pki(row, BOTH, TARGET).counts or {})["members"] == 0


def test_the_planned_model_is_the_target_and_there_has_to_be_one(world: CampaignWorld) -> None:
    with pytest.raises(ValidationError, match="no trust model is planned"):
        world.add(CampaignKind.PKI, {})
    with world.offline.instance.database.write(ACTOR) as work:
        impact.put_plan(work, world.offline.stored.id, document_of(TARGET))
    row = world.add(CampaignKind.PKI, {})
    with world.offline.instance.database.write(ACTOR) as work:
        impact.put_plan(work, world.offline.stored.id, None)
    assert row.target["model"] == TARGET.id
    assert world.count(row).counts is not None, "the campaign keeps its target when the plan is in force"


def test_a_second_count_decides_nothing_anew(world: CampaignWorld) -> None:
    world.holders.access_point("stays", OLD.issue(), participants=1)
    row = world.to_pki(TARGET)
    first = world.count_pki(row, BOTH, TARGET)
    decided = []
    engine = world.holders.compare(BOTH, TARGET).after.engine
    original = type(engine).decide

    def counting(*given: object, **named: object) -> object:
        decided.append(given)
        return original(*given, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(engine), "decide", counting)
        second = world.count_pki(row, BOTH, TARGET)
    assert (decided, second.counts) == ([], first.counts)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=4), st.lists(st.booleans(), max_size=4))
def test_done_and_late_are_all(world: CampaignWorld, points: list[tuple[bool, int]], pairs: list[bool]) -> None:
    world.made += 1  # the names of another example are taken
    with world.offline.instance.database.write(ACTOR) as work:
        work.connection.execute(delete(endpoint))
    made = [
        world.holders.access_point(f"{world.made}-{number}", (NEW if new else OLD).issue(), participants=count)
        for number, (new, count) in enumerate(points)
    ]
    for number, _ in enumerate(pairs):
        world.holders.participant(*made[number : number + 2])
    with world.offline.instance.database.read() as connection:
        row = campaigns.find(connection, world.offline.stored.id, "move")
    row = row or world.to_pki(TARGET)
    counts = world.count_pki(row, BOTH, TARGET).counts or {}
    members, late = world.members(row), world.members(row, done=False)
    done = world.members(row, done=True)
    assert len(done) + len(late) == len(members) == counts["members"]
    assert len(done) == counts["members_done"]
    assert counts["participants"] - counts["participants_done"] <= sum(each.late for each in late)
    assert counts["participants_done"] <= counts["participants"] <= sum(each.participants for each in members)
    assert all(each.done == (each.late == 0) or each.participants == 0 for each in members)


def test_what_a_closed_campaign_is_counted_as_is_left_alone(world: CampaignWorld) -> None:
    world.holders.access_point("late", OLD.issue(), participants=1)
    row = world.to_pki(TARGET)
    with world.offline.instance.database.write(ACTOR) as work:
        desk.close(work, row)
    assert world.count_pki(row, BOTH, TARGET).counts is None
    assert world.members(row) == []
