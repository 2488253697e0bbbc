# SPDX-License-Identifier: Apache-2.0
"""Domains, groups and access points over REST."""

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from registry.app.code_lists import import_code_lists
from registry.demo.content import INVOICE
from registry.domains.loader import profile_names
from tests.simulators.asgi import Reply
from tests.simulators.code_lists import participant_list, written
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons, segment

NEW = {"name": "other", "profile": "demo", "settings": {"default": False, "dns": {"zone": "other.test"}}}


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


def test_domain_is_made_from_a_profile_and_listed(office: RestOffice, admin: RestCaller) -> None:
    made = office.ask("POST", "/domains", admin, NEW)
    assert (made.status, made.headers["location"]) == (201, "/api/v1/domains/other")
    assert office.ask("GET", "/domains/other", admin).json() == made.json()
    assert made.json()["zone"] == "other.test"
    assert [item["name"] for item in office.items("/domains?limit=1", admin)] == ["demo", "other"]
    assert office.items("/domains?profile=nix", admin) == []
    assert office.ask("POST", "/domains", admin, NEW).status == 409


@pytest.mark.parametrize(
    "change",
    [
        {"profile": "nix"},
        {"profile": "../demo.yaml"},
        {"name": "Bad Name"},
        {"settings": {"smp": {"nix": 1}}},
        {"settings": {"trust": {"smp-sign": {"anchor_files": ["/etc/passwd"]}}}},
        {"settings": {"title": "\ud800"}},
        {"settings": {"a": [[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]}},
        {"settings": {"default": True}},
        {"signing_key": "/etc/key"},
    ],
)
def test_domain_that_can_not_be_is_refused_and_leaves_nothing(
    office: RestOffice, admin: RestCaller, change: dict[str, Any]
) -> None:
    reply = office.ask("POST", "/domains", admin, NEW | change)
    assert reply.status == 400
    assert reasons(reply)
    assert [item["name"] for item in office.items("/domains", admin)] == ["demo"]


@pytest.mark.parametrize(
    "trust",
    [
        {"smp-sign": {"anchor_files": ["/etc/passwd"]}},
        {"model_file": "/etc/passwd"},
        {"model": "peppol-g3", "certificate_dir": "/etc"},
    ],
    ids=["anchor_files", "model_file", "certificate_dir"],
)
def test_file_of_the_server_is_never_read_for_a_caller(
    office: RestOffice, admin: RestCaller, trust: dict[str, Any]
) -> None:
    settings = {"trust": trust}
    for reply in (
        office.ask("PATCH", "/domains/demo", admin, settings),
        office.ask("POST", "/domains", admin, NEW | {"settings": settings}),
    ):
        assert "command line" in reply.json()["reasons"][0]["message"]


def test_change_is_planned_and_then_made(office: RestOffice, admin: RestCaller) -> None:
    settings = {"smp": {"base_url": "https://new.example.org"}}
    before = office.ask("GET", "/domains/demo", admin)
    planned = office.ask("PATCH", "/domains/demo?plan=true", admin, settings, if_match=before.headers["etag"])
    assert (planned.status, planned.json()["planned"], "etag" in planned.headers) == (200, True, False)
    assert office.ask("GET", "/domains/demo", admin).headers["etag"] == before.headers["etag"]
    made = office.ask("PATCH", "/domains/demo", admin, settings, if_match=before.headers["etag"])
    assert made.json()["differences"] == planned.json()["differences"]
    assert made.json()["differences"] == [
        {"setting": "smp.base_url", "before": "https://smp.example.org/base", "after": "https://new.example.org"}
    ]
    assert "tell the SML the new address of SMP-TEST, too" in made.json()["follows"]
    assert office.ask("GET", "/domains/demo", admin).headers["etag"] == made.headers["etag"]
    assert office.ask("PATCH", "/domains/demo", admin, settings, if_match=before.headers["etag"]).status == 412


def test_settings_that_can_not_be_are_refused_line_by_line(office: RestOffice, admin: RestCaller) -> None:
    reply = office.ask("PATCH", "/domains/demo", admin, {"smp": {"nix": 1, "base_url": "x"}, "nix": 2})
    assert reply.status == 400
    told = [reason["message"] for reason in reply.json()["reasons"]]
    assert any("smp.nix" in message for message in told)
    assert len(told) >= 2


def test_change_that_the_present_state_forbids_is_a_conflict(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("PATCH", "/domains/demo", admin, {"dns": {"zone": "new.test"}}).status == 409
    assert office.ask("GET", "/domains/demo", admin).json()["zone"] == "sml.test"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"dns": {"zone": "new.test"}}, 409),
        ({"dns": {"legacy_cname": True}}, 409),
        ({"smp": {"dialects": ["bdxr2"], "signature_algorithms": ["ecdsa-sha256"]}}, 400),
    ],
    ids=["zone", "names", "signing key"],
)
def test_plan_is_refused_where_the_change_itself_would_be(
    office: RestOffice, admin: RestCaller, change: dict[str, Any], status: int
) -> None:
    planned, made = (office.ask("PATCH", f"/domains/demo{query}", admin, change) for query in ("?plan=true", ""))
    assert (planned.status, made.status) == (status, status)
    assert reasons(planned) == reasons(made)
    assert planned.json()["detail"] == made.json()["detail"]


