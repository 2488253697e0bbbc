# SPDX-License-Identifier: Apache-2.0
"""Knot signs our zone and counts by itself, NSD follows Knot: what of our changes either has is known all the same."""

import contextlib
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.app.domain_setup import change_domain
from registry.app.name_server_metrics import NameServerMetrics
from registry.app.zone_checks import chosen_servers, zone_servers
from registry.consistency.checking import Area, check
from registry.demo.pki import DemoPki
from registry.dns.observation import observe
from registry.dns.reconcile.checking import Checker, Standing, Wanted
from registry.dns.zone_status import ServerStatus, zone_statuses
from registry.sml.visibility import VisibilityReader
from registry.storage.queries import name_servers, zones
from tests.simulators.followed import KEY, ZONE, Followed, followed_instance
from tests.simulators.live import ACTOR, SMP_ID
from tests.simulators.name_servers import HOST, ServerProcess, name_server, until
from tests.simulators.offline import participant
from tests.simulators.programs import free_ports

RULES = Path(__file__).parents[2] / "ops" / "prometheus" / "dns.rules.yml"
pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Site:
    """An instance, its one secondary, which signs, and a server behind that, which takes the zone when told to."""

    primary: Followed
    knot: ServerProcess
    nsd: ServerProcess
    knotc: Callable[..., None]
    nsd_control: Callable[..., None]
    values: Iterator[int]

    def register(self) -> str:
        """Register a participant, and return its number once that has a serial."""
        value = f"0088:{next(self.values)}"
        with self.primary.live.sml_client() as client:
            client.create_participants(SMP_ID, [participant(value)])
        self.primary.serial()
        return value

    def look(self) -> dict[int, ServerStatus]:
        """What is known of each server, by its port, once all have been asked."""
        instance = self.primary.live.instance
        instance.directory.refresh()
        observe(instance.database, [instance.directory.get("demo")])
        (zone,) = zone_statuses(instance.database, [instance.directory.get("demo")])
        return {int(each.address.rpartition(":")[2]): each for each in zone.servers}

    def visible(self, value: str) -> dict[int, bool]:
        """Where a participant's last change is visible, by port."""
        instance = self.primary.live.instance
        found = VisibilityReader(instance.database).participant(instance.directory.get("demo"), participant(value))
        assert found.visible is all(each.visible for each in found.servers)
        return {int(each.address.rpartition(":")[2]): each.visible for each in found.servers}

    def until_at(self, server: ServerProcess, serial: int) -> ServerStatus:
        """Return once a server is known to have a serial of ours."""
        until(
            lambda: self.look()[server.port].serial == serial, lambda: f"{self.look()} {server.log.read_text()[-4000:]}"
        )
        return self.look()[server.port]

    def hand_on(self) -> None:
        """Let NSD take what Knot has, as both count it."""
        self.nsd_control("transfer", ZONE)
        wanted = self.knot.serial(ZONE)
        assert wanted is not None
        self.nsd.wait_for(ZONE, wanted)

    def sign_anew(self, times: int) -> None:
        """Let Knot make new signatures, each time with a serial of its own."""
        for _ in range(times):
            before = self.knot.serial(ZONE)
            self.knotc("zone-sign", ZONE)
            until(lambda: self.knot.serial(ZONE) != before, lambda: self.knot.log.read_text()[-4000:])  # noqa: B023

    @contextlib.contextmanager
    def nothing_for_the_signer(self) -> Iterator[None]:
        """Meanwhile Knot may not have the zone from us."""
        instance = self.primary.live.instance
        settings = instance.directory.get("demo").domain.dns
        address = settings.secondaries[0].server
        for key in ("other-key", KEY):
            change_domain(instance, ACTOR, "demo", {"dns": {"secondaries": [{"server": address, "key": key}]}})
            self.primary.live.run(self.primary.live.serving.refresh())
            if key != KEY:
                yield


@pytest.fixture(scope="module")
def site(tool: Any, tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Site]:
    knot_port, nsd_port = free_ports(2)
    observed = {"observed_servers": [f"{HOST}:{nsd_port}"]}
    with (
        followed_instance(tmp_path_factory.mktemp("primary"), pki, [knot_port], observed) as primary,
        contextlib.ExitStack() as stack,
    ):
        folders = {program: tmp_path_factory.mktemp(program) for program in ("knot", "nsd")}
        follower = ("--follower", f"{HOST}:{nsd_port}/{KEY}")
        text = primary.configuration("knot", knot_port, folders["knot"], "--zone", ZONE, "--sign", *follower)
        # NSD isn't told, so that it is the test that says when it follows.
        text = re.sub(r"(?m)^ *notify: .*\n", "", text)
        knot = stack.enter_context(name_server(tool, "knot", text, folders["knot"], knot_port))
        knot.wait_for(ZONE)
        signer = ("--zone", ZONE, "--primary", f"{HOST}:{knot_port}", "--key", KEY)
        text = primary.configuration("nsd", nsd_port, folders["nsd"], *signer)
        nsd = stack.enter_context(name_server(tool, "nsd", text, folders["nsd"], nsd_port))
        nsd.wait_for(ZONE)

        def control(program: str, command: str) -> Callable[..., None]:
            path = tool.path(command, "/usr/sbin")

            def run(*words: str) -> None:
                line = [path, "-c", folders[program] / f"{program}.conf", *words]
                done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
                assert done.returncode == 0, done.stdout + done.stderr

            return run

        yield Site(primary, knot, nsd, control("knot", "knotc"), control("nsd", "nsd-control"), count(1))


