# SPDX-License-Identifier: Apache-2.0
"""Every use case of the product once, on the instance of `use_case_world`."""

import contextlib
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts import accounts, credentials, grants, groups, tokens
from registry.accounts.authentication import Authenticator
from registry.accounts.oidc import OidcProvider, OidcSettings
from registry.accounts.oidc_logins import OidcLogins
from registry.accounts.permissions import SYSTEM, Role
from registry.accounts.role_mapping import RoleMapping
from registry.accounts.sessions import Sessions
from registry.api.v1 import bulk_job
from registry.api.v1.app import ApiV1
from registry.app import signing_job, trust_impact
from registry.app.after_restore import Wishes, complete_restore
from registry.app.api_context import api_context
from registry.app.code_lists import apply_code_list, import_code_lists, plan_code_list
from registry.app.domain_setup import SigningKeyFile, add_domain, change_domain
from registry.app.job_handlers import handlers
from registry.app.signing_job import request_signing
from registry.audit import chain, retention
from registry.dns.journal import ZonePublisher
from registry.errors import NotFoundError, TechnicalError, UnauthorizedError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.impact.report import latest_report
from registry.jobs.queue import cancel, enqueue
from registry.jobs.schedule import Recurring, Schedule
from registry.jobs.worker import JobContext, Worker
from registry.metadata import ServiceGroup
from registry.settings import load_settings
from registry.sml.administration import SmlAdministration
from registry.sml.model import Publisher
from registry.smp.access_points import AccessPoints
from registry.smp.documents.business_card import BusinessCard
from registry.smp.participants import ParticipantChange, Participants
from registry.storage.queries.signed_groups import GroupKey
from registry.trust.model import configuration_of
from tests.simulators.asgi import call
from tests.simulators.code_lists import participant_list, written
from tests.simulators.oidc import CLIENT_ID, ISSUER, REDIRECT_URI, FakeProvider
from tests.simulators.use_case_world import (
    ACTOR,
    HELD,
    KEY,
    MOVING,
    NEW,
    PASSWORD,
    USE_CASES,
    World,
    account_id,
    caller_of,
    metadata_of,
    prepare,
    registered,
    use_case,
)
from trust_lists.certificates.parsing import fingerprint
from trust_lists.evaluation.trust_configuration import to_json

__all__ = ["ACTOR", "USE_CASES", "World", "prepare"]


# The SMP


@use_case
def put_service_group(world: World) -> None:
    world.instance.publishing.put_service_group(ACTOR, world.stored, ServiceGroup(NEW))


@use_case
def delete_service_group(world: World) -> None:
    world.instance.publishing.delete_service_group(ACTOR, world.stored, HELD)


@use_case
def put_service_metadata(world: World) -> None:
    metadata = replace(metadata_of(world), participant=NEW)
    world.instance.publishing.put_service_metadata(ACTOR, world.stored, metadata, create_group=True)


@use_case
def revise_service_metadata(world: World) -> None:
    metadata = metadata_of(world)
    group = metadata.process_metadata[0]
    moved = replace(group, endpoints=(replace(group.endpoints[0], address="https://moved.example/as4"),))
    world.instance.publishing.revise_service_metadata(
        ACTOR, world.stored, HELD, metadata.document_type, lambda held: replace(metadata, process_metadata=(moved,))
    )


@use_case
def delete_service_metadata(world: World) -> None:
    world.instance.publishing.delete_service_metadata(ACTOR, world.stored, HELD, metadata_of(world).document_type)


@use_case
def delete_all_service_metadata(world: World) -> None:
    world.instance.publishing.delete_all_service_metadata(ACTOR, world.stored, HELD)


@use_case
def publish_business_card(world: World) -> None:
    world.instance.business_cards.publish(ACTOR, world.stored, BusinessCard(HELD))


@use_case
def delete_business_card(world: World) -> None:
    world.instance.business_cards.delete(ACTOR, world.stored, MOVING)


@use_case
def change_access_point(world: World) -> None:
    points = AccessPoints(world.instance.database, world.stored, world.instance.trust_models.of(world.stored.domain))
    name = points.listed()[0].name
    points.change(ACTOR, name, address="https://changed.example/as4")


