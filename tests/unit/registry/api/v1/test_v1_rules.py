# SPDX-License-Identifier: Apache-2.0
"""Rules of routes: each has one; what isn't seen is as if it weren't there, and what is seen may still be forbidden."""

from typing import Any

import pytest

from registry.accounts.permissions import SYSTEM, Action, Role, Scope
from registry.api.v1 import rules
from registry.api.v1.app import ApiV1, routes_of
from registry.api.v1.call import Call
from registry.api.v1.models import Model
from registry.api.v1.resources import RESOURCES
from registry.api.v1.routing import Entry, Resource
from registry.api.v1.rules import Authenticated, Needs, Open, Within
from tests.simulators.offline import OfflineInstance, participant
from tests.simulators.rest_callers import RestOffice, segment

PATH = f"/domains/demo/participants/{segment(str(participant()))}"


class Said(Model):
    """An answer."""

    text: str


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.mark.parametrize("rule", [None, "open", Open])
def test_route_without_a_rule_can_not_be_declared(rule: Any) -> None:
    with pytest.raises(TypeError, match="has no rule"):
        Resource("t", "").get("/t", rule, {200: None})(lambda call: None)


def test_every_route_has_a_rule_and_only_logins_are_open() -> None:
    entries = [route.entry for route in routes_of(None, RESOURCES)]
    assert all(isinstance(entry.rule, Needs | Within | Authenticated | Open) for entry in entries)
    paths = {entry.path for entry in entries if isinstance(entry.rule, Open)}
    assert all(path == "/session" or path.startswith("/session/oidc") for path in paths), paths


def test_every_rule_inside_of_a_domain_looks_at_that_domain() -> None:
    for entry in (route.entry for route in routes_of(None, RESOURCES)):
        if "{domain}" in entry.path:
            assert isinstance(entry.rule, Needs | Within), entry.path
            assert entry.rule.at is not rules.system, entry.path


def test_handler_that_does_not_narrow_is_not_answered(office: RestOffice) -> None:
    resource = Resource("t", "")

    @resource.get("/domains/{domain}/t", Within(Action.PARTICIPANT_READ, rules.domain), {200: Said})
    def careless(call: Call, domain: str) -> Said:
        """Forget it."""
        return Said(text="all of it")

    office.app = ApiV1(office.context, [resource])
    with pytest.raises(AssertionError):
        office.ask("GET", "/domains/demo/t", office.caller(Role.ADMIN))


def made(office: RestOffice, group: str | None = None) -> None:
    body = {} if group is None else {"group": group}
    assert office.ask("PUT", PATH, office.caller(Role.ADMIN), body).status == 201


def test_domain_that_is_not_seen_answers_as_one_that_does_not_exist(office: RestOffice) -> None:
    nobody = office.caller()
    there = office.ask("GET", "/domains/demo", nobody)
    missing = office.ask("GET", "/domains/nix", nobody)
    assert (there.status, missing.status) == (404, 404)
    assert there.json()["detail"].replace("demo", "nix") == missing.json()["detail"]


@pytest.mark.parametrize("path", [PATH, "/domains/demo/participants/bad", "/domains/demo/groups/x"])
def test_nothing_below_a_domain_that_is_not_seen_tells_that_it_is_there(office: RestOffice, path: str) -> None:
    made(office)
    nobody = office.caller()
    for method in ("GET", "PUT", "DELETE"):
        there = office.ask(method, path, nobody, {} if method == "PUT" else None)
        missing = office.ask(method, path.replace("/demo/", "/nix/"), nobody, {} if method == "PUT" else None)
        assert (there.status, missing.status) == (404, 404)
        assert there.json()["detail"].replace("demo", "nix") == missing.json()["detail"]


def test_participant_of_another_group_is_as_one_that_does_not_exist(office: RestOffice) -> None:
    admin = office.caller(Role.ADMIN)
    for name in ("mine", "theirs"):
        office.ask("PUT", f"/domains/demo/groups/{name}", admin, {})
    made(office, "theirs")
    mine = office.caller(Role.ADMIN, group_scope(office, "mine"))
    other = PATH.replace("7300010000001", "7300010000002")
    there, missing = (office.ask("GET", path, mine) for path in (PATH, other))
    assert (there.status, missing.status) == (404, 404)
    assert there.json()["detail"] == missing.json()["detail"].replace("0000002", "0000001")
    assert office.ask("DELETE", PATH, mine).status == 404
    assert office.items("/domains/demo/participants", mine) == []
    assert [item["name"] for item in office.items("/domains/demo/groups", mine)] == ["mine"]
    assert office.ask("GET", "/domains/demo/groups/theirs", mine).status == 404


def test_who_sees_a_place_but_may_too_little_there_is_told_so(office: RestOffice) -> None:
    made(office)
    viewer = office.caller(Role.VIEWER, Scope(office.offline.stored.id))
    assert office.ask("GET", PATH, viewer).status == 200
    refused = office.ask("DELETE", PATH, viewer)
    assert refused.status == 403
    assert "participant:delete" in refused.json()["detail"]


def test_token_for_less_than_its_account_does_less(office: RestOffice) -> None:
    made(office)
    reader = office.caller(Role.ADMIN, limit=Role.VIEWER)
    assert office.ask("GET", PATH, reader).status == 200
    assert office.ask("DELETE", PATH, reader).status == 403


def test_editor_of_one_participant_changes_it_and_nothing_else(office: RestOffice) -> None:
    made(office)
    key = (participant().scheme, participant().value)
    editor = office.caller(Role.EDITOR, Scope(office.offline.stored.id, None, key))
    assert office.ask("PUT", PATH, editor, {"extensions": []}).status == 200
    assert office.ask("PUT", PATH, editor, {"registered": False}).status == 403
    assert office.ask("DELETE", PATH, editor).status == 403
    assert office.ask("PUT", PATH.replace("0000001", "0000002"), editor, {}).status == 403
    assert [item["participant"] for item in office.items("/domains/demo/participants", editor)] == [str(participant())]


def test_new_participant_of_a_group_editor_is_in_that_group(office: RestOffice) -> None:
    office.ask("PUT", "/domains/demo/groups/mine", office.caller(Role.ADMIN), {})
    editor = office.caller(Role.EDITOR, group_scope(office, "mine"))
    assert office.ask("PUT", PATH, editor, {}).json()["group"] == "mine"
    assert office.ask("PUT", PATH, editor, {"group": None}).status == 403


def test_system_wide_lists_show_to_nobody_more_than_theirs(office: RestOffice) -> None:
    assert office.items("/domains", office.caller()) == []
    seen = office.items("/domains", office.caller(Role.VIEWER, Scope(office.offline.stored.id)))
    assert [item["name"] for item in seen] == ["demo"]


def test_entry_knows_whether_it_writes() -> None:
    assert not Entry("GET", "/t", Open(), lambda: None, "t", {200: None}).writes
    assert Entry("POST", "/t", Open(), lambda: None, "t", {200: None}).writes


def group_scope(office: RestOffice, name: str) -> Scope:
    from registry.accounts.groups import find_group

    assert SYSTEM.domain_id is None
    domain_id = office.offline.stored.id
    return Scope(domain_id, find_group(office.database, domain_id, name).id)
