# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key: what is sent twice is done once; conditions and the key are looked at inside the transaction."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.accounts.accounts import disable_account
from registry.accounts.permissions import Role
from registry.api.v1.idempotency import KEPT
from tests.simulators.asgi import Reply
from tests.simulators.offline import ACTOR, OfflineInstance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, reasons, segment

PATH = f"/domains/demo/participants/{segment(str(participant()))}"
OTHER = f"/domains/demo/participants/{segment(str(participant('0088:7300010000002')))}"


@pytest.fixture
def office(offline: OfflineInstance) -> RestOffice:
    return RestOffice(offline)


@pytest.fixture
def admin(office: RestOffice) -> RestCaller:
    return office.caller(Role.ADMIN)


def test_repeated_request_gets_the_first_answer_and_does_nothing(office: RestOffice, admin: RestCaller) -> None:
    first = office.ask("PUT", PATH, admin, {}, idempotency_key="k")
    office.ask("PUT", PATH, admin, {"registered": False})
    again = office.ask("PUT", PATH, admin, {}, idempotency_key="k")
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert {**again.headers} == {**first.headers, "idempotency-replayed": "true"}
    assert office.ask("GET", PATH, admin).json()["registered_by"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("PUT", PATH, {"registered": False}, {}),
        ("PUT", OTHER, {}, {}),
        ("DELETE", PATH, None, {}),
        ("PUT", PATH, {}, {"if_match": '"x"'}),
    ],
)
def test_another_request_under_the_same_key_is_refused(
    office: RestOffice, admin: RestCaller, method: str, path: str, body: object, headers: dict[str, str]
) -> None:
    office.ask("PUT", PATH, admin, {}, idempotency_key="k")
    reply = office.ask(method, path, admin, body, idempotency_key="k", **headers)
    assert (reply.status, reply.json()["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")


def test_key_of_somebody_else_means_nothing(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PUT", PATH, admin, {}, idempotency_key="k")
    reply = office.ask("PUT", PATH, office.caller(Role.ADMIN), {}, idempotency_key="k")
    assert (reply.status, "idempotency-replayed" in reply.headers) == (200, False)


def test_stored_answer_is_not_for_who_is_known_no_more(office: RestOffice, admin: RestCaller) -> None:
    caller = office.caller(Role.ADMIN)
    assert office.ask("PUT", PATH, caller, {}, idempotency_key="k").status == 201
    disable_account(office.database, ACTOR, caller.account_id)
    assert office.ask("PUT", PATH, caller, {}, idempotency_key="k").status == 401


def test_refused_request_leaves_its_key_free(office: RestOffice, admin: RestCaller) -> None:
    assert office.ask("PUT", PATH, admin, {}, idempotency_key="k", if_match='"x"').status == 412
    assert office.ask("PUT", PATH, admin, {}, idempotency_key="k").status == 201


def test_key_is_forgotten_after_a_day(office: RestOffice, admin: RestCaller) -> None:
    office.ask("PUT", PATH, admin, {}, idempotency_key="k")
    office.offline.clock.forward(seconds=KEPT.total_seconds() - 1)
    assert office.ask("PUT", PATH, admin, {}, idempotency_key="k").status == 201
    office.offline.clock.forward(seconds=2)
    assert office.ask("PUT", PATH, admin, {}, idempotency_key="k").status == 200


@pytest.mark.parametrize("key", ["", "ä", "a b", "x" * 256])
def test_key_that_is_none_is_refused(office: RestOffice, admin: RestCaller, key: str) -> None:
    reply = office.ask("PUT", PATH, admin, {}, idempotency_key=key)
    assert (reply.status, reasons(reply)) == (400, {"REST-IDEMPOTENCY-KEY"})


def test_of_many_at_once_one_is_done(office: RestOffice, admin: RestCaller) -> None:
    together = threading.Barrier(6)

    def send() -> Reply:
        together.wait(10)
        return office.ask("PUT", PATH, admin, {}, idempotency_key="k")

    with ThreadPoolExecutor(6) as pool:
        replies = [future.result() for future in [pool.submit(send) for _ in range(6)]]
    assert {reply.status for reply in replies} == {201}
    assert len({reply.body for reply in replies}) == 1
    assert sum("idempotency-replayed" in reply.headers for reply in replies) == 5


def test_of_many_changes_of_the_same_state_one_is_done(office: RestOffice, admin: RestCaller) -> None:
    etag = office.ask("PUT", PATH, admin, {}).headers["etag"]
    for name in "abcd":
        office.ask("PUT", f"/domains/demo/groups/{name}", admin, {})
    together = threading.Barrier(4)

    def send(name: str) -> int:
        together.wait(10)
        return office.ask("PUT", PATH, admin, {"group": name}, if_match=etag).status

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(future.result() for future in [pool.submit(send, name) for name in "abcd"])
    assert statuses == [200, 412, 412, 412]


def test_only_one_of_many_makes_what_must_not_exist_yet(office: RestOffice, admin: RestCaller) -> None:
    together = threading.Barrier(4)

    def send() -> int:
        together.wait(10)
        return office.ask("PUT", PATH, admin, {}, if_none_match="*").status

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(future.result() for future in [pool.submit(send) for _ in range(4)])
    assert statuses == [201, 412, 412, 412]