@use_case
def plan_access_point(world: World) -> None:
    points = AccessPoints(world.instance.database, world.stored, world.instance.trust_models.of(world.stored.domain))
    name = next(row.name for row in points.listed() if row.endpoints)
    points.change(ACTOR, name, address="https://later.example/as4", at=world.clock() + timedelta(days=1))


@use_case
def sign_document(world: World) -> None:
    world.instance.signer.current(1, "busdox")


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
def delete_participants(world: World) -> None:
    world.instance.sml.delete_participants(caller_of(world), "SMP-A", registered(5))


@use_case
def list_participants(world: World) -> None:
    world.instance.sml.list_participants(caller_of(world), "SMP-A", None)


@use_case
def prepare_migration(world: World) -> None:
    world.instance.sml.prepare_migration(caller_of(world), "SMP-A", registered(1)[0], KEY)


@use_case
def migrate(world: World) -> None:
    world.instance.sml.migrate(caller_of(world), "SMP-B", registered(8)[7], KEY)


# DNS


@use_case
def publish_zone(world: World) -> None:
    publisher = ZonePublisher(world.instance.database, "killed")
    publisher.tick()
    publisher.release()


# Domains and code lists


@use_case
def create_domain(world: World) -> None:
    settings = {"name": "second", "dns": {"zone": "second.test"}, "smp": {"base_url": "https://second.example"}}
    key = SigningKeyFile(world.folder / "pki" / "smp.pem")
    add_domain(world.instance, ACTOR, "demo", settings | {"default": False}, signing_key=key)


@use_case
def update_domain(world: World) -> None:
    change_domain(world.instance, ACTOR, "demo", {"dns": {"ttl": 123}})


@use_case
def import_lists(world: World) -> None:
    import_code_lists(world.instance, ACTOR, "demo", written(world.folder, participant_list(i0088="active")))


# The audit


@use_case
def seal_events(world: World) -> None:
    chain.seal(world.instance.database)


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
    administration.end_certificate(ACTOR, world.stored, "SMP-B", fingerprint(smp))


# Participants as a whole


@use_case
def put_participant(world: World) -> None:
    group = groups.find_group(world.instance.database, world.stored.id, "clinics")
    participants = Participants(world.instance.database, world.instance.publishing, world.instance.registrar)
    with world.instance.database.write(ACTOR) as work:
        held = participants.lock(work, world.stored, NEW)
        participants.put(work, world.stored, NEW, ParticipantChange(group_id=group.id), held)


# Accounts


@use_case
def create_account(world: World) -> None:
    accounts.create_account(world.instance.database, ACTOR, accounts.Kind.PERSON, "Zoe", email="zoe@example.org")


@use_case
def change_account(world: World) -> None:
    accounts.change_account(world.instance.database, ACTOR, account_id(world, "bob"), display_name="Robert")


@use_case
def disable_account(world: World) -> None:
    accounts.disable_account(world.instance.database, ACTOR, account_id(world, "bob"))


@use_case
def enable_account(world: World) -> None:
    accounts.enable_account(world.instance.database, ACTOR, account_id(world, "sleeper"))


@use_case
def erase_account(world: World) -> None:
    try:
        accounts.erase_account(world.instance.database, ACTOR, account_id(world, "bob"))
    except NotFoundError:  # it has no name any more
        return


@use_case
def set_password(world: World) -> None:
    credentials.set_password(world.instance.database, ACTOR, account_id(world, "bob"), PASSWORD + "!")


@use_case
def change_own_password(world: World) -> None:
    bob = account_id(world, "bob")
    try:
        credentials.change_own_password(world.instance.database, bob, PASSWORD, PASSWORD + "!")
    except UnauthorizedError:  # it was changed before
        credentials.change_own_password(world.instance.database, bob, PASSWORD + "!", PASSWORD)
        credentials.change_own_password(world.instance.database, bob, PASSWORD, PASSWORD + "!")


@use_case
def unlock_account(world: World) -> None:
    credentials.unlock_account(world.instance.database, ACTOR, account_id(world, "sleeper"))


