# SPDX-License-Identifier: Apache-2.0
"""Hostile and sloppy clients: raw bytes to a running instance, and what must hold whatever they send.

Every test of bad input asks the same three things: is the refusal one of the protocol, does it give nothing away, and
is everything stored as it was before.
"""

import contextlib
import http.client
import io
import json
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from sqlalchemy import Select, select

from registry.accounts.tokens import create_token
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.sml.wsdl import IDENTIFIERS, LOCATOR
from registry.storage.engine import Database
from registry.storage.tables import metadata as tables
from registry.storage.tables import registration, zone_change, zone_rrset
from tests.simulators.audit import all_events
from tests.simulators.live import ACTOR, LiveInstance

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PUBLISHERS = "/edelivery-sml/manageservicemetadata"
PARTICIPANTS = "/edelivery-sml/manageparticipantidentifier"
_CHUNK = 65_536
_LAST_ANSWER = re.compile(rb"HTTP/1\.1 \d+ .*\r\n(?:.+\r\n)*connection: close\r\n", re.IGNORECASE)
_INDISCREET = re.compile(
    rb"Traceback|site-packages|\.py\b|line \d+, in |object at 0x|sqlite|sqlalchemy|lxml|uvicorn|starlette|pydantic"
    rb"|\b(?:registry|trust_lists)\.[a-z_]+|\b[A-Z][A-Za-z]*(?:Error|Exception)\b"
)


# HTTP


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names in lower case, of repeated headers the last one."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    header_list: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.header_list if key == name]


def request(
    method: str, target: str | bytes, headers: Iterable[tuple[str, str | bytes]] = (), body: bytes | None = None
) -> bytes:
    """A request that asks to close the connection, with a Host header, and a Content-Length where it has a body."""
    given = {name.lower() for name, _ in headers}
    lines: list[tuple[str, str | bytes]] = [*headers]
    if "host" not in given:
        lines.append(("Host", "test"))
    if body is not None and not given & {"content-length", "transfer-encoding"}:
        lines.append(("Content-Length", str(len(body))))
    if "connection" not in given:
        lines.append(("Connection", "close"))
    path = target if isinstance(target, bytes) else target.encode()
    head = [method.encode() + b" " + path + b" HTTP/1.1"]
    head += [name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()) for name, value in lines]
    return b"\r\n".join((*head, b"", body or b""))


