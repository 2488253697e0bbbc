# SPDX-License-Identifier: Apache-2.0
"""Migrations over the publisher API: what either side may do and see."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509

from registry.app.publisher_api import publisher_api
from registry.identifiers.migration_key import validate_migration_key
from registry.sml.model import Publisher
from registry.sml.publisher_api import PREFIX
from registry.storage.engine import Actor
from tests.simulators.asgi import Reply, call
from tests.simulators.live import SMP_ID
from tests.simulators.offline import OfflineInstance, participant

KEY = "Ab12!!cd34-Xy"
ONE = "iso6523-actorid-upis::0088:1"
PATH = f"migrations/{quote(ONE, safe='')}"


@pytest.fixture(scope="session")
def certificates(pki) -> dict[str, x509.Certificate]:
    """Of the two other SMPs."""
    mine = pki.smp.certificate
    validity = {"not_before": mine.not_valid_before_utc, "not_after": mine.not_valid_after_utc}
    issue = pki.smp_ca.issue
    return {name: issue(f"SMP_{name}", "PEPPOL TEST SMP", **validity).certificate for name in ("TAKER", "STRANGER")}


class World:
    """Three SMPs; the first one has a participant."""

    def __init__(self, offline: OfflineInstance, certificates: dict[str, x509.Certificate]) -> None:
        self.offline = offline
        self.certificates = certificates
        sml = offline.instance.sml
        for name, certificate in certificates.items():
            address = f"https://{name.lower()}.example.org/"
            sml.create_publisher(offline.caller(certificate), Publisher(name, address, "1.1.1.1"))
        sml.create_participants(offline.caller(), SMP_ID, [participant("0088:1")])

    def ask(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        certificate = self.certificates.get(who)
        app = publisher_api(self.offline.instance, caller_of=lambda _scope, _id: self.offline.caller(certificate))
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if body is not None:
            sent.append((b"content-type", b"application/json"))
        content = b"" if body is None else json.dumps(body).encode()
        return call(app, method, (PREFIX + path).encode(), headers=sent, body=[content])

    def prepare(self) -> str:
        reply = self.ask("", "POST", "migrations", {"participant": ONE})
        assert reply.status == 201
        return str(reply.json()["key"])


@pytest.fixture
def world(offline: OfflineInstance, certificates: dict[str, x509.Certificate]) -> World:
    return World(offline, certificates)


def test_made_key_is_shown_once_and_good(world: World) -> None:
    key = world.prepare()
    assert validate_migration_key(key) == ()
    assert "key" not in world.ask("", "GET", PATH).json()
    done = world.ask("TAKER", "POST", f"{PATH}/complete", {"smp_id": "TAKER", "key": key})
    assert (done.status, done.json()["outcome"]) == (200, "completed")


def test_key_of_the_caller_is_taken_if_it_keeps_the_rules(world: World) -> None:
    refused = world.ask("", "POST", "migrations", {"participant": ONE, "key": "weak"})
    assert refused.status == 400
    assert {reason["id"] for reason in refused.json()["reasons"]} >= {"MIGRATION-KEY-LENGTH", "MIGRATION-KEY-DIGIT"}
    assert world.ask("", "POST", "migrations", {"participant": ONE, "key": KEY}).json()["key"] == KEY


def test_both_sides_see_what_became_of_it(world: World) -> None:
    key = world.prepare()
    world.ask("TAKER", "POST", f"{PATH}/complete", {"smp_id": "TAKER", "key": key})
    for who in ("", "TAKER"):
        shown = world.ask(who, "GET", PATH).json()
        assert (shown["status"], shown["from_smp_id"], shown["to_smp_id"]) == ("completed", SMP_ID, "TAKER")
        (item,) = world.ask(who, "GET", "migrations?status=ended").json()["items"]
        assert item == shown
        assert world.ask(who, "GET", "migrations").json() == {"items": [], "next": None}
    assert world.ask("STRANGER", "GET", PATH).status == 404
    assert world.ask("STRANGER", "GET", "migrations?status=ended").json()["items"] == []


def test_open_one_is_seen_by_who_prepared_it_and_by_who_has_the_key(world: World) -> None:
    key = world.prepare()
    (mine,) = world.ask("", "GET", "migrations").json()["items"]
    assert (mine["status"], mine["participant"], mine["domain"]) == ("open", ONE, "demo")
    assert world.ask("TAKER", "GET", PATH).status == 404
    assert world.ask("TAKER", "GET", PATH, migration_key=KEY).status == 404
    assert world.ask("TAKER", "GET", PATH, migration_key=key).json() == mine


def test_who_prepared_it_cancels_it(world: World) -> None:
    key = world.prepare()
    assert world.ask("TAKER", "DELETE", PATH).status == 403
    assert world.ask("", "DELETE", PATH).status == 204
    assert world.ask("", "DELETE", PATH).status == 404
    assert world.ask("", "GET", PATH).json()["status"] == "cancelled"
    refused = world.ask("TAKER", "POST", f"{PATH}/complete", {"smp_id": "TAKER", "key": key})
    assert (refused.status, refused.json()["detail"][:9]) == (404, "[ERR-111]")


def test_repeated_completion_says_that_it_was_done(world: World) -> None:
    """A caller whose first request timed out asks again and is told."""
    wanted = {"smp_id": "TAKER", "key": world.prepare()}
    assert world.ask("TAKER", "POST", f"{PATH}/complete", wanted).json()["outcome"] == "completed"
    assert world.ask("TAKER", "POST", f"{PATH}/complete", wanted).json()["outcome"] == "unchanged"


def test_preparing_again_replaces_and_that_is_told(world: World) -> None:
    first, second = world.prepare(), world.prepare()
    assert first != second
    assert world.ask("", "GET", "migrations?status=ended").json()["items"][0]["status"] == "replaced"
    body = {"smp_id": "TAKER", "key": first}
    assert world.ask("TAKER", "POST", f"{PATH}/complete", body).status == 404


@pytest.mark.parametrize("who", ["TAKER", "STRANGER"])
def test_nobody_prepares_or_completes_for_another_smp(world: World, who: str) -> None:
    assert world.ask(who, "POST", "migrations", {"participant": ONE}).json()["detail"][:9] == "[ERR-101]"
    key = world.prepare()
    body = {"smp_id": SMP_ID if who == "TAKER" else "TAKER", "key": key}
    assert world.ask(who, "POST", f"{PATH}/complete", body).json()["detail"][:9] == "[ERR-101]"


def test_smp_that_the_caller_names_must_be_the_one_that_has_it(world: World) -> None:
    wanted = {"participant": ONE, "smp_id": "TAKER"}
    assert world.ask("", "POST", "migrations", wanted).status == 403


def test_what_isnt_registered_is_told_so_and_its_past_is_still_there(world: World) -> None:
    body = {"participant": "iso6523-actorid-upis::0088:nobody"}
    assert world.ask("", "POST", "migrations", body).json()["detail"][:9] == "[ERR-110]"
    world.prepare()
    world.ask("", "DELETE", PATH)
    world.offline.instance.sml.delete_participants(world.offline.caller(), SMP_ID, [participant("0088:1")])
    assert world.ask("", "GET", PATH).json()["status"] == "cancelled"


def test_suspended_smp_sees_but_does_not_act(world: World) -> None:
    from registry.storage.queries import publishers

    world.prepare()
    with world.offline.instance.database.write(Actor("test")) as work:
        (row,) = publishers.find(work.connection, [world.offline.stored.id], SMP_ID)
        publishers.set_suspended(work, row.id, suspended=True)
    assert world.ask("", "GET", PATH).json()["status"] == "open"
    assert world.ask("", "DELETE", PATH).status == 403
    assert world.ask("", "POST", "migrations", {"participant": ONE}).status == 403


def test_ended_ones_are_told_for_as_many_days_as_asked(world: World) -> None:
    world.prepare()
    world.ask("", "DELETE", PATH)
    world.offline.clock.forward(days=31)
    assert world.ask("", "GET", "migrations?status=ended").json()["items"] == []
    assert len(world.ask("", "GET", "migrations?status=ended&days=60").json()["items"]) == 1


def test_pages_go_through_all_of_them_once(world: World) -> None:
    people = [participant(f"0088:{number:03}") for number in range(150)]
    sml, caller = world.offline.instance.sml, world.offline.caller()
    for start in (0, 100):
        sml.create_participants(caller, SMP_ID, people[start : start + 100])
    for each in people:
        sml.prepare_migration(caller, SMP_ID, each, KEY)
    first = world.ask("", "GET", "migrations").json()
    second = world.ask("", "GET", f"migrations?after={first['next']}").json()
    shown = [item["participant"] for item in first["items"] + second["items"]]
    assert shown == [str(each) for each in people]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query", ["status=other", "days=0", "days=x", "after=-1", "after=%EF%BC%91"], ids=lambda query: query.split("=")[0]
)
def test_query_that_means_nothing_is_refused(world: World, query: str) -> None:
    assert world.ask("", "GET", f"migrations?{query}").status == 400
