# SPDX-License-Identifier: Apache-2.0
"""Many participants in one request: at once or as a job, each item as a whole, and planned without a trace."""

import json
from typing import Any

import pytest

from registry.accounts.permissions import Role, Scope
from registry.api.v1.bulk import AT_ONCE, LINES, MOST
from registry.api.v1.bulk_job import KIND, bulk_handler
from registry.api.v1.routing import PREFIX
from registry.identifiers.participant import ISO6523
from registry.jobs.worker import Worker
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons, segment

BULK = "/domains/demo/participants/bulk"
PARTICIPANTS = "/domains/demo/participants"
BAD = {"participant": "no scheme"}


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


def item(number: int | str, **more: Any) -> dict[str, Any]:
    return {"participant": f"{ISO6523}::0088:{number}", **more}


def results(reply: Reply) -> list[str]:
    return [found["result"] for found in reply.json()["items"]]


def listed(office: RestOffice, by: RestCaller) -> list[str]:
    return [found["participant"].rpartition(":")[2] for found in office.items(f"{PARTICIPANTS}?limit=500", by)]


def worker(office: RestOffice) -> Worker:
    return Worker(office.database, {KIND: bulk_handler(lambda: office.context)}, "test")


def test_each_item_is_done_or_refused_for_itself(office: RestOffice, admin: RestCaller) -> None:
    reply = office.ask("POST", BULK, admin, [item(1), BAD, item(2), item(3, action="delete"), item(1)])
    assert (reply.status, results(reply)) == (200, ["created", "refused", "created", "refused", "unchanged"])
    assert reply.json()["counts"] == {"created": 2, "updated": 0, "unchanged": 1, "deleted": 0, "refused": 2}
    assert reply.json()["items"][3]["problem"]["type"].endswith(":not-found")
    assert listed(office, admin) == ["1", "2"]
    reply = office.ask("POST", BULK, admin, [item(1, action="delete"), item(2, registered=False)])
    assert results(reply) == ["deleted", "updated"]
    assert listed(office, admin) == ["2"]


def test_with_atomic_one_refused_item_takes_back_all(office: RestOffice, admin: RestCaller) -> None:
    before = office.offline.zone_state()
    reply = office.ask("POST", f"{BULK}?atomic=true", admin, [item(1), BAD, item(2, group="nix")])
    assert reply.status == 400
    assert {reason["pointer"].split("/")[1] for reason in reply.json()["reasons"]} == {"1", "2"}
    assert (listed(office, admin), office.offline.zone_state()) == ([], before)
    assert results(office.ask("POST", f"{BULK}?atomic=true", admin, [item(1), item(2)])) == ["created", "created"]


def test_plan_tells_what_would_become_of_each_and_does_nothing(office: RestOffice, admin: RestCaller) -> None:
    office.ask("POST", BULK, admin, [item(1)])
    before = office.everything()
    reply = office.ask("POST", f"{BULK}?plan=true", admin, [item(1, action="delete"), item(2), BAD, item(2)])
    assert reply.json()["planned"] is True
    assert results(reply) == ["deleted", "created", "refused", "unchanged"]
    assert office.everything() == before


def test_item_is_done_with_all_its_services_or_not_at_all(office: RestOffice, admin: RestCaller) -> None:
    service = {"document_type": {"scheme": "s", "value": "v"}, "process_metadata": []}
    reply = office.ask("POST", BULK, admin, [item(1, services=[service]), item(2, services=[{"process_metadata": []}])])
    assert results(reply) == ["refused", "refused"]
    assert reply.json()["items"][1]["problem"]["reasons"][0]["pointer"] == "#/services/0/document_type"
    assert listed(office, admin) == []


def test_lines_are_taken_as_the_array_is(office: RestOffice, admin: RestCaller) -> None:
    headers = [(b"authorization", f"Bearer {admin.secret}".encode()), (b"content-type", LINES.encode())]
    body = b"\n\n".join(json.dumps(item(number)).encode() for number in range(3)) + b"\r\n"
    reply = call(office.app, "POST", f"{PREFIX}{BULK}".encode(), headers=headers, body=[body])
    assert results(reply) == ["created"] * 3


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([{"participant": 1}], "#/0/participant"),
        ([item(1), item(2, owner="me")], "#/1/owner"),
        ([item(1, action="burn")], "#/0/action"),
        ({}, "#"),
        ([[]], "#/0"),
    ],
)
def test_form_is_looked_at_before_anything_is_done(
    office: RestOffice, admin: RestCaller, body: Any, pointer: str
) -> None:
    reply = office.ask("POST", BULK, admin, body)
    assert (reply.status, reasons(reply)) == (400, {"REST-INPUT"})
    assert reply.json()["reasons"][0]["pointer"] == pointer
    assert listed(office, admin) == []


def test_nothing_at_all_is_no_request(office: RestOffice, admin: RestCaller) -> None:
    headers = [(b"authorization", f"Bearer {admin.secret}".encode()), (b"content-type", b"application/json")]
    for body in (b"", b"[", b"\xff"):
        assert call(office.app, "POST", f"{PREFIX}{BULK}".encode(), headers=headers, body=[body]).status == 400
    assert results(office.ask("POST", BULK, admin, [])) == []


