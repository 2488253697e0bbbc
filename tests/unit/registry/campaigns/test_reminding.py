# SPDX-License-Identifier: Apache-2.0
"""Who is reminded, when, of what, and that nobody is told twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from registry.alerts.finders import late_campaigns
from registry.alerts.problem import Severity
from registry.alerts.words import told
from registry.audit.retention import Policy, purge
from registry.campaigns import desk, reminding
from registry.campaigns.letters import MOST, Letter
from registry.campaigns.model import (
    CampaignKind,
    Census,
    Member,
    MemberKind,
    NewCampaign,
    next_step,
    step_asked,
    step_due,
)
from registry.campaigns.reminding import Preview, remind
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, ValidationError
from registry.storage.queries import campaigns
from registry.storage.queries.campaigns import CampaignRow, MemberRow
from registry.storage.queries.problems import ProblemRow
from registry.storage.tables import account, campaign, campaign_member, event
from tests.simulators.campaign_world import NEW, OLD, CampaignWorld, Post
from tests.simulators.offline import ACTOR

pytestmark = pytest.mark.database
DAY = timedelta(days=1)
TYPES = {"old": OLD, "new": NEW}


def preview(world: CampaignWorld, row: CampaignRow) -> Preview:
    database = world.offline.instance.database
    with database.read() as connection:
        return reminding.preview(connection, row, "demo", database.now())


def send(world: CampaignWorld, row: CampaignRow, post: Post) -> dict[str, int]:
    return remind(world.offline.instance.database, ACTOR, post.senders, row.id, "demo")


def late_group(world: CampaignWorld, name: str = "clinics", *people: str) -> int:
    group = world.group(name, *people)
    world.offers(OLD, group=group)
    return group


def counted(world: CampaignWorld, **values: object) -> CampaignRow:
    row = world.add(CampaignKind.DOCUMENT_TYPE, TYPES, **values)  # type: ignore[arg-type]
    return world.count(row)


def test_those_who_edit_a_late_group_are_told_once_for_each_step(world: CampaignWorld) -> None:
    late_group(world, "clinics", "ann", "bob")
    done = world.group("banks", "carol")
    world.offers(NEW, group=done)
    row = counted(world, days_ahead=50, days=[60, 30])
    post = Post()
    assert send(world, row, post) == {"arrived": 2, "failed": 0, "unreachable": 0}
    assert post.to == ["ann@example.org", "bob@example.org"]
    assert send(world, row, post)["arrived"] == 0
    assert preview(world, row).told_already == 1
    world.offline.clock.forward(days=25)
    assert send(world, row, post)["arrived"] == 2, "another step"


def test_a_preview_sends_nothing_and_says_the_same(world: CampaignWorld) -> None:
    late_group(world, "clinics", "ann")
    row = counted(world, days_ahead=50)
    found = preview(world, row)
    ((recipient, letter),) = found.letters
    assert (recipient.name, found.step, found.due, found.late, found.told_already) == ("ann", 60, True, 1, 0)
    assert preview(world, row).letters
    post = Post()
    send(world, row, post)
    assert (post.sent[0].subject, post.sent[0].text) == (letter.subject, letter.text)
    assert "moves from busdox-docid-qns::urn:old to busdox-docid-qns::urn:new" in letter.text
    assert "owner group clinics: 1 participant" in letter.text


def test_people_without_an_address_or_a_role_or_an_account_in_use_are_not_written_to(world: CampaignWorld) -> None:
    late_group(world, "clinics")
    late_group(world, "banks", "ann")
    with world.offline.instance.database.write(ACTOR) as work:
        work.connection.execute(account.update().values(state="disabled"))
    row = counted(world)
    assert (preview(world, row).letters, preview(world, row).unreachable) == ([], 2)


def test_an_address_that_is_none_is_not_written_to(world: CampaignWorld) -> None:
    late_group(world, "clinics", "ann")
    with world.offline.instance.database.write(ACTOR) as work:
        work.connection.execute(account.update().values(email="ann@example.org\r\nBcc: all@example.org"))
    assert preview(world, counted(world)).unreachable == 1


def test_the_channel_is_told_of_everybody_also_of_those_without_an_address(world: CampaignWorld) -> None:
    late_group(world, "clinics")
    world.offers(OLD)
    world.channel("ops")
    row = counted(world, channel="ops", owners=False)
    post = Post()
    send(world, row, post)
    (letter,) = post.sent
    assert isinstance(letter, Letter)
    assert (letter.channel.name, len(letter.members)) == ("ops", 2)
    data = letter.as_json()
    assert (data["type"], data["data"]["late"], data["data"]["campaign"]) == ("registry.campaign", 2, "move")


def test_a_channel_of_another_domain_can_t_be_used(world: CampaignWorld) -> None:
    world.channel("theirs", "other")
    for name in ("theirs", "nobody"):
        with pytest.raises(ValidationError, match="no alert channel"):
            world.add(CampaignKind.DOCUMENT_TYPE, TYPES, channel=name)


def test_one_address_gets_one_message_of_all_its_access_points(world: CampaignWorld) -> None:
    points = [world.holders.access_point(f"ap-{number}") for number in range(3)]
    for point, contact in zip(points, ("mailto:ops@ap.example", "ops@ap.example", "https://ap.example"), strict=True):
        world.contact_of(point, contact)
    row = world.to_document_type()
    late = [Member(MemberKind.ACCESS_POINT, str(point), f"ap-{point}", "", 1, 1, done=False) for point in points]
    row = desk.take(world.offline.instance.database, ACTOR, row.id, Census(late, 3, 0))
    post = Post()
    assert send(world, row, post) == {"arrived": 1, "failed": 0, "unreachable": 1}
    assert post.to == ["ops@ap.example"]
    assert "2 members are late" in post.sent[0].subject


def test_what_did_not_arrive_is_sent_again_under_the_same_id_and_nothing_else_is(world: CampaignWorld) -> None:
    late_group(world, "clinics", "ann", "bob")
    row = counted(world)
    broken, post = Post(refuses={"ann@example.org"}), Post()
    assert send(world, row, broken) == {"arrived": 1, "failed": 1, "unreachable": 0}
    assert preview(world, row).told_already == 0, "not everybody was"
    ((recipient, letter),) = preview(world, row).letters
    assert recipient.message == letter.id
    send(world, row, post)
    assert [(each.channel.target, each.id) for each in post.sent] == [("ann@example.org", letter.id)]


def test_a_mail_server_that_takes_nothing_is_not_asked_for_ever(world: CampaignWorld) -> None:
    people = [f"p{number}" for number in range(5)]
    late_group(world, "clinics", *people)
    row = counted(world)
    broken = Post(refuses={f"{name}@example.org" for name in people})
    assert send(world, row, broken)["failed"] == reminding.GIVES_UP


def test_who_has_moved_is_reminded_no_more(world: CampaignWorld) -> None:
    group = world.group("clinics", "ann")
    number = world.offers(OLD, group=group)
    row = counted(world)
    world.offer(number, NEW)
    assert preview(world, world.count(row)).letters == []


def test_a_reminder_is_an_event_without_an_address(world: CampaignWorld) -> None:
    late_group(world, "clinics", "ann")
    row = counted(world)
    send(world, row, Post())
    with world.offline.instance.database.read() as connection:
        query = select(event.c.after).where(event.c.tag == "campaigns:reminder:send")
        (after,) = connection.execute(query).scalars()
    assert "account:" in str(after)
    assert "example.org" not in str(after)


def test_a_step_is_the_last_that_has_passed(world: CampaignWorld) -> None:
    row = world.add(CampaignKind.DOCUMENT_TYPE, TYPES, days_ahead=90, days=[30, 7, 0])
    end = row.deadline
    assert [step_due(row, end - days * DAY) for days in (90, 31, 30, 8, 7, 1, 0, -5)] == [
        *(None, None, 30, 30, 7, 7, 0, 0)
    ]
    assert step_asked(row, end - 90 * DAY) == 30, "who asks early does so for the first step"
    assert next_step(row, end - 30 * DAY) == end - 7 * DAY
    assert next_step(row, end) is None


def test_before_it_begins_nothing_is_due(world: CampaignWorld) -> None:
    begin = world.offline.clock.now + 40 * DAY
    row = world.add(CampaignKind.DOCUMENT_TYPE, TYPES, days_ahead=50, days=[60, 5], starts_at=begin)
    assert step_due(row, begin - DAY) is None
    assert step_due(row, begin) == 60


def test_without_a_schedule_nobody_is_reminded(world: CampaignWorld) -> None:
    late_group(world, "clinics", "ann")
    row = counted(world, days=[])
    assert (preview(world, row).step, preview(world, row).letters) == (None, ())
    assert send(world, row, Post())["arrived"] == 0


def test_a_closed_campaign_reminds_nobody_and_is_closed_once(world: CampaignWorld) -> None:
    late_group(world, "clinics", "ann")
    row = counted(world)
    database = world.offline.instance.database
    with database.write(ACTOR) as work:
        closed = desk.close(work, row)
    post = Post()
    assert (send(world, row, post)["arrived"], post.sent, closed.state) == (0, [], "closed")
    with database.write(ACTOR) as work:
        for refused in (desk.close, desk.request_count, desk.request_reminding):
            with pytest.raises(ConflictError):
                refused(work, closed)


def test_what_is_wrong_with_a_campaign_is_told_all_at_once(world: CampaignWorld) -> None:
    with world.offline.instance.database.write(ACTOR) as work:
        new = NewCampaign("No Name", CampaignKind.PKI, {}, work.now - DAY, days=[-1, 5, 5])
        with pytest.raises(ValidationError) as caught:
            desk.add(work, world.offline.stored, new)
    assert len(caught.value.reasons) == 4


def test_a_name_is_used_once_in_a_domain(world: CampaignWorld) -> None:
    world.to_document_type()
    with pytest.raises(AlreadyExistsError):
        world.to_document_type()


def test_a_campaign_that_has_gone_is_not_found(world: CampaignWorld) -> None:
    with pytest.raises(NotFoundError):
        remind(world.offline.instance.database, ACTOR, {}, 99, "demo")


def test_a_message_names_so_many_and_says_how_many_more(world: CampaignWorld) -> None:
    row = world.to_document_type()
    now = world.offline.clock.now
    many = [MemberRow("owner-group", str(n), f"g{n}", "", 1, 1, False, None, now) for n in range(MOST + 5)]
    letter = Letter("id", None, row, "demo", many, now)  # type: ignore[arg-type]
    assert "- and 5 more" in letter.text
    assert len(letter.as_json()["data"]["members"]) == MOST


def problems(world: CampaignWorld) -> list[tuple[Severity, str]]:
    with world.offline.instance.database.read() as connection:
        found = list(late_campaigns(connection, world.offline.clock.now))
    rows = [
        ProblemRow(1, each.key, each.kind.value, each.severity.value, 1, each.subject, each.parameters,
                   world.offline.clock.now, world.offline.clock.now, world.offline.clock.now, None, None, None, None)
        for each in found
    ]  # fmt: skip
    return [(each.severity, told(row).what) for each, row in zip(found, rows, strict=True)]


def test_who_is_late_is_a_problem_from_the_first_step_on_and_an_error_behind_the_deadline(
    world: CampaignWorld,
) -> None:
    late_group(world)
    clock = world.offline.clock
    row = counted(world, days_ahead=90, days=[30])
    assert problems(world) == []
    clock.now = row.deadline - 30 * DAY
    world.count(row)
    deadline = f"{row.deadline:%Y-%m-%dT%H:%M:%SZ}"
    assert problems(world) == [
        (
            Severity.WARNING,
            (
                f"who has to move in the campaign move is late (1; participants: 1); the deadline is {deadline}, "
                "at this rate all are done never"
            ),
        )
    ]
    clock.now = row.deadline
    assert problems(world)[0][0] is Severity.ERROR


def test_who_will_be_done_in_time_is_a_hint(world: CampaignWorld) -> None:
    participants = [world.offers(OLD) for _ in range(4)]
    row = counted(world, days_ahead=30, days=[30])
    world.offline.clock.forward(days=4)
    for each in participants[:2]:
        world.offer(each, NEW)
    assert world.count(row).expected_at is not None
    assert problems(world)[0][0] is Severity.HINT


def test_a_closed_campaign_goes_with_all_that_belongs_to_it(world: CampaignWorld) -> None:
    late_group(world, "clinics", "ann")
    row = counted(world)
    send(world, row, Post())
    database = world.offline.instance.database
    with database.write(ACTOR) as work:
        desk.close(work, row)
    world.offline.clock.forward(days=91)
    assert purge(database, Policy())["campaign"] == 1
    with database.read() as connection:
        assert connection.execute(select(campaign.c.id)).first() is None
        assert connection.execute(select(campaign_member.c.key)).first() is None
        assert campaigns.reminders(connection, row.id, 60) == []


def test_each_day_has_one_row_of_progress(world: CampaignWorld) -> None:
    participants = [world.offers(OLD), world.offers(OLD)]
    row = counted(world)
    world.offer(participants[0], NEW)
    world.count(row)
    world.offline.clock.forward(days=1)
    world.count(row)
    with world.offline.instance.database.read() as connection:
        series = campaigns.progress(connection, row.id)
    assert [(each.participants, each.participants_done) for each in series] == [(2, 1), (2, 1)]
