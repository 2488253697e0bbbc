# SPDX-License-Identifier: Apache-2.0
"""The database of a phoss SMP for tests: its published layout made anew, on MariaDB or PostgreSQL, and filled fast.

The servers make the many rows themselves. `add_odd_cases` adds what operators' databases really hold.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection, text

SCHEME = "iso6523-actorid-upis"
DOCUMENT_SCHEME = "busdox-docid-qns"
INVOICE = (
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##"
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
)
CREDIT_NOTE = INVOICE.replace("Invoice", "CreditNote")
PROCESS_SCHEME = "cenbii-procid-ubl"
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
PROFILE = "peppol-transport-as4-v2_0"
EXTENSION = json.dumps([{"Any": '<a:hint xmlns:a="urn:example"> Grüße &amp; more </a:hint>'}])


class Layout(Enum):
    """How endpoints are stored."""

    INLINE = "address and certificate in the endpoint, as until 8.1"
    ACCESS_POINTS = "both in an access point of their own"
    EITHER = "either, as in 8.2"


_IDS = (
    "businessIdentifierScheme varchar(25) NOT NULL",
    "businessIdentifier varchar(135) NOT NULL",
    "documentIdentifierScheme varchar(25) NOT NULL",
    "documentIdentifier varchar(500) NOT NULL",
    "processIdentifierType varchar(25) NOT NULL",
    "processIdentifier varchar(200) NOT NULL",
)
_ENDPOINT = (
    "endpointReference, certificate, requireBusinessLevelSignature, serviceDescription, technicalContactUrl, "
    "transportProfile"
)
_NAMES = tuple(column.split()[0] for column in _IDS)
_WRITTEN = (
    "creationdt {time}, creationuserid varchar(45), lastmoddt {time}, lastmoduserid varchar(45), deletedt {time}, "
    "deleteuserid varchar(45), attrs text"
)


@dataclass(frozen=True)
class Words:
    """What MariaDB and PostgreSQL call differently."""

    long: str
    time: str
    flag: str
    narrow: str
    wide: str


_WORDS = {
    "mysql": Words(
        "longtext",
        "datetime",
        "tinyint(1)",
        " ENGINE=InnoDB DEFAULT CHARSET=latin1",
        " ENGINE=InnoDB DEFAULT CHARSET=utf8",
    ),
    "postgresql": Words("text", "timestamp", "boolean", "", ""),
}


def create(connection: Connection, layout: Layout = Layout.INLINE) -> None:
    """Make the tables of phoss SMP 8 in an empty database."""
    words = _WORDS[connection.dialect.name]
    long, time, flag = words.long, words.time, words.flag

    def table(name: str, *columns: str, narrow: bool = False) -> None:
        connection.execute(text(f"CREATE TABLE {name} ({', '.join(columns)}){words.narrow if narrow else words.wide}"))

    def child(columns: int, parent: str) -> str:
        names = ", ".join(_NAMES[:columns])
        return f"FOREIGN KEY ({names}) REFERENCES {parent} ({names}) ON DELETE CASCADE ON UPDATE CASCADE"

    def key(columns: int, *more: str) -> str:
        return f"PRIMARY KEY ({', '.join((*_NAMES[:columns], *more))})"

    table("smp_service_group", *_IDS[:2], f"extension {long}", "customproperties text", key(2), narrow=True)
    table("smp_service_metadata", *_IDS[:4], f"extension {long}", key(4), child(2, "smp_service_group"), narrow=True)
    table("smp_process", *_IDS, f"extension {long}", key(6), child(4, "smp_service_metadata"), narrow=True)
    address = ["endpointReference varchar(256)", f"certificate {long}"]
    table(
        "smp_endpoint",
        "id varchar(45) NOT NULL PRIMARY KEY",
        *_IDS,
        *([] if layout is Layout.ACCESS_POINTS else address),
        *([] if layout is Layout.INLINE else ["accessPointID varchar(45)"]),
        "minimumAuthenticationLevel varchar(256)",
        f"requireBusinessLevelSignature {flag} NOT NULL",
        f"serviceActivationDate {time} NULL",
        f"serviceDescription {long} NOT NULL",
        f"serviceExpirationDate {time} NULL",
        "technicalContactUrl varchar(256) NOT NULL",
        "technicalInformationUrl varchar(256)",
        "transportProfile varchar(256) NOT NULL",
        f"extension {long}",
        child(6, "smp_process"),
        narrow=True,
    )
    if layout is not Layout.INLINE:
        table("smp_access_point", "id varchar(45) NOT NULL PRIMARY KEY", *address)
    table(
        "smp_service_metadata_red",
        *_IDS[:4],
        "certificateUID varchar(256)",
        "redirectionUrl varchar(256) NOT NULL",
        f"extension {long}",
        f"certificate {long}",
        key(4),
        child(2, "smp_service_group"),
        narrow=True,
    )
    table(
        "smp_ownership", *_IDS[:2], "username varchar(256) NOT NULL", key(2, "username"), child(2, "smp_service_group"),
        narrow=True,
    )  # fmt: skip
    table(
        "smp_bce",
        "id varchar(45) NOT NULL PRIMARY KEY",
        "pid varchar(255) NOT NULL",
        "name text",
        "names text",
        "country varchar(3) NOT NULL",
        "geoinfo text",
        "identifiers text",
        "websites text",
        "contacts text",
        f"addon {long}",
        "regdate date",
    )
    table(
        "smp_secuser",
        "id varchar(45) NOT NULL PRIMARY KEY",
        _WRITTEN.format(time=f"{time} NULL"),
        "loginname varchar(200) NOT NULL",
        "email varchar(200)",
        "pwalgo varchar(100) NOT NULL",
        "pwsalt text NOT NULL",
        "pwhash text NOT NULL",
        "firstname text",
        "lastname text",
        f"disabled {flag} NOT NULL",
    )
    table("smp_secusertoken", "id varchar(45) NOT NULL PRIMARY KEY", "userid varchar(45) NOT NULL", "accesstokens text")
    table("smp_settings", "id varchar(45) NOT NULL PRIMARY KEY", "value text")
    table(
        "smp_pmigration",
        "id varchar(45) NOT NULL PRIMARY KEY",
        "direction varchar(45) NOT NULL",
        "state varchar(45) NOT NULL",
        "pid varchar(255) NOT NULL",
        f"initdt {time} NOT NULL",
        "migkey varchar(45) NOT NULL",
    )
    connection.execute(text("CREATE INDEX FK_pid ON smp_bce (pid)"))
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"CREATE INDEX IX_smp_endpoint_process ON smp_endpoint ({', '.join(_NAMES)})"))


@cache
def certificate(name: str, *, ends: datetime | None = None) -> str:
    """A certificate of an access point as base64 of DER, self-signed; the same for the same arguments in a process."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(ends or begin + timedelta(days=20_000))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def put(connection: Connection, table: str, **values: object) -> None:
    """Insert a row."""
    names = ", ".join(values)
    connection.execute(
        text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)})"),  # noqa: S608
        values,
    )


