# SPDX-License-Identifier: Apache-2.0
"""An old phoss SMP that answers from its database: what senders ask for, and its REST interface for changes.

As phoss 8 does it: a GET is signed anew each time; PUT answers 200 whether it creates or changes; wrong credentials are
a 403, other ids in path and body a 400; who puts a service group owns it. Nothing goes to an SML. `python -m` runs it
as a process.
"""

import argparse
import base64
import contextlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import decode_segment, service_path
from registry.smp.documents.business_card import read as read_card
from registry.smp.documents.business_card import write_business_card
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.signing import sign_document
from tests.simulators import old_phoss_rows as rows
from tests.simulators.old_http import OldRequest, OldResponse, old_server, serve_forever
from tests.simulators.old_smp_xml import BDXR1, PEPPOL
from trust_lists.certificates.parsing import SigningKey, load_signing_key
from trust_lists.xml import parse_xml

_FLAVOURS = {"busdox": PEPPOL, "bdxr1": BDXR1}
_NOT_FOUND = OldResponse(404)
_DONE = OldResponse(200)


class _RefusedError(Exception):
    """A request that ends with a status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


@dataclass(slots=True)
class OldPhoss:
    """An instance over a database; `dialect` is busdox or bdxr1, which a phoss SMP speaks one of.

    All users of the database have the same `password`. With `keeps_answers` what was signed is served again until the
    next write, which phoss doesn't do: for measurements of others, where both run on one computer.
    """

    engine: Engine
    key: SigningKey
    base_url: str = "http://old.example.org"
    dialect: str = "busdox"
    password: str = "old-password"
    keeps_answers: bool = False
    _kept: dict[str, OldResponse] = field(default_factory=dict)

    def answer(self, request: OldRequest) -> OldResponse:
        """See `OldSystem`."""
        if request.method == "GET" and (kept := self._kept.get(request.path)) is not None:
            return kept
        try:
            with self.engine.begin() as connection:
                said = self._answered(connection, request)
        except (_RefusedError, ValidationError) as error:
            return OldResponse(error.status if isinstance(error, _RefusedError) else 400)
        if request.method != "GET":
            self._kept.clear()
        elif self.keeps_answers:
            self._kept[request.path] = said
        return said

    def _answered(self, connection: Connection, request: OldRequest) -> OldResponse:
        match request.method, [decode_segment(part.encode()) for part in request.path.strip("/").split("/")]:
            case "GET", ["businesscard", participant]:
                card = rows.card(connection, _participant(participant))
                return _NOT_FOUND if card is None else OldResponse(body=write_business_card(card))
            case "GET", [participant]:
                return self._group(connection, _participant(participant))
            case "GET", [participant, "services", document_type]:
                return self._metadata(connection, _participant(participant), _document_type(document_type))
            case (("PUT" | "DELETE"), ["businesscard", participant]):
                self._check_owner(connection, request, _participant(participant))
                return _write_card(connection, request, _participant(participant))
            case (("PUT" | "DELETE"), [participant]):
                return self._write_group(connection, request, _participant(participant))
            case "PUT", [participant, "customproperties"]:
                self._check_owner(connection, request, _participant(participant))
                return _write_properties(connection, request, _participant(participant))
            case (("PUT" | "DELETE"), [participant, "services", document_type]):
                self._check_owner(connection, request, _participant(participant))
                return self._write_metadata(
                    connection, request, _participant(participant), _document_type(document_type)
                )
        return _NOT_FOUND

    def _group(self, connection: Connection, asked: ParticipantIdentifier) -> OldResponse:
        row = rows.service_group(connection, asked)
        if row is None:
            return _NOT_FOUND
        held = ParticipantIdentifier(row["businessidentifierscheme"], row["businessidentifier"])
        hrefs = [self.base_url + service_path(held, each) for each in rows.document_types(connection, held)]
        extensions = rows.old_extensions(row["extension"])
        return OldResponse(body=_FLAVOURS[self.dialect].group(held.scheme, held.value, hrefs, extensions))

    def _metadata(
        self, connection: Connection, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
    ) -> OldResponse:
        flavour = _FLAVOURS[self.dialect]
        if (row := rows.redirect(connection, participant, document_type)) is not None:
            extensions = rows.old_extensions(row["extension"])
            return self._signed(flavour.redirect(row["redirectionurl"], row["certificateuid"] or "", extensions))
        row = rows.metadata(connection, participant, document_type)
        processes = [] if row is None else rows.processes(connection, participant, document_type)
        if row is None or not processes:
            return _NOT_FOUND
        held = (row["businessidentifierscheme"], row["businessidentifier"])
        held_type = (row["documentidentifierscheme"], row["documentidentifier"])
        return self._signed(flavour.metadata(held, held_type, processes, rows.old_extensions(row["extension"])))

    def _signed(self, document: bytes) -> OldResponse:
        return OldResponse(body=sign_document(document, self.key, DIALECTS[self.dialect]))

    def _user(self, connection: Connection, request: OldRequest) -> str:
        scheme, _, said = request.headers.get("Authorization", "").partition(" ")
        try:
            login, _, password = base64.b64decode(said, validate=True).decode().partition(":")
        except ValueError:
            raise _RefusedError(403) from None
        user = rows.user_id(connection, login)
        if scheme != "Basic" or user is None or not hmac.compare_digest(password, self.password):
            raise _RefusedError(403)
        return user

    def _check_owner(self, connection: Connection, request: OldRequest, participant: ParticipantIdentifier) -> None:
        user, owner = self._user(connection, request), rows.owner(connection, participant)
        if owner is None:
            raise _RefusedError(404)
        if owner != user:
            raise _RefusedError(403)

    def _write_group(
        self, connection: Connection, request: OldRequest, participant: ParticipantIdentifier
    ) -> OldResponse:
        if request.method == "DELETE":
            self._check_owner(connection, request, participant)
            rows.delete_group(connection, participant)
            return _DONE
        user = self._user(connection, request)
        group = DIALECTS[self.dialect].read(request.body).service_group
        if group is None or str(group.participant).lower() != str(participant).lower():
            raise _RefusedError(400)
        rows.put_group(connection, participant, group.extensions, user)
        return _DONE

    def _write_metadata(
        self,
        connection: Connection,
        request: OldRequest,
        participant: ParticipantIdentifier,
        document_type: DocumentTypeIdentifier,
    ) -> OldResponse:
        if request.method == "DELETE":
            return _DONE if rows.delete_metadata(connection, participant, document_type) else _NOT_FOUND
        said = DIALECTS[self.dialect].read(request.body).metadata
        if said is None or str(said.participant).lower() != str(participant).lower():
            raise _RefusedError(400)
        if said.document_type != document_type:
            raise _RefusedError(400)
        rows.put_metadata(connection, said)
        return _DONE


def _write_card(connection: Connection, request: OldRequest, participant: ParticipantIdentifier) -> OldResponse:
    if request.method == "DELETE":
        return _DONE if rows.delete_card(connection, participant) else _NOT_FOUND
    said = read_card(request.body)
    if str(said.participant).lower() != str(participant).lower():
        raise _RefusedError(400)
    rows.put_card(connection, said)
    return _DONE


def _write_properties(connection: Connection, request: OldRequest, participant: ParticipantIdentifier) -> OldResponse:
    said = [dict(each.items()) for each in parse_xml(request.body).iterchildren("customproperty")]
    rows.put_properties(connection, participant, said)
    return _DONE


def _participant(text: str) -> ParticipantIdentifier:
    return ParticipantIdentifier.parse(text)


def _document_type(text: str) -> DocumentTypeIdentifier:
    return DocumentTypeIdentifier.parse(text)


@contextlib.contextmanager
def old_phoss(url: str, key: SigningKey, *, dialect: str = "busdox", keeps_answers: bool = False) -> Iterator[str]:
    """Run one over the database at a SQLAlchemy URL, in threads of this process; gives its base URL."""
    engine = create_engine(url, pool_size=16, max_overflow=48)
    try:
        with old_server(OldPhoss(engine, key, dialect=dialect, keeps_answers=keeps_answers)) as base_url:
            yield base_url
    finally:
        engine.dispose()


def main() -> None:
    """Run one as a process, until it is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--key", type=Path, required=True, help="PEM: key, certificate, issuers")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dialect", default="busdox")
    parser.add_argument("--keeps-answers", action="store_true")
    said = parser.parse_args()
    engine = create_engine(said.database, pool_size=16, max_overflow=48)
    key = load_signing_key(said.key.read_bytes())
    serve_forever(OldPhoss(engine, key, dialect=said.dialect, keeps_answers=said.keeps_answers), said.port)


if __name__ == "__main__":
    main()