def test_code_lists_in_force_are_no_difference(office: RestOffice, admin: RestCaller, tmp_path: Path) -> None:
    files = written(tmp_path, participant_list("1", i0088="active"))
    import_code_lists(office.offline.instance, ACTOR, "demo", files)
    for query in ("?plan=true", ""):
        changed = office.ask("PATCH", f"/domains/demo{query}", admin, {"title": f"Ours {query}"}).json()
        assert [item["setting"] for item in changed["differences"]] == ["title"]
        assert changed["follows"] == []


def test_settings_are_told_one_by_one_with_what_the_profile_says(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PATCH", "/domains/demo", admin, {"dns": {"ttl": 61}})
    told = office.ask("GET", "/domains/demo/settings", admin).json()
    assert told["profile"] == "demo"
    found = {item.pop("setting"): item for item in told["items"]}
    assert found["dns.ttl"] == {"value": 61, "of_profile": 60, "source": "domain"}
    assert found["dns.soa_minimum"] == {"value": 60, "of_profile": 60, "source": "profile"}
    assert found["smp.smp_id"] == {"value": "SMP-TEST", "of_profile": None, "source": "domain"}
    assert found["trust.smp-sign.anchors"]["of_profile"] == "none"
    assert "BEGIN" not in str(found)
    assert not {name for name in found if name.startswith(("notes", "sources"))}


def test_shipped_profiles_are_listed_for_everybody_who_is_known(office: RestOffice) -> None:
    profiles = {item["name"]: item for item in office.items("/profiles?limit=4", office.caller(Role.VIEWER))}
    assert set(profiles) == set(profile_names())
    assert (profiles["demo"]["sml"], profiles["demo"]["name_servers"]) == (True, ["localhost"])
    assert (profiles["e-codex"]["kind"], profiles["peppol"]["kind"]) == ("static", "dynamic")


def test_admin_of_a_domain_changes_it_and_makes_none(office: RestOffice) -> None:
    one = office.caller(Role.ADMIN, Scope(office.offline.stored.id))
    assert office.ask("PATCH", "/domains/demo", one, {"title": "Ours"}).status == 200
    assert office.ask("POST", "/domains", one, NEW).status == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("push_to", [{"server": "192.0.2.1:53", "key": "of-others"}]),
        ("secondaries", [{"server": "192.0.2.1:53", "key": "of-others"}]),
        ("transfer_keys", ["of-others"]),
        ("transfer_networks", ["192.0.2.0/24"]),
    ],
)
def test_only_admins_of_the_system_say_who_gets_a_zone_by_which_key(
    office: RestOffice, admin: RestCaller, name: str, value: list[Any]
) -> None:
    theirs = office.caller(Role.ADMIN, Scope(office.offline.stored.id))
    settings = {"dns": {name: value}}
    assert office.ask("PATCH", "/domains/demo", theirs, settings).status == 403
    assert office.ask("PATCH", "/domains/demo?plan=true", theirs, settings).status == 403
    assert office.ask("PATCH", "/domains/demo", admin, settings).status == 200
    assert office.ask("PATCH", "/domains/demo", theirs, {"dns": {"ttl": 61}}).status == 200


