# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key: a write that is sent twice is done once, and its second sender gets the first answer again.

The answer is stored in the transaction of the write itself, so it exists exactly if the write does. A write that was
refused leaves nothing: it may be sent again under the same key. (draft-ietf-httpapi-idempotency-key-header-07)
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

from registry.api.v1.answers import Sent
from registry.errors import Reason, RegistryError, ValidationError
from registry.storage.queries import idempotent_answers
from registry.storage.unit_of_work import UnitOfWork

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
_KEY = re.compile(r"[!-~]{1,255}")


class OtherRequestError(RegistryError):
    """The key was used for another request."""


def once(work: UnitOfWork, caller: str, key: str, request: bytes, carry_out: Callable[[], Sent]) -> Sent:
    """What `carry_out` answers, or answered the last time.

    `request` is all that makes a request another one. Raises ValidationError for a key that is none,
    OtherRequestError.
    """
    if not _KEY.fullmatch(key):
        message = "an idempotency key has 1 to 255 visible ASCII characters"
        raise ValidationError((Reason("REST-IDEMPOTENCY-KEY", message, pointer="header/Idempotency-Key"),))
    who, hashed, asked = (hashlib.sha256(part).hexdigest() for part in (caller.encode(), key.encode(), request))
    known = idempotent_answers.claim(work, who, hashed, asked, work.now - KEPT)
    if known is None:
        sent = carry_out()
        idempotent_answers.keep(work, who, hashed, sent.status, sent.headers, sent.body)
        return sent
    if known.request_sha256 != asked:
        raise OtherRequestError("this idempotency key belongs to another request")
    return Sent(known.status, {**known.headers, REPLAYED: "true"}, known.body)
