# SPDX-License-Identifier: Apache-2.0
"""Webhooks: a JSON body by POST, signed in the form of the Standard Webhooks specification (webhook-signature `v1`).

Only https, and no address that isn't public, unless it is in networks that the operator allows; redirections aren't
followed.
"""

import functools
import hashlib
import hmac
import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from registry.alerts.channels import secret_of
from registry.alerts.message import Outgoing
from registry.errors import ConfigurationError, TechnicalError
from registry.master_key import MasterKey
from trust_lists.errors import SourceError

if TYPE_CHECKING:
    from trust_lists.sources.web import Web

_MAX_ANSWER, _SECONDS = 65_536, 20
_GOOD = frozenset(range(201, 300))


class WebhookSender:
    """Posts each message. `tls` says whom to trust, None: as the system does."""

    def __init__(
        self,
        master_key: MasterKey | None,
        networks: Sequence[str],
        tls: Callable[[], ssl.SSLContext | None] = lambda: None,
    ) -> None:
        self._master_key = master_key
        self._networks = tuple(networks)
        self._tls = tls

    @functools.cached_property
    def _web(self) -> "Web":
        from trust_lists.sources.addresses import AddressPolicy  # most installations have no webhook
        from trust_lists.sources.web import Limits, Web

        try:
            limits = Limits(max_bytes=_MAX_ANSWER, total_seconds=_SECONDS, tries=1)
            return Web(limits, AddressPolicy.of(self._networks), tls=self._tls())
        except SourceError as error:
            raise ConfigurationError(f"alert_networks: {error}") from error

    def __call__(self, message: Outgoing) -> None:
        """Raises TechnicalError where nobody takes it: no answer, or a status beyond 299."""
        from trust_lists.sources.web import Asked

        body = json.dumps(message.as_json(), ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "content-type": "application/json",
            **signed_headers(secret_of(self._master_key, message.channel), message, body),
        }
        try:
            self._web.ask(Asked(message.channel.target, headers, body, accepts=_GOOD))
        except SourceError as error:
            raise TechnicalError(str(error)) from error


def signed_headers(secret: bytes, message: Outgoing, body: bytes) -> dict[str, str]:
    """Id, timestamp (seconds since 1970) and signature: HMAC-SHA256 over `id.timestamp.body`."""
    timestamp = str(int(message.at.timestamp()))
    signature = hmac.digest(secret, f"{message.id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": message.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{b64encode(signature).decode()}",
    }
