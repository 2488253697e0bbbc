# SPDX-License-Identifier: Apache-2.0
"""Which participants everybody may be told of."""

from sqlalchemy import Connection, select

from registry.metadata import Visibility
from registry.storage.tables import service_group


def is_public(connection: Connection, domain_id: int, scheme: str, value_key: str) -> bool | None:
    """Whether everybody may be told of a participant; None where it has no service group here."""
    c = service_group.c
    query = select(c.visibility).where(c.domain_id == domain_id, c.scheme == scheme, c.value_key == value_key)
    found = connection.execute(query).scalar()
    return None if found is None else found == Visibility.PUBLIC
