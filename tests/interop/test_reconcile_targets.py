# SPDX-License-Identifier: Apache-2.0
"""A primary of others to which a zone is pushed is compared with ours, and put right; what was never ours stays."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.query
import dns.update
import pytest

from registry.app.domain_setup import change_domain
from registry.app.zone_checks import TargetRepair, chosen_servers, zone_servers
from registry.dns.followers import FollowerRole
from registry.dns.journal import NewState
from registry.dns.push.pusher import PushedZone, Pusher
from registry.dns.reconcile.checking import Checker, ServerCheck
from registry.dns.reconcile.differences import Kind
from registry.dns.reconcile.repairing import Repaired, plan_repair, repair
from registry.dns.tsig_keys import TsigKeys
from registry.settings import Settings, load_settings
from tests.simulators.name_servers import HOST, ServerProcess
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.served_zones import Zone
from tests.simulators.update_targets import (
    KEY,
    bind_primary,
    knot_primary,
    new_key,
    powerdns_primary,
    zone_file,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
_PRIMARIES: dict[str, Any] = {"bind": bind_primary, "knot": knot_primary, "pdns": powerdns_primary}


@dataclass(slots=True)
class Pushing:
    """Our zone, and a primary that has it."""

    zone: Zone
    server: ServerProcess
    settings: Settings
    keys: TsigKeys
    only_writer: bool
    pushers: list[Pusher] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.server.port}"

    def push(self) -> None:
        """All that is to be pushed."""
        stored = self.zone.offline.instance.directory.get("demo")
        (target,) = stored.domain.dns.push_to
        pusher = Pusher(self.zone.database, PushedZone(self.zone.id, self.zone.name, stored.id, target), self.keys)
        self.pushers.append(pusher)
        pusher.push()

    def meddle(self) -> None:
        """Somebody else writes there."""
        key = self.keys.required(KEY)
        update = dns.update.UpdateMessage(self.zone.name, keyring=key)
        update.replace("n1", 60, "TXT", '"other"')
        update.delete("n2")
        update.add("gone", 300, "TXT", '"x"')
        update.add("given", 60, "TXT", '"other"')
        update.add("theirs", 60, "A", "192.0.2.9")
        assert dns.query.tcp(update, HOST, timeout=20, port=self.server.port).rcode() == 0

    def check(self) -> ServerCheck:
        instance = self.zone.offline.instance
        known = zone_servers(instance, self.settings, self.zone.name)
        (found,) = Checker(instance.database, self.zone.id).check(chosen_servers(known, self.settings, []))
        assert found.server.role is FollowerRole.TARGET
        assert found.failure is None
        return found

    def repair(self, check: ServerCheck, *, exact: bool = False) -> Repaired:
        instance = self.zone.offline.instance
        known = zone_servers(instance, self.settings, self.zone.name)
        plan = plan_repair(instance.database, self.zone.id, [check], exact=exact)
        push = TargetRepair(instance, self.settings, ACTOR, known)
        return repair(instance.database, instance.journal, ACTOR, self.zone.id, plan, push)


@pytest.fixture(params=[("bind", True), ("bind", False), ("knot", True), ("pdns", False)], ids=lambda each: f"{each}")
def pushing(request: pytest.FixtureRequest, tool: Any, offline: OfflineInstance, tmp_path: Path) -> Iterator[Pushing]:
    program, only_writer = request.param
    settings = load_settings(data_dir=offline.folder)
    key = new_key(settings.dns_key_dir)
    zone = Zone(offline)
    for name in ("gone", "given"):
        zone.change(NewState(name, "TXT", '60 "x"'))
        zone.change(NewState(name, "TXT", None))
    with _PRIMARIES[program](tool, tmp_path / program, key, zone.name, zone_file(zone.name)) as server:
        target = {"server": f"{HOST}:{server.port}", "key": KEY, "only_writer": only_writer}
        change_domain(offline.instance, ACTOR, "demo", {"dns": {"push_to": [target]}})
        made = Pushing(zone, server, settings, TsigKeys(settings.dns_key_dir), only_writer)
        try:
            made.push()
            yield made
        finally:
            for pusher in made.pushers:
                pusher.close()


OTHERS = {"theirs": Kind.FOREIGN, "given": Kind.FOREIGN}
"""A name that was never ours, and one that was, and has since got what we never had there."""


def _kinds(check: ServerCheck) -> dict[str, Kind]:
    return {each.owner: each.kind for each in check.differences}


def test_what_others_have_changed_of_ours_is_found_and_put_right(pushing: Pushing) -> None:
    assert pushing.check().differences == []
    pushing.meddle()
    found = pushing.check()
    assert _kinds(found) == {
        "n1": Kind.DIFFERS,
        "n2": Kind.MISSING,
        "gone": Kind.SURPLUS,
        **OTHERS,
    }
    done = pushing.repair(found)
    assert (done.failures, done.written, done.serial) == ({}, {pushing.address: 3}, None)
    assert _kinds(pushing.check()) == OTHERS
    pushing.zone.change(NewState("n3", "TXT", '60 "new"'))
    pushing.push()
    assert _kinds(pushing.check()) == OTHERS
    if pushing.only_writer:
        assert pushing.repair(pushing.check(), exact=True).failures == {}
        assert pushing.check().differences == []
