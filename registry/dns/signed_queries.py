# SPDX-License-Identifier: Apache-2.0
"""Whether a signed query is from whom it says (RFC 8945 §5.2), and what is answered where it isn't (§5.3.2)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import dns.tsig
import structlog

from registry.dns.tsig import Signer, TsigError, TsigRecord, check, read_tsig, unsigned, with_record
from registry.dns.tsig_keys import TsigKeys
from registry.errors import ConfigurationError

Refuse = Callable[[bytes], bytes]
"""Puts onto an answer with the RCODE NOTAUTH what tells why."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignedQuery:
    """A query whose signature is good: without it, the name of its key, and who signs the answer."""

    plain: bytes
    key: str
    signer: Signer


class SignedQueries:
    """Checks signatures with the keys of a folder; `now` gives seconds since 1970."""

    def __init__(self, keys: TsigKeys, now: Callable[[], float]) -> None:
        self._keys = keys
        self._now = now
        self._unusable: set[str] = set()

    def now(self) -> int:
        """The present moment, for signatures."""
        return int(self._now())

    def open(self, data: bytes, start: int) -> SignedQuery | Refuse:
        """The query with a TSIG record at `start`, or how it is refused. Raises MalformedQueryError."""
        record = read_tsig(data, start)
        key = self._key(record.key_name)
        if key is None:
            return _without_mac(record, TsigError.BADKEY)
        now = self.now()
        error = check(data, record, key, now)
        if error in {TsigError.BADKEY, TsigError.BADSIG}:
            return _without_mac(record, error)
        signer = Signer(key, record.mac)
        if error is TsigError.BADTIME:
            # With the client's time, or it couldn't check that; ours is beside it.
            return lambda answer: signer.sign(answer, record.time_signed, error, now.to_bytes(6))
        if error is TsigError.BADTRUNC:
            return lambda answer: signer.sign(answer, now, error)
        return SignedQuery(unsigned(data, record), record.key_name, signer)

    def _key(self, name: str) -> dns.tsig.Key | None:
        if not name:
            return None
        try:
            key = self._keys.get(name)
        except ConfigurationError as error:  # about a file of ours; to who asks there is no such key
            if name not in self._unusable:
                self._unusable.add(name)
                log.error("tsig_key_unusable", tsig_key=name, reason=str(error))  # noqa: TRY400 — it says it all
            return None
        self._unusable.discard(name)
        return key


def _without_mac(record: TsigRecord, error: TsigError) -> Refuse:
    refused = replace(record, mac=b"", error=error, other=b"")
    return lambda answer: with_record(answer, refused)
