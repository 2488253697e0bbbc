# SPDX-License-Identifier: Apache-2.0
"""Plans over REST: made from a body, read with their rows, applied by a job, given up."""

import pytest

from registry.accounts.permissions import Role
from registry.api.v1.routing import PREFIX
from registry.app.plans import apply_handler
from registry.jobs.worker import Worker
from registry.plans.applying import KIND
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons

PLANS = "/domains/demo/plans"
TABLE = b"participant\niso6523-actorid-upis::0088:1\niso6523-actorid-upis::0088:2\nno scheme\n"
LINE = b'{"participant":{"scheme":"iso6523-actorid-upis","value":"0088:1"}}\n'


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def editor(office: RestOffice) -> RestCaller:
    return office.caller(Role.EDITOR)


def post(office: RestOffice, by: RestCaller, body: bytes, media_type: str = "text/csv", query: str = "") -> Reply:
    headers = [(b"authorization", f"Bearer {by.secret}".encode()), (b"content-type", media_type.encode())]
    return call(office.app, "POST", f"{PREFIX}{PLANS}{query}".encode(), headers=headers, body=[body])


def test_a_plan_is_made_read_applied_and_told(office: RestOffice, editor: RestCaller) -> None:
    made = post(office, editor, TABLE)
    assert made.status == 201, made.body
    place = made.headers["location"].removeprefix(PREFIX)
    plan = office.ask("GET", place, editor).json()
    assert plan == made.json()
    assert (plan["state"], plan["counts"]["added"], plan["counts"]["refused"]) == ("planned", 2, 1)
    (refused,) = office.ask("GET", f"{place}/rows?verdict=refused", editor).json()["items"]
    assert (refused["line"], bool(refused["reasons"])) == (4, True)
    assert len(office.items(f"{place}/rows?limit=1", editor)) == 3
    asked = office.ask("POST", f"{place}/apply", editor, {"max_percent": 100})
    assert (asked.status, asked.json()["kind"], asked.json()["total"]) == (202, KIND, 2)
    Worker(office.database, {KIND: apply_handler(office.offline.instance)}, "test").run_one()
    assert office.ask("GET", place, editor).json()["state"] == "applied"
    assert len(office.items("/domains/demo/participants", editor)) == 2
    assert [item["id"] for item in office.items(PLANS, editor)] == [plan["id"]]


def test_json_lines_are_taken_and_who_is_missing_is_removed_when_asked(office: RestOffice, editor: RestCaller) -> None:
    office.ask("PUT", "/domains/demo/participants/iso6523-actorid-upis::0088:9", editor, {})
    made = post(office, editor, LINE, "application/jsonl", "?removes=true")
    assert (made.json()["counts"]["added"], made.json()["counts"]["removed"]) == (1, 1)
    place = made.headers["location"].removeprefix(PREFIX)
    assert office.ask("POST", f"{place}/apply", editor, {}).status == 409


def test_a_table_that_can_t_be_read_is_refused_with_its_line(office: RestOffice, editor: RestCaller) -> None:
    reply = post(office, editor, b"participant\n\xff")
    assert (reply.status, reasons(reply)) == (400, {"PLAN-UTF8"})


def test_a_replacement_names_both_sides(office: RestOffice, editor: RestCaller) -> None:
    assert post(office, editor, b'{"address":"https://a.example"}', "application/json").status == 400
    body = b'{"address":"https://a.example","next_address":"https://b.example"}'
    assert post(office, editor, body, "application/json").status == 404
    assert post(office, editor, b'{"colour":1}', "application/json").status == 400


def test_a_plan_can_be_given_up(office: RestOffice, editor: RestCaller) -> None:
    place = post(office, editor, TABLE).headers["location"].removeprefix(PREFIX)
    assert office.ask("DELETE", place, editor).status == 204
    assert office.ask("GET", place, editor).json()["state"] == "abandoned"
    assert office.ask("POST", f"{place}/apply", editor, {}).status == 409


def test_viewers_read_plans_and_make_none(office: RestOffice, editor: RestCaller) -> None:
    place = post(office, editor, TABLE).headers["location"].removeprefix(PREFIX)
    viewer = office.caller(Role.VIEWER)
    assert office.ask("GET", place, viewer).status == 200
    assert post(office, viewer, TABLE).status == 403
