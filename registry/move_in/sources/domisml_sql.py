# SPDX-License-Identifier: Apache-2.0
"""Reads the database of a DomiSML (4.x and 5.x on MySQL or MariaDB, or a dump of it) as records (sml.md §1.5).

The database keeps but a few of DomiSML's rules: a participant may be there with several SMPs of a sub-domain, or in two
spellings, which its code alone prevents. All but registrations is little, and read as a whole; of these the database
itself makes the keys, and what each part amounts to.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, NamedTuple

from registry.errors import ConfigurationError
from registry.move_in.model import Kind, SourceKind, SourceRecord, Unhoused, part_of
from registry.move_in.sml_records import RegistrationRecord
from registry.move_in.sources.domisml_records import DomiSmlTables, Row, is_set, services_of
from registry.move_in.sources.sql import WORDS, Snapshot
from registry.move_in.sources.sql_states import state_of

Part = tuple[Kind, int]

_SYSTEM: Final = "DomiSML"
_PARTICIPANTS: Final = "bdmsl_participant_identifier"
_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "bdmsl_subdomain": (
        "subdomain_id",
        "subdomain_name",
        "dns_zone",
        "description",
        "dns_record_types",
        "participant_id_regexp",
        "smp_url_schemas",
    ),
    "bdmsl_certificate": ("id", "certificate_id", "pem_encoding", "new_cert_change_date", "new_cert_id"),
    "bdmsl_certificate_domain": ("certificate", "is_admin", "is_root_ca", "fk_subdomain_id"),
    "bdmsl_smp": (
        "id",
        "smp_id",
        "endpoint_logical_address",
        "endpoint_physical_address",
        "fk_certificate_id",
        "fk_subdomain_id",
    ),
    _PARTICIPANTS: ("id", "participant_id", "scheme", "fk_smp_id"),
    "bdmsl_migrate": ("migration_key", "participant_id", "scheme", "migrated", "new_smp_id", "old_smp_id"),
    "bdmsl_dns_record": ("dns_zone", "name", "service", "type", "value"),
    "bdmsl_allowed_wildcard": ("scheme", "fk_certificate_id"),
    "bdmsl_configuration": ("property", "value"),
}
"""The columns without which nothing can be told; others are of newer releases, or taken where they are there."""
_HISTORY: Final = "history; it stays in the old system"


class _Twice(NamedTuple):
    """Several rows that are one participant of a sub-domain; the one with the least id stands for all."""

    first: int
    rows: int
    smp_ids: tuple[str, ...]
    disabled: bool


class DomiSmlSql:
    """Implements `registry.move_in.model.Source`."""

    kind = SourceKind.DOMISML_SQL

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def check(self) -> None:
        """See `Source.check`."""
        if self._snapshot.words is WORDS["postgresql"]:
            raise ConfigurationError(f"{_SYSTEM} keeps its data in MySQL, MariaDB or Oracle, not in PostgreSQL")
        self._snapshot.require(_SYSTEM, _TABLES)

    def checksums(self) -> Mapping[Part, str] | None:
        """See `Source.checksums`; a dump can't tell."""
        words = self._snapshot.words
        if not words.number:
            return None
        found: dict[Part, Any] = {}
        for record in self._few:
            found.setdefault((record.kind, part_of(record.key)), sha256()).update(record.key.encode() + record.body)
        sums = {place: digest.hexdigest() for place, digest in found.items()}
        row = " || ' ' || ".join(
            f"cast({each} AS {words.characters})"
            for each in (
                "p.id",
                "s.fk_subdomain_id",
                "s.smp_id",
                "coalesce(p.scheme, '')",
                "p.participant_id",
                *self._optional,
            )
        )
        said = f"SELECT {self._part} AS part, {words.md5.format(row)} AS said {self._from}"
        number = words.number.format("said")
        for part, rows, total in self._rows(
            f"SELECT part, count(*), sum({number}) FROM ({said}) AS digests GROUP BY part"  # noqa: S608
        ):
            sums[Kind.REGISTRATION, int(part, 16)] = f"{rows}:{int(total)}"
        return sums

    def state(self) -> str | None:
        """See `StatedSource.state`."""
        return state_of(self._snapshot, *_TABLES)

    def records(self, parts: Collection[Part] | None) -> Iterator[SourceRecord]:
        """See `Source.records`."""
        for record in self._few:
            if parts is None or (record.kind, part_of(record.key)) in parts:
                yield record
        wanted = None if parts is None else {f"{part:03x}" for kind, part in parts if kind is Kind.REGISTRATION}
        if wanted is None or wanted:
            yield from self._registrations(wanted)

    def unhoused(self) -> tuple[Unhoused, ...]:
        """See `Source.unhoused`."""
        every = self._snapshot.count(_PARTICIPANTS)
        homeless = every - self._snapshot.count(f"({self._ids}) AS of_smps")
        spelled = sum(each.rows - 1 for each in self._twice.values() if len(each.smp_ids) == 1)
        found = [
            *self._tables.left_out(),
            (f"{_PARTICIPANTS}.fk_smp_id", homeless, "no SMP of a sub-domain has them"),
            (f"{_PARTICIPANTS}.participant_id", spelled, "further spellings of a participant that its SMP has already"),
            (f"{_PARTICIPANTS}.created_on", every, "when it came here is what an event says; its past stays there"),
        ]
        for table in sorted(self._snapshot.columns):
            if table.startswith("bdmsl_") and table not in _TABLES:
                known = table.endswith("_aud") or table == "bdmsl_rev_info"
                why = _HISTORY if known else f"a table that no known release of {_SYSTEM} has"
                found.append((table, self._snapshot.count(table), why))
        return tuple(Unhoused(*each) for each in found if each[1])

    def close(self) -> None:
        """See `Source.close`."""
        self._snapshot.close()

    # What is little

    @cached_property
    def _tables(self) -> DomiSmlTables:
        return DomiSmlTables(
            sub_domains=self._all("bdmsl_subdomain", "subdomain_id"),
            smps=self._all("bdmsl_smp", "id"),
            certificates=self._all("bdmsl_certificate", "id"),
            domain_certificates=self._all("bdmsl_certificate_domain", "id"),
            wildcards=self._all("bdmsl_allowed_wildcard", "scheme"),
            migrations=self._all("bdmsl_migrate", "migration_key"),
            dns_records=self._all("bdmsl_dns_record", "id"),
            properties={row["property"]: row["value"] for row in self._all("bdmsl_configuration", "property")},
            in_use=self._in_use(),
        )

    @cached_property
    def _few(self) -> tuple[SourceRecord, ...]:
        tables = self._tables
        return (
            *(record.to_record() for record in tables.sub_domain_records()),
            *(record.to_record() for record in tables.publisher_records()),
            *(record.to_record() for record in tables.migration_records()),
            *(record.to_record() for record in tables.dns_record_records()),
        )

    def _all(self, table: str, order: str) -> list[Row]:
        columns = sorted(self._snapshot.columns[table])
        rows = self._snapshot.rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}")  # noqa: S608
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def _in_use(self) -> list[tuple[int, str, str]]:
        scheme, services = "lower(coalesce(p.scheme, ''))", self._optional[0]
        rows = self._snapshot.rows(
            f"SELECT DISTINCT s.fk_subdomain_id, {scheme}, {services} FROM {_PARTICIPANTS} p "  # noqa: S608
            "JOIN bdmsl_smp s ON s.id = p.fk_smp_id JOIN bdmsl_subdomain d ON d.subdomain_id = s.fk_subdomain_id"
        )
        return [(number, scheme, services) for number, scheme, services in rows]

    # Registrations

    @cached_property
    def _optional(self) -> tuple[str, str]:
        """The services, and whether it is disabled."""
        columns = self._snapshot.columns[_PARTICIPANTS]
        services = "coalesce(p.naptr_services, '')" if "naptr_services" in columns else "''"
        return services, "p.disabled" if "disabled" in columns else "0"

    @property
    def _from(self) -> str:
        """Participants with SMPs that are in a sub-domain."""
        numbers = ", ".join(map(str, self._tables.names)) or "NULL"
        return f"FROM {_PARTICIPANTS} p JOIN bdmsl_smp s ON s.id = p.fk_smp_id AND s.fk_subdomain_id IN ({numbers})"

    @property
    def _ids(self) -> str:
        return f"SELECT p.id {self._from}"

    @property
    def _key(self) -> str:
        """As `sml_records.participant_key` makes them, where all is US-ASCII as it should be."""
        cases = " ".join(f"WHEN {number} THEN :name_{number}" for number in self._tables.names) or "WHEN NULL THEN ''"
        sub_domain = f"CASE s.fk_subdomain_id {cases} END"
        return f"{sub_domain} || '/' || lower(coalesce(p.scheme, '')) || '::' || lower(trim(p.participant_id))"

    @property
    def _part(self) -> str:
        return self._snapshot.words.digits(self._key)

    def _rows(self, statement: str, **values: object) -> Iterator[Any]:
        names = {f"name_{number}": name for number, name in self._tables.names.items()}
        return self._snapshot.rows(statement, **names, **values)

    @cached_property
    def _twice(self) -> Mapping[str, _Twice]:
        """The participants that are there more than once, by key."""
        columns = f"{self._key} AS name, p.id AS id, s.smp_id AS smp_id, {self._optional[1]} AS disabled"
        wanted = "name, min(id), count(*), group_concat(DISTINCT smp_id), max(disabled)"
        named = f"SELECT {columns} {self._from}"
        rows = self._rows(f"SELECT {wanted} FROM ({named}) AS named GROUP BY name HAVING count(*) > 1")  # noqa: S608
        return {
            key: _Twice(first, count, tuple(sorted(said.split(","))), is_set(off))
            for key, first, count, said, off in rows
        }

    def _registrations(self, wanted: Collection[str] | None) -> Iterator[SourceRecord]:
        twice, names = self._twice, self._tables.names
        services, disabled = self._optional
        columns = f"{self._key}, p.id, s.fk_subdomain_id, p.scheme, p.participant_id, s.smp_id, {services}, {disabled}"
        among = {} if wanted is None else {"parts": sorted(wanted)}
        some = "" if wanted is None else f" WHERE {self._part} IN :parts"
        rows = self._rows(f"SELECT {columns} {self._from}{some}", **among)
        for key, number, domain, scheme, value, smp_id, served, off in rows:
            others: tuple[str, ...] = ()
            if (several := twice.get(key)) is not None:
                if several.first != number:
                    continue
                others, off = tuple(each for each in several.smp_ids if each != smp_id), several.disabled  # noqa: PLW2901
            yield RegistrationRecord(
                names[domain],
                scheme or "",
                value.strip(),
                smp_id.strip(),
                services_of(served),
                is_set(off),
                others,
                key,
            ).to_record()
