# SPDX-License-Identifier: Apache-2.0
"""Who is told what: of a problem once, again when it becomes worse, once that it has ended; at once or collected."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from registry.alerts import book, channels, telling
from registry.alerts.channels import ChannelKind, Digest, NewChannel
from registry.alerts.delivering import WAITS, deliver
from registry.alerts.message import Message
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.audit.events import EventFilter, search
from registry.errors import AlreadyExistsError, NotFoundError, TechnicalError, ValidationError
from registry.master_key import MasterKey
from registry.storage.queries import alerts
from registry.storage.queries.alerts import ChannelRow, DeliveryRow
from registry.storage.tables import alert_channel
from tests.simulators.offline import ACTOR, OfflineInstance

DISK = Problem(ProblemKind.DISK, Severity.WARNING, parameters={"what": "little room", "remedy": "make some"})
BACKUP = Problem(ProblemKind.BACKUP_OLD, Severity.WARNING, parameters={"what": "old", "remedy": "make one"})


@dataclass
class Office:
    """An instance, and what went out of it."""

    offline: OfflineInstance
    sent: list[Message] = field(default_factory=list)
    failure: str = ""

    def add(self, name: str = "ops", **values: Any) -> ChannelRow:
        new = NewChannel(name, ChannelKind.MAIL, "ops@example.org", **values)
        with self.offline.instance.database.write(ACTOR) as work:
            return channels.add(work, new)[0]

    def look(self, *found: Problem) -> None:
        """What a look finds is kept, and told to those who are to know now."""
        names = {self.offline.stored.id: "demo"}
        with self.offline.instance.database.write(ACTOR) as work:
            book.keep(work, Look(found))
            telling.plan(work, names)
        self.deliver()

    def deliver(self) -> dict[str, int]:
        return deliver(self.offline.instance.database, ACTOR, {ChannelKind.MAIL: self._send}, {})

    def _send(self, message: Message) -> None:
        self.sent.append(message)
        if self.failure:
            raise TechnicalError(self.failure)

    def told(self) -> list[list[tuple[str, str]]]:
        """Of each message what it told of which problems; and forget that."""
        found = [sorted((item.what, item.row.kind) for item in message.items) for message in self.sent]
        self.sent.clear()
        return found

    def deliveries(self, name: str = "ops") -> Sequence[DeliveryRow]:
        with self.offline.instance.database.read() as connection:
            number = channels.required(connection, name).id
            return [row for row, _ in alerts.page(connection, number, None, 100)]

    def forward(self, **delta: float) -> None:
        self.offline.clock.forward(**delta)


@pytest.fixture
def office(offline: OfflineInstance) -> Office:
    return Office(offline)


def test_problem_is_told_once_and_its_end_once(office: Office) -> None:
    office.add()
    for _ in range(3):
        office.look(DISK)
        office.forward(minutes=15)
    assert office.told() == [[("warning", "disk")]]
    for _ in range(3):
        office.look()
        office.forward(minutes=15)
    assert office.told() == [[("ended", "disk")]]
    office.look(DISK)
    assert office.told() == [[("warning", "disk")]]


def test_problem_that_becomes_worse_is_told_again_and_one_that_becomes_better_is_not(office: Office) -> None:
    office.add(least_severity=Severity.HINT)
    for severity in (Severity.HINT, Severity.ERROR, Severity.WARNING, Severity.ERROR):
        office.look(replace(DISK, severity=severity))
    assert office.told() == [[("hint", "disk")], [("error", "disk")]]


def test_what_comes_together_goes_out_together(office: Office) -> None:
    office.add()
    office.look(DISK, BACKUP)
    assert office.told() == [[("warning", "backup-old"), ("warning", "disk")]]
    (message,) = {row.message for row in office.deliveries()}
    assert message


@pytest.mark.parametrize(("digest", "hours"), [(Digest.HOURLY, 1), (Digest.DAILY, 24)], ids=["hourly", "daily"])
def test_digest_collects_until_its_time(office: Office, digest: Digest, hours: int) -> None:
    office.offline.clock.now = office.offline.clock.now.replace(hour=0, minute=10)
    office.add(digest=digest)
    office.look(DISK)
    office.forward(minutes=5)
    office.look(DISK, BACKUP)
    assert office.told() == []
    office.offline.clock.now = office.offline.clock.now.replace(minute=0) + timedelta(hours=hours)
    office.deliver()
    assert office.told() == [[("warning", "backup-old"), ("warning", "disk")]]


def test_what_has_come_and_gone_before_a_digest_is_not_told(office: Office) -> None:
    office.add(digest=Digest.DAILY)
    office.look(DISK)
    office.look()
    office.forward(days=1)
    office.look()
    assert office.told() == []
    assert office.deliveries() == []


@pytest.mark.parametrize(
    ("wanted", "hears"),
    [
        ({"least_severity": Severity.ERROR}, False),
        ({"kinds": [ProblemKind.BACKUP_OLD]}, False),
        ({"kinds": [ProblemKind.DISK, ProblemKind.BACKUP_OLD]}, True),
        ({"domains": ["other"]}, False),
        ({"domains": ["demo"]}, True),
        ({}, True),
    ],
    ids=["milder", "another kind", "that kind", "another domain", "that domain", "everything"],
)
def test_channel_tells_of_what_it_is_for(office: Office, wanted: dict[str, Any], hears: bool) -> None:
    office.add(**wanted)
    office.look(replace(DISK, domain_id=office.offline.stored.id))
    assert bool(office.told()) is hears


def test_channel_of_a_domain_tells_nothing_of_the_installation(office: Office) -> None:
    office.add(domains=["demo"])
    office.look(DISK)
    assert office.told() == []


def test_acknowledged_problem_is_not_told_but_its_end_is_where_its_beginning_was(office: Office) -> None:
    office.look(DISK, BACKUP)
    with office.offline.instance.database.write(ACTOR) as work:
        book.acknowledge(work, DISK.key, "")
    office.add()
    office.look(DISK, BACKUP)
    assert office.told() == [[("warning", "backup-old")]]
    office.look()
    assert office.told() == [[("ended", "backup-old")]]


def test_failed_message_is_tried_again_later_and_later_under_one_id_and_given_up(office: Office) -> None:
    office.add()
    office.failure = "nobody is there"
    office.look(DISK)
    for wait in WAITS:
        office.forward(seconds=wait.total_seconds() - 1)
        office.deliver()
        office.forward(seconds=1)
        assert office.deliver() == {"arrived": 0, "failed": 1}
    office.forward(days=30)
    assert office.deliver() == {"arrived": 0, "failed": 0}
    assert len(office.sent) == len(WAITS) + 1
    assert len({message.id for message in office.sent}) == 1
    (row,) = office.deliveries()
    assert (row.due_at, row.told_at, row.failure, row.attempts) == (None, None, "nobody is there", len(WAITS) + 1)
    office.told()
    office.look()
    assert office.told() == [], "nobody knew of its beginning"


def test_channel_that_fails_is_told_of_and_holds_up_no_other(office: Office) -> None:
    office.add()
    office.failure = "nobody is there"
    office.look(DISK)
    with office.offline.instance.database.read() as connection:
        assert alerts.failing(connection) == [("ops", "nobody is there")]
    office.failure = ""
    office.forward(minutes=1)
    assert office.deliver() == {"arrived": 1, "failed": 0}
    with office.offline.instance.database.read() as connection:
        assert alerts.failing(connection) == []
    assert office.deliveries()[0].told_at == office.offline.clock.now


def test_next_delivery_is_asked_for_when_it_is_due(office: Office) -> None:
    from registry.storage.queries import jobs

    office.add(digest=Digest.HOURLY)
    office.look(DISK)
    with office.offline.instance.database.read() as connection:
        (asked,) = jobs.page(connection, jobs.JobFilter(kind=telling.DELIVER), None, 10)
    due = office.offline.clock.now.replace(minute=0, second=0) + timedelta(hours=1)
    assert asked.run_at == due


def test_disabled_channel_tells_nothing(office: Office) -> None:
    office.add()
    with office.offline.instance.database.write(ACTOR) as work:
        work.connection.execute(update(alert_channel).values(enabled=False))
    office.look(DISK)
    assert office.told() == []


# Channels


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (ChannelKind.MAIL, "nobody"),
        (ChannelKind.MAIL, "a@b.example, c@d.example"),
        (ChannelKind.MAIL, "a@b.example\nBcc: c@d.example"),
        (ChannelKind.MAIL, f"{'a' * 300}@example.org"),
        (ChannelKind.WEBHOOK, "http://example.org/hook"),
        (ChannelKind.WEBHOOK, "https://user@example.org/"),
        (ChannelKind.WEBHOOK, "https:///hook"),
        (ChannelKind.WEBHOOK, "https://example.org:x/"),
        (ChannelKind.WEBHOOK, "https://example.org/a b"),
        (ChannelKind.WEBHOOK, "https://example.org/\r\nx: y"),
        (ChannelKind.WEBHOOK, "https://[::1/"),
    ],
    ids=range(11),
)
def test_target_that_is_none_is_refused(office: Office, kind: ChannelKind, target: str) -> None:
    with (
        pytest.raises(ValidationError, match="the target of"),
        office.offline.instance.database.write(ACTOR) as work,
    ):
        channels.add(work, NewChannel("ops", kind, target))


@pytest.mark.parametrize("name", ["", "Ops", "a b", "-a", "a" * 64, "ä", "a\n"], ids=range(7))
def test_name_that_is_none_is_refused(office: Office, name: str) -> None:
    with pytest.raises(ValidationError):
        office.add(name)


def test_name_is_there_once_and_what_was_told_goes_with_its_channel(office: Office) -> None:
    office.add()
    with pytest.raises(AlreadyExistsError):
        office.add()
    office.look(DISK)
    with office.offline.instance.database.write(ACTOR) as work:
        channels.remove(work, "ops")
    with pytest.raises(NotFoundError):
        office.deliveries()
    tags = [event.tag for event in search(office.offline.instance.database, EventFilter(tag="alerts:channel:*")).events]
    assert sorted(tags) == ["alerts:channel:create", "alerts:channel:delete"]


def test_secret_of_a_webhook_is_sealed_and_opens_with_its_key_and_name_only(office: Office) -> None:
    database = office.offline.instance.database
    with database.write(ACTOR) as work:
        row, secret = channels.add(work, NewChannel("hook", ChannelKind.WEBHOOK, "https://example.org/"))
    assert secret is not None
    assert secret.startswith("whsec_")
    assert len(channels.secret_of(database.master_key, row)) == 32
    refusals: list[Callable[[], bytes]] = [
        lambda: channels.secret_of(MasterKey(bytes(32)), row),
        lambda: channels.secret_of(database.master_key, replace(row, name="other")),
        lambda: channels.secret_of(database.master_key, replace(row, secret=None)),
        lambda: channels.secret_of(None, row),
    ]
    for refused in refusals:
        with pytest.raises(TechnicalError):
            refused()
    events = search(database, EventFilter(tag="alerts:channel:create")).events
    assert "example.org" not in str(events[0].after)
    assert secret not in str(events[0].after)


def test_there_are_only_so_many_channels(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MAX_CHANNELS", 1)
    office.add()
    with pytest.raises(ValidationError, match="channels already"):
        office.add("more")
