# SPDX-License-Identifier: Apache-2.0
"""What an old phoss SMP reads from its database and writes to it; names of tables and columns are those of its layout.

Identifiers are compared as the database's own collation compares them.
"""

import json
import uuid
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, inspect, text

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import Extension, Redirect, ServiceMetadata
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, Contact, EntityIdentifier, EntityName
from tests.simulators.old_smp_xml import OldEndpoint, OldProcess

_GROUP = "businessIdentifierScheme = :scheme AND businessIdentifier = :value"
_TYPE = f"{_GROUP} AND documentIdentifierScheme = :dscheme AND documentIdentifier = :dvalue"
_OF_TYPE = ("smp_endpoint", "smp_process", "smp_service_metadata", "smp_service_metadata_red")


def _group(participant: ParticipantIdentifier) -> dict[str, str]:
    return {"scheme": participant.scheme, "value": participant.value}


def _type(participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier) -> dict[str, str]:
    return _group(participant) | {"dscheme": document_type.scheme, "dvalue": document_type.value}


Row = Mapping[str, Any]
"""A row by the names of its columns in lower case, as PostgreSQL has them."""


def _rows(connection: Connection, query: str, values: Mapping[str, Any]) -> Sequence[Row]:
    found = connection.execute(text(query), values).mappings()
    return [{name.lower(): value for name, value in row.items()} for row in found]


def _insert(connection: Connection, table: str, values: Mapping[str, Any]) -> None:
    columns = ", ".join(values)
    placeholders = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({placeholders})"), values)  # noqa: S608


def service_group(connection: Connection, participant: ParticipantIdentifier) -> Row | None:
    """The row of a participant, with its spelling."""
    found = _rows(connection, f"SELECT * FROM smp_service_group WHERE {_GROUP}", _group(participant))  # noqa: S608
    return found[0] if found else None


def document_types(connection: Connection, participant: ParticipantIdentifier) -> list[DocumentTypeIdentifier]:
    """Those with an endpoint, then those with a redirect."""
    found = []
    for table in ("smp_endpoint", "smp_service_metadata_red"):
        query = f"SELECT DISTINCT documentIdentifierScheme AS s, documentIdentifier AS v FROM {table} WHERE {_GROUP}"  # noqa: S608
        found += [DocumentTypeIdentifier(row["s"], row["v"]) for row in _rows(connection, query, _group(participant))]
    return found