def send(url: str, *parts: bytes, context: ssl.SSLContext | None = None, timeout: float = 20) -> bytes:
    """Everything that a listener answers to these bytes until it closes; sending ends where an answer begins."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    received = bytearray()
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout))
        if context is not None:
            connection = stack.enter_context(context.wrap_socket(connection, server_hostname=address.hostname))
        with contextlib.suppress(ConnectionError, ssl.SSLEOFError):
            for part in parts:
                for start in range(0, len(part), _CHUNK):
                    if len(part) > _CHUNK and _answered(connection, received):
                        break
                    connection.sendall(part[start : start + _CHUNK])
        with contextlib.suppress(ConnectionError, ssl.SSLEOFError):
            while True:
                if context is not None and _LAST_ANSWER.match(received):
                    # A listener can't say over TLS that it ends, and listens for a while: we end, and read on.
                    with contextlib.suppress(OSError):
                        socket.socket.shutdown(connection, socket.SHUT_WR)  # that of SSLSocket would end reading, too
                data = connection.recv(_CHUNK)
                if not data:
                    break
                received += data
    return bytes(received)


def _answered(connection: socket.socket, received: bytearray) -> bool:
    """Whether an answer has begun; what is there of it goes to `received`."""
    timeout = connection.gettimeout()
    connection.settimeout(0)
    try:
        received += connection.recv(_CHUNK)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    finally:
        connection.settimeout(timeout)
    return True


def read_answers(raw: bytes, *methods: str) -> list[Answer]:
    """The answers in `raw`, one for each method that was asked, and nothing behind them."""
    stream = _Stream(raw)
    answers = []
    for method in methods:
        response = http.client.HTTPResponse(stream, method=method)  # type: ignore[arg-type]
        response.begin()
        body = response.read()
        listed = tuple((name.lower(), value) for name, value in response.getheaders())
        answers.append(Answer(response.status, dict(listed), body, listed))
    rest = stream.file.read()
    assert rest == b"", f"more than {len(methods)} answers: {rest[:200]!r}"
    return answers


class _Stream:
    def __init__(self, raw: bytes) -> None:
        self.file = _Unclosed(raw)

    def makefile(self, _mode: str) -> io.BytesIO:
        return self.file


class _Unclosed(io.BytesIO):
    def close(self) -> None:
        """`HTTPResponse` closes its file behind each answer; here others follow."""


def ask(url: str, *parts: bytes, context: ssl.SSLContext | None = None, method: str = "GET") -> Answer:
    """The one answer to one request."""
    (answer,) = read_answers(send(url, *parts, context=context), method)
    return answer


class Manager:
    """A client of the management listener, with a token for everything unless told otherwise."""

    def __init__(self, live: LiveInstance, token: str | None = None) -> None:
        self.live = live
        self.token = token or create_token(live.instance.database, ACTOR, f"test-{time.monotonic_ns()}")

    def call(
        self,
        method: str,
        target: str | bytes,
        body: bytes | str | None = None,
        headers: Iterable[tuple[str, str | bytes]] = (),
    ) -> Answer:
        data = body.encode() if isinstance(body, str) else body
        authorization = ("Authorization", f"Bearer {self.token}")
        sent = request(method, target, (authorization, *headers), data)
        return ask(self.live.addresses.manage, sent, method=method)

    def put(self, target: str | bytes, body: bytes | str, headers: Iterable[tuple[str, str | bytes]] = ()) -> Answer:
        return self.call("PUT", target, body, headers)

    def delete(self, target: str | bytes) -> Answer:
        return self.call("DELETE", target)


def get(live: LiveInstance, target: str | bytes, headers: Iterable[tuple[str, str | bytes]] = ()) -> Answer:
    """A look-up at the public listener."""
    return ask(live.addresses.public, request("GET", target, headers))


# SOAP


def envelope(body: str, header: str = "") -> bytes:
    """A SOAP 1.1 message; `l:` and `i:` are the namespaces of the locator and of identifiers."""
    return (
        f'<S:Envelope xmlns:S="{SOAP}" xmlns:l="{LOCATOR}" xmlns:i="{IDENTIFIERS}">'
        f"{header}<S:Body>{body}</S:Body></S:Envelope>"
    ).encode()


def participant_xml(participant: ParticipantIdentifier) -> str:
    return f'<i:ParticipantIdentifier scheme="{participant.scheme}">{participant.value}</i:ParticipantIdentifier>'


def create_xml(smp_id: str, *participants: ParticipantIdentifier, name: str = "CreateList") -> str:
    members = "".join(map(participant_xml, participants))
    return f"<l:{name}>{members}<l:ServiceMetadataPublisherID>{smp_id}</l:ServiceMetadataPublisherID></l:{name}>"


def publisher_xml(smp_id: str, logical: str, physical: str = "0.0.0.0", name: str = "Create") -> str:  # noqa: S104
    element = f"l:{name}ServiceMetadataPublisherService"
    endpoint = (
        f"<l:PublisherEndpoint><l:LogicalAddress>{logical}</l:LogicalAddress>"
        f"<l:PhysicalAddress>{physical}</l:PhysicalAddress></l:PublisherEndpoint>"
    )
    smp = f"<l:ServiceMetadataPublisherID>{smp_id}</l:ServiceMetadataPublisherID>"
    return f"<{element}>{endpoint}{smp}</{element}>"


def call_sml(
    live: LiveInstance,
    path: str,
    message: bytes,
    *,
    context: ssl.SSLContext | None = None,
    headers: Iterable[tuple[str, str | bytes]] = (("Content-Type", "text/xml; charset=utf-8"),),
) -> Answer:
    """POST a message to the SML; by default with the certificate of the instance's own SMP."""
    assert live.addresses.sml
    sent = request("POST", path, headers, message)
    return ask(live.addresses.sml, sent, context=context or live.client_context(live.files.smp), method="POST")


# What must hold


@contextlib.contextmanager
def cheap(seconds: float = 2.0) -> Iterator[None]:
    """The block, client and server together, takes about this much CPU time at most: a busy computer needs more."""
    start = time.process_time()
    yield
    used = time.process_time() - start
    assert used < 8 * seconds, f"{used:.2f} s of CPU time"


@contextlib.contextmanager
def nothing_changed(live: LiveInstance) -> Iterator[None]:
    """All tables, the zone journal and the audit log among them, are the same before and after the block."""
    before = stored_state(live)
    yield
    assert stored_state(live) == before


