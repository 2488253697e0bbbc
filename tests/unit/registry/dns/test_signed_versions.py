# SPDX-License-Identifier: Apache-2.0
"""Of a server whose serials say nothing its answers tell which of our serials it has, and never too great a one."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from sqlalchemy import update

from registry.app.domain_setup import change_domain
from registry.dns.asking import ShownSoa
from registry.dns.journal import NewState, ZonePublisher
from registry.dns.observation import Observation, observe
from registry.dns.reconcile.wire_reader import tails_of
from registry.dns.signed_versions import serial_told
from registry.errors import TechnicalError
from registry.serials import is_greater
from registry.sml.visibility import VisibilityReader
from registry.storage.queries import name_servers, retention, zones
from registry.storage.queries.name_servers import NameServerRow
from registry.storage.queries.zones import ZoneRow
from registry.storage.tables import zone as zone_table
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

SERVER = "ns1.example.org:53"
Content = Mapping[tuple[str, str], str | None]


@dataclass
class History:
    """A zone and all that it has held, by serial."""

    offline: OfflineInstance
    zone_id: int
    content: dict[tuple[str, str], str | None] = field(default_factory=dict)
    versions: dict[int, Content] = field(default_factory=dict)

    @property
    def held(self) -> ZoneRow:
        with self.offline.instance.database.read() as connection:
            return zones.by_id(connection, self.zone_id)

    def publish(self, *transactions: list[NewState]) -> int:
        """Bring names to states, a transaction each, and give all of that one serial."""
        database = self.offline.instance.database
        for states in transactions:
            with database.write(ACTOR) as work:
                self.offline.instance.journal.write(work, self.zone_id, states)
            self.content |= {(state.owner, state.rdtype): state.text for state in states}
        with database.write(ACTOR) as work:
            serial = zones.stamp(work, self.zone_id)
        self.versions[self.held.serial] = dict(self.content)
        return serial or self.held.serial

    def told(self, serial: int, known: int | None, asked: list[tuple[str, str]] | None = None) -> int | None:
        """What is told of a server that has a serial."""

        def holds(owner: str, rdtype: str) -> frozenset[bytes]:
            if asked is not None:
                asked.append((owner, rdtype))
            text = self.versions[serial].get((owner, rdtype))
            return frozenset() if text is None else frozenset(tails_of(rdtype, text))

        return serial_told(self.offline.instance.database, self.held, known, holds)


def text(owner: str, value: object) -> NewState:
    return NewState(owner, "TXT", None if value is None else f'60 "{value}"')


def what_is_there(content: Content) -> Content:
    return {key: value for key, value in content.items() if value is not None}


@pytest.fixture
def history(offline: OfflineInstance) -> History:
    return begun(offline, 1)


def begun(offline: OfflineInstance, serial: int) -> History:
    with offline.instance.database.write(ACTOR) as work:
        zone_id = zones.add(work, None, f"z{random.randrange(10**9)}.test", serial)
        begin = update(zone_table).where(zone_table.c.id == zone_id).values(history_from=serial)
        work.connection.execute(begin)
    made = History(offline, zone_id)
    made.versions[serial] = {}
    return made


@pytest.mark.parametrize("first", [1, 2**32 - 9], ids=["from-one", "goes-round"])
@pytest.mark.parametrize("seed", range(8))
def test_serial_that_is_told_is_one_that_the_server_has(offline: OfflineInstance, seed: int, first: int) -> None:
    """Names come, change, go and come back, several times in one serial too; the server may have any version."""
    chance, history = random.Random(seed), begun(offline, first)
    for _ in range(20):
        names = chance.sample(range(6), chance.randint(1, 3))
        history.publish(
            *[[text(f"n{name}", chance.choice((None, "a", "b", "c")))] for name in names],
            *([[text("n0", "between")], [text("n0", "a")]] if chance.random() < 0.2 else ()),
        )
    serials = list(history.versions)
    for has, serial in enumerate(serials):
        known = serials[chance.randint(0, has)]
        told = history.told(serial, known)
        assert told is not None
        at = max(place for place, each in enumerate(serials) if not is_greater(each, told))
        assert at >= serials.index(known)
        assert at <= has or what_is_there(history.versions[serials[at]]) == what_is_there(history.versions[serial])
    assert history.told(serials[-1], serials[0]) == serials[-1]


def test_names_that_change_once_tell_the_very_serial_with_few_questions(history: History) -> None:
    serials = [history.publish([text(f"n{number}", number)]) for number in range(200)]
    for serial in (*serials[::17], serials[-1]):
        asked: list[tuple[str, str]] = []
        assert history.told(serial, 1, asked) == serial
        assert len(asked) <= (1 if serial == serials[-1] else 10)


def test_who_has_all_that_was_known_is_asked_nothing(history: History) -> None:
    serial = history.publish([text("x", 1)])
    asked: list[tuple[str, str]] = []
    assert history.told(serial, serial, asked) == serial
    assert asked == []


def test_name_that_a_wildcard_answers_for_since_it_has_gone_is_gone(history: History) -> None:
    first = history.publish([text("x", 1), text("y", 1)])
    last = history.publish([text("x", None)])
    history.versions[last] = {**history.versions[last], ("x", "TXT"): '60 "of the wildcard"'}
    assert history.told(last, first) == last


def test_answer_that_the_zone_never_had_tells_nothing_and_another_name_does(history: History) -> None:
    first = history.publish([text("x", 1), text("y", 1)])
    last = history.publish([text("x", 2)], [text("y", 2)])
    strange = {("x", "TXT"): '60 "?"', ("y", "TXT"): '60 "?"'}
    history.versions[last] = strange
    assert history.told(last, first) == first
    for name in ("x", "y"):
        history.versions[last] = {**strange, (name, "TXT"): '60 "2"'}
        assert history.told(last, first) == last


def test_without_anything_known_later_changes_tell_or_nobody_knows(history: History) -> None:
    assert history.told(1, None) is None
    serial = history.publish([text("x", 1)])
    assert history.told(serial, None) == serial
    assert history.told(1, None) == 1, "it lacks what came since the journal began"


def test_what_an_older_server_shows_as_well_tells_nothing(history: History) -> None:
    """Such as the want of a name that has gone, a name that came back, and another SOA."""
    for change in ([text("x", None)], [NewState("@", "SOA", "60 ns. h. 0 1 1 1 1")]):
        first = history.publish([text("x", 1), text("y", 1)])
        with history.offline.instance.database.write(ACTOR) as work:
            begin = update(zone_table).where(zone_table.c.id == history.zone_id).values(history_from=first)
            work.connection.execute(begin)
        serial = history.publish(change)
        assert history.told(serial, None) is None
        assert history.told(serial, first) == serial
    history.publish([text("y", 2)])
    serial = history.publish([text("y", 1)])
    assert history.told(serial, None) is None
    history.publish([text("z", 1)])
    serial = history.publish([text("x", None)])
    assert history.told(serial, None) == serial, "what was shown before tells that it isn't older"


def test_serial_from_before_a_restore_is_no_beginning(history: History) -> None:
    """Nobody knows what has been published after the backup, and the server may have it."""
    before = history.publish([text("x", 1)])
    anew = before + 1000
    with history.offline.instance.database.write(ACTOR) as work:
        history.offline.instance.journal.write(work, history.zone_id, [NewState("@", "SOA", "60 ns. h. 0 1 1 1 1")])
        history.offline.instance.journal.begin_anew(work, zones.by_id(work.connection, history.zone_id), anew)
    history.versions[anew] = dict(history.content)
    assert history.told(anew, before) is None
    last = history.publish([text("y", 1)])
    assert history.told(anew, before) == before
    assert history.told(last, before) == last


# As it is observed


@dataclass
class SignedServer:
    """A server with a signed zone: a serial of its own, and what of ours it holds; it may fail."""

    own_serial: int
    holds: Content
    fails: bool = False
    signed: bool = True
    asked: int = 0

    def soa(self, _server: str, _zone: str) -> ShownSoa:
        return ShownSoa(self.own_serial, self.signed)

    def answer(self, _server: str, query: dns.message.Message) -> dns.message.Message:
        self.asked += 1
        if self.fails:
            raise TechnicalError("no answer")
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        (question,) = query.question
        held = self.holds.get((question.name.labels[0].decode(), dns.rdatatype.to_text(question.rdtype)))
        if held is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        else:
            ttl, _, rdata = held.partition(" ")
            response.answer.append(dns.rrset.from_text(question.name, int(ttl), "IN", question.rdtype, rdata))
        return dns.message.from_wire(response.to_wire())


@dataclass
class Watched:
    """A domain's zone, and one server that is observed."""

    offline: OfflineInstance
    server: SignedServer

    def publish(self, owner: str, value: object) -> int:
        with self.offline.instance.database.write(ACTOR) as work:
            self.offline.instance.journal.write(work, self.zone_id, [text(owner, value)])
        ZonePublisher(self.offline.instance.database, "test", 0).tick(serve=False)
        with self.offline.instance.database.read() as connection:
            return zones.by_id(connection, self.zone_id).serial

    @property
    def zone_id(self) -> int:
        assert self.offline.stored.zone_id is not None
        return self.offline.stored.zone_id

    def look(self) -> Observation:
        self.offline.clock.forward(seconds=10)
        (found,) = observe(
            self.offline.instance.database, [self.offline.stored], self.server.soa, query=self.server.answer
        )
        return found

    @property
    def row(self) -> NameServerRow:
        with self.offline.instance.database.read() as connection:
            (row,) = name_servers.of_zone(connection, self.zone_id)
        return row


