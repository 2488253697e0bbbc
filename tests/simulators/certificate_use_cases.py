# SPDX-License-Identifier: Apache-2.0
"""The use cases of changes of certificates and signing keys, on the instance of `use_case_world`.

A use case of several commits looks first what is done, since it is run again after it was killed between two of them.
"""

from datetime import timedelta

from sqlalchemy import update

from registry.app.api_context import api_context
from registry.app.signing_key_job import signing_keys_of
from registry.sml.administration import SmlAdministration
from registry.sml.certificate_self_service import CertificateSelfService
from registry.sml.key_proof import CertificateChange, prove
from registry.sml.publisher_certificates import Window
from registry.sml.reminders import remind
from registry.smp.signing_keys import Retirement
from registry.storage.tables import signing_key
from tests.simulators.next_certificates import kept_identity
from tests.simulators.use_case_world import ACTOR, World, caller_of, use_case
from trust_lists.certificates.parsing import SigningKey, fingerprint


def _administration(world: World) -> SmlAdministration:
    return api_context(world.instance).sml


def _next(world: World) -> SigningKey:
    return kept_identity(world.pki, world.folder, world.clock())


@use_case
def add_publisher_certificate(world: World) -> None:
    new, window = _next(world).certificate, Window(world.clock() + timedelta(days=1))
    _administration(world).add_certificate(ACTOR, world.stored, "SMP-A", new, window)


@use_case
def change_publisher_certificate(world: World) -> None:
    administration, own = _administration(world), fingerprint(world.pki.smp.certificate)
    window = Window(usable_until=world.clock() + timedelta(days=9))
    administration.change_certificate(ACTOR, world.stored, "SMP-A", own, window)


@use_case
def prepare_change_certificate(world: World) -> None:
    new, day = _next(world).certificate, (world.clock() + timedelta(days=2)).date()
    world.instance.sml.prepare_change_certificate(caller_of(world), new, day)


@use_case
def change_own_certificate(world: World) -> None:
    instance, new, begin = world.instance, _next(world), world.clock() + timedelta(hours=2)
    change = CertificateChange("demo", "SMP-A", world.pki.smp.certificate, new.certificate, begin)
    service = CertificateSelfService(instance.database, instance.sml.calls, instance.trust_models.of)
    service.change(caller_of(world), "SMP-A", new.certificate, begin, prove(new, change))


@use_case
def end_own_certificate(world: World) -> None:
    instance, own = world.instance, fingerprint(world.pki.smp.certificate)
    service = CertificateSelfService(instance.database, instance.sml.calls, instance.trust_models.of)
    service.end(caller_of(world), "SMP-A", own, last=True)


@use_case
def remind_of_certificates(world: World) -> None:
    until = world.clock() + timedelta(days=5)
    own = fingerprint(world.pki.smp.certificate)
    _administration(world).change_certificate(ACTOR, world.stored, "SMP-A", own, Window(usable_until=until))
    remind(world.instance.database, ACTOR)


# Signing keys


@use_case
def plan_signing_key(world: World) -> None:
    file = world.folder / "next.pem"
    _next(world)
    signing_keys_of(world.instance, world.stored).plan(ACTOR, file, None, world.clock() + timedelta(days=2))


@use_case
def call_off_signing_key(world: World) -> None:
    plan_signing_key(world)
    signing_keys_of(world.instance, world.stored).cancel(ACTOR, _signing_key(world, "planned"))


@use_case
def activate_signing_key(world: World) -> None:
    if not _signing_key(world, "former"):
        plan_signing_key(world)
        signing_keys_of(world.instance, world.stored).activate(ACTOR, _signing_key(world, "planned"))


@use_case
def activate_due_signing_key(world: World) -> None:
    if _signing_key(world, "former"):
        return
    plan_signing_key(world)
    with world.instance.database.write(ACTOR) as work:
        work.connection.execute(update(signing_key).where(~signing_key.c.active).values(planned_at=world.clock()))
    signing_keys_of(world.instance, world.stored).activate_due(ACTOR)


def _signing_key(world: World, state: str) -> int:
    """The id of a key in this state; 0 where there is none."""
    keys = signing_keys_of(world.instance, world.stored)
    rows = keys.listed(Retirement(timedelta(), timedelta()))
    return next((row.id for row in rows if row.state == state), 0)