def test_caller_does_in_bulk_what_they_may_one_by_one(office: RestOffice, admin: RestCaller) -> None:
    from registry.accounts.groups import find_group

    domain_id = office.offline.stored.id
    for name in ("mine", "theirs"):
        office.ask("PUT", f"/domains/demo/groups/{name}", admin, {})
    office.ask("POST", BULK, admin, [item(1, group="theirs"), item(2)])
    mine = office.caller(Role.EDITOR, Scope(domain_id, find_group(office.database, domain_id, "mine").id))
    asked = [item(1), item(1, action="delete"), item(2, action="delete"), item(3), item(4, group="theirs")]
    reply = office.ask("POST", BULK, mine, asked)
    assert results(reply) == ["refused", "refused", "refused", "created", "refused"]
    statuses = [found["problem"]["status"] for found in reply.json()["items"] if "problem" in found]
    assert statuses == [404, 404, 404, 404], "what isn't seen is as if it weren't there"
    assert office.ask("POST", BULK, office.caller(Role.VIEWER), [item(5)]).status == 403
    assert office.ask("POST", BULK, office.caller(), [item(5)]).status == 404


def test_more_items_are_a_job_with_a_report(office: RestOffice, admin: RestCaller) -> None:
    items = [item(f"{number:04}") for number in range(AT_ONCE + 20)] + [BAD, item("0000", action="delete")]
    begun = office.ask("POST", BULK, admin, items, idempotency_key="k")
    again = office.ask("POST", BULK, admin, items, idempotency_key="k")
    assert (begun.status, again.body) == (202, begun.body)
    report = begun.headers["location"].removeprefix(PREFIX)
    assert office.ask("GET", report, admin).json()["state"] == "waiting"
    assert listed(office, admin) == []
    assert worker(office).run_one()
    assert not worker(office).run_one(), "the second request has asked for nothing"
    done = office.ask("GET", f"{report}?limit=500", admin).json()
    assert (done["state"], done["done"], done["total"]) == ("done", len(items), len(items))
    assert done["counts"] == {"created": 120, "updated": 0, "unchanged": 0, "deleted": 1, "refused": 1}
    assert [found["result"] for found in done["items"][-2:]] == ["refused", "deleted"]
    assert done["items"][-2]["problem"]["reasons"]
    assert office.items(f"{report}?limit=50", admin) == done["items"]
    assert len(listed(office, admin)) == 119


def test_job_goes_on_where_a_worker_died(office: RestOffice, admin: RestCaller, monkeypatch: Any) -> None:
    from registry.api.v1 import bulk_items

    items = [item(f"{number:04}") for number in range(AT_ONCE + 1)]
    report = office.ask("POST", BULK, admin, items).headers["location"].removeprefix(PREFIX)
    attempt = bulk_items.BulkItems.attempt
    asked: list[int] = []

    def dying(self: bulk_items.BulkItems, index: int, one: bulk_items.BulkItem) -> bulk_items.ItemResult:
        asked.append(index)
        if index == 70 and asked.count(70) == 1:
            raise SystemExit
        return attempt(self, index, one)

    monkeypatch.setattr(bulk_items.BulkItems, "attempt", dying)
    with pytest.raises(SystemExit):
        worker(office).run_one()
    assert office.ask("GET", report, admin).json()["done"] == 50
    assert len(listed(office, admin)) == 50, "a batch is done as a whole, with the word that it is"
    office.offline.clock.forward(minutes=5)
    assert worker(office).run_one()
    assert asked.count(49) == 1
    assert office.ask("GET", report, admin).json()["counts"]["created"] == len(items)


def test_planned_job_does_nothing(office: RestOffice, admin: RestCaller) -> None:
    items = [item(f"{number:04}") for number in range(AT_ONCE + 1)]
    report = office.ask("POST", f"{BULK}?plan=true", admin, items).headers["location"].removeprefix(PREFIX)
    assert worker(office).run_one()
    done = office.ask("GET", report, admin).json()
    assert (done["planned"], done["counts"]["created"]) == (True, len(items))
    assert listed(office, admin) == []


def test_report_is_for_who_asked_and_for_who_sees_jobs(office: RestOffice, admin: RestCaller) -> None:
    domain = Scope(office.offline.stored.id)
    editor = office.caller(Role.EDITOR, domain)
    items = [item(f"{number:04}") for number in range(AT_ONCE + 1)]
    report = office.ask("POST", BULK, editor, items).headers["location"].removeprefix(PREFIX)
    assert office.ask("GET", report, editor).status == 200
    assert office.ask("GET", report, admin).status == 200
    office.ask("POST", BULK, admin, [item(1)])
    of_one = office.caller(Role.EDITOR, Scope(domain.domain_id, None, (ISO6523, "0088:1")))
    assert office.ask("GET", report, of_one).status == 404
    assert office.ask("GET", report, office.caller()).status == 404
    assert office.ask("GET", f"{BULK}/999", admin).status == 404
    assert office.ask("GET", f"{BULK}/{segment('x')}", admin).status == 400


def test_large_request_is_not_done_as_a_whole(office: RestOffice, admin: RestCaller) -> None:
    items = [item(number) for number in range(AT_ONCE + 1)]
    assert reasons(office.ask("POST", f"{BULK}?atomic=true", admin, items)) == {"REST-BULK-ATOMIC"}
    assert MOST >= 10_000
