# SPDX-License-Identifier: Apache-2.0
"""Access points of many endpoints at once: found by what they say, or made under the names of their hosts."""

from collections.abc import Iterator, Mapping
from itertools import chain

from sqlalchemy import Connection, select

from registry.storage.certificate_rows import certificate_row, certificate_sha256
from registry.storage.queries import certificates
from registry.storage.queries.access_points import AccessPoint, host_name
from registry.storage.queries.numbers import new_numbers
from registry.storage.statements import insert_rows
from registry.storage.tables import access_point, access_point_certificate
from registry.storage.types import to_microseconds
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 500
_OWN = (
    "id",
    "domain_id",
    "name",
    "version",
    "modified_at",
    "content_sha256",
    "transport_profile",
    "address",
    "description",
    "technical_contact",
    "technical_information",
)
_CERTIFICATE = (
    "access_point_id",
    "position",
    "type_code",
    "mime_code",
    "description",
    "activation",
    "expiration",
    "certificate_sha256",
)


def find_or_add_all(work: UnitOfWork, domain_id: int, wanted: Mapping[str, AccessPoint]) -> dict[str, int]:
    """The numbers of access points that say exactly what is wanted, by its digest (`content_sha256`).

    One with a planned successor is another one: who publishes now doesn't ask for what comes.
    """
    found = _find(work.connection, domain_id, wanted)
    missing = {digest: wanted[digest] for digest in sorted(wanted.keys() - found.keys())}
    return found | _add(work, domain_id, missing) if missing else found


def _find(connection: Connection, domain_id: int, wanted: Mapping[str, AccessPoint]) -> dict[str, int]:
    c, digests, found = access_point.c, list(wanted), dict[str, int]()
    for start in range(0, len(digests), _CHUNK):
        query = select(c.content_sha256, c.id).where(
            c.domain_id == domain_id,
            c.content_sha256.in_(digests[start : start + _CHUNK]),
            c.successor_id.is_(None),
        )
        # The oldest of several, as with one endpoint.
        for digest, number in connection.execute(query.order_by(c.id.desc())):
            found[digest] = number
    return found


def _add(work: UnitOfWork, domain_id: int, new: Mapping[str, AccessPoint]) -> dict[str, int]:
    connection, at = work.connection, to_microseconds(work.now)
    ders = {item.der for content in new.values() for item in content.certificates}
    certificates.put(connection, map(certificate_row, sorted(ders)))
    names = _free_names(connection, domain_id, new)
    numbers = dict(zip(new, new_numbers(connection, access_point, len(new)), strict=True))
    rows = [
        (
            numbers[digest],
            domain_id,
            names[digest],
            1,
            at,
            digest,
            content.transport_profile,
            content.address,
            content.description,
            content.technical_contact,
            content.technical_information,
        )
        for digest, content in new.items()
    ]
    insert_rows(connection, access_point.name, _OWN, rows)
    shown = [
        (
            numbers[digest],
            position,
            item.type_code,
            item.mime_code,
            item.description,
            None if item.activation is None else to_microseconds(item.activation),
            None if item.expiration is None else to_microseconds(item.expiration),
            certificate_sha256(item.der),
        )
        for digest, content in new.items()
        for position, item in enumerate(content.certificates)
    ]
    insert_rows(connection, access_point_certificate.name, _CERTIFICATE, shown)
    return numbers


def _free_names(connection: Connection, domain_id: int, new: Mapping[str, AccessPoint]) -> dict[str, str]:
    """A name for each that no other one of its transport profile has: of its host, and of its content if need be."""
    c, taken = access_point.c, set[tuple[str, str]]()
    asked = sorted(set(chain.from_iterable(_names(digest, content) for digest, content in new.items())))
    for start in range(0, len(asked), _CHUNK):
        query = select(c.name, c.transport_profile).where(
            c.domain_id == domain_id, c.name.in_(asked[start : start + _CHUNK])
        )
        taken.update((name, profile) for name, profile in connection.execute(query))
    names: dict[str, str] = {}
    for digest, content in new.items():
        profile = content.transport_profile
        names[digest] = next((n for n in _names(digest, content) if (n, profile) not in taken), digest)
        taken.add((names[digest], profile))
    return names


def _names(digest: str, content: AccessPoint) -> Iterator[str]:
    """Ever longer ones: the third where another one with the same content has a planned successor, or had."""
    host = host_name(content.address)
    return iter((host, f"{host}-{digest[:8]}", f"{host}-{digest[:16]}"))
