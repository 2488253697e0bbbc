# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key of the REST interface: what `registry.storage.kept_answers` keeps, as an answer on the wire."""

from collections.abc import Callable

from registry.api.v1.answers import Sent
from registry.storage import kept_answers
from registry.storage.kept_answers import HEADER, KEPT, KeptAnswer, OtherRequestError
from registry.storage.unit_of_work import UnitOfWork

__all__ = ["HEADER", "KEPT", "REPLAYED", "OtherRequestError", "once"]

REPLAYED = "Idempotency-Replayed"


def once(work: UnitOfWork, caller: str, key: str, request: bytes, carry_out: Callable[[], Sent]) -> Sent:
    """What `carry_out` answers, or answered the last time; then a header says so. Errors as `kept_answers.once`."""

    def kept() -> KeptAnswer:
        sent = carry_out()
        return KeptAnswer(sent.body, sent.status, sent.headers)

    answer = kept_answers.once(work, caller, key, request, kept)
    headers = {**answer.headers, REPLAYED: "true"} if answer.replayed else answer.headers
    return Sent(answer.status, headers, answer.body)
