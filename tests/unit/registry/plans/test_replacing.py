# SPDX-License-Identifier: Apache-2.0
"""An address or a certificate is replaced wherever it stands: rows are access points, no endpoint is rewritten."""

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.app.plans import replacer_of
from registry.errors import NotFoundError, ValidationError
from registry.plans.model import RowVerdict, unpacked
from registry.storage.certificate_rows import certificate_sha256
from registry.storage.queries import access_points
from tests.simulators.offline import ACTOR
from tests.simulators.plan_world import PlanWorld

pytestmark = pytest.mark.database
OLD, NEXT = "https://ap.example.org/as4", "https://next.example.org/as4"


def addresses(world: PlanWorld) -> dict[str, int]:
    """The addresses that endpoints show at this moment, and how many do."""
    now, found = world.database.now(), dict[str, int]()
    with world.database.read() as connection:
        for row in access_points.listed(connection, world.stored.id):
            shown = access_points.content(connection, row.id, now).address
            found[shown] = found.get(shown, 0) + row.endpoints
    return {address: count for address, count in found.items() if count}


def test_a_row_is_an_access_point_and_tells_how_many_show_it(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1, 2, 3) + world.table(4, address="https://b.example/")[len(world.table()) :]))
    plan = world.found(replacer_of(world.instance, world.stored).plan(ACTOR, address=(OLD, NEXT)))
    (row,) = world.rows(plan)
    assert (row.verdict, row.notes[0]) == (RowVerdict.CHANGED, "3 endpoints show it (t)")
    assert unpacked(row.before or b"")["address"] == OLD
    assert addresses(world) == {OLD: 3, "https://b.example/": 1}
    assert world.apply(plan).counts["done"] == 1
    assert addresses(world) == {NEXT: 3, "https://b.example/": 1}


def test_an_address_with_a_date_changes_then(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1)))
    at = world.offline.clock.now + timedelta(days=1)
    plan_id = replacer_of(world.instance, world.stored).plan(ACTOR, address=(OLD, NEXT), at=at)
    world.apply(world.found(plan_id))
    assert addresses(world) == {OLD: 1}
    world.offline.clock.forward(days=1)
    assert addresses(world) == {NEXT: 1}


def test_a_certificate_is_replaced_by_its_fingerprint(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1)))
    held = certificate_sha256(base64.b64decode(world.certificate))
    following = world.offline.pki.access_points[1].certificate.public_bytes(Encoding.DER)
    replacer = replacer_of(world.instance, world.stored)
    world.apply(world.found(replacer.plan(ACTOR, certificate=(held.upper(), following))))
    with world.database.read() as connection:
        (row,) = access_points.listed(connection, world.stored.id)
        (shown,) = access_points.content(connection, row.id, world.database.now()).certificates
    assert shown.der == following


def test_an_access_point_that_was_changed_meanwhile_is_refused(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1)))
    replacer = replacer_of(world.instance, world.stored)
    plan, other = (replacer.plan(ACTOR, address=(OLD, address)) for address in (NEXT, "https://c.example/"))
    world.apply(world.found(other))
    done = world.apply(world.found(plan))
    assert (world.counts(done), world.reasons(done)) == ({"refused": 1}, ["PLAN-MEANWHILE"])
    assert addresses(world) == {"https://c.example/": 1}


def test_what_can_t_be_shown_is_refused_in_the_plan(world: PlanWorld) -> None:
    world.apply(world.plan(world.table(1)))
    plan = world.found(replacer_of(world.instance, world.stored).plan(ACTOR, address=(OLD, "no address")))
    assert world.counts(plan) == {"refused": 1}


def test_nobody_shows_it_and_both_at_once_are_refusals(world: PlanWorld) -> None:
    replacer = replacer_of(world.instance, world.stored)
    with pytest.raises(NotFoundError):
        replacer.plan(ACTOR, address=(OLD, NEXT))
    with pytest.raises(ValidationError):
        replacer.plan(ACTOR)
