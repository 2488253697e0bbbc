# SPDX-License-Identifier: Apache-2.0
"""The powers of an SML's operator as use cases, on the instance of `use_case_world`."""

from dataclasses import replace
from datetime import timedelta
from unittest import mock

from cryptography import x509

from registry.errors import AlreadyExistsError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.jobs.worker import Worker
from registry.sml.interventions import transfer
from registry.sml.interventions.model import CertificateName, Kind, Operator, Wanted
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import quarantine
from registry.storage.queries.interventions import State
from registry.storage.queries.quarantine import QuarantineRow
from tests.simulators.use_case_world import ACTOR, World, account_id, registered, use_case


def _strict(world: World, **settings: object) -> StoredDomain:
    """The domain with other settings of `sml`."""
    domain = world.stored.domain
    return replace(world.stored, domain=replace(domain, sml=replace(domain.sml, **settings)))  # type: ignore[arg-type]


def _by(world: World, name: str) -> Operator:
    return Operator(ACTOR, account_id(world, name))


def _ask(world: World, wanted: Wanted, stored: StoredDomain | None = None) -> None:
    world.instance.interventions.ask(_by(world, "bob"), stored or world.stored, wanted)


@use_case
def suspend_publisher(world: World) -> None:
    _ask(world, Wanted(Kind.SUSPEND_PUBLISHER, "SMP-B"))


@use_case
def suspend_participants(world: World) -> None:
    _ask(world, Wanted(Kind.SUSPEND_PARTICIPANT, participants=tuple(registered(3))))


@use_case
def transfer_participants(world: World) -> None:
    _ask(world, Wanted(Kind.TRANSFER, "SMP-A", "SMP-B", order_reference="order"))


@use_case
def block_certificate(world: World) -> None:
    certificate: x509.Certificate = world.pki.smp.certificate
    _ask(world, Wanted(Kind.BLOCK_CERTIFICATE, certificates=(CertificateName.of(certificate),)))


@use_case
def lift_quarantine(world: World) -> None:
    gone = ParticipantIdentifier(ISO6523, "0088:gone")
    stored, desk = world.stored, world.instance.interventions
    if desk.page(stored, None, None, 1):
        raise AlreadyExistsError("it was lifted")
    if not desk.quarantined(stored, ("", ""), 1):
        with world.instance.database.write(ACTOR) as work:
            row = QuarantineRow(stored.id, gone.scheme, gone.value, "SMP-B", work.now + timedelta(days=1))
            quarantine.put(work, [row])
    _ask(world, Wanted(Kind.LIFT_QUARANTINE, participants=(gone,)))


@use_case
def approve_intervention(world: World) -> None:
    stored, desk = _strict(world, four_eyes=(Kind.SUSPEND_PUBLISHER,)), world.instance.interventions
    if not desk.page(stored, None, None, 1):
        _ask(world, Wanted(Kind.SUSPEND_PUBLISHER, "SMP-B"), stored)
    for item in desk.page(stored, State.WAITING, None, 1):
        desk.approve(_by(world, "carol"), stored, item.row.id)


@use_case
def refuse_intervention(world: World) -> None:
    stored, desk = _strict(world, four_eyes=(Kind.SUSPEND_PUBLISHER,)), world.instance.interventions
    if not desk.page(stored, None, None, 1):
        _ask(world, Wanted(Kind.SUSPEND_PUBLISHER, "SMP-B"), stored)
    for item in desk.page(stored, State.WAITING, None, 1):
        desk.refuse(_by(world, "carol"), stored, item.row.id)


@use_case
def undo_intervention(world: World) -> None:
    if not world.instance.interventions.page(world.stored, None, None, 1):
        _ask(world, Wanted(Kind.SUSPEND_PUBLISHER, "SMP-B"))
    _undo_first(world)


@use_case
def give_back_by_job(world: World) -> None:
    if not world.instance.interventions.page(world.stored, None, None, 1):
        _ask(world, Wanted(Kind.TRANSFER, "SMP-A", "SMP-B", order_reference="order"))
    with mock.patch.object(transfer, "AT_ONCE", 0), mock.patch.object(transfer, "PART", 3):
        _undo_first(world)
        handlers = world.instance.interventions.handlers(world.instance.directory)
        Worker(world.instance.database, {transfer.TRANSFER_BACK: handlers[transfer.TRANSFER_BACK]}, "killed").run_one()


def _undo_first(world: World) -> None:
    desk = world.instance.interventions
    *_, first = desk.page(world.stored, None, None, 10)
    if first.row.state is State.APPLIED:
        desk.undo(_by(world, "bob"), world.stored, first.row.id)
