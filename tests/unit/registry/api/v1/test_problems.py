# SPDX-License-Identifier: Apache-2.0
"""Problems and channels over REST: each caller sees the problems of their domains; secrets are shown once."""

import pytest

from registry.accounts.permissions import Role, Scope
from registry.alerts import book, telling
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.app.job_handlers import handlers
from registry.jobs.worker import Worker
from registry.settings import load_settings
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestOffice, reasons

CHANNEL = {"name": "ops", "kind": "webhook", "target": "https://127.0.0.1:1/hook", "kinds": ["disk"], "domains": []}


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    found = [
        Problem(ProblemKind.DISK, Severity.WARNING, parameters={"what": "little room", "remedy": "make some"}),
        Problem(ProblemKind.PARTICIPANT_EMPTY, Severity.ERROR, "x::y", offline.stored.id),
    ]
    with offline.instance.database.write(ACTOR) as work:
        book.keep(work, Look(found))
    return RestOffice(offline)


def test_each_sees_the_problems_of_their_place(office: RestOffice) -> None:
    everybody = office.items("/problems", office.caller(Role.VIEWER))
    assert [(item["kind"], item["domain"]) for item in everybody] == [("participant-empty", "demo"), ("disk", None)]
    assert everybody[1]["text"] == "little room"
    of_domain = office.caller(Role.VIEWER, Scope(office.offline.stored.id))
    assert [item["kind"] for item in office.items("/problems", of_domain)] == ["participant-empty"]
    assert office.items("/problems", office.caller()) == []
    assert office.ask("GET", f"/problems/{everybody[1]['key']}", of_domain).status == 404
    assert office.ask("GET", f"/problems/{everybody[0]['key']}", of_domain).status == 200


def test_list_goes_on_behind_its_cursor_and_filters(office: RestOffice) -> None:
    caller = office.caller(Role.VIEWER)
    first = office.ask("GET", "/problems?limit=1", caller).json()
    second = office.ask("GET", f"/problems?limit=1&cursor={first['next_cursor']}", caller).json()
    assert [page["items"][0]["severity"] for page in (first, second)] == ["error", "warning"]
    for query, count in (("kind=disk", 1), ("severity=hint", 0), ("domain=demo", 1), ("ended=true", 0)):
        assert len(office.items(f"/problems?{query}", caller)) == count, query


def test_acknowledgement_is_for_editors_of_the_place(office: RestOffice) -> None:
    editor = office.caller(Role.EDITOR, Scope(office.offline.stored.id))
    (mine,) = office.items("/problems", editor)
    answer = office.ask("POST", f"/problems/{mine['key']}/acknowledge", editor, {"note": "tomorrow"})
    assert (answer.status, answer.json()["note"]) == (200, "tomorrow")
    assert answer.json()["acknowledged_by"]
    assert [item["key"] for item in office.items("/problems?acknowledged=true", editor)] == [mine["key"]]
    viewer = office.caller(Role.VIEWER)
    assert office.ask("POST", f"/problems/{mine['key']}/acknowledge", viewer, {}).status == 403


def test_channel_is_made_tried_and_removed(office: RestOffice) -> None:
    admin = office.caller(Role.ADMIN)
    made = office.ask("POST", "/alert-channels", admin, CHANNEL)
    assert made.status == 201
    assert made.json()["secret"].startswith("whsec_")
    (held,) = office.items("/alert-channels", admin)
    assert held == {name: value for name, value in made.json().items() if name != "secret"}
    assert office.ask("POST", "/alert-channels", admin, CHANNEL).status == 409
    tried = office.ask("POST", "/alert-channels/ops/test", admin)
    assert tried.status == 202
    instance = office.offline.instance
    worker = Worker(instance.database, handlers(instance, load_settings(data_dir=office.offline.folder)), "test")
    while worker.run_one():
        pass
    result = office.ask("GET", f"/jobs/{tried.json()['id']}", admin).json()["result"]
    assert result["arrived"] is False
    assert "may not be asked" in result["failure"]
    with office.database.write(ACTOR) as work:
        telling.plan(work, {})
    (delivery,) = office.items("/alert-channels/ops/deliveries", admin)
    assert (delivery["what"], delivery["attempts"], delivery["told_at"]) == ("warning", 0, None)
    assert office.ask("DELETE", "/alert-channels/ops", admin).status == 204
    assert office.ask("GET", "/alert-channels/ops", admin).status == 404


@pytest.mark.parametrize(
    "change",
    [{"kinds": ["lost"]}, {"target": "http://example.org/"}, {"name": "Ops"}],
    ids=["kind", "target", "name"],
)
def test_channel_that_is_none_is_refused_with_its_reason(office: RestOffice, change: dict[str, object]) -> None:
    refused = office.ask("POST", "/alert-channels", office.caller(Role.ADMIN), CHANNEL | change)
    assert refused.status == 400
    assert reasons(refused) == {"ALERT-CHANNEL"}


def test_channel_is_changed_in_part_and_silenced(office: RestOffice) -> None:
    admin = office.caller(Role.ADMIN)
    made = office.ask("POST", "/alert-channels", admin, CHANNEL)
    before = office.ask("GET", "/alert-channels/ops", admin)
    assert (before.json()["enabled"], made.json()["enabled"]) == (True, True)
    change = {"enabled": False, "digest": "daily", "kinds": ["disk"]}
    changed = office.ask("PATCH", "/alert-channels/ops", admin, change)
    assert changed.json() == before.json() | change
    late = office.ask("PATCH", "/alert-channels/ops", admin, {"enabled": True}, if_match=before.headers["etag"])
    assert late.status == 412
    with office.database.write(ACTOR) as work:
        telling.plan(work, {})
    assert office.items("/alert-channels/ops/deliveries", admin) == []
    for wrong in ({"target": "http://example.org/"}, {"kinds": ["lost"]}, {"target": None}, {"name": "x"}):
        assert office.ask("PATCH", "/alert-channels/ops", admin, wrong).status == 400, wrong
    assert office.ask("PATCH", "/alert-channels/ops", admin, {"domains": ["none"]}).status == 404
    assert office.ask("PATCH", "/alert-channels/none", admin, change).status == 404


def test_audit_of_a_changed_channel_tells_no_address(office: RestOffice) -> None:
    admin = office.caller(Role.ADMIN)
    office.ask("POST", "/alert-channels", admin, CHANNEL)
    office.ask("PATCH", "/alert-channels/ops", admin, {"target": "https://other.example.org/", "enabled": False})
    (event,) = office.items("/audit/events?tag=alerts:channel:change", admin)
    assert event["before"] == {"enabled": True}
    assert event["after"] == {"enabled": False, "target_changed": True}
