# SPDX-License-Identifier: Apache-2.0
"""Calls the indexer of a directory: the interface of phoss-directory, which the Peppol Directory has.

`PUT /indexer/1.0/` with a participant as its body has the directory fetch the business card from our SMP, some time
later; `DELETE /indexer/1.0/{participant}` has it forget. Both are idempotent, and known by our client certificate.
Only https, no redirections, and no address that isn't public unless the operator allows its network.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import quote

from registry.domains.directory_profile import DirectoryProfile
from registry.errors import ConfigurationError
from registry.identifiers.participant import ParticipantIdentifier
from trust_lists.errors import SourceError
from trust_lists.sources.addresses import AddressPolicy
from trust_lists.sources.web import Asked, Limits, Web

MAX_WAIT = timedelta(days=1)
"""The longest that a directory may have us wait."""
_INDEXER = "indexer/1.0/"
_LIMITS = Limits(max_bytes=65_536, connect_seconds=10, read_seconds=20, total_seconds=30, tries=1)
_ANY_STATUS = frozenset(range(201, 600))
_GONE = frozenset({404, 410})
_OF_ALL = frozenset({401, 403, 404, 405, 407, 408, 421, 425, 429})
"""Statuses below 500 that say nothing of the participant: of our certificate, the address, or the moment."""


class Answer(Enum):
    """What became of a call."""

    TAKEN = "taken"
    REFUSED = "refused"
    """This participant isn't taken, and wouldn't be the next time."""
    FAILED = "failed"
    """Nobody knows, or the next time may do."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a call: the status, if there was one, why it wasn't taken, how long to wait at least."""

    answer: Answer
    status: int | None = None
    failure: str = ""
    wait: timedelta = timedelta(0)


class Indexer(Protocol):
    """Takes participants, and forgets them; neither raises, any number of threads may call."""

    def put(self, participant: ParticipantIdentifier) -> Told: ...
    def delete(self, participant: ParticipantIdentifier) -> Told: ...


class DirectoryClient:
    """The indexer of the directory of a domain; close it, or use `with`. Raises ConfigurationError for `networks`."""

    def __init__(self, profile: DirectoryProfile, tls: ssl.SSLContext, networks: Sequence[str] = ()) -> None:
        """`networks` that aren't public may be asked."""
        self._url = f"{profile.url}/{_INDEXER}"
        try:
            self._web = Web(_LIMITS, AddressPolicy.of(networks), tls=tls)
        except SourceError as error:
            raise ConfigurationError(f"directory_networks: {error}") from error

    def put(self, participant: ParticipantIdentifier) -> Told:
        """Have it fetch the card of a participant."""
        return self._call("PUT", self._url, str(participant).encode(), frozenset())

    def delete(self, participant: ParticipantIdentifier) -> Told:
        """Have it forget a participant; one that it doesn't know is forgotten already."""
        return self._call("DELETE", self._url + quote(str(participant), safe=""), None, _GONE)

    def close(self) -> None:
        """Close the connections."""
        self._web.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, method: str, url: str, body: bytes | None, good: frozenset[int]) -> Told:
        headers = {"user-agent": "edelivery-registry", "accept-encoding": "identity"}
        if body is not None:
            headers["content-type"] = "text/plain; charset=utf-8"
        try:
            answer = self._web.ask(Asked(url, headers, body, accepts=_ANY_STATUS, method=method))
        except SourceError as error:
            return Told(Answer.FAILED, failure=str(error))
        if answer.status in good or 200 <= answer.status < 300:
            return Told(Answer.TAKEN, answer.status)
        failure = f"the directory answers {method} with status {answer.status}"
        if 400 <= answer.status < 500 and answer.status not in _OF_ALL:
            return Told(Answer.REFUSED, answer.status, failure)
        wait = wait_of(answer.headers.get("retry-after", ""), datetime.now(UTC))
        return Told(Answer.FAILED, answer.status, failure, wait)


def wait_of(text: str, now: datetime) -> timedelta:
    """What a Retry-After says (RFC 9110 §10.2.3): seconds or an HTTP date; nothing for what is neither."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(timedelta(seconds=int(text)), MAX_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return timedelta(0)
    return min(max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta(0)), MAX_WAIT)
