# SPDX-License-Identifier: Apache-2.0
"""The certificates of publishers, seen together: who holds which keys."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, or_, select

from registry.storage.tables import certificate, publisher, publisher_certificate


def holders_of_key(connection: Connection, domain_id: int, key_sha256: str, at: datetime) -> set[int]:
    """The publishers of a domain with a certificate of this key that speaks for them or is to, after `at`."""
    held = publisher_certificate.c
    query = (
        select(held.publisher_id)
        .join(publisher, publisher.c.id == held.publisher_id)
        .join(certificate, certificate.c.sha256 == held.certificate_sha256)
        .where(publisher.c.domain_id == domain_id, certificate.c.key_sha256 == key_sha256)
        .where(or_(held.usable_until.is_(None), held.usable_until > at))
    )
    return set(connection.execute(query).scalars())


def keys_of(connection: Connection, publisher_ids: Collection[int], at: datetime) -> dict[int, set[str]]:
    """The keys of the certificates that speak for these publishers, or are to, after `at`."""
    held, found = publisher_certificate.c, defaultdict[int, set[str]](set)
    query = (
        select(held.publisher_id, certificate.c.key_sha256)
        .join(certificate, certificate.c.sha256 == held.certificate_sha256)
        .where(held.publisher_id.in_(publisher_ids), or_(held.usable_until.is_(None), held.usable_until > at))
    )
    for publisher_id, key in connection.execute(query):
        found[publisher_id].add(key)
    return found


def added_by(connection: Connection, publisher_id: int, after: datetime) -> dict[str, str | None]:
    """Who added the certificates that are to speak for a publisher from a moment after `after` on, by fingerprint."""
    held = publisher_certificate.c
    query = select(held.certificate_sha256, held.added_by).where(
        held.publisher_id == publisher_id, held.usable_from > after
    )
    return {row.certificate_sha256: row.added_by for row in connection.execute(query)}
