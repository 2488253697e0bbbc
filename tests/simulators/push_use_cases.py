# SPDX-License-Identifier: Apache-2.0
"""Zones that are pushed to a primary in memory, which is new each time: as it was before anything came."""

from registry.dns.journal import ZonePublisher
from registry.dns.push.pusher import PushedZone, Pusher
from registry.dns.tsig_keys import TsigKeys
from registry.domains.zone_servers import PushTarget
from tests.simulators.update_targets import KEY, SimulatedPrimary, pusher_in_memory
from tests.simulators.use_case_world import ACTOR, World, use_case

_TARGET = PushTarget("192.0.2.53:53", KEY)


@use_case
def push_zone(world: World) -> None:
    ZonePublisher(world.instance.database, "stamper").tick(serve=False)
    _pusher(world).push()


@use_case
def take_over_zone(world: World) -> None:
    _pusher(world).take_over(ACTOR)


def _pusher(world: World) -> Pusher:
    keys = TsigKeys(world.folder / "tsig")
    if keys.get(KEY) is None:
        keys.generate(KEY)
    assert world.stored.zone_id is not None
    zone = world.stored.domain.dns.zone
    primary = SimulatedPrimary.new(zone, keys.required(KEY))
    pushed = PushedZone(world.stored.zone_id, zone, world.stored.id, _TARGET)
    return pusher_in_memory(world.instance.database, pushed, keys, primary)
