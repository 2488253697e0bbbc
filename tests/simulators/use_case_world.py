# SPDX-License-Identifier: Apache-2.0
"""An instance with something of everything, for use cases that tests disturb."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from registry.accounts import accounts, credentials, grants, groups, tokens
from registry.accounts.authentication import Authenticator
from registry.accounts.permissions import Role, Scope
from registry.accounts.sessions import Sessions
from registry.api.v1 import bulk_job
from registry.api.v1.bulk_items import BulkItem
from registry.app.instance import Instance
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.dns.records import RRset
from registry.dns.zone_records import ZoneRecords
from registry.errors import UnauthorizedError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.jobs.queue import enqueue
from registry.metadata import ServiceGroup
from registry.sml.model import Caller, Publisher
from registry.smp.documents.business_card import BusinessCard
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor

ACTOR = Actor("test", "request-1")
KEY = "11AAbb$$11AAbb$$"
PASSWORD = "correct horse battery staple"
HELD = ParticipantIdentifier(ISO6523, "0088:held")
MOVING = ParticipantIdentifier(ISO6523, "0088:moving")
NEW = ParticipantIdentifier(ISO6523, "0088:new")


@dataclass(slots=True)
class World:
    """What a use case finds: an instance with the domain `demo`, and everything that `prepare` made in it."""

    instance: Instance
    stored: StoredDomain
    pki: DemoPki
    folder: Path
    clock: Callable[[], datetime]


UseCase = Callable[[World], object]
USE_CASES: dict[str, UseCase] = {}


def use_case(act: UseCase) -> UseCase:
    """Let it be one of them."""
    USE_CASES[act.__name__] = act
    return act


def metadata_of(world: World) -> Any:
    return replace(demo_metadata(world.pki.access_points)[0], participant=HELD)


def caller_of(world: World) -> Caller:
    return Caller(world.pki.smp.certificate, "request-2")


def registered(number: int) -> list[ParticipantIdentifier]:
    return [ParticipantIdentifier(ISO6523, f"0088:registered-{each}") for each in range(number)]


def prepare(world: World) -> None:
    """Something of everything that a use case may want to find."""
    publishing, sml = world.instance.publishing, world.instance.sml
    publishing.put_service_metadata(ACTOR, world.stored, metadata_of(world), create_group=True)
    publishing.put_service_group(ACTOR, world.stored, ServiceGroup(MOVING))
    for smp_id in ("SMP-A", "SMP-B"):
        sml.create_publisher(caller_of(world), Publisher(smp_id, f"https://{smp_id.lower()}.example/", "192.0.2.1"))
    sml.create_participants(caller_of(world), "SMP-A", registered(8))
    others = [ParticipantIdentifier(ISO6523, f"0088:other-{number}") for number in range(3)]
    sml.create_participants(caller_of(world), "SMP-B", others)
    sml.prepare_migration(caller_of(world), "SMP-A", registered(8)[7], KEY)
    world.instance.business_cards.publish(ACTOR, world.stored, BusinessCard(MOVING))
    database = world.instance.database
    end = RRset("9914.iso6523", "DNAME", 60, ("9914.iso6523.example.",))
    ZoneRecords(database, world.instance.journal).put(ACTOR, world.stored, [end])
    for name in ("bob", "sleeper", "carol"):
        made = accounts.create_account(database, ACTOR, accounts.Kind.PERSON, name)
        credentials.set_password(database, ACTOR, made.id, PASSWORD, must_change=False)
        grants.give_grant(database, ACTOR, made.id, Role.EDITOR, Scope(world.stored.id))
    for name in ("sleeper", "carol"):
        Sessions(database).login(name, PASSWORD)
    for _ in range(4):
        with contextlib.suppress(UnauthorizedError):
            Sessions(database).login("robot", "something wrong")
    accounts.disable_account(database, ACTOR, account_id(world, "sleeper"))
    robot = accounts.create_account(database, ACTOR, accounts.Kind.PROGRAM, "robot")
    grants.give_grant(database, ACTOR, robot.id, Role.EDITOR, Scope(world.stored.id))
    secret = tokens.create_token(database, ACTOR, "held", account_id=robot.id)
    (world.folder / "secret").write_text(secret)
    for name in ("clinics", "empty"):
        groups.create_group(database, ACTOR, world.stored.id, name)
    with database.write(ACTOR) as work:
        for kind in ("counting", "failing", "waiting"):
            enqueue(work, kind, {})
    principal = Authenticator(database).by_token(tokens.create_token(database, ACTOR, "other", account_id=robot.id))
    items = [BulkItem(participant=f"iso6523-actorid-upis::0088:job-{number}") for number in range(60)]
    with database.write(ACTOR) as work:
        payload = bulk_job.payload_of(items, principal, plan=False)
        enqueue(work, bulk_job.KIND, payload, total=len(items), domain_id=world.stored.id)


def account_id(world: World, name: str) -> int:
    return accounts.find_account_named(world.instance.database, name).id