@use_case
def add_and_remove_certificate(world: World) -> None:
    der = world.pki.smp.certificate.public_bytes(Encoding.DER)
    credentials.add_certificate(world.instance.database, ACTOR, account_id(world, "robot"), der)


@use_case
def remove_credential(world: World) -> None:
    bob = account_id(world, "bob")
    for row in credentials.list_credentials(world.instance.database, bob):
        credentials.remove_credential(world.instance.database, ACTOR, bob, row.id)


@use_case
def give_grant(world: World) -> None:
    grants.give_grant(world.instance.database, ACTOR, account_id(world, "bob"), Role.VIEWER, SYSTEM)


@use_case
def take_grant(world: World) -> None:
    for row in grants.list_grants(world.instance.database, account_id=account_id(world, "bob"), size=10):
        grants.take_grant(world.instance.database, ACTOR, row.id)


@use_case
def create_group(world: World) -> None:
    groups.create_group(world.instance.database, ACTOR, world.stored.id, "hospitals")


@use_case
def change_group(world: World) -> None:
    group = groups.find_group(world.instance.database, world.stored.id, "clinics")
    groups.change_group(world.instance.database, ACTOR, group.id, description="Clinics of a region")


@use_case
def delete_group(world: World) -> None:
    group = groups.find_group(world.instance.database, world.stored.id, "empty")
    groups.delete_group(world.instance.database, ACTOR, group.id)


@use_case
def move_participant(world: World) -> None:
    group = groups.find_group(world.instance.database, world.stored.id, "empty")
    key = world.stored.domain.identifiers.participant_key(HELD)
    groups.move_participant(world.instance.database, ACTOR, world.stored.id, HELD.scheme, key, group.id)


@use_case
def create_token(world: World) -> None:
    tokens.create_token(world.instance.database, ACTOR, "new", account_id=account_id(world, "robot"))


@use_case
def rotate_token(world: World) -> None:
    row = tokens.find_token(world.instance.database, "held")
    tokens.rotate_token(world.instance.database, ACTOR, row.id, overlap=timedelta(hours=1))


@use_case
def revoke_token(world: World) -> None:
    row = tokens.find_token(world.instance.database, "held")
    tokens.revoke_token(world.instance.database, ACTOR, row.id)


@use_case
def use_token(world: World) -> None:
    Authenticator(world.instance.database).by_token((world.folder / "secret").read_text())


@use_case
def login(world: World) -> None:
    # A second session is as good as the first, so this one comes to the same end only while there is one.
    if not Sessions(world.instance.database).page(account_id=account_id(world, "bob"), size=10):
        Sessions(world.instance.database).login("bob", PASSWORD)


@use_case
def begin_session(world: World) -> None:
    if not Sessions(world.instance.database).page(account_id=account_id(world, "bob"), size=10):
        Sessions(world.instance.database).begin(account_id(world, "bob"), "oidc")


@use_case
def login_at_provider(world: World) -> None:
    fake = FakeProvider(world.clock())
    provider = OidcProvider(OidcSettings(ISSUER, CLIENT_ID, REDIRECT_URI), world.clock, fake.transport)
    mappings = [RoleMapping.parse("registry-admins=viewer@demo")]
    logins = OidcLogins(world.instance.database, provider, mappings, Sessions(world.instance.database))
    begun = logins.begin()
    logins.finish(begun.state, fake.log_in(begun.url), address="", user_agent="")


@use_case
def fail_to_login(world: World) -> None:
    with contextlib.suppress(UnauthorizedError):
        Sessions(world.instance.database).login("robot", "something wrong")


@use_case
def sign_service_group(world: World) -> None:
    key = world.stored.domain.identifiers.participant_key(HELD)
    world.instance.signer.current_group(world.stored, GroupKey(world.stored.id, HELD.scheme, key, "bdxr2"))


@use_case
def end_sessions(world: World) -> None:
    Sessions(world.instance.database).revoke_all(account_id(world, "sleeper"), ACTOR)


