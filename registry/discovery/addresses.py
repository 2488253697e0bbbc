# SPDX-License-Identifier: Apache-2.0
"""Which addresses and ports a look-up may ask: the URLs come from strangers, and a name may lead into our own network.

What is judged, and how, is that of `trust_lists.sources.addresses`; a look-up asks the ports of the web only, and a
refusal is one of its own failures.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from registry.discovery.errors import TechnicalFailureError
from registry.errors import ConfigurationError
from trust_lists.errors import SourceError
from trust_lists.sources import addresses as judged

REFUSED: Final = "address-refused"
"""The reason id of every refusal: says nothing about whether the other side works."""
WEB: Final = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class AddressPolicy(judged.AddressPolicy):
    """Public addresses on `ports` may be asked, and `networks` on every port."""

    ports: frozenset[int] | None = WEB

    @classmethod
    def of(cls, networks: Iterable[str], ports: Iterable[int] = WEB) -> "AddressPolicy":
        """From texts as `10.0.0.0/8`. Raises ConfigurationError."""
        try:
            return cls(judged.AddressPolicy.of(networks).networks, frozenset(ports))
        except SourceError as error:
            raise ConfigurationError(str(error)) from None

    def addresses(self, host: str, port: int, resolve: judged.Resolve = socket.getaddrinfo) -> tuple[str, ...]:
        """The addresses of `host` that may be asked: connect to one of these, and never to the name again.

        Raises TechnicalFailureError where no address may be asked, OSError where the name has none.
        """
        try:
            return judged.AddressPolicy.addresses(self, host, port, resolve)
        except SourceError as error:
            raise TechnicalFailureError(REFUSED, f"the address is none for a look-up: {error}") from None