def put_user(connection: Connection, number: str, login: str, **values: object) -> None:
    """Insert a user; `number` is the id."""
    said = {"firstname": "Ada", "lastname": "Lovelace", "email": login, "disabled": False} | values
    put(
        connection,
        "smp_secuser",
        id=number,
        loginname=login,
        pwalgo="PBKDF2",
        pwsalt="73616c74",
        pwhash="68617368",
        **said,
    )


def put_participant(
    connection: Connection,
    value: str,
    *,
    owner: str = "admin",
    extension: str | None = None,
    properties: str | None = None,
    scheme: str = SCHEME,
) -> None:
    """Insert a service group and its ownership."""
    names = {"businessIdentifierScheme": scheme, "businessIdentifier": value}
    put(connection, "smp_service_group", **names, extension=extension, customproperties=properties)
    put(connection, "smp_ownership", **names, username=owner)


def put_service(connection: Connection, value: str, document: str = INVOICE, **endpoint: object) -> None:
    """Insert a service with one process and one endpoint; a further endpoint where the service is there.

    `endpoint` are columns of the endpoint; `child_value` spells the participant otherwise in process and endpoint,
    `metadata` and `process` are their extensions.
    """
    child = endpoint.pop("child_value", value)
    metadata, process = endpoint.pop("metadata", None), endpoint.pop("process", None)
    group = {"businessIdentifierScheme": SCHEME, "businessIdentifier": value}
    names = {"documentIdentifierScheme": DOCUMENT_SCHEME, "documentIdentifier": document}
    below = {**group, "businessIdentifier": child, **names}
    processed = {"processIdentifierType": PROCESS_SCHEME, "processIdentifier": PROCESS}
    where = " AND ".join(f"{name} = :{name}" for name in (*group, *names))
    count = text(f"SELECT count(*) FROM smp_service_metadata WHERE {where}")  # noqa: S608
    if not connection.execute(count, {**group, **names}).scalar_one():
        put(connection, "smp_service_metadata", **group, **names, extension=metadata)
        put(connection, "smp_process", **below, **processed, extension=process)
    number = connection.execute(text("SELECT count(*) FROM smp_endpoint")).scalar_one()
    said: dict[str, object] = {
        "id": f"endpoint-{number}",
        "endpointReference": "https://ap.example/as4",
        "certificate": certificate("ap.example"),
        "requireBusinessLevelSignature": False,
        "serviceDescription": "invoices",
        "technicalContactUrl": "mailto:help@ap.example",
        "transportProfile": PROFILE,
    }
    if "accessPointID" in endpoint:
        del said["endpointReference"], said["certificate"]
    put(connection, "smp_endpoint", **below, **processed, **(said | endpoint))