def test_code_lists_in_force_are_shown(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("GET", "/domains/demo/code-lists", admin).json() == {"items": []}


def test_group_is_made_renamed_and_removed(office: RestOffice, admin: RestCaller) -> None:
    made = office.ask("PUT", "/domains/demo/groups/a%2Fb", admin, {"description": "one"})
    assert (made.status, made.headers["location"]) == (201, "/api/v1/domains/demo/groups/a%2Fb")
    assert office.ask("PUT", "/domains/demo/groups/a%2Fb", admin, {}, if_none_match="*").status == 412
    replaced = office.ask("PUT", "/domains/demo/groups/a%2Fb", admin, {"description": "two"})
    assert (replaced.status, replaced.json()["description"]) == (200, "two")
    renamed = office.ask("PATCH", "/domains/demo/groups/a%2Fb", admin, {"name": "c"})
    assert renamed.json()["name"] == "c"
    assert office.ask("GET", "/domains/demo/groups/a%2Fb", admin).status == 404
    assert office.ask("DELETE", "/domains/demo/groups/c", admin, if_match=made.headers["etag"]).status == 412
    assert office.ask("DELETE", "/domains/demo/groups/c", admin, if_match=renamed.headers["etag"]).status == 204
    assert office.ask("DELETE", "/domains/demo/groups/c", admin).status == 404


def test_groups_come_page_by_page(office: RestOffice, admin: RestCaller) -> None:
    for name in "edcba":
        office.ask("PUT", f"/domains/demo/groups/{name}", admin, {})
    assert [item["name"] for item in office.items("/domains/demo/groups?limit=2", admin)] == [*"edcba"]


@pytest.fixture
def access_point(office: RestOffice, admin: RestCaller) -> str:
    """The path of the one access point."""
    path = f"/domains/demo/participants/{segment(str(participant()))}"
    endpoint = {
        "transport_profile": "peppol-transport-as4-v2_0",
        "address": "https://ap.example.org/as4",
        "certificates": [{"der": certificate(office, 0)}],
        "description": "receives",
        "technical_contact": "https://example.org/help",
    }
    service = {"process_metadata": [{"processes": [{"scheme": "s", "value": "p"}], "endpoints": [endpoint]}]}
    office.ask("PUT", path, admin, {})
    made = office.ask("PUT", f"{path}/services/{segment(str(INVOICE))}", admin, service)
    assert made.status == 201, made.body
    (found,) = office.items("/domains/demo/access-points", admin)
    assert (found["endpoints"], found["planned"]) == (1, None)
    return f"/domains/demo/access-points/{segment(found['name'])}"


def certificate(office: RestOffice, number: int) -> str:
    held = office.offline.pki.access_points[number].certificate
    return base64.b64encode(held.public_bytes(Encoding.DER)).decode()


def test_access_point_changes_at_once(office: RestOffice, admin: RestCaller, access_point: str) -> None:
    before = office.ask("GET", access_point, admin)
    changed = office.ask("PATCH", access_point, admin, {"address": "https://new.example.org/"})
    assert changed.json()["address"] == "https://new.example.org/"
    assert changed.json()["certificates"] == before.json()["certificates"]
    assert office.ask("GET", access_point, admin).headers["etag"] == changed.headers["etag"]
    stale = before.headers["etag"]
    assert office.ask("PATCH", access_point, admin, {"address": "https://x.example/"}, if_match=stale).status == 412


def test_access_point_changes_at_the_planned_instant(office: RestOffice, admin: RestCaller, access_point: str) -> None:
    at = office.offline.clock.now.replace(microsecond=0)
    office.offline.clock.forward(hours=-1)
    body = {"address": "https://new.example.org/", "at": at.isoformat()}
    planned = office.ask("PATCH", access_point, admin, body)
    assert planned.json()["address"] == "https://ap.example.org/as4"
    assert planned.json()["planned"]["at"] == at.isoformat().replace("+00:00", "Z")
    office.offline.clock.forward(hours=1)
    assert office.ask("GET", access_point, admin).json()["address"] == "https://new.example.org/"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"certificate": "AAAA"},
        {"certificate": "A"},
        {"address": "https://x.example/", "at": "2001-01-01T00:00:00Z"},
        {"transport_profile": "other"},
    ],
)
def test_access_point_change_that_can_not_be_is_refused(
    office: RestOffice, admin: RestCaller, access_point: str, body: dict[str, Any]
) -> None:
    before = office.ask("GET", access_point, admin)
    reply: Reply = office.ask("PATCH", access_point, admin, body)
    assert (reply.status, bool(reasons(reply))) == (400, True)
    assert office.ask("GET", access_point, admin).body == before.body


def test_access_point_that_does_not_exist(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("GET", "/domains/demo/access-points/nix", admin).status == 404
    assert (
        office.ask("PATCH", "/domains/demo/access-points/nix", admin, {"address": "https://x.example/"}).status == 404
    )
