# SPDX-License-Identifier: Apache-2.0
"""What the operator has suspended can't be removed by its SMP, or it could be registered anew and be found again."""

from collections.abc import Iterable

from registry.sml.errors import participant_suspended, publisher_suspended, unauthorized
from registry.storage.queries import interventions
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import UnitOfWork


def check_not_suspended(publisher: PublisherRow, rows: Iterable[RegistrationRow]) -> None:
    """Raises SmlError (ERR-101) for a publisher, or a registration of it, that is suspended.

    The callers of the SML are asked before; our own SMP calls nobody.
    """
    if publisher.suspended:
        raise publisher_suspended(publisher.smp_id)
    for row in rows:
        if row.suspended:
            raise participant_suspended(row.value, row.scheme)


def check_none_suspended(work: UnitOfWork, publisher: PublisherRow) -> None:
    """Raises SmlError (ERR-101) where a publisher has participants that are suspended."""
    if interventions.has_suspended(work.connection, publisher.id):
        text = f"The SMP '{publisher.smp_id}' can't be deleted: some of its participants are suspended"
        raise unauthorized(text)
