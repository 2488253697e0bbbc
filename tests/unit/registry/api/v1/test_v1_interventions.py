# SPDX-License-Identifier: Apache-2.0
"""Interventions over REST: plan, ask, approve by another account, refuse, undo; with problems that say why not."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.app.domain_setup import change_domain
from registry.identifiers.participant import ISO6523
from registry.storage.queries import quarantine
from registry.storage.queries.quarantine import QuarantineRow
from tests.simulators.asgi import Reply
from tests.simulators.interventions import A, B, Office, open_office
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice

INTERVENTIONS = "/domains/demo/interventions"
TRANSFER = {"kind": "transfer", "smp_id": A, "to_smp_id": B, "order_reference": "court 12/2026"}


@pytest.fixture
def smps(offline: OfflineInstance) -> Office:
    office = open_office(offline)
    office.register(A, "0088:1", "0088:2")
    return office


@pytest.fixture
def rest(smps: Office) -> RestOffice:
    return RestOffice(smps.offline)


@pytest.fixture
def anna(rest: RestOffice) -> RestCaller:
    return rest.caller(Role.ADMIN, Scope(rest.offline.stored.id))


@pytest.fixture
def bert(rest: RestOffice) -> RestCaller:
    return rest.caller(Role.ADMIN, Scope(rest.offline.stored.id))


def four_eyes(rest: RestOffice, *kinds: str, **settings: Any) -> None:
    change_domain(rest.offline.instance, ACTOR, "demo", {"sml": {"four_eyes": [*kinds], **settings}})


def made(reply: Reply) -> dict[str, Any]:
    assert reply.status == 201, reply.body
    found: dict[str, Any] = reply.json()
    assert reply.headers["location"] == f"/api/v1{INTERVENTIONS}/{found['number']}"
    return found


def test_plan_changes_nothing_and_asking_applies(rest: RestOffice, smps: Office, anna: RestCaller) -> None:
    plan = rest.ask("POST", f"{INTERVENTIONS}?plan=true", anna, TRANSFER)
    assert (plan.status, plan.json()["counts"]["participants"]) == (200, 2)
    assert smps.held(A) == ["0088:1", "0088:2"]
    done = made(rest.ask("POST", INTERVENTIONS, anna, TRANSFER))
    assert (done["state"], done["asked_by"], done["plan"]["counts"]["participants"]) == ("applied", anna.name, 2)
    assert (done["smp_id"], done["to_smp_id"], done["order_reference"]) == (A, B, "court 12/2026")
    assert smps.held(B) == ["0088:1", "0088:2"]
    read = rest.ask("GET", f"{INTERVENTIONS}/{done['number']}", anna)
    assert read.json() == done
    listed = rest.items(f"{INTERVENTIONS}?state=applied", anna)
    assert [item["number"] for item in listed] == [done["number"]]
    assert rest.items(f"{INTERVENTIONS}?state=waiting", anna) == []


def test_same_request_under_a_key_intervenes_once(rest: RestOffice, anna: RestCaller) -> None:
    body = {"kind": "suspend-publisher", "smp_id": A}
    first = rest.ask("POST", INTERVENTIONS, anna, body, idempotency_key="once-and-only-once")
    again = rest.ask("POST", INTERVENTIONS, anna, body, idempotency_key="once-and-only-once")
    assert again.json() == first.json()
    assert len(rest.items(INTERVENTIONS, anna)) == 1
    assert rest.ask("POST", INTERVENTIONS, anna, body).status == 409


def test_another_account_approves(rest: RestOffice, smps: Office, anna: RestCaller, bert: RestCaller) -> None:
    four_eyes(rest, "transfer")
    waiting = made(rest.ask("POST", INTERVENTIONS, anna, TRANSFER))
    assert (waiting["state"], waiting["approved_by"]) == ("waiting", None)
    approve = f"{INTERVENTIONS}/{waiting['number']}/approve"
    refused = rest.ask("POST", approve, anna)
    assert (refused.status, "who asked can't approve" in refused.json()["detail"]) == (403, True)
    assert smps.held(B) == []
    approved = rest.ask("POST", approve, bert).json()
    assert (approved["state"], approved["approved_by"]) == ("applied", bert.name)
    assert smps.held(B) == ["0088:1", "0088:2"]
    assert rest.ask("POST", approve, bert).status == 409


def test_four_eyes_are_not_got_round(rest: RestOffice, smps: Office, anna: RestCaller) -> None:
    four_eyes(rest, "transfer", "resume-participant")
    one = {"publisher": B, "participants": [str(participant("0088:1"))]}
    ways = [
        ("POST", "/domains/demo/registrations/move", one),
        ("PUT", "/domains/demo/registrations/iso6523-actorid-upis%3A%3A0088%3A1", {"publisher": B}),
        ("PUT", f"/domains/demo/publishers/{A}", {"logical_address": "https://b.example/smp"}),
    ]
    for method, path, body in ways:
        refused = rest.ask(method, path, anna, body)
        assert (refused.status, "wants a second person for transfer" in refused.json()["detail"]) == (409, True)
    suspend = {"kind": "suspend-participant", "participants": [str(participant("0088:1"))]}
    made(rest.ask("POST", INTERVENTIONS, anna, suspend))
    for method, path, body in (
        ("DELETE", "/domains/demo/registrations/iso6523-actorid-upis%3A%3A0088%3A1", None),
        ("POST", "/domains/demo/registrations/remove", {"participants": one["participants"]}),
        ("DELETE", f"/domains/demo/publishers/{A}", None),
    ):
        refused = rest.ask(method, path, anna, body)
        assert "wants a second person for resume-participant" in refused.json()["detail"]
    assert smps.held(A) == ["0088:1", "0088:2"]


def test_asked_for_is_refused_or_withdrawn(rest: RestOffice, anna: RestCaller, bert: RestCaller) -> None:
    four_eyes(rest, "transfer")
    number = made(rest.ask("POST", INTERVENTIONS, anna, TRANSFER))["number"]
    refused = rest.ask("POST", f"{INTERVENTIONS}/{number}/refuse", bert).json()
    assert (refused["state"], refused["refused_by"]) == ("refused", bert.name)


def test_undoing_is_planned_and_done(rest: RestOffice, smps: Office, anna: RestCaller) -> None:
    number = made(rest.ask("POST", INTERVENTIONS, anna, TRANSFER))["number"]
    plan = rest.ask("POST", f"{INTERVENTIONS}/{number}/undo?plan=true", anna, {})
    assert plan.json()["counts"] == {"participants": 2, "left": 0}
    undoing = made(rest.ask("POST", f"{INTERVENTIONS}/{number}/undo", anna, {"reason": "the order was lifted"}))
    assert (undoing["undoes"], undoing["state"], undoing["reason"]) == (number, "applied", "the order was lifted")
    assert smps.held(A) == ["0088:1", "0088:2"]
    undone = rest.ask("GET", f"{INTERVENTIONS}/{number}", anna).json()
    assert (undone["state"], undone["undone_by"]) == ("undone", anna.name)
    assert undone["hindrance"] == f"intervention {number} is undone: there is nothing to undo"


def test_block_by_file_or_by_name_is_listed(rest: RestOffice, smps: Office, anna: RestCaller) -> None:
    pem = smps.certificates[A].public_bytes(Encoding.PEM).decode()
    both = [{"certificate": pem}, {"issuer": "CN=Some CA", "serial": "00:1F"}]
    done = made(rest.ask("POST", INTERVENTIONS, anna, {"kind": "block-certificate", "certificates": both}))
    assert done["plan"]["counts"] == {"certificates": 2, "publishers": 1, "silenced": 1}
    listed = rest.items("/domains/demo/blocked-certificates", anna)
    assert ("CN=Some CA", "1f") in {(item["issuer"], item["serial"]) for item in listed}
    assert {item["intervention"] for item in listed} == {done["number"]}
    page = rest.ask("GET", "/domains/demo/blocked-certificates?limit=1", anna).json()
    rest_of_it = rest.ask("GET", f"/domains/demo/blocked-certificates?cursor={page['next_cursor']}", anna).json()
    assert [*page["items"], *rest_of_it["items"]] == listed


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"kind": "transfer"}, ["INTERVENTION-MISSING"] * 3),
        ({"kind": "suspend-publisher", "smp_id": A, "to_smp_id": B}, ["INTERVENTION-SUPERFLUOUS"]),
        ({"kind": "suspend-participant", "participants": ["x", "y"]}, ["IDENTIFIER-FORM"] * 2),
        ({"kind": "block-certificate", "certificates": [{}]}, ["INTERVENTION-CERTIFICATE"]),
        ({"kind": "block-certificate", "certificates": [{"certificate": "x"}]}, ["CERTIFICATE-PEM"]),
        ({"kind": "destroy"}, ["REST-INPUT"]),
        ({"kind": "suspend-publisher", "smp_id": A, "undoes": 1}, ["REST-INPUT"]),
    ],
    ids=["nothing", "too-much", "identifiers", "no-name", "no-certificate", "kind", "undoes"],
)
def test_wrong_request_is_refused_with_all_reasons(
    rest: RestOffice, anna: RestCaller, body: dict[str, Any], ids: list[str]
) -> None:
    refused = rest.ask("POST", INTERVENTIONS, anna, body)
    assert refused.status == 400
    assert [reason["id"] for reason in refused.json()["reasons"]] == ids


def test_quarantine_is_listed(rest: RestOffice, smps: Office, anna: RestCaller) -> None:
    until = smps.offline.clock.now
    assert rest.items("/domains/demo/quarantine", anna) == []
    with rest.database.write(ACTOR) as work:
        quarantine.put(
            work,
            [
                QuarantineRow(smps.stored.id, ISO6523, f"0088:{n}", smp, until.replace(year=until.year + 1))
                for n, smp in ((1, A), (2, ""))
            ],
        )
    listed = rest.items("/domains/demo/quarantine", anna)
    assert [(item["participant"][-1], item["smp_id"]) for item in listed] == [("1", A), ("2", None)]
    page = rest.ask("GET", "/domains/demo/quarantine?limit=1", anna).json()
    following = rest.ask("GET", f"/domains/demo/quarantine?cursor={page['next_cursor']}", anna).json()
    assert [*page["items"], *following["items"]] == listed


def test_nobody_below_an_administrator_intervenes(rest: RestOffice, anna: RestCaller) -> None:
    editor = rest.caller(Role.EDITOR, Scope(rest.offline.stored.id))
    assert rest.ask("POST", INTERVENTIONS, editor, TRANSFER).status == 403
    assert rest.ask("GET", INTERVENTIONS, editor).status == 403
    assert rest.ask("GET", f"{INTERVENTIONS}/999", anna).status == 404


def test_reasons_point_to_what_is_missing(rest: RestOffice, anna: RestCaller) -> None:
    refused = rest.ask("POST", INTERVENTIONS, anna, {"kind": "transfer", "smp_id": A})
    assert [reason["pointer"] for reason in refused.json()["reasons"]] == ["#/order_reference", "#/to_smp_id"]
