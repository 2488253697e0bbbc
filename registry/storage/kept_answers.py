# SPDX-License-Identifier: Apache-2.0
"""Requests under a key of the caller's choice: sent twice, done once, and answered twice with the same bytes.

The answer is stored in the transaction of the write itself, so it exists exactly if the write does. A write that was
refused leaves nothing: it may be sent again under the same key. (draft-ietf-httpapi-idempotency-key-header-07)
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from registry.errors import Reason, RegistryError, ValidationError
from registry.storage.queries import idempotent_answers
from registry.storage.unit_of_work import UnitOfWork

HEADER = "idempotency-key"
KEPT = timedelta(hours=24)
_KEY = re.compile(r"[!-~]{1,255}")


class OtherRequestError(RegistryError):
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer; `replayed` where it was given before."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    replayed: bool = False


def once(work: UnitOfWork, caller: str, key: str, request: bytes, carry_out: Callable[[], KeptAnswer]) -> KeptAnswer:
    """What `carry_out` answers, or answered the last time; `caller` is whose key it is.

    `request` is all that makes a request another one. Raises ValidationError for a key that is none,
    OtherRequestError.
    """
    if not _KEY.fullmatch(key):
        message = "an idempotency key has 1 to 255 visible ASCII characters"
        raise ValidationError((Reason("REST-IDEMPOTENCY-KEY", message, pointer="header/Idempotency-Key"),))
    who, hashed, asked = (hashlib.sha256(part).hexdigest() for part in (caller.encode(), key.encode(), request))
    known = idempotent_answers.claim(work, who, hashed, asked, work.now - KEPT)
    if known is None:
        answer = carry_out()
        idempotent_answers.keep(work, who, hashed, answer.status, answer.headers, answer.body)
        return answer
    if known.request_sha256 != asked:
        raise OtherRequestError("this idempotency key belongs to another request")
    return KeptAnswer(known.body, known.status, known.headers, replayed=True)
