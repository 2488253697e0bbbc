# SPDX-License-Identifier: Apache-2.0
"""`Idempotency-Key` on SOAP over mutual TLS (draft-ietf-httpapi-idempotency-key-header-07): done once, said twice."""

import http.client
import uuid
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from registry.audit import events
from registry.sml.messages import CreateParticipants, Request, write_request
from tests.conformance.sml.live_calls import participant
from tests.simulators.live import SMP_ID, LiveInstance

PATH = "/edelivery-sml/manageparticipantidentifier"


@pytest.fixture(scope="module")
def connection(shared_live: LiveInstance) -> Iterator[http.client.HTTPSConnection]:
    assert shared_live.addresses.sml is not None
    address = urlsplit(shared_live.addresses.sml)
    context = shared_live.client_context(shared_live.files.smp)
    with closing(
        http.client.HTTPSConnection(address.hostname or "", address.port, timeout=20, context=context)
    ) as made:
        yield made


def ask(connection: http.client.HTTPSConnection, request: Request, key: str | None) -> tuple[int, bytes]:
    headers = {"content-type": "text/xml; charset=utf-8"} | ({} if key is None else {"Idempotency-Key": key})
    connection.request("POST", PATH, write_request(request), headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_repeated_call_under_a_key_gets_the_same_bytes_and_is_done_once(
    shared_live: LiveInstance, connection: http.client.HTTPSConnection
) -> None:
    one, key = participant("0088:repeated"), str(uuid.uuid4())
    request = CreateParticipants(SMP_ID, (one,))
    first, again = ask(connection, request, key), ask(connection, request, key)
    assert first == again
    assert first[0] == 200
    assert [event.tag for event in events.about(shared_live.instance.database, str(one))] == ["sml:registration:create"]


def test_repeated_call_without_a_key_hears_the_text_that_clients_parse(
    connection: http.client.HTTPSConnection,
) -> None:
    request = CreateParticipants(SMP_ID, (participant("0088:repeated-plainly"),))
    assert ask(connection, request, None)[0] == 200
    status, fault = ask(connection, request, None)
    assert status == 500
    assert b"[ERR-106] The participant identifier '0088:repeated-plainly' with scheme:" in fault


def test_other_call_under_the_same_key_is_a_fault(connection: http.client.HTTPSConnection) -> None:
    key = str(uuid.uuid4())
    assert ask(connection, CreateParticipants(SMP_ID, (participant("0088:keyed-1"),)), key)[0] == 200
    status, fault = ask(connection, CreateParticipants(SMP_ID, (participant("0088:keyed-2"),)), key)
    assert status == 500
    assert b"[ERR-106] The Idempotency-Key belongs to another request" in fault
    assert b"BadRequestFault" in fault
