# SPDX-License-Identifier: Apache-2.0
"""Whom the SML's listeners let in, and how they find out who calls.

To be let in is to be asked who one is, and no more: what a certificate may do is decided anew in each call. What is
kept here is which certificates are registered, which is looked at from time to time, and so a new one is let in without
a restart, a moment after it was added.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import structlog
from cryptography import x509

from registry.app.trust_models import TrustModels
from registry.clock import Clock
from registry.errors import ConfigurationError
from registry.rates import Networks
from registry.settings import Settings
from registry.sml.callers import CallerFinder, CertificateNames, ProxyRules
from registry.storage.domain_directory import DomainDirectory
from registry.storage.engine import Database
from registry.storage.queries import callers
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import fingerprint, load_certificate, load_certificates_pem, same_name
from trust_lists.errors import CertificateError

log = structlog.get_logger(__name__)


class SmlClients:
    """The clients of the SML that this process knows; any thread may ask."""

    def __init__(
        self,
        database: Database,
        directory: DomainDirectory,
        trust_models: TrustModels,
        clock: Clock,
        rules: ProxyRules | None = None,
    ) -> None:
        self._database = database
        self._directory = directory
        self._trust_models = trust_models
        self._clock = clock
        self._rules = rules or ProxyRules()
        self._refreshing = threading.Lock()
        self._registered: frozenset[str] = frozenset()
        self._by_serial: dict[str, list[x509.Certificate]] = {}
        self.caller_of = CallerFinder(self._rules, self.registered_as)
        """How a request tells who calls."""

    def refresh(self) -> None:
        """Look which certificates are registered, and make the trust models that will be asked. Blocks."""
        self._trust_models.prepare(stored.domain for stored in self._directory.with_sml())
        with self._refreshing, self._database.read() as connection:
            at = self._clock()
            found = frozenset(callers.registered(connection, at))
            if found == self._registered:
                return
            by_serial = defaultdict(list)
            for der in callers.registered_ders(connection, at):
                if certificate := _readable(der):
                    by_serial[format(certificate.serial_number, "x")].append(certificate)
            self._by_serial = dict(by_serial)
            self._registered = found

    def admits(self, der: bytes) -> bool:
        """Whether TLS may ask who shows this certificate, though no anchor leads to it: it is registered for an SMP, it
        is a proxy's, or a domain's trust model accepts it by itself (a pin, a list, metadata, a path over certificates
        that only the evidence has).

        In the event loop, so without IO.
        """
        shown = ListedCertificate(der)
        if shown.sha256 in self._registered or shown.sha256 in self._rules.certificates:
            return True
        at = self._clock()
        for stored in self._directory.with_sml():
            try:
                if self._trust_models.of(stored.domain).decide("sml-client", shown, at).accepted:
                    return True
            except ConfigurationError:  # logged where the model was prepared
                continue
        return False

    def registered_as(self, names: CertificateNames) -> x509.Certificate | None:
        """The registered certificate with these names; None also where several have them."""
        found = [
            certificate
            for certificate in self._by_serial.get(names.serial, ())
            if same_name(names.issuer, certificate.issuer) and same_name(names.subject, certificate.subject)
        ]
        return found[0] if len(found) == 1 else None


def proxy_rules_of(settings: Settings) -> ProxyRules:
    """What the settings say about proxies. Raises ConfigurationError for a file of certificates that can't be used."""
    file = settings.sml_proxy_certificates
    return ProxyRules(
        frozenset(settings.sml_proxy_forms),
        Networks(settings.sml_proxy_networks),
        frozenset(map(fingerprint, _certificates(file))) if file else frozenset(),
    )


def _certificates(file: Path) -> Sequence[x509.Certificate]:
    try:
        return load_certificates_pem(file.read_bytes())
    except (OSError, CertificateError) as error:
        raise ConfigurationError(f"REGISTRY_SML_PROXY_CERTIFICATES: {file} can't be read: {error}") from error


def _readable(der: bytes) -> x509.Certificate | None:
    try:
        return load_certificate(der)
    except CertificateError:
        return None
