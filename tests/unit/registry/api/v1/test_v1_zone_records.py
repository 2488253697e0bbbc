# SPDX-License-Identifier: Apache-2.0
"""The operator's records in a zone over REST: with conditions, pages and all reasons."""

import pytest

from registry.accounts.permissions import Role, Scope
from tests.simulators.offline import OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons

RECORDS = "/domains/demo/zone-records"
ALIAS = f"{RECORDS}/0088.sml/CNAME"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN, Scope(office.offline.stored.id))


def test_a_record_is_put_changed_and_removed(office: RestOffice, admin: RestCaller) -> None:
    made = office.ask("PUT", ALIAS, admin, {"records": ["sml.example.org."]})
    assert (made.status, made.headers["location"]) == (201, f"/api/v1{ALIAS}")
    shown = made.json()
    assert (shown["name"], shown["ttl"]) == ("0088.sml.sml.test.", 3600)
    assert office.offline.zone_state()["0088.sml", "CNAME"] == "3600 sml.example.org."
    read = office.ask("GET", f"{RECORDS}/0088.sml.sml.test./cname", admin)
    assert read.headers["etag"] == made.headers["etag"]
    changed = office.ask("PUT", ALIAS, admin, {"ttl": 60, "records": ["b.example."]}, if_match=read.headers["etag"])
    assert (changed.status, changed.json()["records"]) == (200, ["b.example."])
    assert office.ask("DELETE", ALIAS, admin, if_match=read.headers["etag"]).status == 412
    assert office.ask("DELETE", ALIAS, admin, if_match=changed.headers["etag"]).status == 204
    assert office.ask("GET", ALIAS, admin).status == 404
    assert office.ask("DELETE", ALIAS, admin).status == 404


def test_a_record_that_breaks_rules_is_refused_with_all_reasons(office: RestOffice, admin: RestCaller) -> None:
    refused = office.ask("PUT", f"{RECORDS}/*.publisher/NS", admin, {"records": ["x..y."]})
    assert refused.status == 400
    assert reasons(refused) == {"DNS-RDATA", "ZONE-RECORD-WILDCARD", "ZONE-RECORD-PUBLISHER"}


def test_records_come_page_by_page_and_by_name(office: RestOffice, admin: RestCaller) -> None:
    for icd in ("0088", "0195", "9914"):
        office.ask("PUT", f"{RECORDS}/{icd}.iso6523/NS", admin, {"records": ["ns.example.org."]})
    names = [item["name"].partition(".")[0] for item in office.items(f"{RECORDS}?limit=2", admin)]
    assert names == ["0088", "0195", "9914"]
    assert len(office.items(f"{RECORDS}?name=0195.iso6523", admin)) == 1


def test_only_an_administrator_of_the_domain_writes(office: RestOffice) -> None:
    editor = office.caller(Role.EDITOR, Scope(office.offline.stored.id))
    assert office.ask("PUT", ALIAS, editor, {"records": ["sml.example.org."]}).status == 403
    assert office.ask("GET", RECORDS, editor).status == 200
