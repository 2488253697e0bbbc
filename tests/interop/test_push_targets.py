# SPDX-License-Identifier: Apache-2.0
"""BIND, Knot and PowerDNS take the zone by dynamic updates, and have then what we have, record by record."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest

from registry.app.domain_setup import change_domain
from registry.clock import system_clock
from registry.dns.journal import NewState, ZonePublisher
from registry.dns.push.pusher import PushedZone, Pusher
from registry.dns.tsig_keys import TsigKeys
from registry.domains.zone_servers import PushTarget
from registry.errors import ConflictError, TechnicalError
from registry.storage.queries import name_servers, zones
from tests.simulators.name_servers import HOST, Record, ServerProcess, held_records, until
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.update_targets import KEY, bind_primary, knot_primary, new_key, powerdns_primary, zone_file

pytestmark = pytest.mark.slow
Start = Callable[..., AbstractContextManager[ServerProcess]]
KINDS = [
    pytest.param(bind_primary, True, id="bind"),
    pytest.param(bind_primary, False, id="bind-shared"),
    pytest.param(knot_primary, True, id="knot"),
    pytest.param(knot_primary, False, id="knot-shared"),
    pytest.param(powerdns_primary, False, id="powerdns-shared"),
]
ZONE = "sml.test"


@dataclass(slots=True)
class Rig:
    """A zone of ours, and a real primary."""

    offline: OfflineInstance
    tool: Any
    key: dns.tsig.Key
    stack: ExitStack
    only_writer: bool = True
    pushers: tuple[Pusher, ...] = ()

    @property
    def zone_id(self) -> int:
        assert self.offline.stored.zone_id is not None
        return self.offline.stored.zone_id

    @property
    def serial(self) -> int:
        with self.offline.instance.database.read() as connection:
            return zones.by_id(connection, self.zone_id).serial

    def start(self, start: Start, others: str = "", serial: int = 2026112201) -> ServerProcess:
        text = zone_file(ZONE, serial, others)
        return self.stack.enter_context(start(self.tool, self.offline.folder / start.__name__, self.key, ZONE, text))

    def pusher(self, server: ServerProcess, key: str = KEY, **options: Any) -> Pusher:
        target = PushTarget(f"{HOST}:{server.port}", key, only_writer=self.only_writer)
        pushed = PushedZone(self.zone_id, ZONE, self.offline.stored.id, target)
        keys = TsigKeys(self.offline.folder / "tsig")
        pusher = Pusher(self.offline.instance.database, pushed, keys, **options)
        self.stack.callback(pusher.close)
        return pusher

    def write(self, *states: NewState) -> None:
        with self.offline.instance.database.write(ACTOR) as work:
            self.offline.instance.journal.write(work, self.zone_id, states)
        ZonePublisher(self.offline.instance.database, "stamper").tick(serve=False)

    def reached(self, server: ServerProcess) -> datetime | None:
        """Since when a target that counts by itself is known to have our present serial."""
        with self.offline.instance.database.read() as connection:
            return name_servers.seen_since(connection, self.zone_id, f"{HOST}:{server.port}", self.serial)

    def ours(self) -> set[Record]:
        return {each for each in held_records(self.offline.instance.database, ZONE) if each[2] not in {"SOA", "NS"}}

    def theirs(self, server: ServerProcess) -> set[Record]:
        return {each for each in server.records(ZONE, self.key) if each[2] not in {"SOA", "NS"}}


@pytest.fixture
def rig(offline: OfflineInstance, tool: Any) -> Iterator[Rig]:
    offline.clock.now = system_clock()  # signatures are of the present
    with ExitStack() as stack:
        made = Rig(offline, tool, new_key(offline.folder / "tsig"), stack)
        ZonePublisher(offline.instance.database, "stamper").tick(serve=False)
        yield made


def owner(number: int) -> str:
    return f"{number:052}.iso6523-actorid-upis"


def naptr(number: int) -> str:
    return f'60 100 10 "U" "Meta:SMP" "!.*!https://smp{number}.example/!" .'


def random_version(source: random.Random) -> list[NewState]:
    """Some changes of all kinds: new names, other content, another TTL, none, alias or not."""
    states = []
    for number in source.sample(range(400), source.randint(1, 40)):
        kind = source.choice(("naptr", "naptr", "alias", "gone", "text"))
        forms = {
            "naptr": (naptr(source.randint(0, 9)), None, None),
            "alias": (None, f"{source.choice((60, 90))} smp.naptr.{ZONE}.", None),
            "text": (naptr(1), None, f'{source.choice((60, 90))} "{number}"'),
            "gone": (None, None, None),
        }
        texts = zip(("NAPTR", "CNAME", "TXT"), forms[kind], strict=True)
        states += source.sample([NewState(owner(number), rdtype, text) for rdtype, text in texts], 3)
    return states


@pytest.mark.parametrize(("start", "only_writer"), KINDS)
def test_primary_has_what_we_have_after_any_changes(rig: Rig, start: Start, only_writer: bool) -> None:
    rig.only_writer = only_writer
    server = rig.start(start)
    source = random.Random(8)
    rig.write(*(NewState(owner(number), "NAPTR", naptr(number % 7)) for number in range(1500)))
    pusher = rig.pusher(server, part=300)
    done = pusher.push()
    assert done is not None
    assert done.whole
    assert rig.theirs(server) == rig.ours()
    for _ in range(5):
        for _ in range(source.randint(1, 8)):
            rig.write(*random_version(source))
        pusher.push()
        assert rig.theirs(server) == rig.ours()
        assert pusher.push() is None
        if only_writer:
            assert server.serial(ZONE) == rig.serial
        else:
            assert rig.reached(server) is not None, "since when it has our serial is known"


@pytest.mark.parametrize("start", [bind_primary, knot_primary])
def test_other_writer_is_noticed(rig: Rig, start: Start) -> None:
    server = rig.start(start)
    pusher = rig.pusher(server)
    pusher.push()
    other = dns.update.UpdateMessage(ZONE, keyring={rig.key.name: rig.key}, keyname=rig.key.name)
    other.add("www", 60, "A", "192.0.2.1")
    assert dns.query.tcp(other, HOST, 10, server.port).rcode() == dns.rcode.NOERROR
    rig.write(NewState(owner(1), "NAPTR", naptr(1)))
    with pytest.raises(ConflictError, match="somebody else has written"):
        pusher.push()
    assert not any(each[2] == "NAPTR" and owner(1) in each[0] for each in rig.theirs(server))
    pusher.take_over(ACTOR)
    pusher.push()
    assert rig.theirs(server) - rig.ours() == {(f"www.{ZONE}.", 60, "A", "192.0.2.1")}
    assert rig.ours() <= rig.theirs(server)
    assert server.serial(ZONE) == rig.serial


@pytest.mark.parametrize("start", [bind_primary, knot_primary, powerdns_primary])
def test_what_others_have_made_at_a_name_that_we_gave_up_stays(rig: Rig, start: Start) -> None:
    rig.only_writer = False
    server = rig.start(start)
    pusher = rig.pusher(server)
    texts = {"taken": '60 "Ours"', "gone": '60 "x"\n60 "y"', owner(1): naptr(1)}
    types = {name: "NAPTR" if name == owner(1) else "TXT" for name in texts}
    rig.write(*(NewState(name, types[name], text) for name, text in texts.items()))
    pusher.push()
    other = dns.update.UpdateMessage(ZONE, keyring={rig.key.name: rig.key}, keyname=rig.key.name)
    other.replace("taken", 300, "TXT", "theirs")
    other.replace(owner(1), 300, "NAPTR", naptr(2).removeprefix("60 "))
    assert dns.query.tcp(other, HOST, 10, server.port).rcode() == dns.rcode.NOERROR
    rig.write(*(NewState(name, types[name], None) for name in texts))
    pusher.push()
    left = {(name, rdata) for name, _, _, rdata in rig.theirs(server) - rig.ours()}
    assert left == {(f"taken.{ZONE}.", '"theirs"'), (f"{owner(1)}.{ZONE}.", naptr(2).removeprefix("60 "))}


@pytest.mark.parametrize("start", [bind_primary, knot_primary, powerdns_primary])
def test_what_is_there_besides_stays_and_the_apex_too(rig: Rig, start: Start) -> None:
    rig.only_writer = start is not powerdns_primary
    server = rig.start(start, "www IN A 192.0.2.1\n@ IN MX 10 mail.provider.example.\n")
    rig.pusher(server).push()
    records = server.records(ZONE, rig.key)
    others = {record[2:] for record in records - rig.ours() if record[2] != "SOA"}
    assert others == {("A", "192.0.2.1"), ("MX", "10 mail.provider.example."), ("NS", "ns1.provider.example.")}


def test_powerdns_as_only_writer_is_told_what_to_set(rig: Rig) -> None:
    server = rig.start(powerdns_primary)
    pusher = rig.pusher(server, part=3)
    with pytest.raises(TechnicalError, match="only_writer: false"):
        pusher.push()


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (bind_primary, "BADKEY|BADSIG"),
        (knot_primary, "BADKEY|BADSIG|NOTAUTH"),
        (powerdns_primary, "NOTAUTH|REFUSED|BAD"),
    ],
)
def test_wrong_key_is_told(rig: Rig, start: Start, said: str) -> None:
    server = rig.start(start)
    new_key(rig.offline.folder / "tsig", "unknown.example")
    with pytest.raises(TechnicalError, match=said):
        rig.pusher(server, "unknown.example").push()


def test_wrong_secret_is_told(rig: Rig) -> None:
    server = rig.start(bind_primary)
    new_key(rig.offline.folder / "elsewhere" / "tsig")
    target = PushTarget(f"{HOST}:{server.port}", KEY)
    pushed = PushedZone(rig.zone_id, ZONE, rig.offline.stored.id, target)
    with pytest.raises(TechnicalError, match="another secret"):
        Pusher(rig.offline.instance.database, pushed, TsigKeys(rig.offline.folder / "elsewhere" / "tsig")).push()


@pytest.mark.parametrize("seconds", [-400, 400])
@pytest.mark.parametrize("start", [bind_primary, knot_primary])
def test_wrong_time_is_told(rig: Rig, start: Start, seconds: int) -> None:
    server = rig.start(start)
    rig.offline.clock.forward(seconds=seconds)
    with pytest.raises(TechnicalError, match=r"clocks of .* differ.*BADTIME"):
        rig.pusher(server).push()


def test_zone_that_is_not_there_is_told(rig: Rig) -> None:
    server = rig.start(bind_primary)
    target = PushTarget(f"{HOST}:{server.port}", KEY, "other.test", only_writer=False)
    pushed = PushedZone(rig.zone_id, ZONE, rig.offline.stored.id, target)
    with pytest.raises(TechnicalError, match=r"NOTAUTH: it doesn't serve other.test|REFUSED"):
        Pusher(rig.offline.instance.database, pushed, TsigKeys(rig.offline.folder / "tsig")).push()


def test_zone_may_have_another_name_there(rig: Rig) -> None:
    folder, text = rig.offline.folder / "renamed", zone_file("renamed.test")
    server = rig.stack.enter_context(bind_primary(rig.tool, folder, rig.key, "renamed.test", text))
    target = PushTarget(f"{HOST}:{server.port}", KEY, "renamed.test")
    rig.write(NewState(owner(1), "NAPTR", naptr(1)))
    pushed = PushedZone(rig.zone_id, ZONE, rig.offline.stored.id, target)
    pusher = Pusher(rig.offline.instance.database, pushed, TsigKeys(rig.offline.folder / "tsig"))
    rig.stack.callback(pusher.close)
    pusher.push()
    theirs = {each for each in server.records("renamed.test", rig.key) if each[2] not in {"SOA", "NS"}}
    assert theirs == {(each[0].replace(ZONE, "renamed.test"), *each[1:]) for each in rig.ours()}


def test_bind_that_was_killed_goes_on(rig: Rig) -> None:
    with ExitStack() as first:
        server = replace(rig, stack=first).start(bind_primary)
        pusher = rig.pusher(server)
        pusher.push()
        pid = int((rig.offline.folder / "bind_primary" / "named.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        until(lambda: server.serial(ZONE) is None, lambda: "it still answers")
        rig.write(*(NewState(owner(number), "NAPTR", naptr(1)) for number in range(30)))
        with pytest.raises(TechnicalError, match=r"can't be reached|closed the connection"):
            pusher.push()
    again = rig.start(bind_primary)
    done = pusher.push()
    assert done is not None
    assert not done.whole
    assert rig.theirs(again) == rig.ours()
    assert again.serial(ZONE) == rig.serial


@pytest.mark.parametrize("after", [1, 12, 25], ids="after-{}-messages".format)
def test_push_that_was_killed_goes_on_where_nobody_else_has_written(rig: Rig, after: int) -> None:
    server = rig.start(bind_primary, serial=1)
    names = 12_000
    rig.write(*(NewState(owner(number), "NAPTR", naptr(number % 500)) for number in range(names)))
    target = {"server": f"{HOST}:{server.port}", "key": KEY}
    change_domain(rig.offline.instance, ACTOR, "demo", {"dns": {"push_to": [target]}})
    environment = {
        **os.environ,
        "REGISTRY_DATA_DIR": str(rig.offline.folder),
        "REGISTRY_DATABASE_URL": rig.offline.instance.database.url.render_as_string(hide_password=False),
    }
    command = [sys.executable, "-c", "from registry.cli.main import main; main()", "dns", "push", "now"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        until(
            lambda: (server.serial(ZONE) or 0) > 2 * after or process.poll() is not None,
            lambda: "nothing is pushed",
        )
        process.send_signal(signal.SIGKILL)
    again = rig.pusher(server)
    known = again.known()
    done = again.push()
    finished = (known.serial, known.position) == (rig.serial, None)  # and killed on its way out
    assert (done is None) is finished
    if done is not None and after > 20:  # a part has fourteen messages
        assert known.position is not None
        assert done.record_sets < names - 3000
    assert rig.theirs(server) == rig.ours()
    assert server.serial(ZONE) == rig.serial
