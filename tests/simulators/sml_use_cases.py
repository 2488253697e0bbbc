# SPDX-License-Identifier: Apache-2.0
"""The use cases of the SML, its admin service and its DNS, on the instance of `use_case_world`."""

from dataclasses import replace

from sqlalchemy import update

from registry.dns.journal import ZonePublisher
from registry.dns.zone_records import ZoneRecords, delegation
from registry.domains.smp_profile import SmpProfile
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.jobs.queue import enqueue
from registry.jobs.worker import Worker
from registry.metadata import Redirect, ServiceMetadata
from registry.sml import migrations
from registry.sml.administration import SmlAdministration
from registry.sml.model import Publisher
from registry.smp.handover import Handover
from registry.smp.handover_sml import OwnSml
from registry.storage.tables import migration
from tests.simulators.use_case_world import (
    ACTOR,
    HELD,
    KEY,
    World,
    caller_of,
    metadata_of,
    registered,
    use_case,
)
from trust_lists.certificates.parsing import fingerprint

# The SML


@use_case
def create_publisher(world: World) -> None:
    world.instance.sml.create_publisher(caller_of(world), Publisher("SMP-NEW", "https://new.example/", "192.0.2.1"))


@use_case
def read_publisher(world: World) -> None:
    world.instance.sml.read_publisher(caller_of(world), "SMP-A")


@use_case
def update_publisher(world: World) -> None:
    world.instance.sml.update_publisher(caller_of(world), Publisher("SMP-A", "https://moved.example/", "192.0.2.1"))


@use_case
def delete_publisher(world: World) -> None:
    world.instance.sml.delete_publisher(caller_of(world), "SMP-B")


@use_case
def create_participants(world: World) -> None:
    participants = [ParticipantIdentifier(ISO6523, f"0088:list-{number}") for number in range(30)]
    world.instance.sml.create_participants(caller_of(world), "SMP-A", participants)


@use_case
def create_participants_under_a_key(world: World) -> None:
    caller = replace(caller_of(world), idempotency_key="once-and-only-once")
    world.instance.sml.create_participants(caller, "SMP-A", [ParticipantIdentifier(ISO6523, "0088:keyed")])


@use_case
def delete_participants(world: World) -> None:
    world.instance.sml.delete_participants(caller_of(world), "SMP-A", registered(5))


@use_case
def list_participants(world: World) -> None:
    world.instance.sml.list_participants(caller_of(world), "SMP-A", None)


@use_case
def prepare_migration(world: World) -> None:
    world.instance.sml.prepare_migration(caller_of(world), "SMP-A", registered(1)[0], KEY)


@use_case
def prepare_migration_again(world: World) -> None:
    world.instance.sml.prepare_migration(caller_of(world), "SMP-A", registered(8)[7], f"{KEY}-2")


@use_case
def prepare_migration_for_a_publisher(world: World) -> None:
    _administration(world).prepare_migration(ACTOR, world.stored, registered(1)[0], KEY)


@use_case
def complete_migration_for_a_publisher(world: World) -> None:
    _administration(world).complete_migration(ACTOR, world.stored, registered(8)[7], "SMP-B", KEY)


@use_case
def expire_migrations(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        work.connection.execute(update(migration).values(expires_at=world.clock()))
        enqueue(work, migrations.EXPIRE, {})
    Worker(world.instance.database, {migrations.EXPIRE: migrations.expire_migrations}, "killed").run_one()


def _handover(world: World, *, joins: bool) -> Handover:
    """At the SML of this instance, which is treated as somebody else's where it doesn't join."""
    stored = replace(world.stored, domain=replace(world.stored.domain, smp=_smp_1_x(world)))
    smp_id = world.stored.domain.smp.smp_id or ""
    sml = OwnSml(_administration(world), ACTOR, stored, smp_id, joins)
    return Handover(world.instance.database, world.instance.publishing, stored, sml)


def _smp_1_x(world: World) -> SmpProfile:
    return replace(world.stored.domain.smp, dialects=("busdox",))


def _taken_over(world: World) -> tuple[ParticipantIdentifier, str, list[ServiceMetadata]]:
    taken = registered(8)[7]
    return taken, KEY, [replace(metadata_of(world), participant=taken)]


@use_case
def take_over_at_our_sml(world: World) -> None:
    _handover(world, joins=True).take_over(ACTOR, *_taken_over(world))


@use_case
def take_over_at_a_foreign_sml(world: World) -> None:
    _handover(world, joins=False).take_over(ACTOR, *_taken_over(world))


@use_case
def leave_redirects_behind(world: World) -> None:
    _administration(world).move(ACTOR, world.stored, [HELD], "SMP-A")
    redirect = Redirect("https://smp-a.example", "CN=SMP_A")
    _handover(world, joins=True).finish(ACTOR, HELD, redirect)


@use_case
def migrate(world: World) -> None:
    world.instance.sml.migrate(caller_of(world), "SMP-B", registered(8)[7], KEY)


# DNS


@use_case
def publish_zone(world: World) -> None:
    publisher = ZonePublisher(world.instance.database, "killed")
    publisher.tick()
    publisher.release()


@use_case
def delegate_part_of_zone(world: World) -> None:
    rrsets = delegation("0088.iso6523", [("ns.0088.iso6523.sml.test", ["192.0.2.53"])], [], 60)
    ZoneRecords(world.instance.database, world.instance.journal).put(ACTOR, world.stored, rrsets)


@use_case
def take_back_part_of_zone(world: World) -> None:
    ZoneRecords(world.instance.database, world.instance.journal).remove(ACTOR, world.stored, "9914.iso6523")


# The SML without a client certificate


def _administration(world: World) -> SmlAdministration:
    instance = world.instance
    return SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)


@use_case
def administer_publisher(world: World) -> None:
    publisher = Publisher("SMP-ADMIN", "https://admin.example/", "192.0.2.1")
    _administration(world).create_publisher(ACTOR, world.stored, publisher)


@use_case
def administer_registrations(world: World) -> None:
    _administration(world).register(ACTOR, world.stored, "SMP-B", [ParticipantIdentifier(ISO6523, "0088:by-hand")])


@use_case
def administer_move(world: World) -> None:
    _administration(world).move(ACTOR, world.stored, registered(3), "SMP-B")


@use_case
def administer_certificate(world: World) -> None:
    administration, smp = _administration(world), world.pki.smp.certificate
    administration.end_certificate(ACTOR, world.stored, "SMP-B", fingerprint(smp), last=True)