def stamped_at(site: Site, serial: int) -> datetime | None:
    database = site.primary.live.instance.database
    with database.read() as connection:
        zone_id = next(row.id for row in zones.all_zones(connection) if row.name == ZONE)
        return name_servers.stamped_at(connection, zone_id, serial)


def test_change_is_visible_at_a_follower_of_a_signer_only_when_it_has_it(site: Site) -> None:
    before = site.primary.serial()
    site.until_at(site.knot, before)
    site.hand_on()
    site.until_at(site.nsd, before)
    site.sign_anew(5)
    first = site.register()
    lacked = site.primary.serial()
    last = site.register()
    signer = site.until_at(site.knot, site.primary.serial())
    assert signer.own_serial is not None
    assert signer.own_serial > site.primary.serial(), "Knot's own serials have gone beyond ours"
    assert not signer.ahead
    assert signer.is_fine(0)

    behind = site.look()[site.nsd.port]
    assert (behind.serial, behind.behind_since, behind.ahead) == (before, stamped_at(site, lacked), False)
    assert behind.behind_since is not None
    assert behind.behind_s == pytest.approx((datetime.now(UTC) - behind.behind_since).total_seconds(), abs=5)
    for value in (first, last):
        assert site.visible(value) == {site.knot.port: True, site.nsd.port: False}
    instance = site.primary.live.instance
    with check(instance.database, instance.directory.get("demo"), areas=[Area.SERVERS]) as findings:
        assert findings.summary.consistent, "what a follower lacks yet is no difference"

    site.hand_on()
    site.until_at(site.nsd, site.primary.serial())
    for value in (first, last):
        assert site.visible(value) == {site.knot.port: True, site.nsd.port: True}
    assert all(each.is_fine(0) for each in site.look().values())


def test_new_signatures_are_no_news_of_ours(site: Site) -> None:
    """A signer that takes nothing from us any more has greater and greater serials, and lacks what it lacks."""
    before = site.primary.serial()
    site.until_at(site.knot, before)
    with site.nothing_for_the_signer():
        value = site.register()
        serial = site.primary.serial()
        site.look()
        site.sign_anew(serial - before + 3)
        site.hand_on()
        for status in site.look().values():
            assert status.own_serial is not None
            assert status.own_serial > serial
            assert (status.serial, status.behind_since, status.ahead) == (before, stamped_at(site, serial), False)
        assert not any(site.visible(value).values())
    site.knotc("zone-refresh", ZONE)
    site.until_at(site.knot, serial)
    assert site.visible(value) == {site.knot.port: True, site.nsd.port: False}
    site.hand_on()
    site.until_at(site.nsd, serial)
    assert all(site.visible(value).values())


def test_server_in_the_middle_is_known_to_be_there(site: Site) -> None:
    """NSD has some of many changes that are published meanwhile."""
    for _ in range(4):
        site.register()
    middle = site.primary.serial()
    site.until_at(site.knot, middle)
    site.hand_on()
    for _ in range(6):
        site.register()
    site.until_at(site.knot, site.primary.serial())
    found = site.look()[site.nsd.port]
    assert (found.serial, found.behind_since) == (middle, stamped_at(site, middle + 1))


def test_name_that_has_gone_again_is_told_from_one_that_never_came(site: Site) -> None:
    value = site.register()
    with site.primary.live.sml_client() as client:
        client.delete_participants(SMP_ID, [participant(value)])
    serial = site.primary.serial()
    site.until_at(site.knot, serial)
    site.hand_on()
    site.until_at(site.nsd, serial)
    assert all(site.visible(value).values())


@pytest.mark.parametrize("samples", [None, 100], ids=["transfer", "samples"])
def test_check_never_takes_the_serial_of_a_signer_for_ours(site: Site, samples: int | None) -> None:
    instance, settings = site.primary.live.instance, site.primary.live.settings
    site.until_at(site.knot, site.primary.serial())
    known = zone_servers(instance, settings, ZONE)
    chosen = chosen_servers(known, settings, [f"{HOST}:{site.knot.port}"])
    (found,) = Checker(instance.database, known.row.id, Wanted(samples)).check(chosen)
    assert (found.standing, found.signed, found.differences, found.failure) == (Standing.OWN, True, [], None)


def test_alerts_are_silent_about_signers_that_follow(site: Site, tool: Any, tmp_path: Path) -> None:
    site.sign_anew(3)
    site.until_at(site.knot, site.primary.serial())
    site.hand_on()
    site.until_at(site.nsd, site.primary.serial())
    # Whom an earlier test has taken its key is told with it again within a moment.
    until(lambda: not any(each.failures for each in site.look().values()), lambda: str(site.look()))
    metrics = NameServerMetrics(site.primary.live.instance).gauges()
    samples = [each for metric in metrics for each in metric.samples]
    assert {each.value for each in samples if each.name.endswith(("_ahead", "_server_lag_seconds"))} == {0}
    series = [{"series": f"{each.name}{_labels(each.labels)}", "values": f"{float(each.value)}x20"} for each in samples]
    no_alert = {"expr": "ALERTS{alertstate='firing'}", "eval_time": "15m", "exp_samples": []}
    tests = [{"interval": "1m", "input_series": series, "promql_expr_test": [no_alert]}]
    file = tmp_path / "rules.test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run([tool.path("promtool"), "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _labels(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
