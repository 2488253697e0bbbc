# SPDX-License-Identifier: Apache-2.0
"""What each domain of an instance has, and what it lacks to do its work."""

from registry.api.app import DomainHealth
from registry.app.instance import Instance
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import certificates, domains, publishers, service_groups, zones
from registry.storage.unit_of_work import Connection


def health_of(instance: Instance) -> list[DomainHealth]:
    """The health of every domain, by name."""
    instance.directory.refresh()
    with instance.database.read() as connection:
        return [_domain_health(instance, connection, stored) for stored in instance.directory.all()]


def _domain_health(instance: Instance, connection: Connection, stored: StoredDomain) -> DomainHealth:
    zone = zones.of_domain(connection, stored.id)
    return DomainHealth(
        name=stored.domain.name,
        participants=service_groups.count(connection, stored.id),
        zone=zone.name if zone else None,
        zone_serial=zone.serial if zone else None,
        unpublished_changes=zones.unstamped(connection, zone.id) if zone else 0,
        lacks=_lacks(instance, connection, stored),
    )


def _lacks(instance: Instance, connection: Connection, stored: StoredDomain) -> list[str]:
    domain = stored.domain
    lacks = [
        f"the role {role} has no trust anchors"
        for role in ("smp-sign", "ap-encrypt", *(["sml-client"] if domain.sml.enabled else []))
        if not domain.trust.role(role).anchors and not domain.trust.role(role).pins
    ]
    if domain.smp.base_url:
        key = domains.active_signing_key(connection, stored.id)
        if key is None:
            lacks.append("there is no signing key")
        else:
            valid_until = certificates.not_after(connection, key.certificate_sha256)
            if valid_until is not None and valid_until <= instance.database.now():
                lacks.append("the certificate of the signing key has expired")
        own = domain.smp.smp_id
        if domain.sml.enabled and own and not publishers.find(connection, [stored.id], own):
            lacks.append(f"the SMP {own} is not registered at the SML")
    return lacks
