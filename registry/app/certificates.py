# SPDX-License-Identifier: Apache-2.0
"""The TLS certificates of a running instance's listeners: opened, read again, and missed."""

from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from registry.app.instance import Instance
from registry.app.limits import tls_policy_of
from registry.app.public_tls import lacks_certificate, open_public_tls
from registry.app.sml_clients import SmlClients
from registry.clock import Clock
from registry.domains.domain import Domain
from registry.errors import ConfigurationError
from registry.listeners.server import Listener
from registry.listeners.tls import ReloadingContext, server_context
from registry.settings import Settings

log = structlog.get_logger(__name__)


class Certificates:
    """What each listener shows, and whom the SML listener knows.

    The methods that open raise ConfigurationError where files can't be used.
    """

    def __init__(self, settings: Settings, instance: Instance, clock: Clock) -> None:
        self._settings = settings
        self._instance = instance
        self._clock = clock
        self._public: ReloadingContext | None = None

    def public(self) -> ReloadingContext | None:
        """Of the public listener; None for plain HTTP."""
        self._public = open_public_tls(self._settings, self._clock)
        return self._public

    def manage(self) -> ReloadingContext | None:
        """Of the management listener; None for plain HTTP."""
        certificate, key = self._settings.manage_tls_cert, self._settings.manage_tls_key
        if certificate is None or key is None:
            return None
        return server_context(
            str(certificate),
            str(key),
            policy=tls_policy_of(self._settings),
            client_anchors_pem=self._manage_anchors if self._settings.manage_client_ca else None,
            listener="manage",
            clock=self._clock,
        )

    def sml(self, certificate: Path, key: Path, clients: SmlClients) -> ReloadingContext:
        """Of the SML listener, which takes clients of any domain's SML; who is whose client is decided per call."""
        return server_context(
            str(certificate),
            str(key),
            policy=tls_policy_of(self._settings),
            client_anchors_pem=self._client_anchors,
            admits=clients.admits,
            listener="sml",
            clock=self._clock,
        )

    def lacks(self, domain: Domain) -> list[str]:
        """What is wrong with the certificate of a domain's SMP."""
        return lacks_certificate(self._settings, self._public, domain, self._clock())

    def warn(self) -> None:
        """Log what `lacks` finds, of each domain."""
        for stored in self._instance.directory.all():
            for reason in self.lacks(stored.domain):
                log.warning("certificate_lacking", domain=stored.domain.name, reason=reason)

    def _manage_anchors(self) -> str:
        file = self._settings.manage_client_ca
        try:
            return file.read_text("ascii") if file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"REGISTRY_MANAGE_CLIENT_CA: {file} can't be read: {error}") from error

    def _client_anchors(self) -> str:
        found = (self._anchors_of(stored.domain) for stored in self._instance.directory.with_sml())
        return "".join(dict.fromkeys(found))

    def _anchors_of(self, domain: Domain) -> str:
        try:
            return self._instance.trust_models.of(domain).client_anchors_pem()
        except ConfigurationError as error:
            # It has no clients then; those of other domains must get their chance.
            log.error("trust_model_unusable", domain=domain.name, reason=str(error))  # noqa: TRY400
            return ""


def reload_certificates(listeners: Iterable[Listener], how: Callable[[Listener], None]) -> None:
    """Let each listener read its files again; one whose files are bad goes on with what it has."""
    for listener in listeners:
        try:
            how(listener)
        except ConfigurationError as error:
            log.error("certificates_not_reloaded", listener=listener.name, reason=str(error))  # noqa: TRY400
