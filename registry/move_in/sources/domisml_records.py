# SPDX-License-Identifier: Apache-2.0
"""What little DomiSML has beside registrations, as records: sub-domains, SMPs, open migrations, records in DNS.

Rows are mappings of column names in lower case (sml.md §1.5). Moments have no zone there; of the planned change of a
certificate the day counts, as it does for DomiSML, which changes certificates once a night.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cached_property
from itertools import groupby
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from registry.dns.records import APEX
from registry.move_in.sml_records import (
    DnsRecord,
    MigrationRecord,
    PublisherRecord,
    SpeakingCertificate,
    SubDomainRecord,
    participant_key,
)
from registry.sml.admin_sub_domains import zone_of
from registry.storage.queries.migrations import key_hash
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

Row = Mapping[str, Any]

_SUBJECTS: Final = "authorization.smp.certSubjectRegex"
"""The property that counts for sub-domains without a pattern of their own (sml.md §1.4)."""
_NO_ADDRESS: Final = "0.0.0.0"  # noqa: S104 — what SMPs send to an SML; nobody resolves by it
_ENABLED: Final = ("smp_disabled", "disabled")
"""An upgraded database may have the flag of an SMP under both names."""
_COMMA: Final = re.compile(r"(?<!\\),")
_NAMED: Final = ("CN", "O", "C")


@dataclass(frozen=True)
class DomiSmlTables:
    """The rows of the tables that are read as a whole, as they are at one moment."""

    sub_domains: Sequence[Row]
    smps: Sequence[Row]
    certificates: Sequence[Row]
    domain_certificates: Sequence[Row]
    wildcards: Sequence[Row]
    migrations: Sequence[Row]
    dns_records: Sequence[Row]
    properties: Mapping[str, str] = field(default_factory=dict)
    in_use: Sequence[tuple[int, str, str]] = ()
    """By the number of a sub-domain, which schemes its participants have, with which services."""

    @cached_property
    def names(self) -> dict[int, str]:
        """The names of sub-domains, by their numbers."""
        return {row["subdomain_id"]: zone_of(row["subdomain_name"]) for row in self.sub_domains}

    @cached_property
    def by_smp_id(self) -> dict[str, Row]:
        """SMPs by their ids, in which case means nothing."""
        return {_smp_id_key(row["smp_id"]): row for row in self.smps}

    @cached_property
    def _certificates(self) -> dict[int, Row]:
        return {row["id"]: row for row in self.certificates}

    @cached_property
    def _ders(self) -> dict[int, bytes]:
        """The certificates that are there themselves, by their numbers."""
        read = ((row["id"], der_of(row["pem_encoding"])) for row in self.certificates)
        return {number: der for number, der in read if der is not None}

    # Sub-domains

    def sub_domain_records(self) -> Iterator[SubDomainRecord]:
        """One for each name; of names that differ in case alone the first one."""
        seen: dict[str, Row] = {}
        for row in self.sub_domains:
            seen.setdefault(self.names[row["subdomain_id"]], row)
        for name, row in seen.items():
            mine = [each for each in self.domain_certificates if self.names.get(each["fk_subdomain_id"]) == name]
            roots = [each for each in mine if is_set(each["is_root_ca"])]
            leaves = [each for each in mine if not is_set(each["is_root_ca"])]
            let_in, unknown = self._let_in(name, leaves)
            vouching = [(each, der_of(each.get("pem_encoding"))) for each in roots]
            yield SubDomainRecord(
                name,
                zone_of(row["dns_zone"]),
                description=row["description"],
                participants=row["participant_id_regexp"],
                records=row["dns_record_types"],
                url_schemes=row["smp_url_schemas"],
                subjects=(row.get("smp_ia_cert_regexp") or self.properties.get(_SUBJECTS) or None) if roots else None,
                policies=row.get("smp_ia_cert_policy_oids") or None,
                max_participants=row.get("domain_max_participant_count"),
                max_participants_per_publisher=row.get("smp_max_participant_count"),
                roots=tuple(sorted({der for _, der in vouching if der is not None})),
                leaves=let_in,
                unknown=tuple(sorted({each["certificate"] for each, der in vouching if der is None} | unknown)),
                wildcard_owners=self._wildcard_owners(name),
                schemes=tuple(
                    sorted({scheme for number, scheme, _ in self.in_use if scheme and self.names[number] == name})
                ),
                services=tuple(self._services(name)),
            )

    def _services(self, name: str) -> Sequence[str]:
        served = (services for number, _, services in self.in_use if self.names[number] == name)
        return sorted({each for services in served for each in services_of(services)})

    def _let_in(self, name: str, leaves: Sequence[Row]) -> tuple[tuple[bytes, ...], set[str]]:
        """The certificates that are let in themselves, and the names of those that aren't there.

        One that is known by name only is that of the SMPs whose certificates have the name.
        """
        found, unknown = set[bytes](), set[str]()
        for row in leaves:
            der = der_of(row.get("pem_encoding"))
            who = _who(row["certificate"])
            mine = {der} if der is not None else {each for each, whose in self._of_smps(name) if whose == who}
            found |= mine
            if not mine:
                unknown.add(row["certificate"])
        return tuple(sorted(found)), unknown

    def _of_smps(self, name: str) -> Iterator[tuple[bytes, Mapping[str, str]]]:
        for smp in self._smps_of(name):
            for number in self._speaking(smp):
                if number in self._ders:
                    yield self._ders[number], _who(self._certificates[number]["certificate_id"].rpartition(":")[0])

    def _smps_of(self, name: str) -> Iterator[Row]:
        return (row for row in self.smps if self.names.get(row["fk_subdomain_id"]) == name)

    def _speaking(self, smp: Row) -> Iterator[int]:
        """The numbers of an SMP's certificate, and of the one that is to follow."""
        number = smp["fk_certificate_id"]
        if number in self._certificates:
            yield number
            following = self._certificates[number].get("new_cert_id")
            if following in self._certificates:
                yield following

    def _wildcard_owners(self, name: str) -> dict[str, tuple[str, ...]]:
        owners: dict[str, set[str]] = {}
        for row in self.wildcards:
            mine = {
                smp["smp_id"] for smp in self._smps_of(name) if smp["fk_certificate_id"] == row["fk_certificate_id"]
            }
            if mine:
                owners.setdefault(row["scheme"], set()).update(mine)
        return {scheme: tuple(sorted(smp_ids)) for scheme, smp_ids in sorted(owners.items())}

    # SMPs

    def publisher_records(self) -> Iterator[PublisherRecord]:
        """All SMPs that are in a sub-domain."""
        for row in self.smps:
            name = self.names.get(row["fk_subdomain_id"])
            if name is None:
                continue
            numbers = list(self._speaking(row))
            flags = [is_set(row[column]) for column in _ENABLED if row.get(column) is not None]
            notes = ["two flags contradict each other about whether it is disabled: it is"] if len({*flags}) > 1 else []
            yield PublisherRecord(
                name,
                row["smp_id"].strip(),
                row["endpoint_logical_address"] or "",
                row["endpoint_physical_address"] or _NO_ADDRESS,
                suspended=any(flags),
                certificates=tuple(self._windows(numbers)),
                unknown=tuple(self._certificates[each]["certificate_id"] for each in numbers if each not in self._ders),
                notes=tuple(notes),
            )

    def _windows(self, numbers: Sequence[int]) -> Iterator[SpeakingCertificate]:
        if not numbers:
            return
        present, *following = numbers
        if present in self._ders:
            yield SpeakingCertificate(self._ders[present])
        for number in following:
            if number in self._ders:
                begin = load_certificate(self._ders[number]).not_valid_before_utc
                planned = moment_of(self._certificates[present].get("new_cert_change_date"))
                day = begin if planned is None else datetime.combine(planned.date(), time(), UTC)
                yield SpeakingCertificate(self._ders[number], max(day, begin))

    # Migrations

    def migration_records(self) -> Iterator[MigrationRecord]:
        """The open migrations of SMPs that are there; of several of one participant the last one."""
        opened = (row for row in self.migrations if not is_set(row["migrated"]) and self._sub_domain_of(row))
        in_order = sorted(opened, key=lambda row: (self._migration_key(row), _last_change(row), row["migration_key"]))
        for _, rows in groupby(in_order, key=self._migration_key):
            *earlier, last = rows
            notes = [f"{len(earlier)} earlier ones of it are open, too: the last one counts"] if earlier else []
            if last["new_smp_id"]:
                notes.append(f"the SMP {last['new_smp_id']} had begun to take it over")
            yield MigrationRecord(
                self._sub_domain_of(last) or "",
                last["scheme"] or "",
                last["participant_id"].strip(),
                last["old_smp_id"].strip(),
                key_hash(last["migration_key"]),
                tuple(notes),
            )

    def _sub_domain_of(self, migration: Row) -> str | None:
        smp = self.by_smp_id.get(_smp_id_key(migration["old_smp_id"]))
        return None if smp is None else self.names.get(smp["fk_subdomain_id"])

    def _migration_key(self, row: Row) -> str:
        return participant_key(self._sub_domain_of(row) or "", row["scheme"] or "", row["participant_id"].strip())

    # Records in DNS

    def dns_record_records(self) -> Iterator[DnsRecord]:
        """All values of a name and type together."""
        named = sorted(
            (self._name_of(row), row["type"].upper(), row["value"] or "", row["service"] or "")
            for row in self.dns_records
        )
        for (name, rdtype), rows in groupby(named, key=lambda each: each[:2]):
            values = tuple(dict.fromkeys((value, service or None) for _, _, value, service in rows))
            above = [each for each in self.names.values() if f".{name}".endswith(f".{each}")]
            sub_domain = max(above, key=len, default="")
            owner = f"{name}." if not above else name.removesuffix(sub_domain).removesuffix(".") or APEX
            yield DnsRecord(sub_domain, owner, rdtype, values)

    @staticmethod
    def _name_of(row: Row) -> str:
        name, zone = zone_of(row["name"]), zone_of(row["dns_zone"])
        return name if f".{name}".endswith(f".{zone}") else f"{name}.{zone}"

    # What has no home here

    def left_out(self) -> Iterator[tuple[str, int, str]]:
        """What of these tables isn't carried: its name, how many, and why."""
        smps, rules = self.smps, self.domain_certificates
        used = {number for smp in smps for number in self._speaking(smp)}
        records = {row["subdomain_id"]: row["dns_record_types"] for row in self.sub_domains}
        twice = len(self.sub_domains) - len({*self.names.values()})
        closed = [row for row in self.migrations if is_set(row["migrated"])]
        lost = [row for row in self.migrations if not is_set(row["migrated"]) and not self._sub_domain_of(row)]
        owning = {smp["fk_certificate_id"] for smp in smps}
        yield "bdmsl_configuration", len(self.properties), "properties of that program; here: registry domain show"
        yield (
            "bdmsl_subdomain.subdomain_name",
            twice,
            "names that differ in case alone are one in DNS: the first counts",
        )
        yield "bdmsl_certificate", len(self._certificates.keys() - used), "no SMP has it, and none is to have it"
        unread = used & (self._certificates.keys() - self._ders.keys())
        yield (
            "bdmsl_certificate.pem_encoding",
            len(unread),
            "the certificate itself isn't there: registry sml certificate add",
        )
        yield (
            "bdmsl_certificate_domain.is_admin",
            sum(is_set(row["is_admin"]) for row in rules),
            "no certificate makes an administrator: registry account add-certificate",
        )
        yield (
            "bdmsl_certificate_domain.crl_url",
            sum(bool(row.get("crl_url")) for row in rules),
            "where revocation lists are is what certificates say",
        )
        yield (
            "bdmsl_smp.dns_record_types",
            sum((row.get("dns_record_types") or "") not in {"", records.get(row["fk_subdomain_id"])} for row in smps),
            "all SMPs of a domain have the same kinds of records",
        )
        orphans = [row for row in self.wildcards if row["fk_certificate_id"] not in owning]
        yield "bdmsl_allowed_wildcard", len(orphans), "no SMP has the certificate"
        yield "bdmsl_migrate.migrated", len(closed), "migrations that have ended are history"
        yield "bdmsl_migrate.old_smp_id", len(lost), "the SMP that prepared the migration isn't there any more"


