# SPDX-License-Identifier: Apache-2.0
"""What Knot, NSD and BIND serve is compared with what we hold, and put right by one command, whatever went wrong."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from registry.app.zone_checks import TargetRepair, chosen_servers, zone_servers
from registry.demo.pki import DemoPki
from registry.dns.journal import NewState
from registry.dns.master_files.writing import master_file
from registry.dns.reconcile.checking import Checker, ServerCheck, Standing, Wanted
from registry.dns.reconcile.differences import Kind
from registry.dns.reconcile.repairing import plan_repair, repair
from registry.dns.secondary_configurations import PROGRAMS, Program
from registry.serials import is_greater
from tests.simulators.followed import ZONE, Followed, followed_instance
from tests.simulators.live import ACTOR
from tests.simulators.name_servers import ServerProcess, name_server, until
from tests.simulators.programs import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Site:
    """An instance and the servers that follow it."""

    primary: Followed
    servers: dict[Program, ServerProcess]

    def check(self, program: Program, samples: int | None = None) -> ServerCheck:
        """What is found at a server once it has the present serial."""
        settings, instance = self.primary.live.settings, self.primary.live.instance
        known = zone_servers(instance, settings, ZONE)
        address = f"127.0.0.1:{self.servers[program].port}"
        (found,) = Checker(instance.database, known.row.id, Wanted(samples)).check(
            chosen_servers(known, settings, [address])
        )
        return found

    def repair(self, *checks: ServerCheck) -> None:
        """As the command does."""
        instance, settings = self.primary.live.instance, self.primary.live.settings
        known = zone_servers(instance, settings, ZONE)
        plan = plan_repair(instance.database, known.row.id, checks, max_percent=100)
        repair(
            instance.database,
            instance.journal,
            ACTOR,
            known.row.id,
            plan,
            TargetRepair(instance, settings, ACTOR, known),
        )

    def followed(self) -> None:
        """Return once every server has the present serial."""
        for server in self.servers.values():
            server.wait_for(ZONE, self.primary.serial())


@pytest.fixture(scope="module")
def site(tool: Any, tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Site]:
    ports = free_ports(len(PROGRAMS))
    with (
        followed_instance(tmp_path_factory.mktemp("primary"), pki, ports) as primary,
        contextlib.ExitStack() as stack,
    ):
        servers = {}
        for program, port in zip(PROGRAMS, ports, strict=True):
            folder = tmp_path_factory.mktemp(program)
            configuration = primary.configuration(program, port, folder)
            servers[program] = stack.enter_context(name_server(tool, program, configuration, folder, port))
        primary.change(2_000, seed=3)
        yield Site(primary, servers)


@pytest.fixture(autouse=True)
def _all_is_well(site: Site) -> None:
    site.followed()


@pytest.mark.parametrize("program", PROGRAMS)
def test_server_that_follows_agrees_record_by_record(site: Site, program: Program) -> None:
    found = site.check(program)
    assert (found.failure, found.differences) == (None, [])
    assert (found.standing, found.method) == (Standing.CURRENT, "transfer")
    assert found.compared == found.served == len(site.primary.records())


@pytest.mark.parametrize("program", PROGRAMS)
def test_server_that_follows_agrees_in_samples(site: Site, program: Program) -> None:
    found = site.check(program, samples=300)
    assert (found.failure, found.differences) == (None, [])
    assert found.undetected_share is not None
    assert found.undetected_share < 0.02


def _spoil(site: Site) -> None:
    """Let our zone be another one at the same serial, as if all servers had lost and changed records."""
    with site.primary.live.instance.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE zone_rrset SET content = '60 192.0.2.77' WHERE owner = 'wrong'"),
        )
        connection.execute(text("DELETE FROM zone_rrset WHERE owner = 'surplus'"))


def test_servers_with_other_content_at_our_serial_take_the_zone_anew(site: Site) -> None:
    site.primary.write([NewState("wrong", "A", "60 192.0.2.1"), NewState("surplus", "A", "60 192.0.2.2")])
    site.followed()
    _spoil(site)
    checks = [site.check(program) for program in PROGRAMS]
    for found in checks:
        assert {each.owner: each.kind for each in found.differences} == {
            "wrong": Kind.DIFFERS,
            "surplus": Kind.SURPLUS,
        }
        assert found.standing is Standing.CURRENT
    site.repair(*checks)
    site.followed()
    for program in PROGRAMS:
        assert site.check(program).agrees
        assert site.servers[program].records(ZONE, site.primary.key) == site.primary.records()


def test_primary_that_was_restored_from_an_older_backup_goes_on_beyond_its_servers(site: Site) -> None:
    database = site.primary.live.instance.database
    before = site.primary.serial()
    for number in range(3):
        site.primary.write([NewState("lost", "A", f"60 192.0.2.{number}")])
        site.followed()
    served = site.primary.serial()
    with database.engine.begin() as connection:  # as a backup of that moment would have it
        connection.execute(text("DELETE FROM zone_change WHERE serial > :serial"), {"serial": before})
        connection.execute(text("DELETE FROM zone_rrset WHERE owner = 'lost'"))
        connection.execute(
            text("UPDATE zone SET serial = :serial WHERE name = :name"), {"serial": before, "name": ZONE}
        )
    checks = [site.check(program) for program in PROGRAMS]
    assert {found.standing for found in checks} == {Standing.AHEAD}
    assert {each.owner for found in checks for each in found.differences} == {"lost"}
    site.repair(*checks)
    site.followed()
    assert is_greater(site.primary.serial(), served)
    for program in PROGRAMS:
        assert site.check(program).agrees
        assert not site.servers[program].ask(f"lost.{ZONE}", "A").answer


def command(site: Site, *words: str) -> "subprocess.CompletedProcess[str]":
    """`registry dns …` in a process of its own."""
    settings = site.primary.live.settings
    variables = {"DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url}
    environment = {**os.environ, **{f"REGISTRY_{name}": value for name, value in variables.items()}}
    return subprocess.run(
        [sys.executable, "-m", "registry", "dns", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_commands_compare_and_repair(site: Site) -> None:
    done = command(site, "check", ZONE, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads(done.stdout)
    assert shown["agrees"]
    assert {each["method"] for each in shown["servers"]} == {"transfer"}
    serial = site.primary.serial()
    done = command(site, "repair", ZONE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing has to be repaired" in done.stdout
    assert site.primary.serial() == serial


@pytest.mark.database
def test_zone_that_a_server_signs_is_the_same(tool: Any, tmp_path: Path, pki: DemoPki) -> None:
    """What it adds is no difference, and the serial that it counts by itself tells nothing of it."""
    (port,), folder = free_ports(1), tmp_path / "knot"
    folder.mkdir()
    with followed_instance(tmp_path / "primary", pki, [port]) as primary:
        configuration = primary.configuration("knot", port, folder, "--sign")
        primary.change(300, seed=5)
        with name_server(tool, "knot", configuration, folder, port) as server:
            server.wait_for(ZONE)
            site = Site(primary, {"knot": server})

            def settled() -> bool:
                found = site.check("knot")
                return found.signed and (found.failure, found.differences, found.on_the_way) == (None, [], 0)

            until(settled, lambda: str(site.check("knot").to_json()))
            found = site.check("knot", samples=100)
            assert (found.signed, found.failure, found.differences) == (True, None, [])


@pytest.fixture(scope="module")
def exported(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("files") / "zone"
    site.primary.serial()
    with master_file(site.primary.live.instance.database, ZONE) as content:
        file.write_text("".join(content.lines))
    return file


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("named-checkzone", ["-i", "local", ZONE, "{}"]),
        ("nsd-checkzone", [ZONE, "{}"]),
        ("kzonecheck", ["-o", ZONE, "{}"]),
    ],
)
def test_master_file_is_taken_by_who_checks_them(tool: Any, exported: Path, program: str, words: list[str]) -> None:
    command = [tool.path(program, "/usr/sbin"), *(word.format(exported) for word in words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
