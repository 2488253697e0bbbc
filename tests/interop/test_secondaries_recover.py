# SPDX-License-Identifier: Apache-2.0
"""Secondaries that were away, transfers that end half-way, and a primary that is killed: nothing is lost for long."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from registry.app.domain_setup import add_domain, change_domain
from registry.app.instance import Instance
from registry.demo.pki import DemoPki
from registry.dns.journal import NewState
from registry.dns.secondary_configurations import PROGRAMS, Program
from registry.dns.tsig_keys import TsigKeys
from registry.serials import is_greater
from registry.settings import Settings, load_settings
from registry.storage.queries import zones
from registry.storage.queries.zones import next_serial
from tests.simulators.cutting_proxy import CuttingProxy
from tests.simulators.databases import database_url
from tests.simulators.followed import KEY, ZONE, Followed, configured, followed_instance
from tests.simulators.live import ACTOR
from tests.simulators.name_servers import HOST, Record, ServerProcess, held_records, name_server, until
from tests.simulators.programs import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(300)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_who_was_away_catches_up(tool: Any, tmp_path: Path, pki: DemoPki, program: Program) -> None:
    """First by the differences, then, where history begins anew after it went, by the whole zone."""
    (port,), folder = free_ports(1), tmp_path / program
    folder.mkdir()
    with followed_instance(tmp_path / "primary", pki, [port]) as primary:
        text = primary.configuration(program, port, folder)
        primary.change(300, seed=1)
        with name_server(tool, program, text, folder, port) as server:
            server.wait_for(ZONE, primary.serial())
        for seed in (2, 3):
            primary.change(300, seed)
            if seed == 3:
                _begin_anew(primary)
            with name_server(tool, program, text, folder, port) as server:
                server.wait_for(ZONE, primary.serial())
                assert server.records(ZONE, primary.key) == primary.records()


def _begin_anew(primary: Followed) -> None:
    instance = primary.live.instance
    primary.live.wait_for_dns()
    with instance.database.write(ACTOR) as work:
        row = next(row for row in zones.all_zones(work.connection) if row.name == ZONE)
        instance.journal.begin_anew(work, row, next_serial(row.serial))


@pytest.mark.parametrize("program", ["knot", "nsd"])
def test_a_transfer_that_ends_half_way_leaves_the_old_version_and_comes_again(
    tool: Any, tmp_path: Path, pki: DemoPki, program: Program
) -> None:
    """BIND asks for the serial over UDP, which the proxy doesn't forward."""
    (port,), folder = free_ports(1), tmp_path / program
    folder.mkdir()
    with followed_instance(tmp_path / "primary", pki, [port]) as primary:
        primary.change(2_000, seed=4, per_transaction=1_000)
        dns_port = int(primary.live.addresses.dns.rpartition(":")[2])
        with CuttingProxy(dns_port).running() as proxy:
            text = configured(
                primary.live.settings, program, f"{HOST}:{proxy.port}", "--server", f"{HOST}:{port}", "--folder", folder
            )
            for after in (20_000, 40_000):
                proxy.cut(after)
            with name_server(tool, program, text, folder, port) as server:
                until(lambda: proxy.was_cut == 2, lambda: f"cut {proxy.was_cut} times:\n{server.log.read_text()}")
                server.wait_for(ZONE, primary.serial())
                assert server.records(ZONE, primary.key) == primary.records()


