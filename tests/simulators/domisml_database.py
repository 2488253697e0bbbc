# SPDX-License-Identifier: Apache-2.0
"""The database of a DomiSML, in a real MariaDB: its tables after their published layout, and what may be in them.

The layout is that of DomiSML 5.0 (sml.md §1.5), written anew: columns, types, keys and collations are facts that a
reader depends on. `fill` makes a plain SML of any size; `add_oddities` adds what one finds in those that have run for
years, each named by its participant or SMP.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

import pymysql
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import make_url

ZONE = "sml.example.org"
SCHEME = "iso6523-actorid-upis"
MIGRATION_KEY = "Ab12!!cd34-Xy"
_TEXT = "CHARACTER SET utf8mb3 COLLATE utf8mb3_bin"
_DATES = "created_on DATETIME, last_updated_on DATETIME"
_ROWS = 2_000

TABLES = {
    "bdmsl_subdomain": f"""
        subdomain_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, {_DATES},
        subdomain_name VARCHAR(255) {_TEXT} NOT NULL UNIQUE, dns_zone VARCHAR(512) {_TEXT} NOT NULL,
        description VARCHAR(1024) {_TEXT}, dns_record_types VARCHAR(128) {_TEXT} NOT NULL,
        participant_id_regexp VARCHAR(1024) {_TEXT} NOT NULL, smp_url_schemas VARCHAR(255) {_TEXT} NOT NULL,
        smp_ia_cert_regexp VARCHAR(255) {_TEXT}, smp_ia_cert_policy_oids VARCHAR(1024) {_TEXT},
        domain_max_participant_count BIGINT, smp_max_participant_count BIGINT""",
    "bdmsl_certificate": f"""
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, {_DATES},
        certificate_id VARCHAR(255) {_TEXT} NOT NULL UNIQUE, new_cert_change_date DATETIME, new_cert_id BIGINT,
        pem_encoding LONGTEXT, valid_from DATETIME NOT NULL, valid_until DATETIME NOT NULL,
        FOREIGN KEY (new_cert_id) REFERENCES bdmsl_certificate (id)""",
    "bdmsl_certificate_domain": f"""
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, {_DATES},
        certificate VARCHAR(255) {_TEXT} NOT NULL, crl_url VARCHAR(1000) {_TEXT}, is_admin BIT NOT NULL,
        is_root_ca BIT NOT NULL, pem_encoding LONGTEXT, truststore_alias VARCHAR(512) {_TEXT}, valid_from DATETIME,
        valid_until DATETIME, fk_subdomain_id BIGINT NOT NULL,
        FOREIGN KEY (fk_subdomain_id) REFERENCES bdmsl_subdomain (subdomain_id)""",
    "bdmsl_smp": f"""
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, {_DATES},
        smp_id VARCHAR(64) {_TEXT} NOT NULL UNIQUE, endpoint_logical_address VARCHAR(255) {_TEXT},
        endpoint_physical_address VARCHAR(255) {_TEXT}, smp_disabled BIT NOT NULL DEFAULT 0,
        dns_record_types VARCHAR(128) {_TEXT}, fk_certificate_id BIGINT NOT NULL, fk_subdomain_id BIGINT NOT NULL,
        FOREIGN KEY (fk_certificate_id) REFERENCES bdmsl_certificate (id),
        FOREIGN KEY (fk_subdomain_id) REFERENCES bdmsl_subdomain (subdomain_id)""",
    "bdmsl_participant_identifier": f"""
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, {_DATES},
        participant_id VARCHAR(255) {_TEXT} NOT NULL, scheme VARCHAR(255) {_TEXT}, cname_hash VARCHAR(255) {_TEXT},
        naptr_hash VARCHAR(255) {_TEXT}, naptr_services VARCHAR(255) {_TEXT}, disabled BIT NOT NULL DEFAULT 0,
        fk_smp_id BIGINT, UNIQUE (participant_id, scheme, fk_smp_id), INDEX (participant_id), INDEX (scheme),
        FOREIGN KEY (fk_smp_id) REFERENCES bdmsl_smp (id)""",
    "bdmsl_migrate": f"""
        migration_key VARCHAR(50) {_TEXT} NOT NULL, participant_id VARCHAR(255) {_TEXT} NOT NULL,
        scheme VARCHAR(255) {_TEXT} NOT NULL, {_DATES}, migrated BIT NOT NULL, new_smp_id VARCHAR(64) {_TEXT},
        old_smp_id VARCHAR(64) {_TEXT} NOT NULL, PRIMARY KEY (migration_key, participant_id, scheme)""",
    "bdmsl_dns_record": f"""
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, {_DATES}, dns_zone VARCHAR(255) {_TEXT} NOT NULL,
        name VARCHAR(255) {_TEXT} NOT NULL, type VARCHAR(32) {_TEXT} NOT NULL, value VARCHAR(512) {_TEXT},
        service VARCHAR(32) {_TEXT}, UNIQUE (type, name, value)""",
    "bdmsl_allowed_wildcard": f"""
        scheme VARCHAR(255) {_TEXT} NOT NULL, {_DATES}, fk_certificate_id BIGINT NOT NULL,
        PRIMARY KEY (fk_certificate_id, scheme),
        FOREIGN KEY (fk_certificate_id) REFERENCES bdmsl_certificate (id)""",
    "bdmsl_configuration": f"""
        property VARCHAR(512) {_TEXT} NOT NULL PRIMARY KEY, {_DATES}, value VARCHAR(4000) {_TEXT},
        description VARCHAR(4000) {_TEXT}""",
    "bdmsl_rev_info": f"""
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, revision_date DATETIME, timestamp BIGINT NOT NULL,
        username VARCHAR(255) {_TEXT}""",
    "bdmsl_smp_aud": f"""
        id BIGINT NOT NULL, rev BIGINT NOT NULL, revtype TINYINT, smp_id VARCHAR(64) {_TEXT}, PRIMARY KEY (rev, id)""",
}


@dataclass(slots=True)
class DomiSml:
    """A database of a DomiSML; `url` is what SQLAlchemy reaches it by. Use it as a context manager."""

    url: str
    _connection: "pymysql.connections.Connection[pymysql.cursors.Cursor]" = field(init=False)

    def __post_init__(self) -> None:
        url = make_url(self.url)
        self._connection = pymysql.connect(
            unix_socket=url.query.get("unix_socket"),
            host=url.host,
            user=url.username,
            password=url.password or "",
            database=url.database,
            charset="utf8mb4",
            autocommit=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def create(self) -> None:
        """Make the tables."""
        for name, columns in TABLES.items():
            self.run(f"CREATE TABLE {name} ({columns}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3")

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement; gives its rows."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def insert(self, table: str, **values: Any) -> int:
        """Insert a row, with its dates; gives its number where the table counts them."""
        dates = {} if table == "bdmsl_rev_info" else dict.fromkeys(("created_on", "last_updated_on"), _DATE)
        row = dates | values
        marks = ", ".join(["%s"] * len(row))
        with closing(self._connection.cursor()) as cursor:
            added = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608
            cursor.execute(added, list(row.values()))
            return int(cursor.lastrowid or 0)

    # What an SML has

    def sub_domain(self, name: str = ZONE, **values: Any) -> int:
        """A sub-domain, by default the usual one, which takes everybody."""
        usual = {
            "subdomain_name": name,
            "dns_zone": name,
            "description": f"Domain of {name}",
            "dns_record_types": "naptr",
            "participant_id_regexp": "^.*$",
            "smp_url_schemas": "all",
        }
        return self.insert("bdmsl_subdomain", **usual | values)

    def certificate(self, certificate: x509.Certificate, *, with_pem: bool = True, **values: Any) -> int:
        """A certificate of an SMP."""
        usual = {
            "certificate_id": certificate_id(certificate),
            "pem_encoding": certificate.public_bytes(Encoding.PEM).decode() if with_pem else None,
            "valid_from": certificate.not_valid_before_utc.replace(tzinfo=None),
            "valid_until": certificate.not_valid_after_utc.replace(tzinfo=None),
        }
        return self.insert("bdmsl_certificate", **usual | values)

    def plan_change(self, certificate: int, following: int, at: datetime) -> None:
        """Plan the change of a certificate."""
        change = "UPDATE bdmsl_certificate SET new_cert_id = %s, new_cert_change_date = %s WHERE id = %s"
        self.run(change, (following, at, certificate))

    def let_in(self, sub_domain: int, certificate: x509.Certificate, *, is_root: bool, **values: Any) -> int:
        """Let a certificate in, or whom it has issued certificates."""
        usual = {
            "certificate": _subject(certificate),
            "crl_url": "",
            "is_admin": 0,
            "is_root_ca": int(is_root),
            "pem_encoding": certificate.public_bytes(Encoding.PEM).decode(),
            "fk_subdomain_id": sub_domain,
        }
        return self.insert("bdmsl_certificate_domain", **usual | values)

    def smp(self, sub_domain: int, certificate: int, smp_id: str, **values: Any) -> int:
        """An SMP."""
        usual = {
            "smp_id": smp_id,
            "endpoint_logical_address": f"https://{smp_id.lower()}.example.com/",
            "endpoint_physical_address": "1.1.1.1",
            "dns_record_types": "naptr",
            "fk_certificate_id": certificate,
            "fk_subdomain_id": sub_domain,
        }
        return self.insert("bdmsl_smp", **usual | values)

    def participant(self, smp: int | None, value: str, scheme: str | None = SCHEME, **values: Any) -> int:
        """A participant of an SMP."""
        usual = {"participant_id": value, "scheme": scheme, "fk_smp_id": smp, "naptr_services": "Meta:SMP"}
        return self.insert("bdmsl_participant_identifier", **usual | _hashes(value) | values)

    def participants(self, smps: Sequence[int], values: Iterable[str]) -> None:
        """Participants of the usual kind by the thousand, of one SMP after the other."""
        names = "participant_id, scheme, fk_smp_id, naptr_services, naptr_hash, created_on, last_updated_on"
        insert = f"INSERT INTO bdmsl_participant_identifier ({names}) VALUES (%s, %s, %s, %s, %s, %s, %s)"  # noqa: S608
        rows: list[tuple[Any, ...]] = []
        with closing(self._connection.cursor()) as cursor:
            for number, value in enumerate(values):
                smp = smps[number % len(smps)]
                rows.append((value, SCHEME, smp, "Meta:SMP", _hashes(value)["naptr_hash"], _DATE, _DATE))
                if len(rows) == _ROWS:
                    cursor.executemany(insert, rows)
                    rows.clear()
            if rows:
                cursor.executemany(insert, rows)

    def migration(self, old_smp_id: str, value: str, key: str = MIGRATION_KEY, **values: Any) -> None:
        """An open migration."""
        usual = {"migration_key": key, "participant_id": value, "scheme": SCHEME, "migrated": 0}
        self.insert("bdmsl_migrate", **usual | {"old_smp_id": old_smp_id} | values)

    def dns_record(self, name: str, rdtype: str, value: str, **values: Any) -> None:
        """A record of an administrator."""
        usual = {"name": name, "type": rdtype, "value": value, "dns_zone": ZONE}
        self.insert("bdmsl_dns_record", **usual | values)


_DATE = datetime(2024, 3, 1, 12, 0)  # noqa: DTZ001 — as the database has it


def certificate_id(certificate: x509.Certificate) -> str:
    """What DomiSML calls a certificate (sml.md §1.4)."""
    parts = (NameOID.COMMON_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "O"), (NameOID.COUNTRY_NAME, "C")
    named = [
        f"{label}={found[0].value!s}"
        for oid, label in parts
        if (found := certificate.subject.get_attributes_for_oid(oid))
    ]
    return f"{','.join(named)}:{certificate.serial_number:016x}"


def fill(database: DomiSml, *, participants: int, smps: int = 20, certificates: Sequence[x509.Certificate]) -> None:
    """A plain SML in the sub-domain `ZONE`: SMPs `SMP-0` … that take turns with the certificates and participants."""
    sub_domain = database.sub_domain()
    known = [database.certificate(each) for each in certificates]
    held = [database.smp(sub_domain, known[number % len(known)], f"SMP-{number}") for number in range(smps)]
    database.participants(held, map(participant_value, range(participants)))


def participant_value(number: int) -> str:
    """The value of one of the participants that `fill` makes."""
    return f"0088:{number:013}"


def _subject(certificate: x509.Certificate) -> str:
    return certificate_id(certificate).rpartition(":")[0]


def _hashes(value: str) -> dict[str, str]:
    lower = value.lower().encode()
    digest = base64.b32encode(hashlib.sha256(lower).digest()).decode().rstrip("=")
    return {"naptr_hash": digest, "cname_hash": hashlib.md5(lower, usedforsecurity=False).hexdigest()}


def tomorrow() -> datetime:
    """When a planned change of a certificate takes place."""
    return datetime.now().replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=1)  # noqa: DTZ005
