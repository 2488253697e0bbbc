# SPDX-License-Identifier: Apache-2.0
"""Participants, services and business cards over REST: what is put is what is read, and DNS follows."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role
from registry.api.v1.routing import PREFIX
from registry.demo.content import INVOICE
from registry.identifiers.participant import ISO6523
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName, write_business_card
from tests.simulators.asgi import call
from tests.simulators.offline import OfflineInstance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons, segment

PARTICIPANTS = "/domains/demo/participants"
PATH = f"{PARTICIPANTS}/{segment(str(participant()))}"
SERVICE = f"{PATH}/services/{segment(str(INVOICE))}"
AS4 = "peppol-transport-as4-v2_0"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


def service(office: RestOffice, address: str = "https://ap.example.org/as4", process: str = "p1") -> dict[str, Any]:
    der = office.offline.pki.access_points[0].certificate.public_bytes(Encoding.DER)
    endpoint = {
        "transport_profile": AS4,
        "address": address,
        "certificates": [{"der": base64.b64encode(der).decode()}],
        "description": "receives",
        "technical_contact": "https://example.org/help",
    }
    processes = [{"scheme": "cenbii-procid-ubl", "value": process}]
    return {"process_metadata": [{"processes": processes, "endpoints": [endpoint]}]}


def test_participant_is_made_registered_read_and_deleted(office: RestOffice, admin: RestCaller) -> None:
    made = office.ask("PUT", PATH, admin, {})
    assert (made.status, made.headers["location"]) == (201, f"/api/v1{PATH}")
    assert made.json()["registered_by"] == "SMP-TEST"
    assert any(rdtype == "NAPTR" for _, rdtype in office.offline.zone_state())
    read = office.ask("GET", PATH, admin)
    assert (read.headers["etag"], read.json()) == (made.headers["etag"], made.json())
    assert office.ask("DELETE", PATH, admin, if_match='"x"').status == 412
    assert office.ask("DELETE", PATH, admin, if_match=made.headers["etag"]).status == 204
    assert not any(rdtype == "NAPTR" for _, rdtype in office.offline.zone_state())
    assert office.ask("GET", PATH, admin).status == 404
    assert office.ask("DELETE", PATH, admin).status == 404


def test_participant_is_taken_out_of_the_sml_and_put_into_it_again(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("PUT", PATH, admin, {"registered": False}).json()["registered_by"] is None
    assert office.ask("PUT", PATH, admin, {"registered": True}).json()["registered_by"] == "SMP-TEST"
    assert office.ask("PUT", PATH, admin, {"registered": False}).json()["registered_by"] is None
    assert office.ask("PUT", PATH, admin, {}).json()["registered_by"] is None, "what isn't said stays"


def test_spelling_of_the_path_does_not_matter(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PUT", f"{PARTICIPANTS}/{segment(f'{ISO6523}::0088:ABC')}", admin, {})
    read = office.ask("GET", f"{PARTICIPANTS}/{ISO6523}::0088:abc", admin)
    assert (read.status, read.json()["participant"]) == (200, f"{ISO6523}::0088:ABC")


@pytest.mark.parametrize("bad", ["nothing", "::x", f"{ISO6523}::"])
def test_participant_that_breaks_rules_is_refused_with_reasons(office: RestOffice, admin: RestCaller, bad: str) -> None:
    reply = office.ask("PUT", f"{PARTICIPANTS}/{segment(bad)}", admin, {})
    assert reply.status == 400
    assert reasons(reply)


def test_extensions_come_back_byte_for_byte(office: RestOffice, admin: RestCaller) -> None:
    extension = {
        "content": base64.b64encode(b"<x:a xmlns:x='urn:x'/>").decode(),
        "namespaces": [],
        "properties": [],
    }
    assert office.ask("PUT", PATH, admin, {"extensions": [extension]}).status == 201
    found = office.ask("GET", PATH, admin).json()["extensions"]
    assert [item["content"] for item in found] == [extension["content"]]
    assert office.ask("PUT", PATH, admin, {"extensions": [{"content": "%"}]}).status == 400
    assert office.ask("PUT", PATH, admin, {"extensions": [{"content": "A"}]}).status == 400


def test_properties_are_put_read_and_kept_where_nothing_is_said_of_them(office: RestOffice, admin: RestCaller) -> None:
    """No document of the SMP has them, and its documents say nothing of them."""
    properties = [
        {"type": "public", "name": "tier", "value": "gold"},
        {"type": "private", "name": "note", "value": "x"},
    ]
    made = office.ask("PUT", PATH, admin, {"properties": properties})
    assert (made.status, made.json()["properties"]) == (201, properties)
    assert office.ask("PUT", PATH, admin, {"extensions": []}).json()["properties"] == properties
    assert office.ask("PUT", PATH, admin, {"properties": []}).json()["properties"] == []


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        pytest.param([{"type": "public", "name": "a b"}], "", id="name"),
        pytest.param([{"type": "secret", "name": "a"}], "", id="type"),
        pytest.param(
            [{"type": "public", "name": "a"}, {"type": "private", "name": "a"}], "SMP-PROPERTY-TWICE", id="twice"
        ),
    ],
)
def test_properties_that_break_rules_are_refused(
    office: RestOffice, admin: RestCaller, properties: list[dict[str, str]], reason: str
) -> None:
    answer = office.ask("PUT", PATH, admin, {"properties": properties})
    assert answer.status == 400
    assert any(reason in found for found in reasons(answer))


def test_participants_are_listed_by_page_and_filter(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PUT", "/domains/demo/groups/g", admin, {})
    for number in range(5):
        body = {"group": "g"} if number == 1 else {"registered": number != 2}
        office.ask("PUT", f"{PARTICIPANTS}/{segment(f'{ISO6523}::0088:{number}')}", admin, body)
    office.ask("PUT", f"{PARTICIPANTS}/{segment(f'{ISO6523}::0060:Xy')}", admin, {})

    def values(query: str) -> list[str]:
        found = office.items(f"{PARTICIPANTS}?limit=2{query}", admin)
        return [item["participant"].rpartition("::")[2] for item in found]

    assert values("") == ["0060:Xy", *(f"0088:{number}" for number in range(5))]
    assert values(f"&scheme={ISO6523}&value_prefix=0088") == [f"0088:{number}" for number in range(5)]
    assert values(f"&scheme={ISO6523}&value_prefix=0060:xY") == ["0060:Xy"], "compared as the scheme does"
    assert values("&registered=false") == ["0088:2"]
    assert values("&group=g") == ["0088:1"]
    assert values("&scheme=other") == []
    assert office.ask("GET", f"{PARTICIPANTS}?group=nix", admin).status == 404
    assert office.ask("GET", f"{PARTICIPANTS}?limit=501", admin).status == 400
    assert office.ask("GET", f"{PARTICIPANTS}?cursor=WzFd", admin).status == 400
    page = office.ask("GET", f"{PARTICIPANTS}?limit=2&registered=true", admin)
    assert f'<{page.headers["link"][1:].partition(">")[0]}>; rel="next"' == page.headers["link"]
    following = office.ask("GET", page.headers["link"][len("</api/v1") :].partition(">")[0], admin)
    assert following.json()["items"][0]["participant"] == f"{ISO6523}::0088:1"


def test_participant_moves_between_groups(office: RestOffice, admin: RestCaller) -> None:
    for name in ("a", "b"):
        assert office.ask("PUT", f"/domains/demo/groups/{name}", admin, {}).status == 201
    assert office.ask("PUT", PATH, admin, {"group": "a"}).json()["group"] == "a"
    assert office.ask("PUT", PATH, admin, {"group": "b"}).json()["group"] == "b"
    assert office.ask("DELETE", "/domains/demo/groups/b", admin).status == 409
    assert office.ask("PUT", PATH, admin, {"group": None}).json()["group"] is None
    assert office.ask("DELETE", "/domains/demo/groups/b", admin).status == 204
    assert office.ask("PUT", PATH, admin, {"group": "b"}).status == 404


def test_service_is_published_read_and_withdrawn(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("PUT", SERVICE, admin, service(office)).status == 404, "there is no participant yet"
    office.ask("PUT", PATH, admin, {})
    made = office.ask("PUT", SERVICE, admin, service(office))
    assert (made.status, made.headers["location"]) == (201, f"/api/v1{SERVICE}")
    read = office.ask("GET", SERVICE, admin)
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    assert 'rel="alternate"' in read.headers["link"]
    assert read.json()["process_metadata"] == service(office)["process_metadata"]
    again = office.ask("PUT", SERVICE, admin, read.json(), if_match=read.headers["etag"])
    assert (again.status, again.headers["etag"]) == (200, read.headers["etag"])
    listed = office.items(f"{PATH}/services", admin)
    assert listed == [{"document_type": {"scheme": INVOICE.scheme, "value": INVOICE.value}}]
    assert office.ask("GET", PATH, admin).json()["services"] == 1
    assert office.ask("DELETE", SERVICE, admin, if_match='"x"').status == 412
    assert office.ask("DELETE", SERVICE, admin).status == 204
    assert office.ask("GET", SERVICE, admin).status == 404


def test_service_is_signed_once_it_is_published(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PUT", PATH, admin, {})
    office.ask("PUT", SERVICE, admin, service(office))
    with office.database.read() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM signed_document").scalar_one()
    assert found == 1


def test_part_of_a_service_is_said_anew_and_the_rest_stays(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PUT", PATH, admin, {})
    office.ask("PUT", SERVICE, admin, service(office))
    changed = office.ask("PATCH", SERVICE, admin, service(office, "https://new.example.org/", "p2"))
    assert changed.status == 200
    shown = {
        group["processes"][0]["value"]: group["endpoints"][0]["address"] for group in changed.json()["process_metadata"]
    }
    assert shown == {"p1": "https://ap.example.org/as4", "p2": "https://new.example.org/"}
    assert office.ask("GET", SERVICE, admin).headers["etag"] == changed.headers["etag"]


@pytest.mark.parametrize(
    "change",
    [
        {"document_type": {"scheme": "busdox-docid-qns", "value": "other::x##y::2.1"}},
        {"process_metadata": []},
        {"extensions": [{"content": base64.b64encode(b"<broken").decode()}]},
    ],
)
def test_service_that_breaks_rules_is_refused_with_reasons(
    office: RestOffice, admin: RestCaller, change: dict[str, Any]
) -> None:
    office.ask("PUT", PATH, admin, {})
    reply = office.ask("PUT", SERVICE, admin, service(office) | change)
    assert reply.status == 400
    assert reasons(reply)


def test_business_card_is_published_read_and_withdrawn(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PUT", PATH, admin, {})
    body = write_business_card(BusinessCard(participant(), (BusinessEntity((EntityName("Example"),), "BE"),)))
    headers = [(b"authorization", f"Bearer {admin.secret}".encode()), (b"content-type", b"application/xml")]
    path = f"{PREFIX}{PATH}/business-card".encode()
    made = call(office.app, "PUT", path, headers=headers, body=[body])
    assert (made.status, made.headers["content-type"]) == (201, "application/xml")
    read = office.ask("GET", f"{PATH}/business-card", admin)
    assert (read.body, read.headers["etag"]) == (made.body, made.headers["etag"])
    assert call(office.app, "PUT", path, headers=[*headers, (b"if-match", b'"x"')], body=[body]).status == 412
    assert call(office.app, "PUT", path, headers=headers, body=[body]).status == 200
    assert call(office.app, "PUT", path, headers=headers, body=[b"<x/>"]).status == 400
    assert office.ask("DELETE", f"{PATH}/business-card", admin, if_match=read.headers["etag"]).status == 204
    assert office.ask("GET", f"{PATH}/business-card", admin).status == 404
