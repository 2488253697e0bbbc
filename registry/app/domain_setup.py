# SPDX-License-Identifier: Apache-2.0
"""Adds domains to an instance: the row, its zone, its signing key, and its own SMP at its own SML."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from registry.app.instance import Instance
from registry.audit.events import record
from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping, load_domain
from registry.domains.router import DomainRouter
from registry.domains.section import merge
from registry.errors import AlreadyExistsError
from registry.sml.model import Publisher
from registry.smp.signed_documents import read_signing_key
from registry.storage.certificate_rows import certificate_row
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import certificates, domains
from registry.storage.unit_of_work import UnitOfWork
from trust_lists.certificates.parsing import SigningKey


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
    domain = load_domain(profile, settings)
    key = read_signing_key(signing_key.file, signing_key.password_file) if signing_key else None
    instance.directory.refresh()
    others = [stored.domain for stored in instance.directory.all()]
    if any(other.name == domain.name for other in others):
        raise AlreadyExistsError(f"there is a domain {domain.name} already")
    DomainRouter([*others, domain])  # refuses base URLs and defaults that clash
    stored_profile, stored_settings = _to_store(profile, settings, domain)
    with instance.database.write(actor) as work:
        domain_id = domains.add(work, domain.name, stored_profile, stored_settings)
        shown = {"profile": domain.profile, "zone": domain.dns.zone, "base_url": domain.smp.base_url}
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
    instance.directory.refresh()
    return instance.directory.get(domain.name)


def change_domain(instance: Instance, actor: Actor, name: str, settings: Mapping[str, Any]) -> StoredDomain:
    """Lay settings over those that a domain has. Raises NotFoundError, or ConfigurationError with all that is wrong."""
    instance.directory.refresh()
    stored = instance.directory.get(name)
    with instance.database.write(actor) as work:
        row = next(row for row in domains.all_domains(work.connection) if row.id == stored.id)
        merged = merge(row.settings, {**settings, "name": name})
        domain = load_domain(row.profile, merged) if row.profile else Domain.from_mapping(merged)
        others = [other.domain for other in instance.directory.all() if other.id != stored.id]
        DomainRouter([*others, domain])
        if merged != row.settings:
            domains.change_settings(work, stored.id, merged)
            record(
                work,
                "domains:domain:update",
                f"domain:{name}",
                domain_id=stored.id,
                before=_without_trust(row.settings),
                after=_without_trust(merged),
            )
    instance.directory.refresh()
    return instance.directory.get(name)


def _without_trust(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without certificates, which are long and say nothing to a reader of the audit."""
    return {key: value for key, value in settings.items() if key != "trust"}


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


def _to_store(profile: str | Path, settings: Mapping[str, Any], domain: Domain) -> tuple[str, dict[str, Any]]:
    """What the database keeps: a shipped profile by name with the settings over it, or else everything.

    Either way the content of certificate files is taken in, since the files may move.
    """
    complete = domain_to_mapping(domain)
    if isinstance(profile, Path) or profile != domain.profile:
        return "", complete
    kept = dict(settings)
    if "trust" in kept:
        kept["trust"] = {
            name: {
                **{key: value for key, value in role.items() if not key.endswith("_files")},
                "anchors": complete["trust"][name]["anchors"],  # type: ignore[index]
                "intermediates": complete["trust"][name]["intermediates"],  # type: ignore[index]
            }
            for name, role in kept["trust"].items()
        }
    return profile, kept
