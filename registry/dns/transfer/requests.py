# SPDX-License-Identifier: Apache-2.0
"""A request for a zone, and who answers it: the boundary between the server, which reads no database, and others."""

from dataclasses import dataclass
from typing import Literal, Protocol

from registry.dns.tsig import Signer

Kind = Literal["AXFR", "IXFR"]


@dataclass(frozen=True, slots=True, eq=False)
class TransferRequest:
    """A request that was verified; `zone` in lower case without a dot, `question` as it was asked."""

    kind: Kind
    zone: str
    query_id: bytes
    question: bytes
    opt: bytes
    """What answers have to have, since the query had one (RFC 6891 §6.1.1); empty: it had none."""
    since: int
    """The serial that who asks IXFR has."""
    host: str
    """The IP address of who asks, as `str(ip_address)`."""
    key: str
    """The name of the key of its signature; empty where it has none."""
    signer: Signer | None


class TransferCutOffError(Exception):
    """Who asked has gone, or takes nothing any more."""


class Stream(Protocol):
    """Where the messages of a transfer go; for the thread that makes them."""

    def send(self, message: bytes) -> None:
        """Send a message; returns when there is room for another one. Raises TransferCutOffError."""

    def end(self, *, cut_off: bool) -> None:
        """No more messages. One that is `cut_off` ends the connection: nothing else tells that it isn't whole."""

    def is_awaited(self) -> bool:
        """Whether who asked is still there; who sends no more has given up, as far as anybody can tell."""


class TransferDesk(Protocol):
    """Who knows the zones, and may have them."""

    def allows(self, request: TransferRequest) -> bool:
        """Whether who asks may have the zone."""

    def start(self, request: TransferRequest, stream: Stream) -> bool:
        """Send, now or when there is a place; False where too many of who asks wait for one."""