# What processes write by themselves.
_MOVING = {"zone": {"publisher", "lease_until"}, "event": {"position", "hash"}, "token": {"last_used_at"}}


def stored_state(live: LiveInstance) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, without leases, the places of events in their chain, and when a token was last used."""
    live.wait_for_dns()
    with live.instance.database.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(*_kept(table)))), key=repr)
            for table in tables.sorted_tables
            if table.name != "audit_chain"
        }


def _kept(table: Any) -> list[Any]:
    return [column for column in table.c if column.name not in _MOVING.get(table.name, ())]


def check_consistency(database: Database) -> dict[str, str]:
    """Registrations, DNS names and audit events say the same; returns {participant value: publisher's URL record}."""
    with database.read() as connection:
        rows = _rows(connection, select(registration.c.scheme, registration.c.value, registration.c.label))
        naptr = dict(
            _rows(connection, select(zone_rrset.c.owner, zone_rrset.c.content).where(zone_rrset.c.rdtype == "NAPTR"))
        )
        journal = _rows(
            connection,
            select(zone_change.c.owner, zone_change.c.after)
            .where(zone_change.c.rdtype == "NAPTR")
            .order_by(zone_change.c.sequence),
        )
    last_tag = {event.subject: event.tag for event in all_events(database, "sml:registration:*")}
    registered = {subject for subject, tag in last_tag.items() if not tag.endswith(":delete")}
    assert {str(ParticipantIdentifier(scheme, value)) for scheme, value, _ in rows} == registered
    assert {label for *_, label in rows} == set(naptr)
    assert {owner: after for owner, after in dict(journal).items() if after is not None} == naptr
    return {value: naptr[label] for _, value, label in rows}


def _rows(connection: Any, query: Select[Any]) -> list[Any]:
    return [tuple(row) for row in connection.execute(query)]


def assert_discreet(data: bytes, live: LiveInstance | None = None) -> None:
    """No stack trace, no name of a module, class or library, no path of ours."""
    assert not (found := _INDISCREET.search(data)), f"{found[0]!r} in {data[:2000]!r}"
    if live is not None:
        assert str(live.settings.data_dir).encode() not in data


def assert_problem(answer: Answer, status: int, *reasons: str, kind: str = "") -> dict[str, Any]:
    """An RFC 9457 problem with this status, with at least these reason ids, and discreet."""
    assert answer.status == status, (answer.status, answer.body[:500])
    assert answer.headers["content-type"] == "application/problem+json"
    assert_discreet(answer.body)
    problem: dict[str, Any] = json.loads(answer.body)
    assert problem["status"] == status
    assert problem["title"]
    assert problem["type"].startswith("urn:edelivery-registry:problem:")
    if kind:
        assert problem["type"].endswith(f":{kind}")
    found = {reason["id"] for reason in problem.get("reasons", ())}
    assert found >= set(reasons), found
    assert all(reason["message"] for reason in problem.get("reasons", ()))
    return problem


def assert_fault(answer: Answer, kind: str, code: int) -> str:
    """A SOAP 1.1 fault with its typed detail and ERR code, and discreet; returns its text."""
    assert answer.status == 500, (answer.status, answer.body[:500])
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert_discreet(answer.body)
    fault = etree.fromstring(answer.body)[0][0]
    assert fault.tag == f"{{{SOAP}}}Fault"
    text: str = fault.findtext("faultstring") or ""
    assert text.startswith(f"[ERR-{code}] "), text
    (detail,) = fault.findall("detail/*")
    assert detail.tag == f"{{{LOCATOR}}}{kind}", text
    message: str = detail.findtext(f"{{{LOCATOR}}}FaultMessage") or ""
    assert text.startswith(message)
    return message


# XML that nobody should parse


@dataclass(frozen=True, slots=True)
class BadXml:
    """A message, and the reason id with which the parser refuses it."""

    name: str
    data: bytes
    reason: str


def bad_xml(document: str) -> list[BadXml]:
    """Attacks around a good document, which begins with its root element."""
    head, tail = document[: document.index(">") + 1], document[document.index(">") + 1 :]
    name = re.match(r"<([\w:]+)", document)
    assert name
    root = name[1]

    def dtd(inside: str, reference: str = "") -> bytes:
        return f"<!DOCTYPE {root} {inside}>{head}{reference}{tail}".encode()

    laughs = '<!ENTITY a "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 if n else str()};" * 10}">' for n in range(10))
    declarations = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(5_000))
    attributes = " ".join(f'a{n}="{n}"' for n in range(5_000))
    scope = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(25))
    utf8 = document.encode()
    return [
        BadXml("doctype", dtd("[]"), "XML_DOCTYPE"),
        BadXml("external-dtd", dtd('SYSTEM "http://127.0.0.1:1/x.dtd"'), "XML_DOCTYPE"),
        BadXml("entity-bomb", dtd(f"[{laughs}]", "&a9;"), "XML_DOCTYPE"),
        BadXml("quadratic-bomb", dtd(f'[<!ENTITY a "{"x" * 100_000}">]', "&a;" * 1_000), "XML_DOCTYPE"),
        BadXml("external-entity", dtd('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"), "XML_DOCTYPE"),
        BadXml("parameter-entity", dtd('[<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]'), "XML_DOCTYPE"),
        BadXml("doctype-in-utf-16", dtd("[]").decode().encode("utf-16"), "XML_DOCTYPE"),
        BadXml("undeclared-entity", f"{head}&nbsp;{tail}".encode(), "XML_NOT_WELL_FORMED"),
        BadXml("deep-tree", f"{head}{'<a>' * 10_000}{'</a>' * 10_000}{tail}".encode(), "XML_TOO_DEEP"),
        BadXml("deep-enough", f"{head}{'<a>' * 120}{'</a>' * 120}{tail}".encode(), "XML_TOO_DEEP"),
        BadXml("many-namespaces", f"{head}<a {declarations}/>{tail}".encode(), "XML_TOO_MANY_NAMESPACES"),
        BadXml("many-attributes", f"{head}<a {attributes}/>{tail}".encode(), "XML_TOO_MANY_ATTRIBUTES"),
        BadXml("costly", f"{head}<a {scope}>{'<b/>' * 400_000}</a>{tail}".encode(), "XML_TOO_COSTLY"),
        BadXml("invalid-utf-8", utf8.replace(b"::", b"::\xff", 1) + b"<!-- \xff -->", "XML_ENCODING"),
        BadXml("latin-1-that-claims-utf-8", f"{head}é{tail}".encode("latin-1"), "XML_ENCODING"),
        BadXml("utf-7", b'<?xml version="1.0" encoding="UTF-7"?>' + utf8, "XML_ENCODING"),
        BadXml("ebcdic", b'<?xml version="1.0" encoding="cp037"?>' + utf8, "XML_ENCODING"),
        BadXml("utf-16-without-mark", b'<?xml version="1.0" encoding="UTF-16"?>' + utf8, "XML_ENCODING"),
        BadXml("utf-32", document.encode("utf-32"), "XML_"),
        BadXml("nul", utf8 + b"\0", "XML_NUL"),
        BadXml("control-character", f"{head}\x0b{tail}".encode(), "XML_NOT_WELL_FORMED"),
        BadXml("control-character-reference", f"{head}&#1;{tail}".encode(), "XML_NOT_WELL_FORMED"),
        BadXml("surrogate-reference", f"{head}&#xD800;{tail}".encode(), "XML_NOT_WELL_FORMED"),
        BadXml("unbound-prefix", f"{head}<zz:a/>{tail}".encode(), "XML_NOT_WELL_FORMED"),
        BadXml("attribute-twice", f'{head}<a b="1" b="2"/>{tail}'.encode(), "XML_NOT_WELL_FORMED"),
        BadXml("two-roots", utf8 + utf8, "XML_NOT_WELL_FORMED"),
        BadXml("cut-off", utf8[: len(utf8) // 2], "XML_NOT_WELL_FORMED"),
        BadXml("empty", b"", "XML_NOT_WELL_FORMED"),
        BadXml("white-space", b" \r\n\t", "XML_NOT_WELL_FORMED"),
        BadXml("json", b'{"participant": "0088:1"}', "XML_NOT_WELL_FORMED"),
        BadXml("gzip", b"\x1f\x8b\x08\x00" + bytes(40), "XML_"),
    ]


def pid(value: str, scheme: str = ISO6523) -> ParticipantIdentifier:
    return ParticipantIdentifier(scheme, value)


def pids(prefix: str, number: int) -> list[ParticipantIdentifier]:
    return [pid(f"0088:{prefix}-{index}") for index in range(number)]


def registered(live: LiveInstance) -> dict[str, str]:
    """{participant value: its NAPTR record}, after a check that tables, DNS and audit say the same."""
    live.wait_for_dns()
    return check_consistency(live.instance.database)
