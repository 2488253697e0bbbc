# SPDX-License-Identifier: Apache-2.0
"""The job that compares SMP, SML and DNS."""

from typing import Any

from registry.app.instance import Instance
from registry.consistency.run import KIND, Told, Wanted, run
from registry.errors import NotFoundError
from registry.jobs.worker import JobContext
from registry.storage.unit_of_work import UnitOfWork

CHECK = KIND


def check_job(instance: Instance, context: JobContext) -> dict[str, Any]:
    """Check a domain, and repair what the job asks for; the result is the report.

    Broken off and begun again it compares anew: what is repaired isn't found a second time.

    Raises NotFoundError where the domain has gone, ConflictError where too much would change.
    """
    instance.directory.refresh()
    stored = next((item for item in instance.directory.all() if item.id == context.job.domain_id), None)
    if stored is None:
        raise NotFoundError("the domain of this job isn't there any more")

    def looked_at(number: int) -> None:
        with context.database.write(context.actor) as work:
            context.progress(work, number, message="comparing")

    def repaired(work: UnitOfWork, number: int) -> None:
        context.progress(work, number, message="repairing")

    told = Told(looked_at=looked_at, repaired=repaired)
    wanted = Wanted.from_json(context.payload)
    outcome = run(context.database, instance.journal, instance.registrar, context.actor, stored, wanted, told)
    return outcome.to_json()
