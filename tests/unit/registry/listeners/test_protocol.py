# SPDX-License-Identifier: Apache-2.0
"""The protocol class without a socket; its behaviour on one is in tests/integration/listeners."""

from http import HTTPStatus

import pytest

from registry.listeners.protocol import Limits, _refusal, edge_protocol


def test_each_listener_has_limits_and_counter_of_its_own() -> None:
    told: list[int] = []
    one = edge_protocol(Limits(max_headers=1), told.append)
    two = edge_protocol(Limits(max_headers=2), lambda status: told.append(-status))
    assert (one.limits.max_headers, two.limits.max_headers) == (1, 2)
    one.on_refusal(400)
    two.on_refusal(400)
    assert told == [400, -400]


@pytest.mark.parametrize("status", [400, 408, 413, 431, 501])
def test_refusal_is_a_whole_answer(status: int) -> None:
    head, _, body = _refusal(HTTPStatus(status), [(b"date", b"today")]).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()
    assert b"date: today" in lines
    assert b"connection: close" in lines
    assert b"content-length: %d" % len(body) in lines
