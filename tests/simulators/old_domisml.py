# SPDX-License-Identifier: Apache-2.0
"""An old DomiSML: its SOAP services for SMPs over its database, and a BIND that serves what the database says.

It knows who calls by a header, as behind a proxy (sml.md §1.4): `SSLClientCert` with the certificate, or `Client-Cert`
with its names. An SMP is changed by its certificate alone; a certificate that nobody knows yet needs an issuer that is
let in. Each write goes to the database, then to BIND by a dynamic update (RFC 2136), as DomiSML does it. Messages are
read and written without our own code for them.
"""

import base64
import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import dns.query
import dns.rcode
import dns.tsig
import dns.update
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from tests.simulators.domisml_database import ZONE, DomiSml, certificate_id
from tests.simulators.name_servers import HOST
from tests.simulators.old_http import OldRequest, OldResponse, old_server
from tests.simulators.update_targets import bind_primary, new_key, zone_file

BASE_PATH = "/edelivery-sml"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_LOCATOR = "http://busdox.org/serviceMetadata/locator/1.0/"
_IDS = "http://busdox.org/transport/identifiers/1.0/"
_BDMSL = "ec:services:wsdl:BDMSL:data:1.0"
_PAGE = 100
_MAX_LIST = 100
_HELD = "participant_id, scheme, naptr_hash, naptr_services, p.disabled, endpoint_logical_address, s.smp_disabled"


class _FaultError(Exception):
    """A refusal, with the code and the text that DomiSML gives it."""

    def __init__(self, kind: str, code: int, text: str) -> None:
        self.kind = kind
        self.text = f"[ERR-{code}] {text}"
        super().__init__(self.text)


@dataclass(frozen=True, slots=True)
class _Name:
    """A participant as a message names it; as DomiSML stores it."""

    scheme: str
    value: str


class ZoneUpdates:
    """Writes into the zone that BIND serves."""

    def __init__(self, zone: str, key: dns.tsig.Key, port: int) -> None:
        self._zone = zone
        self._key = key
        self._port = port

    def replace(self, owners: Mapping[str, Iterable[tuple[str, str]]]) -> None:
        """Let these names have these records (type, rdata), and nothing else."""
        update = dns.update.UpdateMessage(self._zone, keyring=self._key)
        for owner, records in owners.items():
            update.delete(f"{owner}.")
            for rdtype, rdata in records:
                update.add(f"{owner}.", 60, rdtype, rdata)
        answer = dns.query.tcp(update, HOST, timeout=30, port=self._port)
        assert answer.rcode() == dns.rcode.NOERROR, answer