@dataclass
class MortalPrimary:
    """`registry serve` with a zone that one server follows; it dies by signal 9, and comes again."""

    settings: Settings
    ports: list[int]
    process: "subprocess.Popen[bytes] | None" = None
    logs: list[Path] = field(default_factory=list)

    @property
    def dns_port(self) -> int:
        return self.ports[3]

    @property
    def key(self) -> Any:
        return TsigKeys(self.settings.dns_key_dir).required(KEY)

    def start(self) -> None:
        names = ("PUBLIC", "MANAGE", "SML", "DNS")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")},
            "REGISTRY_DATA_DIR": str(self.settings.data_dir),
            "REGISTRY_DATABASE_URL": self.settings.database_url,
            "REGISTRY_SML_PUBLIC_URL": "https://sml.example.org/edelivery-sml",
            **{f"REGISTRY_{name}_BIND": f"{HOST}:{port}" for name, port in zip(names, self.ports, strict=True)},
        }
        self.logs.append(self.settings.data_dir / f"serve-{len(self.logs)}.log")
        with self.logs[-1].open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "registry", "serve"], env=environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def commit(self, states: list[NewState]) -> None:
        """Change the zone as another process would; who stamps is the one that serves, if one does."""
        with Instance.open(self.settings) as instance, instance.database.write(ACTOR) as work:
            (row,) = zones.all_zones(work.connection)
            instance.journal.write(work, row.id, states)

    def records(self) -> set[Record]:
        with Instance.open(self.settings) as instance:
            return held_records(instance.database, ZONE)

    def serial(self) -> int:
        """The serial that is stamped, once nothing waits for one."""
        with Instance.open(self.settings) as instance:

            def waiting() -> int:
                with instance.database.read() as connection:
                    return sum(zones.unstamped(connection, row.id) for row in zones.all_zones(connection))

            until(lambda: waiting() == 0, lambda: f"{waiting()} changes wait:\n{self.logs[-1].read_text()[-3000:]}")
            with instance.database.read() as connection:
                return zones.all_zones(connection)[0].serial


@contextmanager
def mortal_primary(folder: Path, pki: DemoPki, port: int) -> Iterator[MortalPrimary]:
    folder.mkdir()
    settings = load_settings(data_dir=folder, database_url=database_url(folder))
    TsigKeys(settings.dns_key_dir).generate(KEY)
    with Instance.open(settings) as instance:
        add_domain(
            instance, ACTOR, "demo", {"name": "demo", "smp": {"base_url": "https://x.example"}}, register_smp=False
        )
        secondaries = [{"server": f"{HOST}:{port}", "key": KEY}]
        # When a transfer has failed, servers ask again after `soa_retry` by themselves.
        change_domain(instance, ACTOR, "demo", {"dns": {"secondaries": secondaries, "soa_retry": 2, "soa_refresh": 60}})
    made = MortalPrimary(settings, free_ports(4))
    try:
        made.start()
        yield made
    finally:
        if made.process is not None:
            made.kill()


def names(number: int, mark: str) -> list[NewState]:
    text = '60 100 10 "U" "Meta:SMP" "!.*!http://smp.example.org/!" .'
    return [NewState(f"{mark}-{each}-{'x' * 40}", "NAPTR", text) for each in range(number)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_is_lost_by_a_primary_that_dies(tool: Any, tmp_path: Path, pki: DemoPki, program: Program) -> None:
    """Between commit and stamp, after a NOTIFY, and in a transfer."""
    (port,), folder = free_ports(1), tmp_path / program
    folder.mkdir()
    with (
        mortal_primary(tmp_path / "primary", pki, port) as primary,
        CuttingProxy(primary.dns_port).running() as proxy,
    ):
        # By the proxy where all that a server asks goes over TCP.
        at = proxy.port if program != "bind" else primary.dns_port
        words = ("--server", f"{HOST}:{port}", "--folder", str(folder))
        text = configured(primary.settings, program, f"{HOST}:{at}", *words)
        with name_server(tool, program, text, folder, port) as server:
            server.wait_for(ZONE)
            primary.kill()
            primary.commit(names(3, "committed"))  # nobody has stamped it
            primary.start()
            _identical(server, primary)
            if program != "bind":
                _dies_in_a_transfer(server, primary, proxy, names(10, "notified"), after=1)
                _dies_in_a_transfer(server, primary, proxy, names(3_000, "transferred"), after=20_000)


def _dies_in_a_transfer(
    server: ServerProcess, primary: MortalPrimary, proxy: CuttingProxy, states: list[NewState], after: int
) -> None:
    """`after` octets of answers: with the first one it has sent a NOTIFY, and the server has asked."""
    cuts = proxy.was_cut
    proxy.cut(after, primary.kill)
    primary.commit(states)
    until(lambda: proxy.was_cut > cuts, lambda: f"no transfer began:\n{primary.logs[-1].read_text()[-3000:]}")
    primary.start()
    _identical(server, primary)


def _identical(server: ServerProcess, primary: MortalPrimary) -> None:
    wanted = primary.serial()
    until(
        lambda: (seen := server.serial(ZONE)) is not None and not is_greater(wanted, seen),
        lambda: f"{server.serial(ZONE)} is served, not {wanted}:\n{server.log.read_text()[-3000:]}",
        120,
    )
    assert server.records(ZONE, primary.key) == primary.records()
