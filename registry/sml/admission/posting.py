# SPDX-License-Identifier: Apache-2.0
"""How the service outside is reached: TLS, a bounded answer, a deadline, and no address that is guarded.

The domain's settings name the service, and whoever may change them must not make us ask our own network: addresses
that aren't public have to be in networks that the operator of the instance allows.
"""

import functools
import ssl
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from registry.errors import ConfigurationError, TechnicalError
from registry.sml.admission.asking import MAX_ANSWER_BYTES, Post
from trust_lists.errors import SourceError

if TYPE_CHECKING:
    from trust_lists.sources.web import Web

_HEADERS = {"content-type": "application/json", "accept": "application/json"}


def guarded_post(networks: Sequence[str], tls: Callable[[], ssl.SSLContext | None] = lambda: None) -> Post:
    """Posts to public addresses, and to those of `networks`; `tls` says whom to trust, None: as the system does.

    Raises ConfigurationError for networks that are none, once it is used.
    """

    @functools.cache
    def web() -> "Web":
        from trust_lists.sources.addresses import AddressPolicy  # most domains ask nobody
        from trust_lists.sources.web import Limits, Web

        try:
            return Web(Limits(max_bytes=MAX_ANSWER_BYTES, tries=1), AddressPolicy.of(networks), tls=tls())
        except SourceError as error:
            raise ConfigurationError(f"sml_admission_networks: {error}") from error

    def post(url: str, body: bytes, seconds: int) -> bytes:
        from trust_lists.sources.web import Asked, Limits

        limits = Limits(max_bytes=MAX_ANSWER_BYTES, tries=1, total_seconds=seconds)
        try:
            return web().ask(Asked(url, _HEADERS, body), limits).data
        except SourceError as error:
            raise TechnicalError(str(error)) from error

    return post
