# SPDX-License-Identifier: Apache-2.0
"""Requests that are sent again: once under a key of the caller's, and once because they are equal."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from registry.audit import events
from registry.demo.pki import DemoPki
from registry.sml.errors import FaultKind, SmlError
from registry.sml.model import Caller, Publisher
from registry.sml.publisher_api import PREFIX, ApiRequest, PublisherApi, Route
from registry.sml.repeated_routes import repeated_routes
from registry.sml.repeats import keyed
from registry.storage.kept_answers import KEPT
from tests.simulators.asgi import Reply, call
from tests.simulators.live import SMP_ID
from tests.simulators.offline import BASE_URL, OfflineInstance, offline_instance, participant

MIGRATION_KEY = "Ab12!!cd34-Xy"
ONE, TWO = participant("0088:1"), participant("0088:2")
NEW = Publisher("SMP-NEW", "https://new.example.org/", "1.1.1.1")


@pytest.fixture(scope="session")
def fourth(pki: DemoPki) -> x509.Certificate:
    """The certificate of another SMP of the network."""
    own = pki.smp.certificate
    return pki.smp_ca.issue(
        "SMP_FOURTH", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    ).certificate


@pytest.fixture
def window(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    """An instance whose domain answers equal requests alike for ten minutes."""
    with offline_instance(tmp_path, pki, sml={"enabled": True, "repeat_window_s": 600}) as offline:
        yield offline


def under(offline: OfflineInstance, key: str, certificate: x509.Certificate | None = None) -> Caller:
    return replace(offline.caller(certificate), idempotency_key=key)


def refusal(act: Callable[[], object]) -> SmlError:
    with pytest.raises(SmlError) as caught:
        act()
    return caught.value


def told(offline: OfflineInstance, subject: object = ONE) -> list[str]:
    return [event.tag for event in events.about(offline.instance.database, str(subject))]


def add_fourth(offline: OfflineInstance, fourth: x509.Certificate) -> None:
    publisher = Publisher("FOURTH", "https://fourth.example.org/", "1.1.1.1")
    offline.instance.sml.create_publisher(offline.caller(fourth), publisher)


# Under a key


def test_same_request_under_a_key_is_done_once(offline: OfflineInstance) -> None:
    sml, caller = offline.instance.sml, under(offline, "k")
    for _ in range(3):
        sml.create_participants(caller, SMP_ID, [ONE])
    assert told(offline) == ["sml:registration:create"]
    assert "already exist" in str(refusal(lambda: sml.create_participants(offline.caller(), SMP_ID, [ONE])))


@pytest.mark.parametrize("other", [[TWO], [ONE, TWO], []], ids=["another", "more", "none"])
def test_another_request_under_the_same_key_is_a_fault(offline: OfflineInstance, other: list[Any]) -> None:
    sml, caller = offline.instance.sml, under(offline, "k")
    sml.create_participants(caller, SMP_ID, [ONE])
    error = refusal(lambda: sml.create_participants(caller, SMP_ID, other))
    assert (error.kind, str(error)) == (
        FaultKind.BAD_REQUEST,
        "[ERR-106] The Idempotency-Key belongs to another request",
    )
    assert refusal(lambda: sml.delete_participants(caller, SMP_ID, [ONE])).code == 106


def test_faults_are_not_kept(offline: OfflineInstance) -> None:
    sml, caller = offline.instance.sml, under(offline, "k")
    sml.create_participants(offline.caller(), SMP_ID, [ONE])
    refusal(lambda: sml.create_participants(caller, SMP_ID, [ONE]))
    sml.delete_participants(offline.caller(), SMP_ID, [ONE])
    sml.create_participants(caller, SMP_ID, [ONE])
    assert told(offline) == ["sml:registration:create", "sml:registration:delete", "sml:registration:create"]


def test_key_is_its_callers_own(offline: OfflineInstance, fourth: x509.Certificate) -> None:
    sml = offline.instance.sml
    add_fourth(offline, fourth)
    sml.create_participants(under(offline, "k"), SMP_ID, [ONE])
    sml.create_participants(under(offline, "k", fourth), "FOURTH", [TWO])
    assert told(offline, TWO) == ["sml:registration:create"]


def test_key_means_nothing_after_a_day(offline: OfflineInstance) -> None:
    sml, caller = offline.instance.sml, under(offline, "k")
    sml.create_participants(caller, SMP_ID, [ONE])
    offline.clock.forward(seconds=KEPT.total_seconds() + 1)
    sml.delete_participants(caller, SMP_ID, [ONE])


@pytest.mark.parametrize("key", ["a b", "é", "x" * 256, "\n"])
def test_key_that_is_none_is_a_fault(offline: OfflineInstance, key: str) -> None:
    sml = offline.instance.sml
    error = refusal(lambda: sml.create_participants(under(offline, key), SMP_ID, [ONE]))
    assert (error.code, "1 to 255 visible ASCII" in str(error)) == (106, True)


def test_who_is_no_longer_let_in_is_told_nothing_of_before(
    offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    sml, caller = offline.instance.sml, under(offline, "k")
    sml.create_participants(caller, SMP_ID, [ONE])
    monkeypatch.setattr(type(offline.instance.directory), "with_sml", lambda _self: [])
    assert refusal(lambda: sml.create_participants(caller, SMP_ID, [ONE])).code == 101


def test_every_operation_that_writes_takes_a_key(offline: OfflineInstance, fourth: x509.Certificate) -> None:
    sml = offline.instance.sml
    add_fourth(offline, fourth)
    calls: list[Callable[[], object]] = [
        lambda: sml.create_publisher(under(offline, "1"), NEW),
        lambda: sml.update_publisher(under(offline, "2"), replace(NEW, physical_address="2.2.2.2")),
        lambda: sml.create_participants(under(offline, "3"), "SMP-NEW", [ONE]),
        lambda: sml.prepare_migration(under(offline, "4"), "SMP-NEW", ONE, MIGRATION_KEY),
        lambda: sml.migrate(under(offline, "5", fourth), "FOURTH", ONE, MIGRATION_KEY),
        lambda: sml.delete_participants(under(offline, "6", fourth), "FOURTH", [ONE]),
        lambda: sml.delete_publisher(under(offline, "7"), "SMP-NEW"),
    ]
    for act in calls:
        act()
        act()
    assert told(offline) == [
        "sml:registration:create",
        "sml:migration:prepare",
        "sml:registration:migrate",
        "sml:registration:delete",
    ]
    assert told(offline, "SMP-NEW") == ["sml:publisher:create", "sml:publisher:update", "sml:publisher:delete"]


def test_of_many_under_one_key_at_once_one_is_done(offline: OfflineInstance) -> None:
    together = threading.Barrier(5)

    def send() -> None:
        together.wait(20)
        offline.instance.sml.create_participants(under(offline, "k"), SMP_ID, [ONE])

    with ThreadPoolExecutor(5) as pool:
        for future in [pool.submit(send) for _ in range(5)]:
            future.result()
    assert told(offline) == ["sml:registration:create"]


def test_key_comes_by_the_header(offline: OfflineInstance) -> None:
    caller_of = keyed(lambda _scope, request_id: replace(offline.caller(), request_id=request_id))
    scope = {"headers": [(b"other", b"x"), (b"idempotency-key", b'"8e03978e"')]}
    assert caller_of(scope, "r").idempotency_key == '"8e03978e"'
    assert caller_of({"headers": []}, "r").idempotency_key == ""


# At the publisher API


@pytest.fixture
def counted(offline: OfflineInstance) -> tuple[PublisherApi, list[ApiRequest]]:
    """An API with a route that says how often it was carried out, as what a caller of the domain sees."""
    seen: list[ApiRequest] = []

    def handle(request: ApiRequest) -> Any:
        seen.append(request)
        if request.body == "refuse":
            raise SmlError(FaultKind.BAD_REQUEST, 106, "no")
        return {"times": len(seen), "at": offline.clock.now, "text": "é"} if request.path else None

    routes = [Route("POST", "things/{name}", handle, 201), Route("POST", "things", handle), Route("GET", "x", handle)]
    routes.append(Route("POST", "migrations", handle))
    app = PublisherApi(
        repeated_routes(offline.instance.sml.calls, routes),
        caller_of=lambda _scope, request_id: replace(offline.caller(), request_id=request_id),
    )
    return app, seen


def post(app: PublisherApi, path: str, body: Any = None, key: str = "k") -> Reply:
    headers = [(b"idempotency-key", key.encode()), (b"content-type", b"application/json")]
    return call(app, "POST", PREFIX.encode() + path.encode(), headers=headers, body=[json.dumps(body).encode()])


def test_route_answers_again_with_the_same_bytes(counted: tuple[PublisherApi, list[ApiRequest]]) -> None:
    app, seen = counted
    first, again = post(app, "things/a"), post(app, "things/a")
    assert (first.status, first.body) == (again.status, again.body)
    assert (first.status, first.json()["times"], first.json()["at"][-1], len(seen)) == (201, 1, "Z", 1)
    assert post(app, "things", key="other").status == post(app, "things", key="other").status == 204


def test_route_refuses_a_key_of_another_request(counted: tuple[PublisherApi, list[ApiRequest]]) -> None:
    app, seen = counted
    post(app, "things/a")
    replies = [post(app, "things/b"), post(app, "things/a", {"more": 1}), post(app, "things/a?x=1")]
    assert [reply.status for reply in replies] == [409, 409, 409]
    assert replies[0].json()["detail"] == "[ERR-106] The Idempotency-Key belongs to another request"
    assert len(seen) == 1


def test_route_keeps_no_refusal(counted: tuple[PublisherApi, list[ApiRequest]]) -> None:
    app, seen = counted
    assert [post(app, "things/a", "refuse").status for _ in range(2)] == [409, 409]
    assert len(seen) == 2


def test_answer_with_a_secret_is_not_kept(counted: tuple[PublisherApi, list[ApiRequest]]) -> None:
    app, seen = counted
    assert post(app, "migrations").status == 400
    assert seen == []


# By being equal


def test_without_a_window_a_repeated_request_hears_that_it_is_done(offline: OfflineInstance) -> None:
    sml = offline.instance.sml
    sml.create_participants(offline.caller(), SMP_ID, [ONE])
    assert "already exist" in str(refusal(lambda: sml.create_participants(offline.caller(), SMP_ID, [ONE])))


def test_equal_requests_within_the_window_are_answered_alike_and_done_once(
    window: OfflineInstance, fourth: x509.Certificate
) -> None:
    sml, own, taker = window.instance.sml, window.caller(), window.caller(fourth)
    add_fourth(window, fourth)
    calls: list[Callable[[], object]] = [
        lambda: sml.create_publisher(own, NEW),
        lambda: sml.create_participants(own, "SMP-NEW", [ONE, TWO]),
        lambda: sml.prepare_migration(own, "SMP-NEW", ONE, MIGRATION_KEY),
        lambda: sml.migrate(taker, "FOURTH", ONE, MIGRATION_KEY),
        lambda: sml.delete_participants(taker, "FOURTH", [ONE]),
        lambda: sml.delete_participants(own, None, [TWO]),
        lambda: sml.delete_publisher(own, "SMP-NEW"),
    ]
    for act in calls:
        act()
        act()
    assert told(window, TWO) == ["sml:registration:create", "sml:registration:delete"]
    assert told(window, "SMP-NEW") == ["sml:publisher:create", "sml:publisher:delete"]


def test_window_ends(window: OfflineInstance) -> None:
    sml = window.instance.sml
    sml.create_participants(window.caller(), SMP_ID, [ONE])
    window.clock.forward(seconds=601)
    assert "already exist" in str(refusal(lambda: sml.create_participants(window.caller(), SMP_ID, [ONE])))


def test_other_request_is_not_answered_as_an_equal_one(window: OfflineInstance) -> None:
    sml = window.instance.sml
    sml.create_participants(window.caller(), SMP_ID, [ONE])
    assert "already exist" in str(refusal(lambda: sml.create_participants(window.caller(), SMP_ID, [ONE, TWO])))
    sml.create_publisher(window.caller(), NEW)
    other = replace(NEW, logical_address=BASE_URL)
    assert "already exists" in str(refusal(lambda: sml.create_publisher(window.caller(), other)))


def test_somebody_elses_equal_request_is_another_one(window: OfflineInstance, fourth: x509.Certificate) -> None:
    sml = window.instance.sml
    sml.create_publisher(window.caller(), NEW)
    assert "already exists" in str(refusal(lambda: sml.create_publisher(window.caller(fourth), NEW)))


def test_equal_request_is_carried_out_again_where_its_effect_was_undone(window: OfflineInstance) -> None:
    sml = window.instance.sml
    sml.create_participants(window.caller(), SMP_ID, [ONE])
    sml.delete_participants(window.caller(), SMP_ID, [ONE])
    sml.create_participants(window.caller(), SMP_ID, [ONE])
    assert told(window) == ["sml:registration:create", "sml:registration:delete", "sml:registration:create"]
    window.clock.forward(seconds=400)
    sml.delete_participants(window.caller(), SMP_ID, [ONE])
    assert told(window)[-1] == "sml:registration:delete", "the first deletion was undone meanwhile"
    window.clock.forward(seconds=400)
    sml.delete_participants(window.caller(), SMP_ID, [ONE])  # the window is that of the second one


def test_who_lost_a_participant_meanwhile_is_not_told_that_all_is_well(
    window: OfflineInstance, fourth: x509.Certificate
) -> None:
    sml = window.instance.sml
    add_fourth(window, fourth)
    sml.create_participants(window.caller(), SMP_ID, [ONE])
    sml.prepare_migration(window.caller(), SMP_ID, ONE, MIGRATION_KEY)
    sml.migrate(window.caller(fourth), "FOURTH", ONE, MIGRATION_KEY)
    assert "already exist" in str(refusal(lambda: sml.create_participants(window.caller(), SMP_ID, [ONE])))


def test_of_many_equal_ones_at_once_one_is_done_and_all_are_answered(window: OfflineInstance) -> None:
    together = threading.Barrier(5)

    def send() -> None:
        together.wait(20)
        window.instance.sml.create_participants(window.caller(), SMP_ID, [ONE])

    with ThreadPoolExecutor(5) as pool:
        for future in [pool.submit(send) for _ in range(5)]:
            future.result()
    assert told(window) == ["sml:registration:create"]
