# SPDX-License-Identifier: Apache-2.0
"""The database of a DomiSMP 5.2 for tests: its published layout made anew on MariaDB, and filled fast.

Only tables and columns that say something are made. The server makes the many rows itself.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence

from sqlalchemy import Connection, text

from tests.simulators.phoss_database import CREDIT_NOTE, DOCUMENT_SCHEME, INVOICE, PROCESS, PROCESS_SCHEME, SCHEME, put
from tests.simulators.phoss_database import certificate as new_certificate

SMP1 = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
GROUP1 = (
    f'<ServiceGroup xmlns="{SMP1}"><ParticipantIdentifier scheme="${{resource.identifier.scheme}}">'
    "${resource.identifier.value}</ParticipantIdentifier><ServiceMetadataReferenceCollection/></ServiceGroup>"
)
_SMP2 = "http://docs.oasis-open.org/bdxr/ns/SMP/2"
_DECLARED2 = (
    f'xmlns:a="{_SMP2}/AggregateComponents" xmlns="{_SMP2}/BasicComponents" xmlns:e="{_SMP2}/ExtensionComponents"'
)
GROUP2 = (
    f'<g:ServiceGroup xmlns:g="{_SMP2}/ServiceGroup" {_DECLARED2}><SMPVersionID>2.0</SMPVersionID>'
    '<ParticipantID schemeID="${resource.identifier.scheme}">${resource.identifier.value}</ParticipantID>'
    "</g:ServiceGroup>"
)
PROFILE = "bdxr-transport-ebms3-as4-v1p0"
_AT = "2026-01-02 03:04:05"
_BIN = "CHARACTER SET utf8 COLLATE utf8_bin"
_SEEN = "VISIBILITY enum ('INTERNAL','PRIVATE','PUBLIC')"
_STATES = "enum ('APPROVED','DRAFT','PUBLISHED','REJECTED','RETIRED','UNDER_REVIEW')"
_TABLES = {
    "SMP_USER": (
        "ACTIVE bit NOT NULL",
        "APPLICATION_ROLE enum ('SYSTEM_ADMIN','USER')",
        f"EMAIL varchar(128) {_BIN}",
        f"FULL_NAME varchar(128) {_BIN}",
        f"USERNAME varchar(64) {_BIN} NOT NULL UNIQUE",
    ),
    "SMP_CREDENTIAL": (
        f"CREDENTIAL_NAME varchar(256) {_BIN}",
        f"CREDENTIAL_VALUE varchar(256) {_BIN}",
        "FK_USER_ID bigint",
    ),
    "SMP_DOMAIN": (f"DOMAIN_CODE varchar(256) {_BIN} NOT NULL", f"SML_SMP_ID varchar(256) {_BIN}", _SEEN),
    "SMP_GROUP": (f"NAME varchar(512) {_BIN} NOT NULL", _SEEN, "FK_DOMAIN_ID bigint NOT NULL"),
    "SMP_GROUP_MEMBER": ("MEMBERSHIP_ROLE enum ('ADMIN','VIEWER')", "FK_GROUP_ID bigint", "FK_USER_ID bigint"),
    "SMP_RESOURCE_DEF": (f"IDENTIFIER varchar(128) {_BIN}", f"URL_SEGMENT varchar(128) {_BIN}"),
    "SMP_DOMAIN_RESOURCE_DEF": ("FK_DOMAIN_ID bigint", "FK_RESOURCE_DEF_ID bigint"),
    "SMP_DOCUMENT": (
        "CURRENT_VERSION integer NOT NULL",
        "SHARING_ENABLED bit",
        "FK_REF_DOCUMENT_ID bigint",
        "FOREIGN KEY (FK_REF_DOCUMENT_ID) REFERENCES SMP_DOCUMENT (ID)",
    ),
    "SMP_DOCUMENT_PROPERTY": (
        f"PROPERTY_NAME varchar(255) {_BIN}",
        f"PROPERTY_VALUE varchar(4000) {_BIN}",
        "FK_DOCUMENT_ID bigint",
        "UNIQUE (FK_DOCUMENT_ID, PROPERTY_NAME)",
    ),
    "SMP_DOCUMENT_VERSION": (
        "DOCUMENT_CONTENT longblob",
        f"STATUS {_STATES} NOT NULL",
        "VERSION integer NOT NULL",
        "FK_DOCUMENT_ID bigint",
        "UNIQUE (FK_DOCUMENT_ID, VERSION)",
        "FOREIGN KEY (FK_DOCUMENT_ID) REFERENCES SMP_DOCUMENT (ID)",
    ),
    "SMP_RESOURCE": (
        f"IDENTIFIER_SCHEME varchar(256) {_BIN}",
        f"IDENTIFIER_VALUE varchar(256) {_BIN} NOT NULL",
        "REVIEW_ENABLED bit",
        "SML_REGISTERED bit",
        _SEEN,
        "FK_DOCUMENT_ID bigint NOT NULL",
        "FK_DOREDEF_ID bigint NOT NULL",
        "FK_GROUP_ID bigint",
        "KEY (IDENTIFIER_VALUE)",
        "UNIQUE (IDENTIFIER_SCHEME, IDENTIFIER_VALUE, FK_DOREDEF_ID)",
        "FOREIGN KEY (FK_DOREDEF_ID) REFERENCES SMP_DOMAIN_RESOURCE_DEF (ID)",
    ),
    "SMP_RESOURCE_MEMBER": (
        "MEMBERSHIP_ROLE enum ('ADMIN','VIEWER')",
        "FK_RESOURCE_ID bigint",
        "FK_USER_ID bigint",
        "UNIQUE (FK_RESOURCE_ID, FK_USER_ID)",
    ),
    "SMP_SUBRESOURCE": (
        f"IDENTIFIER_SCHEME varchar(500) {_BIN}",
        f"IDENTIFIER_VALUE varchar(500) {_BIN} NOT NULL",
        "FK_DOCUMENT_ID bigint",
        "FK_RESOURCE_ID bigint NOT NULL",
        "FK_SUREDEF_ID bigint NOT NULL",
        "KEY (FK_RESOURCE_ID)",
    ),
}


def create(connection: Connection, domains: Sequence[str] = ("main",)) -> None:
    """Make the tables in an empty database, two users (`system` and `clerk`), and domains with both kinds of resources.

    A domain has the id of its place, from 1; its SMP 1.0 and SMP 2.0 resources have the definitions 2n-1 and 2n, and
    its one group its own id.
    """
    for table, columns in _TABLES.items():
        common = (
            "ID bigint NOT NULL AUTO_INCREMENT",
            f"CREATED_ON datetime(6) DEFAULT '{_AT}'",
            f"LAST_UPDATED_ON datetime(6) DEFAULT '{_AT}'",
        )
        said = ", ".join((*common, *columns, "PRIMARY KEY (ID)"))
        connection.execute(text(f"CREATE TABLE {table} ({said}) ENGINE=InnoDB DEFAULT CHARSET=utf8"))
    for number, login in enumerate(("system", "clerk"), 1):
        put(
            connection,
            "SMP_USER",
            ID=number,
            USERNAME=login,
            FULL_NAME=login.title(),
            EMAIL=f"{login}@example.org",
            ACTIVE=1,
        )
    for number, version in enumerate(("1.0", "2.0"), 1):
        put(connection, "SMP_RESOURCE_DEF", ID=number, IDENTIFIER=f"edelivery-oasis-smp-{version}-servicegroup")
    put(connection, "SMP_RESOURCE_DEF", ID=3, IDENTIFIER="edelivery-oasis-cppa-3.0-cpp")
    for number, code in enumerate(domains, 1):
        put(connection, "SMP_DOMAIN", ID=number, DOMAIN_CODE=code, VISIBILITY="PUBLIC", SML_SMP_ID="OLD-SMP")
        put(connection, "SMP_GROUP", ID=number, NAME="group", VISIBILITY="PUBLIC", FK_DOMAIN_ID=number)
        for kind in (1, 2):
            put(
                connection,
                "SMP_DOMAIN_RESOURCE_DEF",
                ID=2 * number - 2 + kind,
                FK_DOMAIN_ID=number,
                FK_RESOURCE_DEF_ID=kind,
            )


def put_document(
    connection: Connection, content: str, *, state: str = "PUBLISHED", refers_to: int | None = None, **properties: str
) -> int:
    """Insert a document with one version, and its properties (`__` in a name stands for a dot); gives its id."""
    put(connection, "SMP_DOCUMENT", CURRENT_VERSION=1, FK_REF_DOCUMENT_ID=refers_to)
    number = _last(connection)
    put(
        connection,
        "SMP_DOCUMENT_VERSION",
        DOCUMENT_CONTENT=content.encode(),
        STATUS=state,
        VERSION=1,
        FK_DOCUMENT_ID=number,
    )
    for name, value in properties.items():
        said = {"PROPERTY_NAME": name.replace("__", "."), "PROPERTY_VALUE": value}
        put(connection, "SMP_DOCUMENT_PROPERTY", FK_DOCUMENT_ID=number, **said)
    return number


def put_resource(
    connection: Connection,
    value: str,
    content: str = GROUP1,
    *,
    scheme: str | None = SCHEME,
    definition: int = 1,
    visibility: str = "PUBLIC",
    owner: int | None = 1,
    document: int | None = None,
) -> int:
    """Insert a resource and its document; gives its id."""
    put(
        connection,
        "SMP_RESOURCE",
        IDENTIFIER_SCHEME=scheme,
        IDENTIFIER_VALUE=value,
        VISIBILITY=visibility,
        FK_DOCUMENT_ID=document or put_document(connection, content),
        FK_DOREDEF_ID=definition,
        FK_GROUP_ID=(definition + 1) // 2,
    )
    number = _last(connection)
    if owner is not None:
        put(connection, "SMP_RESOURCE_MEMBER", MEMBERSHIP_ROLE="ADMIN", FK_RESOURCE_ID=number, FK_USER_ID=owner)
    return number


def put_subresource(
    connection: Connection,
    resource: int,
    content: str | None = None,
    value: str = INVOICE,
    *,
    scheme: str = DOCUMENT_SCHEME,
    document: int | None = None,
) -> int:
    """Insert a sub-resource and its document, by default metadata of SMP 1.0; gives its id."""
    put(
        connection,
        "SMP_SUBRESOURCE",
        IDENTIFIER_SCHEME=scheme,
        IDENTIFIER_VALUE=value,
        FK_DOCUMENT_ID=document or put_document(connection, content or metadata1()),
        FK_RESOURCE_ID=resource,
        FK_SUREDEF_ID=1,
    )
    return _last(connection)


def metadata1(address: str = "https://ap.example/as4", certificate: str = "", extension: str = "") -> str:
    """Service metadata of SMP 1.0 with placeholders for participant and document type; the certificate is base64."""
    # The schema's xs:base64Binary allows no other form than ours.
    der = b64encode(b64decode(certificate or new_certificate("ap.example"))).decode()
    return (
        f'<ServiceMetadata xmlns="{SMP1}"><ServiceInformation>'
        '<ParticipantIdentifier scheme="${resource.identifier.scheme}">${resource.identifier.value}'
        '</ParticipantIdentifier><DocumentIdentifier scheme="${subresource.identifier.scheme}">'
        "${subresource.identifier.value}</DocumentIdentifier><ProcessList><Process>"
        f'<ProcessIdentifier scheme="{PROCESS_SCHEME}">{PROCESS}</ProcessIdentifier>'
        f'<ServiceEndpointList><Endpoint transportProfile="{PROFILE}"><EndpointURI>{address}</EndpointURI>'
        "<RequireBusinessLevelSignature>false</RequireBusinessLevelSignature>"
        f"<Certificate>{der}</Certificate><ServiceDescription>invoices</ServiceDescription>"
        "<TechnicalContactUrl>mailto:help@ap.example</TechnicalContactUrl></Endpoint></ServiceEndpointList>"
        f"</Process></ProcessList>{extension}</ServiceInformation></ServiceMetadata>"
    )


def metadata2(address: str = "https://ap.example/as4", certificate: str = "", extension: str = "") -> str:
    """Service metadata of SMP 2.0 with the same placeholders; the certificate is base64."""
    extensions = f"<e:SMPExtensions>{extension}</e:SMPExtensions>" if extension else ""
    return (
        f'<s:ServiceMetadata xmlns:s="{_SMP2}/ServiceMetadata" {_DECLARED2}>{extensions}<SMPVersionID>2.0'
        '</SMPVersionID><ID schemeID="${subresource.identifier.scheme}">${subresource.identifier.value}</ID>'
        '<ParticipantID schemeID="${resource.identifier.scheme}">${resource.identifier.value}</ParticipantID>'
        f'<a:ProcessMetadata><a:Process><ID schemeID="{PROCESS_SCHEME}">{PROCESS}</ID></a:Process><a:Endpoint>'
        f"<TransportProfileID>{PROFILE}</TransportProfileID><Description>invoices</Description>"
        f"<Contact>mailto:help@ap.example</Contact><AddressURI>{address}</AddressURI><a:Certificate>"
        '<ContentBinaryObject mimeCode="application/base64">'
        f"{certificate or new_certificate('ap.example')}</ContentBinaryObject></a:Certificate></a:Endpoint>"
        "</a:ProcessMetadata></s:ServiceMetadata>"
    )


def redirect1(href: str, uid: str) -> str:
    """A redirect of SMP 1.0."""
    uid = f"<CertificateUID>{uid}</CertificateUID>"
    return f'<ServiceMetadata xmlns="{SMP1}"><Redirect href="{href}">{uid}</Redirect></ServiceMetadata>'


def fill(
    connection: Connection,
    *,
    participants: int,
    first: int = 1,
    certificates: Sequence[str] | None = None,
    access_points: int = 40,
) -> None:
    """Add participants `9915:00000001` and so on to the first domain as SMP 1.0, with two services each."""
    made = certificates or [new_certificate(f"ap{number}.example") for number in range(access_points)]
    connection.execute(text("SET SESSION sql_mode = 'PIPES_AS_CONCAT', foreign_key_checks = 0"))
    connection.execute(text("CREATE TEMPORARY TABLE filling (n integer PRIMARY KEY, content longtext)"))
    for number in range(access_points):
        content = metadata1(f"https://ap{number}.example/as4", made[number % len(made)])
        put(connection, "filling", n=number, content=content)
    numbers = f"seq_{first}_to_{first + participants - 1} s"
    base = connection.execute(text("SELECT coalesce(max(ID), 0) FROM SMP_DOCUMENT")).scalar_one() - 3 * first + 3
    resources = connection.execute(text("SELECT coalesce(max(ID), 0) FROM SMP_RESOURCE")).scalar_one() + 1 - first
    kinds = "(SELECT 0 AS k, '' AS document UNION ALL SELECT 1, :invoice UNION ALL SELECT 2, :credit) d"
    said = {"invoice": INVOICE, "credit": CREDIT_NOTE, "group": GROUP1}
    document = f"{base} + 3 * s.seq - 2 + d.k"
    named = "IDENTIFIER_SCHEME, IDENTIFIER_VALUE, FK_DOCUMENT_ID"
    made_of = {
        "SMP_DOCUMENT (ID, CURRENT_VERSION)": f"{document}, 1 FROM {numbers}, {kinds}",
        "SMP_DOCUMENT_VERSION (DOCUMENT_CONTENT, STATUS, VERSION, FK_DOCUMENT_ID)": (
            f"if(d.k = 0, :group, f.content), 'PUBLISHED', 1, {document} FROM {numbers}, {kinds}, filling f "
            f"WHERE f.n = s.seq % {access_points}"
        ),
        f"SMP_RESOURCE (ID, {named}, VISIBILITY, FK_DOREDEF_ID, FK_GROUP_ID)": (
            f"{resources} + s.seq, '{SCHEME}', '9915:' || lpad(s.seq, 8, '0'), {base} + 3 * s.seq - 2, 'PUBLIC', 1, 1 "
            f"FROM {numbers}"
        ),
        "SMP_RESOURCE_MEMBER (MEMBERSHIP_ROLE, FK_RESOURCE_ID, FK_USER_ID)": (
            f"'ADMIN', {resources} + s.seq, 1 + s.seq % 2 FROM {numbers}"
        ),
        f"SMP_SUBRESOURCE ({named}, FK_RESOURCE_ID, FK_SUREDEF_ID)": (
            f"'{DOCUMENT_SCHEME}', d.document, {document}, {resources} + s.seq, 1 FROM {numbers}, {kinds} WHERE d.k > 0"
        ),
    }
    for table, selected in made_of.items():
        used = {name: value for name, value in said.items() if f":{name}" in selected}
        connection.execute(text(f"INSERT INTO {table} SELECT {selected}"), used)
    connection.execute(text("DROP TABLE filling"))
    connection.execute(text("SET SESSION foreign_key_checks = 1"))
    connection.commit()


def _last(connection: Connection) -> int:
    return int(connection.execute(text("SELECT last_insert_id()")).scalar_one())
