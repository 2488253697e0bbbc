# SPDX-License-Identifier: Apache-2.0
"""Look-ups over the network, as the settings of the resolver allow them; the public page, as theirs do."""

from registry.app.instance import Instance
from registry.app.limits import public_page_rates_of
from registry.discovery.addresses import AddressPolicy
from registry.lookups.resolving import Inside, Outside
from registry.public_page.app import App, PublicApp
from registry.settings import Settings


def open_outside(settings: Settings, instance: Instance) -> Outside:
    """Look-ups that ask the resolver's name server, and only addresses that it may. Raises ConfigurationError."""
    policy = AddressPolicy.of(settings.resolver_allowed_networks, settings.resolver_allowed_ports)
    return Outside(settings.resolver_dns, policy, instance.trust_models.of, instance.database.now)


def open_public(settings: Settings, instance: Instance, reader: App) -> PublicApp:
    """The application of the public listener: documents, and the pages of the domains that have one."""
    inside = Inside(instance.database, instance.signer, instance.trust_models.of)
    return PublicApp(reader, instance.database, instance.directory, inside, public_page_rates_of(settings))
