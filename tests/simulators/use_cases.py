# SPDX-License-Identifier: Apache-2.0
"""Every use case of the product once, on the instance of `use_case_world`."""

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts import groups
from registry.accounts.permissions import Grant, Principal, Role
from registry.api.v1 import bulk_job
from registry.api.v1.app import ApiV1
from registry.app import signing_job, trust_impact, zone_move
from registry.app.after_restore import Wishes, complete_restore
from registry.app.api_context import api_context
from registry.app.code_lists import apply_code_list, import_code_lists, plan_code_list
from registry.app.domain_setup import SigningKeyFile, add_domain, change_domain
from registry.app.job_handlers import handlers
from registry.app.signing_job import request_signing
from registry.app.sml_admin import sml_admin_service
from registry.audit import chain, retention
from registry.consistency import run as consistency
from registry.consistency.checking import Area
from registry.consistency.findings import REPAIRABLE
from registry.consistency.foreign import ForeignRepairer, compare_with_list
from registry.consistency.requests import request_check
from registry.dns.asking import ShownSoa
from registry.dns.catalog import CatalogZone
from registry.dns.followers import FollowerRole
from registry.dns.master_files.importing import apply_import, plan_import
from registry.dns.master_files.reading import read_master_file
from registry.dns.notify import keep_notices
from registry.dns.observation import observe
from registry.dns.reconcile.checking import Server, ServerCheck, Standing
from registry.dns.reconcile.differences import Difference
from registry.dns.reconcile.differences import Kind as ZoneDifference
from registry.dns.reconcile.repairing import plan_repair, repair
from registry.dns.zone_records import ZoneRecords
from registry.errors import NotFoundError, TechnicalError
from registry.identifiers.participant import ParticipantIdentifier
from registry.impact.report import latest_report
from registry.jobs.queue import cancel, enqueue
from registry.jobs.schedule import Recurring, Schedule
from registry.jobs.worker import JobContext, Worker
from registry.metadata import CustomProperty, ServiceGroup
from registry.move_in.participant_records import participant_record, service_text
from registry.move_in.participants import Participants as MovedParticipants
from registry.settings import load_settings
from registry.sml import bulk
from registry.sml.admin_model import (
    DnsName,
    DnsRecord,
    NewPublisherCertificate,
    ReportRequest,
    SubDomain,
    SubDomainName,
    TruststoreCertificate,
)
from registry.sml.admin_service import SmlAdminService
from registry.smp.access_points import AccessPoints
from registry.smp.documents.business_card import BusinessCard
from registry.smp.participants import ParticipantChange, Participants
from registry.storage.queries import publishers
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.zone_notices import Notice
from registry.storage.unit_of_work import UnitOfWork
from registry.trust.model import configuration_of
from tests.simulators import (
    account_use_cases,
    alert_use_cases,
    campaign_use_cases,
    certificate_use_cases,
    directory_use_cases,
    intervention_use_cases,
    move_in_cutover_use_cases,
    move_in_shadow_use_cases,
    move_in_sml_use_cases,
    move_in_use_cases,
    plan_use_cases,
    push_use_cases,
    sml_use_cases,
)
from tests.simulators.asgi import call
from tests.simulators.audit import all_events
from tests.simulators.code_lists import participant_list, written
from tests.simulators.foreign_sml import RememberingSml
from tests.simulators.next_certificates import kept_identity
from tests.simulators.use_case_world import (
    ACTOR,
    HELD,
    MOVING,
    NEW,
    USE_CASES,
    World,
    caller_of,
    metadata_of,
    prepare,
    registered,
    use_case,
)
from trust_lists.evaluation.trust_configuration import to_json

__all__ = [
    "ACTOR",
    "USE_CASES",
    "World",
    "account_use_cases",
    "alert_use_cases",
    "campaign_use_cases",
    "certificate_use_cases",
    "directory_use_cases",
    "intervention_use_cases",
    "move_in_cutover_use_cases",
    "move_in_shadow_use_cases",
    "move_in_sml_use_cases",
    "move_in_use_cases",
    "plan_use_cases",
    "prepare",
    "push_use_cases",
    "sml_use_cases",
]


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
def move_participants_in(world: World) -> None:
    """Some are new, one is as it was but for its properties, one has gone at its source."""
    instance, said = world.instance, service_text(metadata_of(world))
    new = [ParticipantIdentifier(NEW.scheme, f"0088:moved-{number}") for number in range(3)]
    records = [participant_record(str(who), who, [said]) for who in new]
    records.append(participant_record(str(HELD), HELD, [said], properties=(CustomProperty("tier", "gold"),)))
    receiver = MovedParticipants(
        instance.database, instance.registrar, instance.publishing, instance.trust_models.of, world.stored
    )
    with instance.database.write(ACTOR) as work:
        receiver.apply(work, records, [str(MOVING)])


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


