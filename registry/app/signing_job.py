# SPDX-License-Identifier: Apache-2.0
"""The job that signs what a domain's SMP serves and nobody has signed yet: after a bulk import or another signing key.

Each document is signed and stored by itself, so nobody waits for a lock meanwhile; signed twice is none, whoever dies,
since what has been signed isn't found again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from registry.app.instance import Instance
from registry.errors import NotFoundError, ValidationError
from registry.jobs.queue import enqueue
from registry.jobs.worker import JobContext
from registry.smp.documents.catalogue import DIALECTS
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import unsigned_documents
from registry.storage.unit_of_work import UnitOfWork

KIND = "sign-documents"
_BATCH = 50


def request_signing(work: UnitOfWork, domain_id: int) -> int:
    """Have everything signed in the background that a domain serves; returns the job's id."""
    return enqueue(work, KIND, {}, key=f"{KIND}:{domain_id}", domain_id=domain_id)


@dataclass(frozen=True, slots=True)
class _Part:
    """The services or the groups of a dialect: how to find those that aren't signed, and to sign one."""

    count: Callable[[], int]
    page: Callable[[int], list[tuple[int, Any]]]
    sign: Callable[[Any], object]


def sign_documents(instance: Instance, context: JobContext) -> dict[str, int]:
    """Sign what isn't signed, from the cursor on (part, id): how many were, and how many can't be in their dialect.

    Raises NotFoundError where the domain has gone, ConfigurationError where its key can't be read.
    """
    instance.directory.refresh()
    stored = next((item for item in instance.directory.all() if item.id == context.job.domain_id), None)
    if stored is None:
        raise NotFoundError("the domain of this job isn't there any more")
    parts = list(_parts(instance, stored))
    at, after = context.cursor or (0, 0)
    done, refused = context.done, 0
    total = done + sum(part.count() for part in parts[at:])
    for number in range(at, len(parts)):
        while rows := parts[number].page(after):
            for _, what in rows:
                try:
                    parts[number].sign(what)
                except ValidationError:  # it can't be said in this dialect: who asks for it is told so
                    refused += 1
                except NotFoundError:  # withdrawn meanwhile
                    pass
            done, after = done + len(rows), rows[-1][0]
            with context.database.write(context.actor) as work:
                context.progress(work, done, total=max(total, done), cursor=(number, after))
        after = 0
    return {"looked_at": done, "not_sayable": refused}


def _parts(instance: Instance, stored: StoredDomain) -> Iterator[_Part]:
    database, signer = instance.database, instance.signer

    def services(dialect: str) -> _Part:
        def count() -> int:
            with database.read() as connection:
                return unsigned_documents.count_services(connection, stored.id, dialect, database.now())

        def page(after: int) -> list[tuple[int, Any]]:
            with database.read() as connection:
                found = unsigned_documents.services(
                    connection, stored.id, dialect, database.now(), after=after, limit=_BATCH
                )
            return [(service_id, service_id) for service_id in found]

        return _Part(count, page, lambda service_id: signer.current(service_id, dialect))

    def groups(dialect: str) -> _Part:
        def count() -> int:
            with database.read() as connection:
                return unsigned_documents.count_groups(connection, stored.id, dialect)

        def page(after: int) -> list[tuple[int, Any]]:
            with database.read() as connection:
                return list(unsigned_documents.groups(connection, stored.id, dialect, after=after, limit=_BATCH))

        return _Part(count, page, lambda key: signer.current_group(stored, key))

    for dialect in stored.domain.smp.dialects:
        yield services(dialect)
        if DIALECTS[dialect].signs_service_groups:
            yield groups(dialect)
