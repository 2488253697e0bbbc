# SPDX-License-Identifier: Apache-2.0
"""An old DomiSMP that answers from its database: stored documents, signed when asked for, and its REST interface.

As DomiSMP 5 does it: a resource is a service group, a sub-resource a service; what is served is the published version
of its document; PUT answers 201 where it creates and 200 where it changes, wrong credentials are a 401. It speaks
OASIS SMP 1.0 and 2.0, each resource one of both. References in a group are made when it is asked for.
"""

import base64
import contextlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import decode_segment, service_path
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.signing import sign_document
from tests.simulators.old_http import OldRequest, OldResponse, old_server
from trust_lists.certificates.parsing import SigningKey

_TYPES = {"bdxr1": "edelivery-oasis-smp-1.0-servicegroup", "bdxr2": "edelivery-oasis-smp-2.0-servicegroup"}
_SMP1 = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
_NOT_FOUND = OldResponse(404)
_SAME = "lower(coalesce({0}.IDENTIFIER_SCHEME, '')) = lower(:scheme) AND lower({0}.IDENTIFIER_VALUE) = lower(:value)"
_SERVED = (
    "SELECT {0}.ID AS id, {0}.FK_DOCUMENT_ID AS document, v.DOCUMENT_CONTENT AS content, "
    "{0}.IDENTIFIER_SCHEME AS scheme, {0}.IDENTIFIER_VALUE AS value FROM {1} {0} "
    "JOIN SMP_DOCUMENT d ON d.ID = {0}.FK_DOCUMENT_ID "
    "JOIN SMP_DOCUMENT e ON e.ID = coalesce(d.FK_REF_DOCUMENT_ID, d.ID) "
    "JOIN SMP_DOCUMENT_VERSION v ON v.FK_DOCUMENT_ID = e.ID AND v.VERSION = e.CURRENT_VERSION "
    "AND v.STATUS = 'PUBLISHED' "
)


