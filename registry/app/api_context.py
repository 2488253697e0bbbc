# SPDX-License-Identifier: Apache-2.0
"""What the REST interface works with, from the parts of an instance."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from registry.accounts.authentication import Authenticator
from registry.accounts.sessions import IDLE, LIFETIME, Sessions
from registry.api.v1.context import ApiContext
from registry.app.domain_setup import add_domain, change_domain, changed_domain
from registry.app.instance import Instance
from registry.app.lookups import open_outside
from registry.app.oidc import open_oidc
from registry.app.other_zones import other_zones
from registry.dns.zone_records import ZoneRecords
from registry.domains.domain import Domain
from registry.settings import Settings
from registry.smp.participants import Participants
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor


class InstanceDomainSetup:
    """The use cases of domains, for the interface, which is below them."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def add(self, actor: Actor, profile: str, settings: Mapping[str, Any]) -> StoredDomain:
        """Add a domain. Raises ConfigurationError with all that is wrong, AlreadyExistsError."""
        return add_domain(self._instance, actor, profile, settings)

    def changed(self, name: str, settings: Mapping[str, Any]) -> Domain:
        """What a domain would be with settings laid over its own. Raises ConfigurationError."""
        return changed_domain(self._instance, name, settings)

    def change(self, actor: Actor, name: str, settings: Mapping[str, Any]) -> StoredDomain:
        """Lay settings over those that a domain has. Raises ConfigurationError, ConflictError."""
        return change_domain(self._instance, actor, name, settings)


def api_context(
    instance: Instance, authenticator: Authenticator | None = None, settings: Settings | None = None
) -> ApiContext:
    """What `/api/v1` works with. Without `settings` nobody logs in at a provider. Raises ConfigurationError."""
    lifetime, idle = LIFETIME, IDLE
    if settings is not None:
        lifetime, idle = timedelta(seconds=settings.session_lifetime_s), timedelta(seconds=settings.session_idle_s)
    sessions = Sessions(instance.database, lifetime, idle)
    return ApiContext(
        database=instance.database,
        directory=instance.directory,
        authenticator=authenticator or Authenticator(instance.database, idle),
        registrar=instance.registrar,
        publishing=instance.publishing,
        participants=Participants(instance.database, instance.publishing, instance.registrar),
        business_cards=instance.business_cards,
        signer=instance.signer,
        trust_of=instance.trust_models.of,
        evidence_collected_at=instance.trust_models.collected_at,
        evidence_manifest=instance.trust_models.manifest,
        setup=InstanceDomainSetup(instance),
        interventions=instance.interventions,
        sml=instance.administration,
        admission=instance.admission,
        zone_records=ZoneRecords(instance.database, instance.journal),
        sessions=sessions,
        oidc_logins=None if settings is None else open_oidc(settings, instance.database, sessions),
        other_zones={} if settings is None else other_zones(instance, settings),
        settings=() if settings is None else settings.shown(),
        outside=None if settings is None else open_outside(settings, instance),
    )