# Domains and code lists


@use_case
def create_domain(world: World) -> None:
    settings = {"name": "second", "dns": {"zone": "second.test"}, "smp": {"base_url": "https://second.example"}}
    key = SigningKeyFile(world.folder / "pki" / "smp.pem")
    add_domain(world.instance, ACTOR, "demo", settings | {"default": False}, signing_key=key)


@use_case
def keep_catalog(world: World) -> None:
    CatalogZone(world.instance.database, world.instance.journal, "catalog.example.org").keep(ACTOR)


@use_case
def update_domain(world: World) -> None:
    change_domain(world.instance, ACTOR, "demo", {"dns": {"ttl": 123}})


@use_case
def move_zone(world: World) -> None:
    zone_move.prepare(world.instance, ACTOR, world.stored, "moved.example")
    zone_move.switch(world.instance, ACTOR, world.stored, "moved.example")


@use_case
def give_up_moving_a_zone(world: World) -> None:
    zone_move.prepare(world.instance, ACTOR, world.stored, "given-up.example")
    zone_move.end(world.instance, ACTOR, world.stored, "given-up.example")


@use_case
def import_lists(world: World) -> None:
    import_code_lists(world.instance, ACTOR, "demo", written(world.folder, participant_list(i0088="active")))


# The audit


@use_case
def seal_events(world: World) -> None:
    chain.seal(world.instance.database)


@use_case
def exists_participant(world: World) -> None:
    world.instance.sml.exists_participant(caller_of(world), "SMP-A", registered(1)[0])


@use_case
def is_alive(world: World) -> None:
    world.instance.sml.is_alive(caller_of(world))


# The admin service of the SML


class _Administrators:
    """Every certificate is that of somebody who may do anything."""

    def by_certificate(self, der: bytes) -> Principal:
        return Principal("test", "test", "program", "certificate", grants=(Grant(Role.ADMIN),))


def _admin(world: World) -> SmlAdminService:
    return sml_admin_service(world.instance, _Administrators())


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


@use_case
def administer_trust(world: World) -> None:
    request = TruststoreCertificate(_der(world.pki.ap_ca.certificate))
    _admin(world).add_truststore_certificate(caller_of(world), request)


@use_case
def administer_sub_domain_away(world: World) -> None:
    request = SubDomain("sub.sml.test", None, "sml.test", "^.*$", "naptr", "https")
    if all(stored.domain.dns.zone != request.name for stored in world.instance.directory.all()):
        _admin(world).create_sub_domain(caller_of(world), request)
    _admin(world).delete_sub_domain(caller_of(world), SubDomainName(request.name))


@use_case
def administer_certificate_over_soap(world: World) -> None:
    request = NewPublisherCertificate("SMP-B", _der(kept_identity(world.pki, world.folder, world.clock()).certificate))
    _admin(world).change_certificate(caller_of(world), request)


@use_case
def administer_dns_record(world: World) -> None:
    record = DnsRecord("A", "custom.sml.test", "sml.test", "192.0.2.1")
    _admin(world).add_dns_record(caller_of(world), record)


@use_case
def administer_dns_records_away(world: World) -> None:
    if not all_events(world.instance.database, "dns:record:put"):  # there was nothing yet that could be removed
        administer_dns_record(world)
    _admin(world).delete_dns_records(caller_of(world), DnsName("custom.sml.test", "sml.test"))


@use_case
def ask_for_inconsistency_report(world: World) -> None:
    _admin(world).generate_inconsistency_report(caller_of(world), ReportRequest("ops@example.org"))


# Participants as a whole


