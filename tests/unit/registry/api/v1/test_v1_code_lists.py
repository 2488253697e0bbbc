# SPDX-License-Identifier: Apache-2.0
"""Codes of the lists in force over REST: searched, by state, page by page."""

from pathlib import Path

import pytest

from registry.accounts.permissions import Role, Scope
from registry.app.code_lists import import_code_lists
from tests.simulators.code_lists import code_list, written
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice

CODES = "/domains/demo/code-lists"


@pytest.fixture
def office(offline: OfflineInstance, tmp_path: Path) -> RestOffice:
    rows: list[dict[str, object]] = [
        {"scheme": "s", "value": f"urn:{number}", "name": name, "state": state, "abstract": False}
        for number, (name, state) in enumerate(
            [("Straße", "active"), ("Order", "deprecated"), ("Order", "removed"), ("Big Order", "active")]
        )
    ]
    profile: dict[str, object] = {"profile-id": "p", "protocol": "AS4", "profile-version": "2", "state": "active"}
    lists = written(tmp_path, code_list("1", *rows), code_list("1", profile))
    import_code_lists(offline.instance, ACTOR, "demo", lists)
    office = RestOffice(offline)
    office.context.directory.refresh()
    return office


@pytest.fixture
def viewer(office: RestOffice) -> RestCaller:
    return office.caller(Role.VIEWER, Scope(office.offline.stored.id))


def values(office: RestOffice, viewer: RestCaller, query: str) -> list[str]:
    return [each["value"] for each in office.items(f"{CODES}/document-type?limit=1&{query}", viewer)]


def test_codes_come_by_name_page_by_page(office: RestOffice, viewer: RestCaller) -> None:
    assert values(office, viewer, "") == ["urn:3", "urn:1", "urn:2", "urn:0"]


def test_all_words_are_searched_in_name_and_code_whatever_their_case(office: RestOffice, viewer: RestCaller) -> None:
    assert values(office, viewer, "search=ORDER%20big") == ["urn:3"]
    assert values(office, viewer, "search=STRASSE") == ["urn:0"]
    assert values(office, viewer, "search=s%3A%3Aurn%3A1") == ["urn:1"]
    assert values(office, viewer, "search=nowhere") == []
    assert values(office, viewer, "state=deprecated") == ["urn:1"]
    assert values(office, viewer, "state=active&search=order") == ["urn:3"]


def test_kinds_without_a_list_are_not_found(office: RestOffice, viewer: RestCaller) -> None:
    profile = {"scheme": "", "value": "p", "name": "AS4 2", "state": "active", "registrable": True}
    assert office.items(f"{CODES}/transport-profile", viewer) == [profile]
    assert office.ask("GET", f"{CODES}/process", viewer).status == 404
    assert office.ask("GET", f"{CODES}/nonsense", viewer).status == 400
