# SPDX-License-Identifier: Apache-2.0
"""Accounts, their credentials and grants over REST: limits of who gives them, and that no secret is shown twice."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.groups import create_group
from registry.accounts.permissions import Role, Scope
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons, segment


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


def made(office: RestOffice, admin: RestCaller, name: str = "anna") -> str:
    reply = office.ask("POST", "/accounts", admin, {"name": name, "email": "anna@example.org"})
    assert reply.status == 201, reply.body
    return reply.headers["location"].removeprefix("/api/v1")


def test_account_is_made_changed_disabled_and_erased(office: RestOffice, admin: RestCaller) -> None:
    path = made(office, admin)
    read = office.ask("GET", path, admin)
    changed = office.ask("PATCH", path, admin, {"display_name": "Anna"}, if_match=read.headers["etag"])
    assert (changed.json()["display_name"], changed.json()["email"]) == ("Anna", "anna@example.org")
    assert office.ask("PATCH", path, admin, {"email": ""}, if_match=read.headers["etag"]).status == 412
    assert office.ask("POST", f"{path}/disable", admin).json()["state"] == "disabled"
    assert office.ask("POST", f"{path}/enable", admin).json()["state"] == "active"
    assert office.ask("DELETE", path, admin).status == 204
    erased = office.ask("GET", path, admin).json()
    assert (erased["state"], erased["email"], erased["display_name"]) == ("erased", "", "")
    assert "anna" not in office.everything().replace("banana", "")
    assert office.ask("PATCH", path, admin, {"name": "anna"}).status == 409


def test_names_are_taken_in_any_case(office: RestOffice, admin: RestCaller) -> None:
    made(office, admin)
    assert office.ask("POST", "/accounts", admin, {"name": "ANNA"}).status == 409
    (found,) = office.items("/accounts?name=Anna", admin)
    assert found["name"] == "anna"
    assert office.items("/accounts?name=Anna&kind=program", admin) == []
    refused = office.ask("POST", "/accounts", admin, {"name": " x", "email": "no address"})
    assert reasons(refused) == {"ACCOUNT-NAME", "ACCOUNT-EMAIL"}


def test_last_administrator_stays(office: RestOffice, admin: RestCaller) -> None:
    path = f"/accounts/{admin.account_id}"
    assert office.ask("POST", f"{path}/disable", admin).status == 409
    assert office.ask("DELETE", path, admin).status == 409
    assert office.ask("GET", "/accounts", admin).status == 200


def test_accounts_come_page_by_page(office: RestOffice, admin: RestCaller) -> None:
    for number in range(5):
        made(office, admin, f"n{number}")
    names = [item["name"] for item in office.items("/accounts?limit=2", admin)]
    assert names == [admin.name, *(f"n{number}" for number in range(5))]


def test_password_is_shown_once_and_kept_nowhere(office: RestOffice, admin: RestCaller) -> None:
    path = made(office, admin)
    reset = office.ask("POST", f"{path}/password/reset", admin)
    password = reset.json()["password"]
    assert password not in office.everything()
    (held,) = office.items(f"{path}/credentials", admin)
    assert (held["kind"], held["must_change"]) == ("password", True)
    assert "secret" not in held
    keyed = office.ask("POST", f"{path}/password/reset", admin, idempotency_key="k")
    assert reasons(keyed) == {"REST-PRECONDITION"}, "or the answer would be kept"
    weak = office.ask("PUT", f"{path}/password", admin, {"password": "anna"})
    assert reasons(weak) == {"PASSWORD-SHORT", "PASSWORD-NAME"}
    where = f"{path}/credentials/{held['id']}"
    assert office.ask("DELETE", where, admin, if_match=office.ask("GET", where, admin).headers["etag"]).status == 204
    assert office.ask("GET", where, admin).status == 404


def test_client_certificate_belongs_to_one_account(office: RestOffice, admin: RestCaller) -> None:
    pem = office.offline.pki.smp.certificate.public_bytes(Encoding.PEM).decode()
    path = made(office, admin)
    added = office.ask("POST", f"{path}/certificates", admin, {"certificate": pem, "label": "ERP"})
    assert (added.status, added.json()["label"]) == (201, "ERP")
    other = made(office, admin, "berta")
    assert office.ask("POST", f"{other}/certificates", admin, {"certificate": pem}).status == 409
    bad = office.ask("POST", f"{path}/certificates", admin, {"certificate": "-----BEGIN"})
    assert reasons(bad) == {"CERTIFICATE-PEM"}
    credential = added.json()["id"]
    assert office.ask("DELETE", f"{other}/credentials/{credential}", admin).status == 404, "it is somebody else's"


def test_nobody_gives_more_than_they_have_or_where_they_have_nothing(office: RestOffice, admin: RestCaller) -> None:
    domain_id = office.offline.stored.id
    group = create_group(office.database, ACTOR, domain_id, "ours")
    create_group(office.database, ACTOR, domain_id, "theirs")
    account = int(made(office, admin).rpartition("/")[2])
    domain_admin = office.caller(Role.ADMIN, Scope(domain_id))
    group_admin = office.caller(Role.ADMIN, Scope(domain_id, group.id))

    def give(by: RestCaller, role: str, **place: str) -> int:
        return office.ask("POST", "/grants", by, {"account": account, "role": role, "place": place}).status

    assert give(domain_admin, "admin") == 403, "the whole system is not theirs"
    assert give(domain_admin, "admin", domain="demo") == 201
    assert give(group_admin, "viewer", domain="demo") == 403
    assert give(group_admin, "admin", domain="demo", group="theirs") == 404
    assert give(group_admin, "editor", domain="demo", group="ours") == 201
    assert give(office.caller(Role.EDITOR), "viewer", domain="demo") == 403
    assert give(office.caller(), "viewer", domain="demo") == 404
    assert give(domain_admin, "viewer", domain="elsewhere") == 404
    assert give(admin, "viewer", group="ours") == 400
    seen = [item["place"]["group"] for item in office.items("/domains/demo/grants", group_admin)]
    assert seen == ["ours", "ours"]
    assert len(office.items("/domains/demo/grants?limit=2", domain_admin)) == 4
    assert len(office.items(f"/grants?account={account}", admin)) == 2


def test_grant_is_replaced_at_its_place_and_taken_away(office: RestOffice, admin: RestCaller) -> None:
    account = int(made(office, admin).rpartition("/")[2])
    body = {"account": account, "role": "viewer", "place": {"domain": "demo"}}
    first = office.ask("POST", "/grants", admin, body)
    second = office.ask("POST", "/grants", admin, {**body, "role": "admin"})
    assert (first.json()["id"], second.json()["role"]) == (second.json()["id"], "admin")
    path = first.headers["location"].removeprefix("/api/v1")
    assert office.ask("DELETE", path, admin, if_match='"old"').status == 412
    assert office.ask("DELETE", path, admin).status == 204
    assert office.ask("GET", path, admin).status == 404
    assert office.ask("POST", "/grants", admin, {**body, "account": 999}).status == 404


def test_grant_is_given_by_the_name_of_an_account_too(office: RestOffice, admin: RestCaller) -> None:
    path = made(office, admin).removeprefix("/api/v1")
    held = office.ask("GET", path, admin).json()
    body = {"account": held["name"].upper(), "role": "viewer", "place": {"domain": "demo"}}
    assert office.ask("POST", "/grants", admin, body).json()["account"] == held["id"]
    for wrong in ("", "nobody", "x" * 129, True, None, 0):
        assert office.ask("POST", "/grants", admin, {**body, "account": wrong}).status in {400, 404}


def test_grants_are_narrowed_to_what_counts_at_a_place(office: RestOffice, admin: RestCaller) -> None:
    group = create_group(office.database, ACTOR, office.offline.stored.id, "ours")
    create_group(office.database, ACTOR, office.offline.stored.id, "theirs")
    for name in ("iso6523-actorid-upis::0088:in", "iso6523-actorid-upis::0088:out"):
        body = {"group": group.name} if name.endswith("in") else {}
        assert office.ask("PUT", f"/domains/demo/participants/{segment(name)}", admin, body).status == 201
    account = int(made(office, admin).rpartition("/")[2])
    places: list[dict[str, str]] = [
        {},
        {"group": "ours"},
        {"group": "theirs"},
        {"participant": "iso6523-actorid-upis::0088:in"},
        {"participant": "iso6523-actorid-upis::0088:out"},
    ]
    for place in places:
        body = {"account": account, "role": "viewer", "place": {"domain": "demo", **place}}
        assert office.ask("POST", "/grants", admin, body).status == 201

    def at(query: str) -> list[dict[str, str]]:
        found = [item["place"] for item in office.items(f"/domains/demo/grants{query}", admin)]
        return [{name: value for name, value in place.items() if value and name != "domain"} for place in found]

    assert at("") == places
    assert at("?group=ours") == places[:2]
    assert at(f"?participant={segment('iso6523-actorid-upis::0088:IN')}") == [places[0], places[1], places[3]]
    assert at(f"?participant={segment('iso6523-actorid-upis::0088:out')}") == [places[0], places[4]]
    assert office.ask("GET", "/domains/demo/grants?group=none", admin).status == 404