@dataclass(slots=True)
class OldDomiSml:
    """The services over a database; `zone` is told of each write."""

    database: DomiSml
    zone: ZoneUpdates
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: OldRequest) -> OldResponse:
        """See `OldSystem`."""
        if request.method != "POST" or not request.path.startswith(BASE_PATH):
            return OldResponse(404)
        try:
            (message,) = etree.fromstring(request.body).find(f"{{{_SOAP}}}Body")
            operation = _OPERATIONS[etree.QName(message).localname]
            with self.lock:
                body = operation(self, message, _caller(request.headers), etree.QName(message).localname)
        except _FaultError as error:
            return OldResponse(500, _envelope(_fault(error)))
        except (etree.XMLSyntaxError, KeyError, TypeError, ValueError) as error:
            return OldResponse(500, _envelope(_fault(_FaultError("BadRequestFault", 106, f"{error!r}"))))
        return OldResponse(200, _envelope(body))

    # SMPs

    def create_smp(self, message: etree._Element, caller: "_Caller", _name: str) -> str:
        smp_id = _text(message, "ServiceMetadataPublisherID")
        if self._smp(smp_id) is not None:
            raise _FaultError("BadRequestFault", 106, f"The SMP '{smp_id}' already exists")
        ((sub_domain,),) = self.database.run("SELECT subdomain_id FROM bdmsl_subdomain ORDER BY subdomain_id LIMIT 1")
        self.database.smp(
            sub_domain,
            self._certificate(caller),
            smp_id,
            endpoint_logical_address=_text(message, "LogicalAddress"),
            endpoint_physical_address=_text(message, "PhysicalAddress"),
        )
        self._publish_smp(smp_id)
        return ""

    def read_smp(self, message: etree._Element, caller: "_Caller", _name: str) -> str:
        smp_id = _text(message, "ServiceMetadataPublisherID")
        number = self._owned(smp_id, caller)
        ((logical, physical, spelled),) = self.database.run(
            "SELECT endpoint_logical_address, endpoint_physical_address, smp_id FROM bdmsl_smp WHERE id = %s", (number,)
        )
        held = f"<LogicalAddress>{escape(logical)}</LogicalAddress><PhysicalAddress>{escape(physical or '')}"
        held = f"<PublisherEndpoint>{held}</PhysicalAddress></PublisherEndpoint>"
        name = f"<ServiceMetadataPublisherID>{escape(spelled)}</ServiceMetadataPublisherID>"
        return f'<ServiceMetadataPublisherService xmlns="{_LOCATOR}">{held}{name}</ServiceMetadataPublisherService>'

    def update_smp(self, message: etree._Element, caller: "_Caller", _name: str) -> str:
        smp_id = _text(message, "ServiceMetadataPublisherID")
        number = self._owned(smp_id, caller)
        self.database.run(
            "UPDATE bdmsl_smp SET endpoint_logical_address = %s, endpoint_physical_address = %s WHERE id = %s",
            (_text(message, "LogicalAddress"), _text(message, "PhysicalAddress"), number),
        )
        self._publish_smp(smp_id)
        held = self.database.run(
            "SELECT scheme, participant_id FROM bdmsl_participant_identifier WHERE fk_smp_id = %s", (number,)
        )
        self._publish([_Name(*each) for each in held])
        return ""

    def delete_smp(self, message: etree._Element, caller: "_Caller", _name: str) -> str:
        smp_id = (message.text or "").strip()
        number = self._owned(smp_id, caller)
        where = "FROM bdmsl_participant_identifier WHERE fk_smp_id = %s"
        held = self.database.run(f"SELECT scheme, participant_id {where}", (number,))
        self.database.run(f"DELETE {where}", (number,))
        self.database.run("DELETE FROM bdmsl_smp WHERE id = %s", (number,))
        self._publish([_Name(*each) for each in held])
        self.zone.replace({f"{smp_id.lower()}.publisher.{ZONE}": ()})
        return ""

    # Participants

    def create(self, message: etree._Element, caller: "_Caller", _name: str) -> str:
        smp_id = _text(message, "ServiceMetadataPublisherID")
        number, participants = self._owned(smp_id, caller), _participants(message)
        service = _text(message, "serviceName") or "Meta:SMP"
        for each in participants:
            if self._holders(each):
                raise _FaultError(
                    "BadRequestFault",
                    106,
                    f"The participant identifier '{each.value}' with scheme: '{each.scheme}' already exist",
                )
        for each in participants:
            self.database.participant(number, each.value, each.scheme, naptr_services=service)
        self._publish(participants)
        return ""

    def delete(self, message: etree._Element, caller: "_Caller", _name: str) -> str:
        participants = _participants(message)
        held = [(each, self._holders(each)) for each in participants]
        if not all(holders for _, holders in held):
            raise _FaultError("NotFoundFault", 110, "At least one of the participants doesn't exist in the list")
        for each, holders in held:
            for smp_id in holders:
                self._owned(smp_id, caller)
            if self._open_migration(each):
                raise _FaultError("UnauthorizedFault", 114, f"A migration of '{each.value}' is planned")
        for each in participants:
            where = "lower(participant_id) = %s AND lower(scheme) = %s"
            self.database.run(f"DELETE FROM bdmsl_participant_identifier WHERE {where}", _key(each))  # noqa: S608
        self._publish(participants)
        return ""

    def page(self, message: etree._Element, caller: "_Caller", _name: str) -> str:
        smp_id, page = _text(message, "ServiceMetadataPublisherID"), int(_text(message, "NextPageIdentifier") or 1)
        number = self._owned(smp_id, caller)
        rows = self.database.run(
            "SELECT scheme, participant_id FROM bdmsl_participant_identifier WHERE fk_smp_id = %s ORDER BY id "
            "LIMIT %s OFFSET %s",
            (number, _PAGE + 1, (page - 1) * _PAGE),
        )
        listed = "".join(map(_participant, (_Name(*each) for each in rows[:_PAGE])))
        more = f"<NextPageIdentifier>{page + 1}</NextPageIdentifier>" if len(rows) > _PAGE else ""
        name = f"<ServiceMetadataPublisherID>{escape(smp_id)}</ServiceMetadataPublisherID>"
        return f'<ParticipantIdentifierPage xmlns="{_LOCATOR}">{listed}{name}{more}</ParticipantIdentifierPage>'

    def exists(self, message: etree._Element, _caller: "_Caller", _name: str) -> str:
        smp_id, (asked,) = _text(message, "ServiceMetadataPublisherID"), _participants(message)
        held = str(smp_id.lower() in {each.lower() for each in self._holders(asked)}).lower()
        name = f'<ServiceMetadataPublisherID xmlns="{_LOCATOR}">{escape(smp_id)}</ServiceMetadataPublisherID>'
        content = f"{_participant(asked)}{name}<d:Exist>{held}</d:Exist>"
        return f'<d:ExistsParticipantResponse xmlns:d="{_BDMSL}">{content}</d:ExistsParticipantResponse>'

    def prepare_migration(self, message: etree._Element, caller: "_Caller", _name: str) -> str:
        smp_id, (asked,) = _text(message, "ServiceMetadataPublisherID"), _participants(message)
        self._owned(smp_id, caller)
        if smp_id.lower() not in {each.lower() for each in self._holders(asked)}:
            raise _FaultError("NotFoundFault", 110, f"The participant '{asked.value}' isn't at '{smp_id}'")
        where = "lower(participant_id) = %s AND lower(scheme) = %s AND migrated = 0"
        self.database.run(f"DELETE FROM bdmsl_migrate WHERE {where}", _key(asked))  # noqa: S608
        self.database.migration(smp_id, asked.value, _text(message, "MigrationKey"), scheme=asked.scheme)
        return ""

    def migrate(self, message: etree._Element, caller: "_Caller", _name: str) -> str:
        smp_id, (asked,) = _text(message, "ServiceMetadataPublisherID"), _participants(message)
        number, key = self._owned(smp_id, caller), _text(message, "MigrationKey")
        where = "lower(participant_id) = %s AND lower(scheme) = %s"
        values = (smp_id, *_key(asked), key)
        if key not in self._open_migration(asked):
            raise _FaultError("NotFoundFault", 111, f"No migration of '{asked.value}' has this key")
        self.database.run(
            f"UPDATE bdmsl_migrate SET migrated = 1, new_smp_id = %s WHERE {where} AND migration_key = %s",  # noqa: S608
            values,
        )
        self.database.run(
            f"UPDATE bdmsl_participant_identifier SET fk_smp_id = %s WHERE {where}",  # noqa: S608
            (number, *_key(asked)),
        )
        self._publish([asked])
        return ""

    def is_alive(self, _message: etree._Element, _caller: "_Caller", _name: str) -> str:
        self.database.run("SELECT 1")
        return ""

    # What it is built upon

    def _smp(self, smp_id: str) -> tuple[int, str] | None:
        """The row of an SMP, and the id of its certificate."""
        found = self.database.run(
            "SELECT s.id, c.certificate_id FROM bdmsl_smp s JOIN bdmsl_certificate c ON c.id = s.fk_certificate_id "
            "WHERE lower(s.smp_id) = %s",
            (smp_id.lower(),),
        )
        return found[0] if found else None  # type: ignore[return-value]

    def _owned(self, smp_id: str, caller: "_Caller") -> int:
        found = self._smp(smp_id)
        if found is None:
            raise _FaultError("NotFoundFault", 100, f"The SMP '{smp_id}' doesn't exist")
        number, certificate = found
        if certificate != caller.certificate_id:
            raise _FaultError("UnauthorizedFault", 101, f"{caller.certificate_id} may not speak for '{smp_id}'")
        return number

    def _certificate(self, caller: "_Caller") -> int:
        known = self.database.run(
            "SELECT id FROM bdmsl_certificate WHERE certificate_id = %s", (caller.certificate_id,)
        )
        if known:
            return int(known[0][0])
        issuers = {row[0] for row in self.database.run("SELECT certificate FROM bdmsl_certificate_domain")}
        if caller.issuer not in issuers:
            raise _FaultError("UnauthorizedFault", 101, f"{caller.certificate_id} is not let in")
        values: dict[str, Any] = {"certificate_id": caller.certificate_id, "pem_encoding": caller.pem}
        begin, end = caller.valid
        return self.database.insert("bdmsl_certificate", **values, valid_from=begin, valid_until=end)

    def _holders(self, asked: _Name) -> list[str]:
        return [
            row[0]
            for row in self.database.run(
                "SELECT s.smp_id FROM bdmsl_participant_identifier p JOIN bdmsl_smp s ON s.id = p.fk_smp_id "
                "WHERE lower(p.participant_id) = %s AND lower(p.scheme) = %s",
                _key(asked),
            )
        ]

    def _open_migration(self, asked: _Name) -> set[str]:
        query = "SELECT migration_key FROM bdmsl_migrate WHERE lower(participant_id) = %s AND lower(scheme) = %s"
        return {row[0] for row in self.database.run(f"{query} AND migrated = 0", _key(asked))}

    def _publish(self, participants: Iterable[_Name]) -> None:
        """Let the names of participants hold what the database says of them now."""
        owners: dict[str, list[tuple[str, str]]] = {}
        for each in participants:
            rows = self.database.run(
                f"SELECT {_HELD} FROM bdmsl_participant_identifier p JOIN bdmsl_smp s ON s.id = p.fk_smp_id "  # noqa: S608
                "WHERE lower(p.participant_id) = %s AND lower(p.scheme) = %s",
                _key(each),
            )
            owner = f"{_hash(each.value)}.{each.scheme.lower()}.{ZONE}"
            owners[owner] = [record for row in rows for record in _naptr(row)]
        if owners:
            self.zone.replace(owners)

    def _publish_smp(self, smp_id: str) -> None:
        ((logical,),) = self.database.run(
            "SELECT endpoint_logical_address FROM bdmsl_smp WHERE lower(smp_id) = %s", (smp_id.lower(),)
        )
        self.zone.replace({f"{smp_id.lower()}.publisher.{ZONE}": [_host_record(logical)]})