class _RefusedError(Exception):
    """A request that ends with a status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


@dataclass(slots=True)
class OldDomiSmp:
    """An instance over a database, whose URLs name neither domain nor type; all users have the same `password`."""

    engine: Engine
    key: SigningKey
    dialect: Dialect
    base_url: str = "http://old.example.org"
    password: str = "old-password"

    def answer(self, request: OldRequest) -> OldResponse:
        """See `OldSystem`."""
        try:
            parts = [decode_segment(part.encode()) for part in request.path.strip("/").split("/")]
            parts = parts[1:] if parts[0] == self.dialect.path_prefix else parts
            with self.engine.begin() as connection:
                return self._answered(connection, request, parts)
        except _RefusedError as error:
            return OldResponse(error.status)
        except ValidationError:
            return OldResponse(400)

    def _answered(self, connection: Connection, request: OldRequest, parts: list[str]) -> OldResponse:
        participant = ParticipantIdentifier.parse(parts[0], scheme_optional=True)
        if request.method != "GET":
            self._check_user(connection, request)
        match request.method, parts:
            case "GET", [_]:
                return self._group(connection, participant)
            case "GET", [_, "services", name]:
                return self._service(connection, participant, _document_type(name))
            case "PUT", [_]:
                return self._put_group(connection, participant, request.body)
            case "PUT", [_, "services", name]:
                return self._put_service(connection, participant, _document_type(name), request.body)
            case "DELETE", [_]:
                return self._delete_group(connection, participant)
            case "DELETE", [_, "services", name]:
                row = self._find_service(connection, participant, _document_type(name))
                return _NOT_FOUND if row is None else _delete(connection, "SMP_SUBRESOURCE", row)
        return _NOT_FOUND

    # What is asked for

    def _find_group(self, connection: Connection, participant: ParticipantIdentifier) -> Mapping[str, Any] | None:
        query = (
            _SERVED.format("r", "SMP_RESOURCE")
            + "JOIN SMP_DOMAIN_RESOURCE_DEF t ON t.ID = r.FK_DOREDEF_ID "
            + "JOIN SMP_RESOURCE_DEF f ON f.ID = t.FK_RESOURCE_DEF_ID AND f.IDENTIFIER = :type "
            + f"WHERE {_SAME.format('r')}"
        )
        return _row(connection, query, **_named(participant), type=_TYPES[self.dialect.name])

    def _find_service(
        self, connection: Connection, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
    ) -> Mapping[str, Any] | None:
        group = self._find_group(connection, participant)
        if group is None:
            return None
        query = _SERVED.format("s", "SMP_SUBRESOURCE") + f"WHERE s.FK_RESOURCE_ID = :group AND {_SAME.format('s')}"
        return _row(connection, query, **_named(document_type), group=group["id"])

    def _group(self, connection: Connection, participant: ParticipantIdentifier) -> OldResponse:
        row = self._find_group(connection, participant)
        if row is None:
            return _NOT_FOUND
        rows = connection.execute(
            text("SELECT IDENTIFIER_SCHEME, IDENTIFIER_VALUE FROM SMP_SUBRESOURCE WHERE FK_RESOURCE_ID = :group"),
            {"group": row["id"]},
        )
        services = [DocumentTypeIdentifier(scheme or "", value) for scheme, value in rows]
        stored = _identifier(row)
        content = _filled(connection, row, resource=stored)
        if self.dialect.name == "bdxr1":
            return OldResponse(body=self._referring(content, stored, services))
        return self._signed(_with_references(content, services))

    def _referring(
        self, content: bytes, participant: ParticipantIdentifier, services: list[DocumentTypeIdentifier]
    ) -> bytes:
        root = etree.fromstring(content)
        collection = root.find(f"{{{_SMP1}}}ServiceMetadataReferenceCollection")
        if collection is None:
            collection = etree.Element(f"{{{_SMP1}}}ServiceMetadataReferenceCollection")
            root.insert(1, collection)
        for each in services:
            reference = etree.SubElement(collection, f"{{{_SMP1}}}ServiceMetadataReference")
            reference.set("href", self.base_url + service_path(participant, each))
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _service(
        self, connection: Connection, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
    ) -> OldResponse:
        group = self._find_group(connection, participant)
        row = self._find_service(connection, participant, document_type)
        if group is None or row is None:
            return _NOT_FOUND
        filled = _filled(connection, row, resource=_identifier(group), subresource=_identifier(row))
        content = _without_declaration(filled)
        if self.dialect.name == "bdxr1":
            content = b'<SignedServiceMetadata xmlns="%b">%b</SignedServiceMetadata>' % (_SMP1.encode(), content)
        return self._signed(content)

    def _signed(self, document: bytes) -> OldResponse:
        signed = sign_document(_DECLARATION + document, self.key, self.dialect)
        return OldResponse(body=signed)  # as text/xml, also where SMP 2.0 wants application/xml

    # What is written

    def _check_user(self, connection: Connection, request: OldRequest) -> None:
        scheme, _, said = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(said, validate=True).decode().partition(":")
        except ValueError:
            raise _RefusedError(401) from None
        known = _row(connection, "SELECT ID AS id FROM SMP_USER WHERE lower(USERNAME) = lower(:name)", name=name)
        if scheme != "Basic" or known is None or not hmac.compare_digest(password, self.password):
            raise _RefusedError(401)

    def _put_group(self, connection: Connection, participant: ParticipantIdentifier, body: bytes) -> OldResponse:
        said = self.dialect.read(body).service_group
        if said is None or str(said.participant).lower() != str(participant).lower():
            raise _RefusedError(400)
        row = self._find_group(connection, participant)
        if row is not None:
            _new_version(connection, row["document"], body)
            return OldResponse(200)
        definition = _row(
            connection,
            "SELECT t.ID AS id FROM SMP_DOMAIN_RESOURCE_DEF t JOIN SMP_RESOURCE_DEF f ON f.ID = t.FK_RESOURCE_DEF_ID "
            "WHERE f.IDENTIFIER = :type",
            type=_TYPES[self.dialect.name],
        )
        group = _row(connection, "SELECT min(ID) AS id FROM SMP_GROUP")
        _insert(
            connection,
            "SMP_RESOURCE",
            **_stored_as(participant),
            VISIBILITY="PUBLIC",
            FK_DOCUMENT_ID=_new_document(connection, body),
            FK_DOREDEF_ID=definition and definition["id"],
            FK_GROUP_ID=group and group["id"],
        )
        return OldResponse(201)

    def _put_service(
        self,
        connection: Connection,
        participant: ParticipantIdentifier,
        document_type: DocumentTypeIdentifier,
        body: bytes,
    ) -> OldResponse:
        said = self.dialect.read(body).metadata
        group = self._find_group(connection, participant)
        if group is None:
            return _NOT_FOUND
        if said is None or str(said.participant).lower() != str(participant).lower():
            raise _RefusedError(400)
        body = _unwrapped(body)
        row = self._find_service(connection, participant, document_type)
        if row is not None:
            _new_version(connection, row["document"], body)
            return OldResponse(200)
        _insert(
            connection,
            "SMP_SUBRESOURCE",
            **_stored_as(document_type),
            FK_DOCUMENT_ID=_new_document(connection, body),
            FK_RESOURCE_ID=group["id"],
            FK_SUREDEF_ID=1,
        )
        return OldResponse(201)

    def _delete_group(self, connection: Connection, participant: ParticipantIdentifier) -> OldResponse:
        row = self._find_group(connection, participant)
        if row is None:
            return _NOT_FOUND
        query = "SELECT ID AS id, FK_DOCUMENT_ID AS document FROM SMP_SUBRESOURCE WHERE FK_RESOURCE_ID = :group"
        for each in connection.execute(text(query), {"group": row["id"]}).mappings().all():
            _delete(connection, "SMP_SUBRESOURCE", each)
        connection.execute(text("DELETE FROM SMP_RESOURCE_MEMBER WHERE FK_RESOURCE_ID = :group"), {"group": row["id"]})
        return _delete(connection, "SMP_RESOURCE", row)


_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'


def _document_type(name: str) -> DocumentTypeIdentifier:
    return DocumentTypeIdentifier.parse(name, scheme_optional=True)


def _identifier(row: Mapping[str, Any]) -> ParticipantIdentifier:
    return ParticipantIdentifier(row["scheme"] or "", row["value"])


def _named(identifier: ParticipantIdentifier | DocumentTypeIdentifier) -> dict[str, str]:
    return {"scheme": identifier.scheme, "value": identifier.value}


def _stored_as(identifier: ParticipantIdentifier | DocumentTypeIdentifier) -> dict[str, str | None]:
    return {"IDENTIFIER_SCHEME": identifier.scheme or None, "IDENTIFIER_VALUE": identifier.value}


def _row(connection: Connection, query: str, **values: Any) -> Mapping[str, Any] | None:
    return connection.execute(text(query), values).mappings().first()


def _insert(connection: Connection, table: str, **values: Any) -> int:
    """Insert a row with its dates, as far as the table has these columns; gives its id."""
    now = datetime.now(UTC).replace(tzinfo=None)
    known = {column["name"].upper() for column in inspect(connection).get_columns(table)}
    row = {name: value for name, value in values.items() if name in known} | {"CREATED_ON": now, "LAST_UPDATED_ON": now}
    marks = ", ".join(f":{name}" for name in row)
    done = connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"), row)  # noqa: S608
    return int(done.lastrowid)


def _new_document(connection: Connection, content: bytes) -> int:
    number = _insert(connection, "SMP_DOCUMENT", CURRENT_VERSION=0, MIME_TYPE="text/xml", SHARING_ENABLED=False)
    _new_version(connection, number, content)
    return number


def _new_version(connection: Connection, document: int, content: bytes) -> None:
    row = _row(
        connection,
        "SELECT coalesce(max(VERSION), 0) AS v FROM SMP_DOCUMENT_VERSION WHERE FK_DOCUMENT_ID = :d",
        d=document,
    )
    version = 1 + (row["v"] if row is not None else 0)
    _insert(
        connection,
        "SMP_DOCUMENT_VERSION",
        FK_DOCUMENT_ID=document,
        VERSION=version,
        DOCUMENT_CONTENT=content,
        STATUS="PUBLISHED",
    )
    changed = text("UPDATE SMP_DOCUMENT SET CURRENT_VERSION = :version WHERE ID = :document")
    connection.execute(changed, {"version": version, "document": document})


def _delete(connection: Connection, table: str, row: Mapping[str, Any]) -> OldResponse:
    connection.execute(text(f"DELETE FROM {table} WHERE ID = :id"), {"id": row["id"]})  # noqa: S608
    for name in ("SMP_DOCUMENT_PROPERTY", "SMP_DOCUMENT_VERSION"):
        if inspect(connection).has_table(name):
            connection.execute(text(f"DELETE FROM {name} WHERE FK_DOCUMENT_ID = :id"), {"id": row["document"]})  # noqa: S608
    connection.execute(text("DELETE FROM SMP_DOCUMENT WHERE ID = :id"), {"id": row["document"]})
    return OldResponse(200)


def _filled(connection: Connection, row: Mapping[str, Any], **identifiers: ParticipantIdentifier) -> bytes:
    """A stored document with its placeholders replaced: identifiers, and properties of its own."""
    properties = connection.execute(
        text("SELECT PROPERTY_NAME, PROPERTY_VALUE FROM SMP_DOCUMENT_PROPERTY WHERE FK_DOCUMENT_ID = :id"),
        {"id": row["document"]},
    )
    said = {str(name): str(value or "") for name, value in properties}
    for level, identifier in identifiers.items():
        said[f"{level}.identifier.scheme"], said[f"{level}.identifier.value"] = identifier.scheme, identifier.value
    content = bytes(row["content"]).decode()
    for name, value in said.items():
        content = content.replace(f"${{{name}}}", escape(value))
    return content.encode()


def _without_declaration(content: bytes) -> bytes:
    stripped = content.strip()
    return stripped.partition(b"?>")[2].strip() if stripped.startswith(b"<?xml") else stripped


def _unwrapped(body: bytes) -> bytes:
    """Service metadata of SMP 1.0 are stored without the element that holds the signature."""
    root = etree.fromstring(body)
    inner = root.find(f"{{{_SMP1}}}ServiceMetadata")
    return body if inner is None else etree.tostring(inner, encoding="UTF-8", with_tail=False)


def _with_references(content: bytes, services: list[DocumentTypeIdentifier]) -> bytes:
    """A service group of SMP 2.0 with its services, before its end tag, so that the rest stays as it is stored."""
    aggregate = "http://docs.oasis-open.org/bdxr/ns/SMP/2/AggregateComponents"
    basic = "http://docs.oasis-open.org/bdxr/ns/SMP/2/BasicComponents"
    said = "".join(
        f'<a:ServiceReference xmlns:a="{aggregate}"><b:ID xmlns:b="{basic}" schemeID={quoteattr(each.scheme)}>'
        f"{escape(each.value)}</b:ID></a:ServiceReference>"
        for each in services
    )
    document = _without_declaration(content)
    end = document.rfind(b"</")
    return document[:end] + said.encode() + document[end:]


@contextlib.contextmanager
def old_domismp(url: str, key: SigningKey, *, dialect: str = "bdxr1") -> Iterator[str]:
    """Run one over the database at a SQLAlchemy URL, in threads of this process; gives its base URL."""
    engine = create_engine(url, pool_size=16, max_overflow=48)
    try:
        with old_server(OldDomiSmp(engine, key, DIALECTS[dialect])) as base_url:
            yield base_url
    finally:
        engine.dispose()