@use_case
def put_participant(world: World) -> None:
    group = groups.find_group(world.instance.database, world.stored.id, "clinics")
    participants = Participants(world.instance.database, world.instance.publishing, world.instance.registrar)
    with world.instance.database.write(ACTOR) as work:
        held = participants.lock(work, world.stored, NEW)
        participants.put(work, world.stored, NEW, ParticipantChange(group_id=group.id), held)


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


@use_case
def follow_publisher_in_background(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        row = _publisher(work, world, "SMP-A")
        publishers.change_addresses(work, row.id, "https://far.example/", row.physical_address)
        _ask(work, world, bulk.FOLLOW, {"publisher": row.id, "every": True})
    _work(world, bulk.FOLLOW)


@use_case
def transfer_publisher_in_background(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        ids = {end: _publisher(work, world, smp_id).id for end, smp_id in (("from", "SMP-A"), ("to", "SMP-B"))}
        _ask(work, world, bulk.TRANSFER, ids)
    _work(world, bulk.TRANSFER)


@use_case
def remove_publisher_in_background(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        row = _publisher(work, world, "SMP-B")
        publishers.begin_removal(work, row.id)
        _ask(work, world, bulk.REMOVE, {"publisher": row.id})
    _work(world, bulk.REMOVE)


def _publisher(work: UnitOfWork, world: World, smp_id: str) -> PublisherRow:
    for row in publishers.of_domain(work.connection, world.stored.id):  # also while it is being removed
        if row.smp_id == smp_id:
            return row
    raise NotFoundError(f"{smp_id} has gone")


def _ask(work: UnitOfWork, world: World, kind: str, payload: dict[str, object]) -> None:
    enqueue(work, kind, payload, key=kind, domain_id=world.stored.id)


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
def bring_smp_and_sml_together(world: World) -> None:
    instance = world.instance
    instance.publishing.put_service_group(ACTOR, world.stored, ServiceGroup(NEW), in_sml=False)
    wanted = consistency.Wanted((Area.GROUPS, Area.NAMES), REPAIRABLE)
    consistency.run(
        instance.database, instance.journal, instance.registrar, ACTOR, world.stored, wanted, consistency.Told()
    )


@use_case
def bring_a_foreign_sml_to_what_is_served(world: World) -> None:
    sml = RememberingSml(world.instance.database, world.stored)
    with compare_with_list(world.instance.database, world.stored, sml) as findings:
        ForeignRepairer(world.instance.database, ACTOR, world.stored, sml, "https://sml.example").run(findings)


@use_case
def repair_zone(world: World) -> None:
    """A secondary and a target serve something else than they should."""
    database, zone_id = world.instance.database, world.stored.zone_id
    assert zone_id is not None
    wrong = [Difference(ZoneDifference.DIFFERS, "held", "NAPTR", None, None)]
    checks = [
        ServerCheck(Server(f"192.0.2.{number}:53", "sml.test", role), 1, Standing.BEHIND, differences=wrong)
        for number, role in enumerate(FollowerRole)
    ]
    plan = plan_repair(database, zone_id, checks)
    repair(database, world.instance.journal, ACTOR, zone_id, plan, lambda _server, keys: len(keys))


@use_case
def import_master_file(world: World) -> None:
    zone = world.stored.domain.dns.zone
    rrsets = read_master_file('mail 60 A 192.0.2.1\ntext 60 TXT "x"\n', zone)
    plan = plan_import(world.instance.database, world.stored, rrsets, remove=True)
    apply_import(ZoneRecords(world.instance.database, world.instance.journal), ACTOR, world.stored, plan)


@use_case
def keep_what_told_servers_say(world: World) -> None:
    assert world.stored.zone_id is not None
    says = {"ns1.example:53": None, "ns2.example:53": "it answers REFUSED"}
    notices = [Notice(world.stored.zone_id, server, 1, failure) for server, failure in says.items()]
    keep_notices(world.instance.database, notices)


@use_case
def observe_name_servers(world: World) -> None:
    dns = replace(world.stored.domain.dns, observed_servers=("ns1.example:53",))
    stored = replace(world.stored, domain=replace(world.stored.domain, dns=dns))
    observe(world.instance.database, [stored], lambda _server, _zone: ShownSoa(1))


@use_case
def check_in_background(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        request_check(work, world.stored)
    _work(world, consistency.KIND)


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