@pytest.fixture
def watched(offline: OfflineInstance) -> Watched:
    offline.stored = change_domain(offline.instance, ACTOR, "demo", {"dns": {"observed_servers": [SERVER]}})
    return Watched(offline, SignedServer(1, {}))


def test_signer_has_what_it_answers_whatever_it_counts(watched: Watched) -> None:
    first = watched.publish("x", 1)
    watched.server.holds = {("x", "TXT"): '60 "1"'}
    watched.server.own_serial = first + 500
    assert watched.look() == Observation(SERVER, first, own_serial=first + 500)
    published_at = watched.offline.clock.now
    last = watched.publish("x", 2)
    watched.server.own_serial += 1  # new signatures
    assert watched.look() == Observation(SERVER, first, behind=True, own_serial=first + 501)
    (view,) = VisibilityReader(watched.offline.instance.database).servers(watched.offline.stored)
    assert (view.serial, view.own_serial, view.ahead, view.behind_since) == (first, first + 501, False, published_at)
    watched.server.holds = {("x", "TXT"): '60 "2"'}
    watched.server.own_serial += 1
    assert (watched.look().serial, watched.row.serial) == (last, last)


def test_server_that_has_the_version_that_it_had_is_asked_for_its_soa_only(watched: Watched) -> None:
    first = watched.publish("x", 1)
    watched.server.holds = {("x", "TXT"): '60 "1"'}
    watched.look()
    watched.publish("x", 2)
    asked = watched.server.asked
    for _ in range(3):
        assert watched.look().serial == first
    assert watched.server.asked == asked


