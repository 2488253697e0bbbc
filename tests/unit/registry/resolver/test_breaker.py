# SPDX-License-Identifier: Apache-2.0
"""A server that keeps failing is left alone, tried again with one request, and told apart from its neighbours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import FetchedDocument
from registry.resolver.breaker import FAILURES, MAX_HOSTS, PAUSE_S, Breaker, BreakingFetcher, CircuitOpenError, State
from tests.simulators.smp_server import response

URL = "https://smp.test/x"


class Server:
    """A fetcher that answers with a status, or with none."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.reason = "http-failure"
        self.calls = 0
        self.now = 0.0

    def fetch(self, url: str) -> FetchedDocument:
        self.calls += 1
        if self.status is None:
            raise TechnicalFailureError(self.reason, f"{url} could not be fetched")
        return response(status=self.status)

    def breaking(self) -> BreakingFetcher:
        return BreakingFetcher(self, timer=lambda: self.now)


def fail(fetcher: BreakingFetcher, times: int = FAILURES, url: str = URL) -> None:
    for _ in range(times):
        with pytest.raises(TechnicalFailureError):
            fetcher.fetch(url)


def test_after_failures_in_a_row_nothing_is_asked_for_a_while() -> None:
    server = Server()
    fetcher = server.breaking()
    fail(fetcher)
    server.now = 10.0
    with pytest.raises(CircuitOpenError) as caught:
        fetcher.fetch(URL)
    assert (caught.value.reason_id, caught.value.retry_after) == ("circuit-open", 20)
    assert server.calls == FAILURES
    assert fetcher.open_hosts() == ["smp.test"]


def test_after_the_pause_one_request_decides() -> None:
    server = Server()
    fetcher = server.breaking()
    fail(fetcher)
    server.now = PAUSE_S
    fail(fetcher, 1)
    assert server.calls == FAILURES + 1
    with pytest.raises(CircuitOpenError):
        fetcher.fetch(URL)
    server.now, server.status = 2 * PAUSE_S, 200
    assert fetcher.fetch(URL).status == 200
    assert fetcher.open_hosts() == []
    server.status = None
    fail(fetcher, FAILURES - 1)
    assert fetcher.open_hosts() == []


def test_another_host_or_port_is_not_concerned() -> None:
    server = Server()
    fetcher = server.breaking()
    fail(fetcher)
    server.status = 200
    assert fetcher.fetch("https://smp.test:8443/x").status == 200
    assert fetcher.fetch("https://other.test/x").status == 200
    with pytest.raises(CircuitOpenError):
        fetcher.fetch("https://SMP.test/y")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_says_it_fails_has_failed(status: int) -> None:
    server = Server()
    fetcher = server.breaking()
    server.status = status
    for _ in range(FAILURES):
        fetcher.fetch(URL)
    with pytest.raises(CircuitOpenError):
        fetcher.fetch(URL)


@pytest.mark.parametrize("status", [200, 302, 404])
def test_any_other_answer_is_a_success(status: int) -> None:
    server = Server()
    fetcher = server.breaking()
    for _ in range(3):
        server.status = None
        fail(fetcher, FAILURES - 1)
        server.status = status
        assert fetcher.fetch(URL).status == status


def test_an_address_that_may_not_be_asked_is_no_failure_of_the_server() -> None:
    server = Server()
    server.reason = "address-refused"
    fetcher = server.breaking()
    fail(fetcher, 3 * FAILURES)
    assert server.calls == 3 * FAILURES


def test_strangers_hosts_take_bounded_memory() -> None:
    server = Server()
    fetcher = server.breaking()
    for number in range(MAX_HOSTS + 10):
        fail(fetcher, 1, f"https://h{number}.test/")
    assert len(fetcher._breakers) == MAX_HOSTS


@given(st.lists(st.tuples(st.sampled_from(["ask", "ok", "fail"]), st.floats(0, 20)), max_size=80))
def test_an_open_circuit_never_waits_longer_than_the_pause_and_a_closed_one_never_waits(
    steps: list[tuple[str, float]],
) -> None:
    breaker, now, failed = Breaker(), 0.0, 0
    for step, passed in steps:
        now += passed
        if step == "ok":
            breaker.succeeded()
            failed = 0
        elif step == "fail":
            breaker.failed(now)
            failed += 1
        else:
            wait = breaker.wait(now)
            assert 0 <= wait <= PAUSE_S
            assert wait == 0 or breaker.state is not State.CLOSED
        if failed < FAILURES:
            assert breaker.state is State.CLOSED
        if failed == 0:
            assert breaker.wait(now) == 0
