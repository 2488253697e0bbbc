# SPDX-License-Identifier: Apache-2.0
"""The jobs behind large transfers: each looks whether its intervention still stands before it goes on.

A job that failed or was cancelled can be begun anew by whoever may do that; an intervention that was undone meanwhile
must not come into force again by it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from registry.errors import ConflictError, NotFoundError
from registry.jobs.worker import JobContext
from registry.sml.bulk import TRANSFER
from registry.sml.interventions.model import Done
from registry.sml.interventions.transfer import TRANSFER_BACK, Transfer
from registry.storage.domain_directory import DomainDirectory
from registry.storage.queries import interventions
from registry.storage.queries.interventions import State

Handler = Callable[[JobContext], Any]


def handlers(directory: DomainDirectory, transfer: Transfer, bulk: Mapping[str, Handler]) -> dict[str, Handler]:
    """What does the jobs of transfers, by kind, from `bulk`, which does any such job that it is given."""
    return {
        TRANSFER: lambda context: _transfer(bulk[TRANSFER], context),
        TRANSFER_BACK: lambda context: _transfer_back(directory, transfer, context),
    }


def _transfer(carry_out: Handler, context: JobContext) -> Any:
    with context.database.read() as connection:
        row = interventions.of_job(connection, context.job.id)
    if row is None or row.state is not State.APPLIED:
        raise ConflictError("the transfer was undone, or nobody asked for it")
    return carry_out(context)


def _transfer_back(directory: DomainDirectory, transfer: Transfer, context: JobContext) -> dict[str, int]:
    directory.refresh()
    stored = directory.by_id(context.job.domain_id or 0)
    number, until = int(context.payload["intervention"]), datetime.fromisoformat(context.payload["until"])
    with context.database.read() as connection:
        row = interventions.find(connection, stored.id, number)
    if row is None or row.before is None:
        raise NotFoundError(f"intervention {number} isn't known any more")
    done = Done(number, row.before["power"], until)
    while True:
        with context.database.write(context.actor) as work:
            part = transfer.give_back(work, stored, done, int(context.cursor or 0))
            if part is None:
                return {"registrations": context.done}
            context.progress(work, context.done + part[1], cursor=part[0])
