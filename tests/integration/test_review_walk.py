# SPDX-License-Identifier: Apache-2.0
"""In a domain that wants a review no request of anybody changes what is published, but by a plan of two people.

Every route that may write is called, with a body that would publish where one is known, by people of several roles;
and so are the publishing paths of all management dialects.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.api.v1.resources import RESOURCES
from registry.api.v1.routing import Entry
from registry.api.v1.service_models import service_model
from registry.app.domain_setup import change_domain
from registry.app.plans import apply_handler, planner_of
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.identifiers.participant import ISO6523
from registry.identifiers.url_form import participant_path, service_path
from registry.jobs.worker import Worker
from registry.metadata import ServiceGroup
from registry.plans.applying import KIND
from registry.plans.model import PlanKind, PlanOptions
from registry.plans.sources import content_source
from registry.smp.documents.busdox import write_service_group, write_service_metadata
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName, write_business_card
from registry.storage import tables
from tests.simulators.management import open_office
from tests.simulators.offline import ACTOR, offline_instance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons, segment

pytestmark = pytest.mark.slow

HELD, NEW = participant(), participant("0088:7300010000002")
CONTENT = (
    *("service_group", "service", "process_metadata", "process", "endpoint", "redirect"),
    *("access_point", "access_point_certificate", "business_card"),
)
ENTRIES = {
    f"{entry.method} {entry.path}": entry for resource in RESOURCES for entry in resource.entries if entry.writes
}
_DOMAIN = "/domains/{domain}"
_PARTICIPANT = f"{_DOMAIN}/participants/{{participant}}"


class World:
    """A participant with a service and a card, published before the domain wanted a review; a plan of one person."""

    def __init__(self, office: RestOffice) -> None:
        self.office = office
        offline = office.offline
        instance, stored = offline.instance, offline.stored
        self.metadata = replace(demo_metadata(offline.pki.access_points)[0], participant=HELD)
        instance.publishing.put_service_metadata(ACTOR, stored, self.metadata, create_group=True)
        card = BusinessCard(HELD, (BusinessEntity((EntityName("Held"),), "BE"),))
        instance.business_cards.publish(ACTOR, stored, card)
        self.card = write_business_card(replace(card, entities=(BusinessEntity((EntityName("Other"),), "BE"),)))
        change_domain(instance, ACTOR, "demo", {"review": {"required": True}})
        source = content_source(stored.domain, PlanKind.CSV, "t.csv", f"participant\n{NEW}\n".encode())
        self.plan = planner_of(instance, stored).plan(ACTOR, source, PlanOptions())
        scope = Scope(stored.id)
        self.people = {
            "administrator of the system": office.caller(Role.ADMIN, SYSTEM),
            "administrator of the domain": office.caller(Role.ADMIN, scope),
            "editor of the domain": office.caller(Role.EDITOR, scope),
            "editor of the participant": office.caller(Role.EDITOR, Scope(stored.id, None, (ISO6523, HELD.value))),
        }
        point = office.items("/domains/demo/access-points", self.people["editor of the domain"])[0]
        service = service_model(self.metadata).model_dump(mode="json", exclude_unset=True)
        service["process_metadata"][0]["endpoints"][0]["address"] = "https://mine.example.org/as4"
        self.path = {"domain": "demo", "participant": str(HELD), "document_type": str(self.metadata.document_type)}
        self.path |= {"plan": str(self.plan), "access_point": point["name"]}
        new = {"participant": str(NEW), "services": [service]}
        self.bodies: dict[str, Any] = {
            f"PUT {_PARTICIPANT}": {"visibility": "private"},
            f"DELETE {_PARTICIPANT}": None,
            f"POST {_DOMAIN}/participants/bulk": [new, {"participant": str(HELD), "action": "delete"}],
            f"PUT {_PARTICIPANT}/services/{{document_type}}": service,
            f"PATCH {_PARTICIPANT}/services/{{document_type}}": {"process_metadata": service["process_metadata"]},
            f"DELETE {_PARTICIPANT}/services/{{document_type}}": None,
            f"DELETE {_PARTICIPANT}/business-card": None,
            f"PATCH {_DOMAIN}/access-points/{{access_point}}": {"address": "https://mine.example.org/as4"},
            f"POST {_DOMAIN}/plans/{{plan}}/apply": {"max_percent": 100},
        }

    def content(self) -> dict[str, list[Any]]:
        """All that is published, by table."""
        with self.office.database.read() as connection:
            return {
                name: sorted(map(tuple, connection.execute(select(getattr(tables, name)))), key=repr)
                for name in CONTENT
            }

    def ask(self, name: str, by: RestCaller) -> Any:
        """Call a route; what isn't known of it is filled with something that doesn't exist."""
        entry: Entry = ENTRIES[name]
        path = entry.path
        for part in (item.partition("}")[0] for item in entry.path.split("{")[1:]):
            path = path.replace(f"{{{part}}}", segment(self.path.get(part, "999999")))
        return self.office.ask(entry.method, path, by, self.bodies.get(name, None if entry.method == "DELETE" else {}))


@pytest.fixture
def world(tmp_path: Path, pki: DemoPki) -> Iterator[World]:
    with offline_instance(tmp_path, pki) as offline:
        yield World(RestOffice(offline))


def test_no_route_publishes_by_one_persons_hand(world: World) -> None:
    before = world.content()
    for name in ENTRIES:
        for who, caller in world.people.items():
            assert world.ask(name, caller).status != 401
            assert world.content() == before, f"{name} by an {who}"


@pytest.mark.parametrize(
    "name",
    [
        f"PUT {_PARTICIPANT}",
        f"DELETE {_PARTICIPANT}",
        f"PUT {_PARTICIPANT}/services/{{document_type}}",
        f"PATCH {_PARTICIPANT}/services/{{document_type}}",
        f"DELETE {_PARTICIPANT}/services/{{document_type}}",
        f"DELETE {_PARTICIPANT}/business-card",
        f"PATCH {_DOMAIN}/access-points/{{access_point}}",
        f"POST {_DOMAIN}/plans/{{plan}}/apply",
    ],
)
def test_who_may_publish_is_told_what_to_do(world: World, name: str) -> None:
    reply = world.ask(name, world.people["administrator of the domain"])
    assert (reply.status, reply.json()["type"].rpartition(":")[2]) == (409, "review-required")
    assert reasons(reply) == {"REVIEW-REQUIRED"}


def test_each_item_of_many_is_refused_by_itself(world: World) -> None:
    reply = world.ask(f"POST {_DOMAIN}/participants/bulk", world.people["administrator of the domain"])
    assert {item["problem"]["reasons"][0]["id"] for item in reply.json()["items"]} == {"REVIEW-REQUIRED"}


def test_two_people_publish(world: World, tmp_path: Path) -> None:
    editor, admin = world.people["editor of the participant"], world.people["administrator of the domain"]
    path = f"/domains/demo/participants/{segment(str(HELD))}/proposals"
    proposed = world.office.ask("POST", path, editor, {"visibility": "internal"}).json()
    assert (proposed["state"], proposed["counts"]["changed"]) == ("under-review", 1)
    plan = f"/domains/demo/plans/{proposed['id']}"
    assert world.office.ask("GET", plan, admin).json()["waits_for_caller"]
    assert world.office.ask("POST", f"{plan}/approve", admin, {"text": "fine"}).json()["decided_by"] == admin.name
    assert world.office.ask("POST", f"{plan}/apply", admin, {}).status == 202
    worker = Worker(world.office.database, {KIND: apply_handler(world.office.offline.instance)}, "test")
    while worker.run_one():
        pass
    held = world.office.ask("GET", f"/domains/demo/participants/{segment(str(HELD))}", admin).json()
    assert held["visibility"] == "internal"


def test_who_proposes_services_cards_and_withdrawals_sees_them_in_the_plan(world: World) -> None:
    editor, admin = world.people["editor of the participant"], world.people["administrator of the domain"]
    path = f"/domains/demo/participants/{segment(str(HELD))}/proposals"
    code = {"scheme": world.metadata.document_type.scheme, "value": world.metadata.document_type.value}
    body = {"withdrawn": [code], "business_card": world.card.decode()}
    plan = world.office.ask("POST", path, editor, body).json()
    (row,) = world.office.ask("GET", f"/domains/demo/plans/{plan['id']}/rows", admin).json()["items"]
    assert "services" not in row["after"]
    assert "Other" in row["after"]["business_card"]
    viewer = world.office.caller(Role.VIEWER, Scope(world.office.offline.stored.id))
    assert world.office.ask("POST", path, viewer, {"removed": True}).status == 403
    assert world.office.ask("POST", path, editor, {"removed": True}).status == 403, "editors of one can't remove it"


def test_who_could_end_it_for_a_moment_would_publish_alone(world: World) -> None:
    body = {"review": {"required": False}}
    refused = world.office.ask("PATCH", "/domains/demo", world.people["administrator of the domain"], body)
    assert (refused.status, "review.required" in refused.json()["detail"]) == (403, True)
    planned = world.office.ask("PATCH", "/domains/demo?plan=true", world.people["administrator of the system"], body)
    assert planned.status == 200


def test_the_management_dialects_refuse_alike(tmp_path: Path, pki: DemoPki) -> None:
    with open_office(tmp_path, pki) as office:
        instance, stored = office.offline.instance, office.offline.stored
        metadata = demo_metadata(office.offline.pki.access_points)[0]
        instance.publishing.put_service_group(ACTOR, stored, ServiceGroup(metadata.participant))
        change_domain(instance, ACTOR, stored.domain.name, {"review": {"required": True}})
        for dialect in ("native", "phoss", "domismp"):
            client = office.client(dialect)
            for method, path, body in (
                ("PUT", participant_path(NEW), write_service_group(ServiceGroup(NEW), "https://smp.example.org")),
                ("PUT", service_path(metadata.participant, metadata.document_type), write_service_metadata(metadata)),
                ("DELETE", participant_path(metadata.participant), b""),
            ):
                reply = client.ask(method, path, body)
                assert reply.status == 409, (dialect, method, reply)
                assert b"REVIEW-REQUIRED" in reply.body