@use_case
def end_session(world: World) -> None:
    sessions = Sessions(world.instance.database)
    for row in sessions.page(account_id=account_id(world, "carol"), size=10):
        sessions.revoke(row.id, ACTOR)


# Jobs


@use_case
def do_job(world: World) -> None:
    def handle(context: JobContext) -> dict[str, int]:
        for done in range(context.done + 1, 4):
            with context.database.write(context.actor) as work:
                context.progress(work, done, total=3, cursor=done)
        return {"done": 3}

    Worker(world.instance.database, {"counting": handle}, "killed").run_one()


@use_case
def fail_job(world: World) -> None:
    def handle(context: JobContext) -> None:
        raise NotFoundError("what it was about has gone")

    Worker(world.instance.database, {"failing": handle}, "killed").run_one()


@use_case
def put_off_job(world: World) -> None:
    def handle(context: JobContext) -> None:
        raise TechnicalError("somebody else is down")

    Worker(world.instance.database, {"waiting": handle}, "killed").run_one()


@use_case
def cancel_waiting_job(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        cancel(work, 3)


@use_case
def schedule_work(world: World) -> None:
    Schedule(world.instance.database, [Recurring("nightly", "counting", timedelta(days=1))]).tick()


# Trust models


@use_case
def plan_trust_model(world: World) -> None:
    trust_impact.plan(world.instance, ACTOR, world.stored, to_json(configuration_of(world.stored.domain)))


@use_case
def compare_trust_models(world: World) -> None:
    compared = trust_impact.comparison(world.instance, world.folder, world.stored, None)
    with world.instance.database.read() as connection:
        done = latest_report(connection, world.stored.id) is not None
    if compared.resumable or not done:
        compared.run(ACTOR, days=1, resume=compared.resumable)


@use_case
def compare_every_night(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        enqueue(work, trust_impact.IMPACT, {})
    _work(world, trust_impact.IMPACT)


# The installation


@use_case
def purge(world: World) -> None:
    retention.purge(world.instance.database, retention.Policy(zone_changes=timedelta(seconds=-1)))


@use_case
def prune_audit(world: World) -> None:
    chain.seal(world.instance.database)
    retention.prune_all(world.instance.database, ACTOR, world.clock() + timedelta(days=1))


@use_case
def apply_planned_list(world: World) -> None:
    file = written(world.folder, participant_list("2", i0088="active", i0192="active"))[0]
    planned = plan_code_list(world.instance, "demo", file.read_bytes())
    apply_code_list(world.instance, ACTOR, "demo", planned)


@use_case
def adopt_restored_database(world: World) -> None:
    complete_restore(world.instance.database, ACTOR, world.clock(), Wishes({}))


# The REST interface: every write is one transaction of the kernel, which the use cases join


@use_case
def put_by_rest(world: World) -> None:
    path = f"/api/v1/domains/demo/participants/{quote(str(NEW), safe='')}"
    _rest(world, "PUT", path, {}, {"idempotency-key": "once-and-only-once"})


@use_case
def bulk_by_rest(world: World) -> None:
    items = [{"participant": f"iso6523-actorid-upis::0088:bulk-{number}"} for number in range(120)]
    _rest(world, "POST", "/api/v1/domains/demo/participants/bulk", items, {"idempotency-key": "a-bulk"})


@use_case
def carry_out_bulk(world: World) -> None:
    _work(world, bulk_job.KIND)


@use_case
def sign_in_background(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        request_signing(work, world.stored.id)
    _work(world, signing_job.KIND)


def _work(world: World, kind: str) -> None:
    handler = handlers(world.instance, load_settings(data_dir=world.folder))[kind]
    Worker(world.instance.database, {kind: handler}, "killed").run_one()


def _rest(world: World, method: str, path: str, body: object, headers: dict[str, str]) -> None:
    sent = {"authorization": f"Bearer {(world.folder / 'secret').read_text()}", "content-type": "application/json"}
    raw = [(name.encode(), value.encode()) for name, value in (sent | headers).items()]
    app = ApiV1(api_context(world.instance))
    reply = call(app, method, path.encode(), headers=raw, body=[json.dumps(body).encode()])
    assert reply.status in {200, 201, 202}, reply.body
