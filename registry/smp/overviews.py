# SPDX-License-Identifier: Apache-2.0
"""What is published, told in one document: a participant with all that it receives, and lists of participants.

These are no documents of the specifications. CompleteServiceGroup and ServiceGroupReferenceList are in the namespace
of a 1.x dialect and have the form of the "unofficial extensions" in phoss's schema; nothing of it is signed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from registry.errors import NotFoundError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import participant_path
from registry.metadata import ServiceGroup
from registry.smp.documents.bdxr1 import names as bdxr1
from registry.smp.documents.busdox import names as busdox
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.lexical import escape_attribute, escape_text
from registry.smp.routes import smp_url
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import service_groups, services

_PAGE = 1000
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACES: Mapping[str, str] = {"busdox": busdox.SMP, "bdxr1": bdxr1.SMP}
_ATTRIBUTES = rb'(?: [^\s=">]+="[^"]*")*'
_SIGNED = re.compile(
    rb"<(?P<prefix>[^\s:>]+):SignedServiceMetadata(?P<scope>" + _ATTRIBUTES + rb")>"
    rb"<(?P=prefix):ServiceMetadata>(?P<content>.*)</(?P=prefix):ServiceMetadata></(?P=prefix):SignedServiceMetadata>",
    re.DOTALL,
)


class Overviews:
    """Reads what a domain publishes, page by page where it may be much."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def complete_group(self, stored: StoredDomain, participant: ParticipantIdentifier) -> bytes:
        """A participant's service group with all its metadata, unsigned, in the 1.x dialect of the domain.

        Raises NotFoundError when the participant is not published here, or the domain has no 1.x dialect.
        """
        dialect = _dialect_1_x(stored)
        key = stored.domain.identifiers.participant_key(participant)
        with self._database.read() as connection:
            row = service_groups.find(connection, stored.id, participant.scheme, key)
            if row is None:
                raise NotFoundError(f"{participant} has no service group")
            now = self._database.now()
            held = [services.load(connection, item.id, now) for item in services.of_group(connection, row.id)]
        group = ServiceGroup(row.participant, tuple(item.document_type for item in held), row.extensions)
        parts = [_body(dialect.write_service_group(group, stored.domain.smp.base_url))]
        parts += (unwrapped_metadata(dialect.write_service_metadata(item)) for item in held)
        start, end = _tags("CompleteServiceGroup", dialect)
        return start + b"".join(parts) + end

    def references(self, stored: StoredDomain) -> Iterator[bytes]:
        """A ServiceGroupReferenceList of all participants, in parts. Raises as `complete_group`, before it begins."""
        dialect = _dialect_1_x(stored)
        base_url = smp_url(stored.domain, dialect)
        return self._references(stored, dialect, base_url)

    def _references(self, stored: StoredDomain, dialect: Dialect, base_url: str) -> Iterator[bytes]:
        start, end = _tags("ServiceGroupReferenceList", dialect)
        yield start
        for page in self._pages(stored):
            hrefs = (escape_attribute(base_url + participant_path(item)) for item in page)
            yield "".join(
                f'<smp:ServiceGroupReference href="{href}"></smp:ServiceGroupReference>' for href in hrefs
            ).encode()
        yield end

    def identifiers(self, stored: StoredDomain) -> Iterator[bytes]:
        """All participants as `servicegroupids` in no namespace, in parts; `count` is how many there were at first."""
        with self._database.read() as connection:
            count = service_groups.count(connection, stored.id)
        yield f'{_DECLARATION}<servicegroupids count="{count}">'.encode()
        for page in self._pages(stored):
            yield "".join(f"<servicegroupid>{escape_text(str(item))}</servicegroupid>" for item in page).encode()
        yield b"</servicegroupids>"

    def _pages(self, stored: StoredDomain) -> Iterator[Iterable[ParticipantIdentifier]]:
        # A transaction for each page: a slow client must not hold one open.
        last = 0
        while True:
            with self._database.read() as connection:
                rows = service_groups.page(connection, stored.id, last, _PAGE)
            if not rows:
                return
            last = rows[-1].id
            yield [row.participant for row in rows]


def _dialect_1_x(stored: StoredDomain) -> Dialect:
    for name in stored.domain.smp.dialects:
        if name in _NAMESPACES:
            return DIALECTS[name]
    raise NotFoundError(f"the domain {stored.domain.name} has SMP 2.0 documents only, and those have no such overview")


def _tags(name: str, dialect: Dialect) -> tuple[bytes, bytes]:
    """The start of a document and its end. A default namespace would creep into extensions that are in none."""
    start = f'{_DECLARATION}<smp:{name} xmlns:smp="{_NAMESPACES[dialect.name]}">'
    return start.encode(), f"</smp:{name}>".encode()


def _body(document: bytes) -> bytes:
    """A document that we wrote, without its XML declaration."""
    return document.partition(b"?>")[2]


def unwrapped_metadata(document: bytes) -> bytes:
    """The ServiceMetadata in a SignedServiceMetadata that we wrote, with the declarations that it needs.

    Cut out as text: extensions stay byte for byte, as everywhere else.
    """
    found = _SIGNED.fullmatch(_body(document))
    assert found is not None  # noqa: S101  # our writers have no other form
    name = found["prefix"] + b":ServiceMetadata"
    return b"<" + name + found["scope"] + b">" + found["content"] + b"</" + name + b">"