def redirect(
    connection: Connection, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> Row | None:
    """The row of a redirect."""
    query = f"SELECT * FROM smp_service_metadata_red WHERE {_TYPE}"  # noqa: S608
    found = _rows(connection, query, _type(participant, document_type))
    return found[0] if found else None


def metadata(
    connection: Connection, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> Row | None:
    """The row of service information."""
    query = f"SELECT * FROM smp_service_metadata WHERE {_TYPE}"  # noqa: S608
    found = _rows(connection, query, _type(participant, document_type))
    return found[0] if found else None


def processes(
    connection: Connection, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> list[OldProcess]:
    """The processes that have an endpoint."""
    values = _type(participant, document_type)
    endpoints = _rows(connection, _endpoint_query(connection), values)
    found = []
    for row in _rows(connection, f"SELECT * FROM smp_process WHERE {_TYPE}", values):  # noqa: S608
        key = (row["processidentifiertype"].lower(), row["processidentifier"].rstrip(" ").lower())
        mine = tuple(
            _endpoint(each)
            for each in endpoints
            if (each["processidentifiertype"].lower(), each["processidentifier"].rstrip(" ").lower()) == key
        )
        if mine:
            extensions = old_extensions(row["extension"])
            found.append(OldProcess(row["processidentifiertype"], row["processidentifier"], mine, extensions))
    return found


def _endpoint_query(connection: Connection) -> str:
    """In the layout of 8.2 an endpoint may refer to an access point."""
    has_access_points = "smp_access_point" in inspect(connection).get_table_names()
    join = " LEFT JOIN smp_access_point a ON a.id = e.accessPointID" if has_access_points else ""
    more = ", a.endpointReference AS apUrl, a.certificate AS apCertificate" if has_access_points else ""
    return f"SELECT e.*{more} FROM smp_endpoint e{join} WHERE {_TYPE}"  # noqa: S608


def _endpoint(row: Row) -> OldEndpoint:
    return OldEndpoint(
        transport_profile=row["transportprofile"],
        address=row.get("endpointreference") or row.get("apurl") or "",
        certificate=row.get("certificate") or row.get("apcertificate") or "",
        requires_signature=bool(row["requirebusinesslevelsignature"]),
        level=row["minimumauthenticationlevel"],
        activation=row["serviceactivationdate"],
        expiration=row["serviceexpirationdate"],
        description=row["servicedescription"],
        contact=row["technicalcontacturl"],
        information=row["technicalinformationurl"],
        extensions=old_extensions(row["extension"]),
    )


def old_extensions(said: str | None) -> tuple[str, ...]:
    """Extensions as XML: a JSON array of objects with the XML in `Any`, or the XML itself in old rows."""
    if not said:
        return ()
    if said.lstrip().startswith("<"):
        return (said,)
    return tuple(str(each.get("Any", "")) for each in json.loads(said))


def _extension_text(extensions: Sequence[Extension]) -> str | None:
    said = []
    for extension in extensions:
        declared = "".join(f' xmlns{":" if prefix else ""}{prefix}="{uri}"' for prefix, uri in extension.namespaces)
        content = extension.content.decode().strip()
        said.append({"Any": content if not declared else content.replace(" ", f"{declared} ", 1)})
    return json.dumps(said) if said else None


def card(connection: Connection, participant: ParticipantIdentifier) -> BusinessCard | None:
    """The business card; None where there is none."""
    found = _rows(connection, "SELECT * FROM smp_bce WHERE pid = :pid", {"pid": str(participant)})
    return BusinessCard(participant, tuple(map(_entity, found))) if found else None


def _entity(row: Row) -> BusinessEntity:
    names = json.loads(row["names"]) if row["names"] else [{"name": row["name"]}]
    return BusinessEntity(
        names=tuple(EntityName(each["name"], each.get("language") or "") for each in names),
        country_code=row["country"],
        geographical_information=row["geoinfo"] or "",
        identifiers=tuple(
            EntityIdentifier(each["scheme"], each["value"]) for each in json.loads(row["identifiers"] or "[]")
        ),
        websites=tuple(json.loads(row["websites"] or "[]")),
        contacts=tuple(
            Contact(*(each.get(name) or "" for name in ("type", "name", "phone", "email")))
            for each in json.loads(row["contacts"] or "[]")
        ),
        additional_information=row["addon"] or "",
        registration_date=row["regdate"],
    )


def user_id(connection: Connection, login: str) -> str | None:
    """The id of a user who may sign in."""
    query = "SELECT id FROM smp_secuser WHERE loginname = :login AND disabled = :no AND deletedt IS NULL"
    found = connection.execute(text(query), {"login": login, "no": False}).scalar()
    return None if found is None else str(found)


def owner(connection: Connection, participant: ParticipantIdentifier) -> str | None:
    """The id of a participant's owner."""
    query = f"SELECT username FROM smp_ownership WHERE {_GROUP}"  # noqa: S608
    found = connection.execute(text(query), _group(participant)).scalar()
    return None if found is None else str(found)


def put_group(
    connection: Connection, participant: ParticipantIdentifier, extensions: Sequence[Extension], by: str
) -> None:
    """Make a service group, or change it; who calls owns it then, and its custom properties are gone."""
    values = _group(participant)
    said = {"extension": _extension_text(extensions)}
    if service_group(connection, participant) is None:
        names = {"businessIdentifierScheme": participant.scheme, "businessIdentifier": participant.value}
        _insert(connection, "smp_service_group", names | said)
        _insert(connection, "smp_ownership", names | {"username": by})
        return
    changed = f"UPDATE smp_service_group SET extension = :extension, customproperties = NULL WHERE {_GROUP}"  # noqa: S608
    connection.execute(text(changed), values | said)
    connection.execute(text(f"UPDATE smp_ownership SET username = :by WHERE {_GROUP}"), values | {"by": by})  # noqa: S608


def put_properties(connection: Connection, participant: ParticipantIdentifier, properties: Sequence[Any]) -> None:
    """Replace the custom properties."""
    changed = f"UPDATE smp_service_group SET customproperties = :said WHERE {_GROUP}"  # noqa: S608
    connection.execute(text(changed), _group(participant) | {"said": json.dumps(properties) if properties else None})


def delete_group(connection: Connection, participant: ParticipantIdentifier) -> None:
    """Remove a participant with all that hangs on it but the business card."""
    for table in (*_OF_TYPE, "smp_ownership", "smp_service_group"):
        connection.execute(text(f"DELETE FROM {table} WHERE {_GROUP}"), _group(participant))  # noqa: S608


def delete_metadata(
    connection: Connection, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> bool:
    """Remove a document type; whether there was one."""
    values = _type(participant, document_type)
    removed = 0
    for table in _OF_TYPE:
        removed += connection.execute(text(f"DELETE FROM {table} WHERE {_TYPE}"), values).rowcount  # noqa: S608
    return removed > 0


def put_metadata(connection: Connection, said: ServiceMetadata) -> None:
    """Replace a document type, as its SQL back-end does."""
    participant, document_type = said.participant, said.document_type
    names = {
        "businessIdentifierScheme": participant.scheme,
        "businessIdentifier": participant.value,
        "documentIdentifierScheme": document_type.scheme,
        "documentIdentifier": document_type.value,
    }
    delete_metadata(connection, participant, document_type)
    if said.redirect is not None:
        _insert(connection, "smp_service_metadata_red", names | _redirect_values(said.redirect))
        return
    _insert(connection, "smp_service_metadata", names | {"extension": _extension_text(said.extensions)})
    for group in said.process_metadata:
        for process in group.processes:
            identifier = {
                "processIdentifierType": process.identifier.scheme,
                "processIdentifier": process.identifier.value,
            }
            extension = {"extension": _extension_text(process.extensions)}
            _insert(connection, "smp_process", names | identifier | extension)
            for endpoint in group.endpoints:
                values = {
                    "id": str(uuid.uuid4()),
                    "certificate": _base64(endpoint.certificates[0].der),
                    "endpointReference": endpoint.address,
                    "minimumAuthenticationLevel": endpoint.minimum_authentication_level,
                    "requireBusinessLevelSignature": endpoint.require_business_level_signature,
                    "serviceActivationDate": _naive(endpoint.activation),
                    "serviceDescription": endpoint.description,
                    "serviceExpirationDate": _naive(endpoint.expiration),
                    "technicalContactUrl": endpoint.technical_contact,
                    "technicalInformationUrl": endpoint.technical_information,
                    "transportProfile": endpoint.transport_profile,
                    "extension": _extension_text(endpoint.extensions),
                }
                _insert(connection, "smp_endpoint", names | identifier | values)


def _redirect_values(said: Redirect) -> dict[str, Any]:
    return {
        "certificateUID": said.certificate_uid,
        "redirectionUrl": said.href,
        "extension": _extension_text(said.extensions),
    }


def put_card(connection: Connection, said: BusinessCard) -> None:
    """Replace a business card."""
    delete_card(connection, said.participant)
    for entity in said.entities:
        values = {
            "id": uuid.uuid4().hex,
            "pid": str(said.participant),
            "names": json.dumps([{"name": each.text, "language": each.language or None} for each in entity.names]),
            "country": entity.country_code,
            "geoinfo": entity.geographical_information or None,
            "identifiers": json.dumps([{"scheme": each.scheme, "value": each.value} for each in entity.identifiers]),
            "websites": json.dumps(list(entity.websites)),
            "contacts": json.dumps(
                [
                    {"type": each.type, "name": each.name, "phone": each.phone, "email": each.email}
                    for each in entity.contacts
                ]
            ),
            "addon": entity.additional_information or None,
            "regdate": entity.registration_date,
        }
        _insert(connection, "smp_bce", values)


def delete_card(connection: Connection, participant: ParticipantIdentifier) -> bool:
    """Remove a business card; whether there was one."""
    deleted = connection.execute(text("DELETE FROM smp_bce WHERE pid = :pid"), {"pid": str(participant)})
    return bool(deleted.rowcount)


def _base64(der: bytes) -> str:
    return b64encode(der).decode()


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