def is_set(value: Any) -> bool:
    """A flag: MySQL's BIT comes as octets, or as text from a dump."""
    said = value.decode("latin-1") if isinstance(value, bytes) else value
    return said.strip("\0") not in {"", "0"} if isinstance(said, str) else bool(said)


def services_of(text: str) -> tuple[str, ...]:
    """The services of a participant; none where it has those that all have."""
    return tuple(each for each in map(str.strip, text.split("|")) if each)


def der_of(text: str | None) -> bytes | None:
    """A certificate as the database has it; None where it isn't there, or can't be read."""
    try:
        return load_certificate(text).public_bytes(Encoding.DER) if text else None
    except CertificateError:
        return None


def _who(name: str) -> dict[str, str]:
    """The parts of a subject by which DomiSML knows certificates."""
    parts = (part.strip().partition("=") for part in _COMMA.split(name))
    return {label.upper(): value for label, _, value in parts if label.upper() in _NAMED}


def _smp_id_key(smp_id: str) -> str:
    return smp_id.strip().lower()


def moment_of(value: Any) -> datetime | None:
    """A moment without a zone, which is text in a dump; None where there is none, or one that can't be."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:  # such as 0000-00-00
        return None


def _last_change(row: Row) -> datetime:
    found = (moment_of(row.get(name)) for name in ("last_updated_on", "created_on"))
    return next((each for each in found if each is not None), datetime.min)  # noqa: DTZ901 — as the database has it
