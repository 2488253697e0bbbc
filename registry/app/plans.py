# SPDX-License-Identifier: Apache-2.0
"""Plans of an instance: who makes and applies them."""

import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from registry.app.instance import Instance
from registry.app.signing_job import request_signing
from registry.errors import NotFoundError
from registry.jobs.worker import Handler, Worker
from registry.plans.applying import KIND, Applier
from registry.plans.model import BATCH
from registry.plans.planning import Planner
from registry.plans.replacing import Replacer
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import jobs
from registry.storage.queries.jobs import UNFINISHED, JobRow, JobState

_LOOK_S: Final = 0.2


def planner_of(instance: Instance, stored: StoredDomain, batch: int = BATCH) -> Planner:
    """Makes plans for a domain."""
    return Planner(instance.database, instance.registrar, instance.trust_models.of, stored, batch=batch)


def replacer_of(instance: Instance, stored: StoredDomain) -> Replacer:
    """Plans replacements in a domain."""
    return Replacer(instance.database, stored, instance.trust_models.of(stored.domain))


def apply_handler(instance: Instance, batch: int = BATCH) -> Handler:
    """Applies plans."""
    database, registrar = instance.database, instance.registrar
    applier = Applier(database, registrar, instance.publishing, instance.trust_models.of, batch=batch)
    return applier.handler(instance.directory)


def finish_here(
    instance: Instance,
    job_id: int,
    shown: Callable[[Instance, Callable[[], int | None]], AbstractContextManager[None]],
    batch: int = BATCH,
) -> JobRow:
    """Do the job of a plan here, or wait until whoever has it is done; gives it as it is then. Ctrl-C gives it back."""
    worker = Worker(instance.database, {KIND: apply_handler(instance, batch)}, "cli")
    before = signal.signal(signal.SIGINT, lambda _number, _frame: worker.stop())
    stopped = threading.Event()
    try:
        with shown(instance, lambda: job_id):
            while (row := _job(instance, job_id)).state in UNFINISHED:
                if not worker.run_one() and (worker.is_stopping or stopped.wait(_LOOK_S)):
                    return row
    finally:
        signal.signal(signal.SIGINT, before)
    if row.state is JobState.DONE and row.domain_id is not None:
        with instance.database.write(Actor(f"job:{row.kind}", row.request_id)) as work:
            request_signing(work, row.domain_id)
    return row


def _job(instance: Instance, job_id: int) -> JobRow:
    with instance.database.read() as connection:
        row = jobs.find(connection, job_id)
    if row is None:
        raise NotFoundError(f"there is no job {job_id}")
    return row
