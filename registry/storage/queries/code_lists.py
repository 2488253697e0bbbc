# SPDX-License-Identifier: Apache-2.0
"""The code lists of domains, kept as the JSON text that was imported."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from registry.identifiers.code_lists import CodeList, Kind
from registry.storage.tables import code_list
from registry.storage.unit_of_work import UnitOfWork


def all_lists(connection: Connection) -> Mapping[int, Mapping[Kind, CodeList]]:
    """The lists in force, by domain id and kind; domains without any are left out."""
    found: dict[int, dict[Kind, CodeList]] = defaultdict(dict)
    query = select(code_list.c.domain_id, code_list.c.content).order_by(code_list.c.domain_id, code_list.c.kind)
    for domain_id, content in connection.execute(query):
        item = CodeList.from_json(content.encode())
        found[domain_id][item.kind] = item
    return dict(found)


def put(work: UnitOfWork, domain_id: int, item: CodeList, content: str) -> None:
    """Put a list in the place of the one of its kind; `content` is its JSON text."""
    key = {"domain_id": domain_id, "kind": item.kind.value}
    work.connection.execute(delete(code_list).filter_by(**key))
    work.connection.execute(
        insert(code_list).values(**key, version=item.version, content=content, modified_at=work.now)
    )
