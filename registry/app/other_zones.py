# SPDX-License-Identifier: Apache-2.0
"""The zones of an instance that no domain has, and who takes them from it: the catalog."""

from registry.app.instance import Instance
from registry.dns.catalog import catalog_secondaries
from registry.dns.followers import OtherZones
from registry.settings import Settings


def other_zones(instance: Instance, settings: Settings) -> OtherZones:
    """Their secondaries, by name of the zone. Raises ConfigurationError."""
    if not instance.catalog.name:
        return {}
    return {instance.catalog.name: catalog_secondaries(settings.dns_catalog_secondaries)}