_Operation = Callable[[OldDomiSml, etree._Element, "_Caller", str], str]
_OPERATIONS: Mapping[str, _Operation] = {
    "CreateServiceMetadataPublisherService": OldDomiSml.create_smp,
    "ReadServiceMetadataPublisherService": OldDomiSml.read_smp,
    "UpdateServiceMetadataPublisherService": OldDomiSml.update_smp,
    "ServiceMetadataPublisherID": OldDomiSml.delete_smp,
    "CreateParticipantIdentifier": OldDomiSml.create,
    "SMPAdvancedServiceForParticipantService": OldDomiSml.create,
    "CreateList": OldDomiSml.create,
    "DeleteParticipantIdentifier": OldDomiSml.delete,
    "DeleteList": OldDomiSml.delete,
    "PageRequest": OldDomiSml.page,
    "ExistsParticipant": OldDomiSml.exists,
    "PrepareMigrationRecord": OldDomiSml.prepare_migration,
    "CompleteMigrationRecord": OldDomiSml.migrate,
    "IsAlive": OldDomiSml.is_alive,
}


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who calls, as DomiSML names a certificate; `issuer` without the serial number."""

    certificate_id: str
    issuer: str
    pem: str | None
    valid: tuple[datetime, datetime]


def _caller(headers: Mapping[str, str]) -> _Caller:
    if (said := headers.get("SSLClientCert")) is not None:
        certificate = x509.load_der_x509_certificate(base64.b64decode(unquote(said)))
        return _Caller(
            certificate_id(certificate),
            _names(certificate.issuer.rfc4514_string()),
            certificate.public_bytes(Encoding.PEM).decode(),
            (
                certificate.not_valid_before_utc.replace(tzinfo=None),
                certificate.not_valid_after_utc.replace(tzinfo=None),
            ),
        )
    if (said := headers.get("Client-Cert")) is not None:
        parts = {name: values[0] for name, values in parse_qs(said.replace("+", "%2B")).items()}
        begin, end = (
            datetime.strptime(parts[name], "%b %d %H:%M:%S %Y %Z")  # noqa: DTZ007 — as the database has it
            for name in ("validfrom", "validto")
        )
        serial = int(parts["sno"].replace(":", ""), 16)
        names = _names(parts["subject"])
        return _Caller(f"{names}:{serial:016x}", _names(parts["issuer"]), None, (begin, end))
    raise _FaultError("UnauthorizedFault", 102, "No certificate was shown")


def _names(name: str) -> str:
    """Only CN, O and C count, in this order (sml.md §1.4)."""
    parts = dict(part.strip().split("=", 1) for part in name.replace("\\,", "\x00").split(","))
    return ",".join(f"{key}={parts[key]}" for key in ("CN", "O", "C") if key in parts).replace("\x00", "\\,")


def _text(message: etree._Element, name: str) -> str:
    return (message.findtext(f".//{{*}}{name}") or "").strip()


def _participants(message: etree._Element) -> list[_Name]:
    found = [
        _Name(each.get("scheme", ""), (each.text or "").strip())
        for each in message.iter(f"{{{_IDS}}}ParticipantIdentifier")
    ]
    if not 1 <= len(found) <= _MAX_LIST:
        raise _FaultError("BadRequestFault", 106, f"A list has 1 to {_MAX_LIST} participants, not {len(found)}")
    return found


def _participant(each: _Name) -> str:
    tag = "ParticipantIdentifier"
    return f'<{tag} xmlns="{_IDS}" scheme="{escape(each.scheme)}">{escape(each.value)}</{tag}>'


def _key(each: _Name) -> tuple[str, str]:
    return each.value.lower(), each.scheme.lower()


def _hash(value: str) -> str:
    return base64.b32encode(hashlib.sha256(value.lower().encode()).digest()).decode().rstrip("=").lower()


def _naptr(row: tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    """The records of a participant; none where it or its SMP is disabled."""
    _, _, _, services, disabled, address, smp_disabled = row
    if _flag(disabled) or _flag(smp_disabled):
        return
    for service in (services or "Meta:SMP").split("|"):
        yield "NAPTR", f'100 10 "U" "{service}" "!.*!{address}!" .'


def _flag(value: Any) -> bool:
    """A BIT of MariaDB, as bytes, or a number."""
    return bool(int.from_bytes(value)) if isinstance(value, bytes) else bool(value)


def _host_record(address: str) -> tuple[str, str]:
    host = urlsplit(address).hostname or ""
    return ("A", host) if host.replace(".", "").isdigit() else ("CNAME", f"{host}.")


def _fault(error: _FaultError) -> str:
    text = escape(error.text)
    detail = f'<{error.kind} xmlns="{_LOCATOR}"><FaultMessage>{text}</FaultMessage></{error.kind}>'
    return (
        f"<S:Fault><faultcode>S:Server</faultcode><faultstring>{text}</faultstring><detail>{detail}</detail></S:Fault>"
    )


def _envelope(body: str) -> bytes:
    return f'<?xml version="1.0"?><S:Envelope xmlns:S="{_SOAP}"><S:Body>{body}</S:Body></S:Envelope>'.encode()


def zone_lines(database: DomiSml) -> Iterator[str]:
    """The zone of `ZONE` as the database says, one record a line."""
    for smp_id, address in database.run(
        "SELECT smp_id, endpoint_logical_address FROM bdmsl_smp WHERE smp_disabled = 0"
    ):
        rdtype, rdata = _host_record(address)
        yield f"{smp_id.lower()}.publisher 60 IN {rdtype} {rdata}"
    for row in database.run(
        f"SELECT {_HELD} FROM bdmsl_participant_identifier p JOIN bdmsl_smp s ON s.id = p.fk_smp_id"  # noqa: S608
    ):
        for rdtype, rdata in _naptr(row):
            yield f"{_hash(row[0])}.{row[1].lower()} 60 IN {rdtype} {rdata}"


@dataclass(frozen=True, slots=True)
class OldSml:
    """An old DomiSML that runs: the base URL of its services, its name server, the key that may transfer the zone."""

    base_url: str
    dns: str
    key: dns.tsig.Key


@contextlib.contextmanager
def old_domisml(tool: Any, folder: Path, url: str, *, serial: int = 7) -> Iterator[OldSml]:
    """Run one over the database at a SQLAlchemy URL while the block lasts; BIND keeps its files in the folder."""
    folder.mkdir(exist_ok=True)
    key = new_key(folder)
    with DomiSml(url) as database:
        text = zone_file(ZONE, serial, "\n".join(zone_lines(database)) + "\n")
        with bind_primary(tool, folder, key, ZONE, text) as server:
            system = OldDomiSml(database, ZoneUpdates(ZONE, key, server.port))
            with old_server(system) as base_url:
                yield OldSml(base_url + BASE_PATH, f"{HOST}:{server.port}", key)
