# SPDX-License-Identifier: Apache-2.0
"""Adds domains to an instance: the row, its zone, its signing key, and its own SMP at its own SML."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from registry.app.instance import Instance
from registry.audit.events import record
from registry.directory.marking import tell_anew
from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping, load_domain, take_in_files
from registry.domains.router import DomainRouter
from registry.domains.trust_settings import lay_over
from registry.errors import AlreadyExistsError, ConfigurationError, ConflictError
from registry.sml.model import Publisher
from registry.smp.signed_documents import read_signing_key
from registry.smp.signing_keys import check_signing_key
from registry.storage.certificate_rows import certificate_row
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import certificates, domains, publishers, registrations, trust_configurations
from registry.storage.queries.domains import DomainRow
from registry.storage.unit_of_work import Connection, UnitOfWork
from registry.trust import TrustModel
from trust_lists.certificates.parsing import SigningKey
from trust_lists.evaluation.trust_configuration import canonical_form

_NAMES = ("zone", "name_form", "publisher_label", "naptr_label", "legacy_cname")
"""The settings of DNS by which names are made."""


@dataclass(frozen=True, slots=True)
class SigningKeyFile:
    """Where a signing key lies (PKCS#12 or PEM), and its password where it has one."""

    file: Path
    password_file: Path | None = None


def add_domain(
    instance: Instance,
    actor: Actor,
    profile: str | Path,
    settings: Mapping[str, Any],
    *,
    signing_key: SigningKeyFile | None = None,
    register_smp: bool = True,
    physical_address: str = "0.0.0.0",  # noqa: S104 — what SMPs send to an SML; nobody resolves by it
) -> StoredDomain:
    """Add a domain from a profile and settings laid over it.

    With `register_smp`, its own SMP is registered at its own SML, for the certificate of its signing key.
    Raises ConfigurationError with all that is wrong, AlreadyExistsError when the name is taken.
    """
    settings = take_in_files(settings)
    domain = load_domain(profile, settings)
    trust = TrustModel.for_domain(domain)
    key = read_signing_key(signing_key.file, signing_key.password_file) if signing_key else None
    if key is not None:
        check_signing_key(domain, key)
    instance.directory.refresh()
    others = [stored.domain for stored in instance.directory.all()]
    if any(other.name == domain.name for other in others):
        raise AlreadyExistsError(f"there is a domain {domain.name} already")
    DomainRouter([*others, domain])  # refuses base URLs and defaults that clash
    shipped = not isinstance(profile, Path) and profile == domain.profile
    kept = (domain.profile, settings) if shipped else ("", domain_to_mapping(domain))
    with instance.database.write(actor) as work:
        domain_id = domains.add(work, domain.name, *kept)
        shown = {"profile": domain.profile, "zone": domain.dns.zone, "base_url": domain.smp.base_url}
        shown["trust"] = _keep_trust(work, trust)
        record(work, "domains:domain:create", f"domain:{domain.name}", domain_id=domain_id, after=shown)
        zone_id = None
        if domain.sml.enabled:
            zone_id = instance.journal.create_zone(work, domain_id, domain.dns)
        if signing_key is not None and key is not None:
            _activate(work, domain, domain_id, signing_key, key)
        stored = StoredDomain(domain_id, domain, zone_id)
        if register_smp and zone_id is not None and domain.smp.smp_id and domain.smp.base_url:
            publisher = Publisher(domain.smp.smp_id, domain.smp.base_url, physical_address)
            certificate = key.certificate.public_bytes(Encoding.DER) if key else None
            instance.sml.add_publisher(work, stored, publisher, certificate)
        instance.catalog.keep(actor)
    instance.directory.refresh()
    return instance.directory.get(domain.name)


def changed_domain(instance: Instance, name: str, settings: Mapping[str, Any]) -> Domain:
    """What a domain would be with settings laid over those that it has; nothing is changed.

    Raises as `change_domain`.
    """
    instance.directory.refresh()
    stored = instance.directory.get(name)
    with instance.database.read() as connection:
        domain = _changed(connection, stored, settings)[1]
        _check_change(instance, connection, stored, domain)
    return domain


def _changed(
    connection: Connection, stored: StoredDomain, settings: Mapping[str, Any]
) -> tuple[DomainRow, Domain, dict[str, Any]]:
    """The row as it is, and the domain and its settings as they would be."""
    row = next(row for row in domains.all_domains(connection) if row.id == stored.id)
    merged = take_in_files(lay_over(row.settings, {**settings, "name": row.name}))
    domain = load_domain(row.profile, merged) if row.profile else Domain.from_mapping(merged)
    lists = stored.domain.identifiers.code_lists.values()  # which are no settings
    return row, replace(domain, identifiers=domain.identifiers.with_code_lists(*lists)), merged


def change_domain(instance: Instance, actor: Actor, name: str, settings: Mapping[str, Any]) -> StoredDomain:
    """Lay settings over those that a domain has; the records in its zone follow.

    Raises NotFoundError; ConfigurationError with all that is wrong; ConflictError where participants are registered
    under names that would change.
    """
    instance.directory.refresh()
    stored = instance.directory.get(name)
    with instance.database.write(actor) as work:
        row, domain, merged = _changed(work.connection, stored, settings)
        trust = _check_change(instance, work.connection, stored, domain)
        if merged != row.settings:
            before, after = _address(stored.domain), _keep_trust(work, trust)
            domains.change_settings(work, stored.id, merged)
            _change_names(instance, work, stored, domain)
            if domain.directory != stored.domain.directory:
                tell_anew(work, replace(stored, domain=domain))
            record(
                work,
                "domains:domain:update",
                f"domain:{name}",
                domain_id=stored.id,
                before=_without_certificates(row.settings, before),
                after=_without_certificates(merged, after),
            )
            instance.catalog.keep(actor)
    instance.directory.refresh()
    return instance.directory.get(name)


def _check_change(instance: Instance, connection: Connection, stored: StoredDomain, domain: Domain) -> TrustModel:
    """What speaks against a change besides the settings themselves; returns whom the domain would trust.

    Raises ConfigurationError, and ConflictError where participants are registered under names that would change.
    """
    trust = TrustModel.for_domain(domain)
    others = [other.domain for other in instance.directory.all() if other.id != stored.id]
    DomainRouter([*others, domain])
    held_key = domains.active_signing_key(connection, stored.id)
    if held_key is not None and domain.smp != stored.domain.smp:
        password_file = Path(held_key.password_file) if held_key.password_file else None
        check_signing_key(domain, read_signing_key(Path(held_key.file), password_file))
    before, after = stored.domain.dns, domain.dns
    changed = [key for key in _NAMES if getattr(before, key) != getattr(after, key)]
    if changed and stored.zone_id is not None and publishers.of_domain(connection, stored.id):
        raise ConflictError(f"dns.{', dns.'.join(changed)} can't change while SMPs are registered in the domain")
    return trust


def change_zone_name(work: UnitOfWork, stored: StoredDomain, settings: Mapping[str, Any]) -> StoredDomain:
    """Give a domain settings with another name of its zone; whoever calls sees to what the zone holds.

    Raises ConfigurationError with all that is wrong.
    """
    row, domain, merged = _changed(work.connection, stored, settings)
    domains.change_settings(work, stored.id, merged)
    about, trust = f"domain:{stored.domain.name}", _address(stored.domain)
    before, after = _without_certificates(row.settings, trust), _without_certificates(merged, trust)
    record(work, "domains:domain:update", about, domain_id=stored.id, before=before, after=after)
    return replace(stored, domain=domain)


def _change_names(instance: Instance, work: UnitOfWork, stored: StoredDomain, domain: Domain) -> None:
    """Let the DNS records of all participants say what the changed domain says of them."""
    before, after = stored.domain.dns, domain.dns
    if before == after or stored.zone_id is None:
        return
    instance.journal.write_apex(work, stored.zone_id, after)
    every = publishers.of_domain(work.connection, stored.id)
    said = ("naptr_services", "ttl", "publisher_indirection")  # by the participants' records
    if all(getattr(before, key) == getattr(after, key) for key in said):
        return
    if before.naptr_service != after.naptr_service:
        registrations.name_service(work, stored.id, after.naptr_service)
    for publisher in every:
        instance.publishers.bulk.follow(work, replace(stored, domain=domain), publisher, every=True)


def _keep_trust(work: UnitOfWork, trust: TrustModel) -> str:
    """Keep the configuration that a domain has from now on; returns its address."""
    trust_configurations.put(work, trust.address, canonical_form(trust.configuration).decode())
    return trust.address


def _address(domain: Domain) -> str:
    """The address of the configuration that a domain has had; "" where its settings were unusable."""
    try:
        return TrustModel.for_domain(domain).address
    except ConfigurationError:
        return ""


def _without_certificates(settings: Mapping[str, Any], address: str) -> dict[str, Any]:
    """Settings with the address of what they say of trust: certificates are long and say nothing to a reader."""
    return {**settings, "trust": address}


def _activate(work: UnitOfWork, domain: Domain, domain_id: int, signing_key: SigningKeyFile, key: SigningKey) -> None:
    row = certificate_row(key.certificate.public_bytes(Encoding.DER))
    certificates.put(work.connection, [row])
    password_file = str(signing_key.password_file.absolute()) if signing_key.password_file else None
    domains.activate_signing_key(work, domain_id, row["sha256"], str(signing_key.file.absolute()), password_file)
    record(
        work,
        "smp:signing-key:activate",
        f"domain:{domain.name}",
        domain_id=domain_id,
        after={"certificate": row["sha256"], "subject": row["subject"]},
    )
