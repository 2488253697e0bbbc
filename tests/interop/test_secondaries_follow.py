# SPDX-License-Identifier: Apache-2.0
"""Knot, NSD and BIND follow an instance, each with the configuration that `registry dns configure` prints for it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.demo.pki import DemoPki
from registry.dns.secondary_configurations import PROGRAMS, Program
from tests.simulators.followed import ZONE, Followed, followed_instance
from tests.simulators.name_servers import ServerProcess, name_server
from tests.simulators.programs import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(400)]
CHANGES = 10_000


@dataclass(frozen=True)
class Place:
    """Where a server of a program runs: its port and its folder."""

    program: Program
    port: int
    folder: Path

    def running(self, tool: Any, primary: Followed) -> contextlib.AbstractContextManager[ServerProcess]:
        text = primary.configuration(self.program, self.port, self.folder)
        return name_server(tool, self.program, text, self.folder, self.port)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[Program, Place]:
    ports = free_ports(len(PROGRAMS))
    return {
        program: Place(program, port, tmp_path_factory.mktemp(program))
        for program, port in zip(PROGRAMS, ports, strict=True)
    }


@pytest.fixture(scope="module")
def primary(places: dict[Program, Place], tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Followed]:
    ports = [place.port for place in places.values()]
    with followed_instance(tmp_path_factory.mktemp("primary"), pki, ports) as followed:
        yield followed


@pytest.fixture(scope="module")
def followers(tool: Any, primary: Followed, places: dict[Program, Place]) -> Iterator[dict[Program, ServerProcess]]:
    """Servers that had the zone before it changed so many times."""
    with contextlib.ExitStack() as stack:
        running = {program: stack.enter_context(place.running(tool, primary)) for program, place in places.items()}
        for server in running.values():
            server.wait_for(ZONE)
        primary.change(CHANGES, seed=8)
        yield running


@pytest.mark.parametrize("program", PROGRAMS)
def test_after_many_changes_it_serves_what_we_hold_record_by_record(
    primary: Followed, followers: dict[Program, ServerProcess], program: Program
) -> None:
    server = followers[program]
    server.wait_for(ZONE, primary.serial())
    held, served = primary.records(), server.records(ZONE, primary.key)
    assert len(held) > 500
    assert served ^ held == set()


@pytest.mark.parametrize("program", PROGRAMS)
def test_one_change_more_comes_by_notify(
    primary: Followed, followers: dict[Program, ServerProcess], program: Program
) -> None:
    primary.change(1, seed=PROGRAMS.index(program))
    followers[program].wait_for(ZONE, primary.serial())
    assert followers[program].records(ZONE, primary.key) == primary.records()
