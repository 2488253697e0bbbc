# SPDX-License-Identifier: Apache-2.0
"""The admin service of the SML of an instance (sml.md §1.1 D), put together."""

from pathlib import Path

from registry.accounts.authentication import Authenticator
from registry.app.api_context import InstanceDomainSetup
from registry.app.instance import Instance
from registry.app.limits import tls_policy_of
from registry.clock import Clock
from registry.consistency.run import KIND, Wanted
from registry.dns.zone_records import ZoneRecords
from registry.errors import ConfigurationError
from registry.jobs.queue import enqueue
from registry.listeners.tls import ReloadingContext, server_context
from registry.settings import Settings
from registry.sml.admin_access import CertificateOwners
from registry.sml.admin_service import SmlAdminService
from registry.sml.admin_soap import AdminSoapApp
from registry.storage.domain_directory import StoredDomain
from registry.storage.unit_of_work import UnitOfWork


def sml_admin_service(instance: Instance, owners: CertificateOwners | None = None) -> SmlAdminService:
    """The use cases of the admin service; `owners` says whose a certificate is, by default the accounts."""
    return SmlAdminService(
        instance.database,
        instance.directory,
        owners or Authenticator(instance.database),
        InstanceDomainSetup(instance),
        ZoneRecords(instance.database, instance.journal),
        instance.trust_models.of,
        _ask_for_report,
    )


def sml_admin_app(instance: Instance, url: str, settings: Settings) -> AdminSoapApp:
    """What the listener at `url` answers."""
    return AdminSoapApp(
        sml_admin_service(instance),
        public_url=settings.sml_admin_public_url or f"{url}/edelivery-sml",
        icd_status_codes=settings.sml_icd_status_codes,
    )


def sml_admin_tls(settings: Settings, clock: Clock) -> ReloadingContext:
    """TLS of the admin listener: a client certificate of other authorities doesn't get through.

    Raises ConfigurationError where files can't be used.
    """
    certificate, key, file = settings.sml_admin_tls_cert, settings.sml_admin_tls_key, settings.sml_admin_client_ca
    if certificate is None or key is None or file is None:  # the settings see to it
        raise ConfigurationError("REGISTRY_SML_ADMIN_BIND needs REGISTRY_SML_ADMIN_TLS_CERT, _TLS_KEY and _CLIENT_CA")
    return server_context(
        str(certificate),
        str(key),
        policy=tls_policy_of(settings),
        client_anchors_pem=lambda: _anchors(file),
        listener="sml-admin",
        clock=clock,
    )


def _anchors(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"REGISTRY_SML_ADMIN_CLIENT_CA: {file} can't be read: {error}") from error


def _ask_for_report(work: UnitOfWork, stored: StoredDomain) -> int:
    # Whoever asks again while it isn't there yet, asks for the same one.
    return enqueue(work, KIND, Wanted().to_json(), key=f"sml-admin-report:{stored.id}", domain_id=stored.id)