def test_serials_that_were_taken_for_ours_are_forgotten(watched: Watched) -> None:
    """As before it was known that the zone is signed there: they say nothing of since when ours were out."""
    serial = watched.publish("x", 1)
    watched.server = SignedServer(serial + 3, {}, signed=False)
    watched.look()
    assert watched.row.serial == serial + 3
    watched.server = SignedServer(serial + 4, {("x", "TXT"): '60 "1"'})
    watched.look()
    assert (watched.row.serial, watched.row.own_serial) == (serial, serial + 4)
    with watched.offline.instance.database.read() as connection:
        since = name_servers.seen_since(connection, watched.zone_id, SERVER, serial)
    assert since == watched.offline.clock.now


def test_signer_that_began_anew_is_asked_anew(watched: Watched) -> None:
    first = watched.publish("x", 1)
    watched.server = SignedServer(first + 9, {("x", "TXT"): '60 "1"'})
    watched.look()
    watched.server = SignedServer(first, {})
    assert watched.look().behind
    assert watched.row.serial != first


def test_failed_question_is_a_failed_look(watched: Watched) -> None:
    watched.publish("x", 1)
    watched.server.fails = True
    assert watched.look().failure == "no answer"


def test_server_of_which_nobody_knows_is_never_said_to_show_a_change(watched: Watched) -> None:
    """Its serial is beyond ours, and nothing has changed since the journal begins."""
    offline = watched.offline
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])
    serial = watched.publish("x", 1)
    offline.clock.forward(days=60)
    with offline.instance.database.write(ACTOR) as work:
        retention.zone_changes(work, work.now, 1000)
    watched.server = SignedServer(serial + 9, {})
    assert watched.look() == Observation(SERVER, None, own_serial=serial + 9)
    found = VisibilityReader(offline.instance.database).participant(offline.stored, participant("0088:1"))
    assert (found.visible, found.since) == (False, None)
    assert [(each.serial, each.visible, each.failure) for each in found.servers] == [(None, False, None)]
    last = watched.publish("x", 2)
    watched.server = SignedServer(serial + 10, {("x", "TXT"): '60 "2"'})
    assert watched.look().serial == last
    assert VisibilityReader(offline.instance.database).participant(offline.stored, participant("0088:1")).visible
