# SPDX-License-Identifier: Apache-2.0
"""A running instance pushes what SMPs register, to every target by itself, and tells how these are."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import dns.rdatatype
import pytest
from typer.testing import CliRunner, Result

from registry.app.domain_setup import change_domain
from registry.cli.main import app
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.sml.model import Publisher
from tests.simulators.live import ACTOR, LiveInstance
from tests.simulators.name_servers import until
from tests.simulators.update_targets import KEY, SimulatedPrimary, new_key

NAPTR = dns.rdatatype.NAPTR


@pytest.fixture
def rig(live: LiveInstance) -> Iterator[tuple[LiveInstance, list[SimulatedPrimary], list[str]]]:
    """A running instance that pushes to two primaries."""
    key = new_key(live.settings.dns_key_dir)
    primaries = [SimulatedPrimary.new(live.stored.domain.dns.zone, key) for _ in range(2)]
    with ExitStack() as stack:
        addresses = [stack.enter_context(primary.on_loopback()) for primary in primaries]
        targets = [{"server": address, "key": KEY} for address in addresses]
        change_domain(live.instance, ACTOR, "demo", {"dns": {"push_to": targets}})
        live.run(live.serving.refresh())
        yield live, primaries, addresses


def names(primary: SimulatedPrimary) -> int:
    return sum(rdtype == NAPTR for _, rdtype in list(primary.records))


def register(live: LiveInstance, *values: str) -> None:
    with live.sml_client() as client:
        client.create_participants("SMP-PUSH", [ParticipantIdentifier(ISO6523, value) for value in values])


def ask(live: LiveInstance, *arguments: str) -> Result:
    environment = {
        "REGISTRY_DATA_DIR": str(live.settings.data_dir),
        "REGISTRY_DATABASE_URL": live.settings.database_url,
    }
    return CliRunner().invoke(app, ["dns", "push", *arguments], env=environment)


def test_what_is_registered_comes_to_every_target(
    rig: tuple[LiveInstance, list[SimulatedPrimary], list[str]],
) -> None:
    live, primaries, addresses = rig
    with live.sml_client() as client:
        client.create_publisher(Publisher("SMP-PUSH", "https://push.example/", "192.0.2.1"))
    register(live, "0088:one")
    for primary in primaries:
        until(lambda primary=primary: names(primary) == 1, lambda: "the first one isn't there")  # type: ignore[misc]
    primaries[0].put("www", "A", 60, "192.0.2.1")  # somebody else: that target stops, the other one goes on
    register(live, "0088:two", "0088:three")
    until(lambda: names(primaries[1]) == 3, lambda: "the other target waits for the first one")
    until(lambda: ask(live, "status").exit_code == 1, lambda: "nothing is wrong")
    rows = [json.loads(line) for line in ask(live, "status", "--json").stdout.splitlines()]
    assert [row["server"] for row in rows] == addresses
    until(lambda: "somebody else has written" in ask(live, "status").stdout, lambda: ask(live, "status").stdout)
    assert names(primaries[0]) == 1
    done = ask(live, "take-over", "--server", addresses[0], "--json")
    assert json.loads(done.stdout)["outcome"] == "taken over"
    ask(live, "now", "--server", addresses[0])
    until(lambda: names(primaries[0]) == 3, lambda: "it isn't pushed after it was taken over")
    until(lambda: ask(live, "status").exit_code == 0, lambda: ask(live, "status").stdout)


def test_command_pushes_everything_again(rig: tuple[LiveInstance, list[SimulatedPrimary], list[str]]) -> None:
    live, primaries, addresses = rig
    until(lambda: ask(live, "status").exit_code == 0, lambda: ask(live, "status").stdout)
    updates = primaries[0].updates
    told = ask(live, "now", "--server", addresses[0], "--json")
    assert json.loads(told.stdout)["outcome"] == "unchanged"
    assert primaries[0].updates == updates
    told = ask(live, "now", "--server", addresses[0], "--whole", "--json")
    assert json.loads(told.stdout)["whole"] is True
    assert primaries[0].updates > updates


def test_target_has_to_be_named_where_there_are_several(
    rig: tuple[LiveInstance, list[SimulatedPrimary], list[str]],
) -> None:
    live, _, addresses = rig
    told = ask(live, "now")
    assert told.exit_code != 0
    assert all(address in str(told.exception) + told.output for address in addresses)


def test_target_that_is_not_wanted_any_more_gets_nothing(
    rig: tuple[LiveInstance, list[SimulatedPrimary], list[str]],
) -> None:
    live, primaries, addresses = rig
    until(lambda: ask(live, "status").exit_code == 0, lambda: ask(live, "status").stdout)
    change_domain(live.instance, ACTOR, "demo", {"dns": {"push_to": [{"server": addresses[1], "key": KEY}]}})
    live.run(live.serving.refresh())
    until(lambda: len(ask(live, "status").stdout.splitlines()) == 1, lambda: "both are listed")
    pushes = live.serving._background._pushes  # type: ignore[union-attr]
    until(lambda: len(pushes._threads) == 1, lambda: "the thread goes on")
    with live.sml_client() as client:
        client.create_publisher(Publisher("SMP-PUSH", "https://push.example/", "192.0.2.1"))
    register(live, "0088:one")
    until(lambda: names(primaries[1]) == 1, lambda: "the one that is left gets nothing")
    assert names(primaries[0]) == 0


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has failed tries again in an hour."""
    monkeypatch.setattr("registry.app.pushes._FIRST_WAIT_S", 3600.0)
    monkeypatch.setattr("registry.app.pushes._LONGEST_WAIT_S", 3600.0)


def test_target_that_was_taken_over_is_not_kept_waiting_for_the_next_try(
    far_away: None, rig: tuple[LiveInstance, list[SimulatedPrimary], list[str]]
) -> None:
    live, primaries, addresses = rig
    with live.sml_client() as client:
        client.create_publisher(Publisher("SMP-PUSH", "https://push.example/", "192.0.2.1"))
    register(live, "0088:one")
    until(lambda: ask(live, "status").exit_code == 0, lambda: ask(live, "status").stdout)
    primaries[0].put("www", "A", 60, "192.0.2.1")
    register(live, "0088:two")
    until(lambda: "somebody else has written" in ask(live, "status").stdout, lambda: ask(live, "status").stdout)
    assert names(primaries[0]) == 1
    ask(live, "take-over", "--server", addresses[0])
    until(lambda: names(primaries[0]) == 2, lambda: "the running instance waits on")
    until(lambda: ask(live, "status").exit_code == 0, lambda: ask(live, "status").stdout)
