# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/directory`: its state, participants, plan, pushes, retries and orphans over REST."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.accounts.permissions import Role, Scope
from registry.demo.pki import DemoPki
from tests.simulators.directory_office import DirectoryOffice, directory_office
from tests.simulators.rest_callers import RestCaller, RestOffice, segment

pytestmark = pytest.mark.database
PLACE = "/domains/demo/directory"


@dataclass
class Desk:
    office: DirectoryOffice
    rest: RestOffice
    editor: RestCaller


@pytest.fixture
def desk(tmp_path: Path, pki: DemoPki) -> Iterator[Desk]:
    with directory_office(tmp_path, pki) as office:
        rest = RestOffice(office.offline)
        yield Desk(office, rest, rest.caller(Role.EDITOR, Scope(office.stored.id)))


def test_state_and_participants_are_told(desk: Desk) -> None:
    one, two = desk.office.publish("0088:one"), desk.office.publish("0088:two")
    desk.office.push()
    desk.office.directory.away = True
    desk.office.publish("0088:two", "changed")
    desk.office.push()
    read = desk.rest.ask("GET", PLACE, desk.editor).json()
    assert read["counts"] == {"waiting": 0, "current": 1, "failed": 1, "refused": 0}
    assert (read["enabled"], read["url"], read["failures"]) == (True, desk.office.directory.url, 1)
    listed = desk.rest.ask("GET", f"{PLACE}/entries", desk.editor).json()["items"]
    assert [(item["participant"], item["state"]) for item in listed] == [(str(one), "current"), (str(two), "failed")]
    failed = desk.rest.ask("GET", f"{PLACE}/entries?state=failed", desk.editor).json()["items"]
    assert failed == listed[1:]
    first = desk.rest.ask("GET", f"{PLACE}/entries?limit=1", desk.editor).json()
    following = desk.rest.ask("GET", f"{PLACE}/entries?limit=1&cursor={first['next_cursor']}", desk.editor).json()
    assert first["items"] + following["items"] == listed
    assert following["next_cursor"] is None
    own = desk.rest.ask("GET", f"/domains/demo/participants/{segment(str(two))}/directory", desk.editor).json()
    assert own == listed[1]


def test_a_push_is_a_job_whose_plan_can_be_read_first(desk: Desk) -> None:
    desk.office.publish("0088:one")
    assert desk.rest.ask("GET", f"{PLACE}/plan", desk.editor).json() == {"wanted": 1, "to_tell": 1, "to_forget": 0}
    asked = desk.rest.ask("POST", f"{PLACE}/push", desk.editor, {})
    assert asked.status == 202
    desk.office.work()
    assert len(desk.office.directory.held) == 1
    assert desk.rest.ask("GET", f"{PLACE}/plan", desk.editor).json() == {"wanted": 1, "to_tell": 0, "to_forget": 0}
    assert desk.rest.ask("POST", f"{PLACE}/push", desk.editor, {"every": True}).status == 202
    desk.office.work()
    assert len(desk.office.directory.calls) == 2


def test_what_failed_is_tried_again(desk: Desk) -> None:
    one = desk.office.publish("0088:one")
    desk.office.directory.away = True
    desk.office.push()
    desk.office.directory.away = False
    assert desk.rest.ask("POST", f"{PLACE}/retry", desk.editor, {}).json() == {"participants": 1}
    assert desk.rest.ask("POST", f"{PLACE}/retry", desk.editor, {"participant": str(one)}).json() == {"participants": 1}
    desk.office.work()
    assert list(desk.office.directory.held) == [str(one)]
    assert desk.rest.ask("POST", f"{PLACE}/retry", desk.editor, {"participant": str(one)}).status == 404


def test_orphans_are_looked_for_and_put_right_by_a_job(desk: Desk) -> None:
    assert desk.rest.ask("GET", f"{PLACE}/orphans", desk.editor).status == 404
    one = desk.office.publish("0088:one")
    desk.office.work()
    desk.office.directory.held = {"iso6523-actorid-upis::0088:=stranger": b""}
    assert desk.rest.ask("POST", f"{PLACE}/orphans", desk.editor, {}).status == 202
    desk.office.work()
    report = desk.rest.ask("GET", f"{PLACE}/orphans", desk.editor).json()
    assert report["counts"] == {"directory-missing": 1, "directory-unregistered": 1}
    assert report["corrected"] is None
    table = desk.rest.ask("GET", f"{PLACE}/orphans.csv", desk.editor)
    assert table.headers["content-type"].startswith("text/csv")
    assert f"directory-missing,{one},," in table.body.decode()
    assert desk.rest.ask("POST", f"{PLACE}/orphans", desk.editor, {"correct": True}).status == 202
    desk.office.work()
    assert str(one) in desk.office.directory.held
    assert desk.rest.ask("GET", f"{PLACE}/orphans", desk.editor).json()["corrected"] == 1


def test_a_domain_without_a_directory_has_nothing_to_push(desk: Desk) -> None:
    admin = desk.rest.caller(Role.ADMIN)
    change = {"directory": {"enabled": False}}
    assert desk.rest.ask("PATCH", "/domains/demo", admin, change).status == 200
    for place in ("push", "retry", "orphans"):
        assert desk.rest.ask("POST", f"{PLACE}/{place}", desk.editor, {}).status == 409


def test_only_administrators_of_the_system_say_where_the_directory_is(desk: Desk) -> None:
    desk.office.publish("0088:one")
    change = {"directory": {"url": "https://other.example"}}
    own = desk.rest.caller(Role.ADMIN, Scope(desk.office.stored.id))
    assert desk.rest.ask("PATCH", "/domains/demo", own, change).status == 403
    plan = desk.rest.ask("PATCH", "/domains/demo?plan=true", desk.rest.caller(Role.ADMIN), change).json()
    assert "the directory is told of 1 of 1 participants" in plan["follows"]