def put_redirect(connection: Connection, value: str, document: str = INVOICE, **columns: object) -> None:
    """Insert a redirect of a document type."""
    put(
        connection,
        "smp_service_metadata_red",
        **{
            "businessIdentifierScheme": SCHEME,
            "businessIdentifier": value,
            "documentIdentifierScheme": DOCUMENT_SCHEME,
            "documentIdentifier": document,
            "certificateUID": "CN=other",
            "redirectionUrl": "https://other-smp.example/x",
        }
        | columns,
    )


def put_card(connection: Connection, value: str, **columns: object) -> None:
    """Insert an entity of a business card."""
    number = connection.execute(text("SELECT count(*) FROM smp_bce")).scalar_one()
    said = {"id": f"card-{number}", "pid": f"{SCHEME}::{value}", "name": "ACME", "country": "AT"}
    put(connection, "smp_bce", **said | columns)


def fill(
    connection: Connection,
    *,
    participants: int,
    first: int = 1,
    certificates: Sequence[str] | None = None,
    access_points: int = 40,
    cards: bool = True,
) -> None:
    """Add participants `9915:00000001` and so on with two services each, one in ten with a business card.

    They share access points; each of these has its URL, and one of `certificates` (base64 of DER), by default its own.
    """
    made = certificates or [certificate(f"ap{number}.example") for number in range(access_points)]
    mysql = connection.dialect.name == "mysql"
    numbers = f"seq_{first}_to_{first + participants - 1} s" if mysql else (
        f"generate_series({first}, {first + participants - 1}) AS s (seq)"
    )  # fmt: skip
    if mysql:
        connection.execute(text("SET SESSION sql_mode = 'PIPES_AS_CONCAT', foreign_key_checks = 0"))
    else:
        connection.execute(text("SET session_replication_role = replica"))
    digits = "cast(s.seq AS char)" if mysql else "cast(s.seq AS text)"
    value = f"'9915:' || lpad({digits}, 8, '0')"
    if not connection.execute(text("SELECT count(*) FROM smp_secuser")).scalar_one():
        put_user(connection, "admin", "admin@example.org")
        put_user(connection, "user-1", "one@example.org")
    connection.execute(
        text("CREATE TEMPORARY TABLE filling (n integer PRIMARY KEY, url varchar(256), certificate text)")
    )
    for number in range(access_points):
        url = f"https://ap{number}.example/as4"
        put(connection, "filling", n=number, url=url, certificate=made[number % len(made)])
    ids = f"'{SCHEME}', {value}"
    documents = "(SELECT :invoice AS document UNION ALL SELECT :credit) d"
    said = {"invoice": INVOICE, "credit": CREDIT_NOTE, "process": PROCESS}
    false = "0" if mysql else "false"
    group, service = ", ".join(_NAMES[:2]), ", ".join(_NAMES[:4])
    served = f"{ids}, '{DOCUMENT_SCHEME}', d.document"
    processed = (
        f"{served}, '{PROCESS_SCHEME}', {'convert(:process using latin1)' if mysql else 'cast(:process AS text)'}"
    )
    made_of = {
        f"smp_service_group ({group})": f"{ids} FROM {numbers}",
        f"smp_ownership ({group}, username)": (
            f"{ids}, CASE WHEN s.seq % 2 = 0 THEN 'admin' ELSE 'user-1' END FROM {numbers}"
        ),
        f"smp_service_metadata ({service})": f"{served} FROM {numbers}, {documents}",
        f"smp_process ({', '.join(_NAMES)})": f"{processed} FROM {numbers}, {documents}",
        f"smp_endpoint (id, {', '.join(_NAMES)}, {_ENDPOINT})": (
            f"md5({digits} || d.document), {processed}, f.url, f.certificate, {false}, 'invoices', "
            f"'mailto:help@example.org', '{PROFILE}' FROM {numbers}, {documents}, filling f "
            f"WHERE f.n = s.seq % {access_points}"
        ),
    }
    if cards:
        made_of["smp_bce (id, pid, name, country, identifiers, websites, contacts)"] = (
            f"md5({digits}), '{SCHEME}::' || {value}, 'Company ' || {digits}, 'AT', '[]', '[]', '[]' "
            f"FROM {numbers} WHERE s.seq % 10 = 0"
        )
    for table, selected in made_of.items():
        used = {name: value for name, value in said.items() if f":{name}" in selected}
        connection.execute(text(f"INSERT INTO {table} SELECT {selected}"), used)
    connection.execute(text("DROP TABLE filling"))
    connection.commit()
    connection.execute(text("ANALYZE TABLE smp_endpoint" if mysql else "ANALYZE"))
    connection.execute(
        text("SET SESSION foreign_key_checks = 1" if mysql else "SET session_replication_role = DEFAULT")
    )
    connection.commit()
