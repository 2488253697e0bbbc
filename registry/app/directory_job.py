# SPDX-License-Identifier: Apache-2.0
"""The jobs of directories: to tell them of participants, to compare what they were told, to compare what they list.

Those that are due are asked for by `ask_for_jobs`, which any number of processes may call: of each there is one.
"""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from registry.app.instance import Instance
from registry.consistency.orphans import ORPHANS, correct, find_orphans
from registry.directory.client import DirectoryClient
from registry.directory.comparing import compare
from registry.directory.keys import anchors, tls_context
from registry.directory.listing import open_export
from registry.directory.marking import place_of
from registry.directory.pushing import Pushed, Pusher
from registry.directory.requests import COMPARE, PUSH, require_directory
from registry.errors import ConfigurationError, NotFoundError
from registry.jobs.queue import enqueue
from registry.jobs.worker import JobContext
from registry.settings import Settings
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import directory_entries, directory_standings, standby
from registry.storage.unit_of_work import UnitOfWork

__all__ = ["COMPARE", "ORPHANS", "PUSH", "ask_for_jobs", "compare_job", "open_pusher", "orphans_job", "push_job"]

_WITHOUT_KEY = timedelta(minutes=5)
"""How long a directory is left alone for which there is no key that could be used."""


def ask_for_jobs(instance: Instance) -> bool:
    """Ask for what is due of the domains that have a directory; returns False, since it can wait for the next look."""
    for stored in instance.directory.all():
        if not stored.domain.directory.enabled:
            continue
        now = instance.database.now()
        with instance.database.read() as connection:
            if standby.is_in_standby(connection, stored.id):  # the other system tells it
                continue
            standing = directory_standings.find(connection, stored.id)
            paused = standing.paused_until is not None and standing.paused_until > now
            pushes = not paused and directory_entries.is_due(connection, stored.id, now)
        compares = standing.compare_at is None or standing.compare_at <= now
        kinds = [kind for kind, wanted in ((PUSH, pushes), (COMPARE, compares)) if wanted]
        if kinds:
            with instance.database.write(Actor("jobs:directory")) as work:
                for kind in kinds:
                    enqueue(work, kind, {}, key=f"{kind}:{stored.id}", domain_id=stored.id)
    return False


@contextlib.contextmanager
def open_pusher(instance: Instance, settings: Settings, stored: StoredDomain, actor: Actor) -> Iterator[Pusher]:
    """What tells the directory of a domain.

    Raises ConflictError where the domain has none; ConfigurationError for keys that can't be used, and then the
    directory is left alone for a while.
    """
    require_directory(stored)
    profile = stored.domain.directory
    try:
        tls = tls_context(settings.directory_key_dir, profile)
    except ConfigurationError as error:
        with instance.database.write(actor) as work:
            directory_standings.note_failure(work, stored.id, str(error), work.now + _WITHOUT_KEY)
        raise
    with DirectoryClient(profile, tls, settings.directory_networks) as client:
        yield Pusher(instance.database, actor, place_of(stored), client, stored.domain.name)


def push_job(instance: Instance, settings: Settings, context: JobContext) -> dict[str, int]:
    """Tell what is due. Raises as `open_pusher`."""
    stored = _stored(instance, context)

    def after_batch(work: UnitOfWork, pushed: Pushed) -> None:
        context.progress(work, pushed.calls)

    with open_pusher(instance, settings, stored, context.actor) as pusher:
        pusher.after_batch = after_batch
        return pusher.run().to_json()


def compare_job(instance: Instance, context: JobContext) -> dict[str, int]:
    """Mark whatever the directory isn't told as it should be; all, where the job asks for that."""

    def after_page(work: UnitOfWork, marked: int, cursor: Any) -> None:
        context.progress(work, marked, cursor=cursor)

    every = context.payload.get("every") is True
    place = place_of(_stored(instance, context))
    marked = compare(
        context.database,
        context.actor,
        place,
        every=every,
        cursor=context.cursor,
        done=context.done,
        after_page=after_page,
    )
    return {"marked": marked}


def orphans_job(instance: Instance, settings: Settings, context: JobContext) -> dict[str, Any]:
    """Compare SMP, SML, DNS and directory; the result is the report. Begun again it compares anew."""
    stored = _stored(instance, context)
    profile = stored.domain.directory

    def looked_at(number: int) -> None:
        with context.database.write(context.actor) as work:
            context.progress(work, number)

    tls = anchors(settings.directory_key_dir, profile)
    with (
        open_export(profile.export_url, tls, settings.directory_networks) as listed,
        find_orphans(context.database, stored, listed, progress=looked_at) as findings,
    ):
        corrects = context.payload.get("correct") is True
        corrected = correct(context.database, context.actor, stored, findings) if corrects else None
        return findings.report() | {"corrected": corrected}


def _stored(instance: Instance, context: JobContext) -> StoredDomain:
    """Raises NotFoundError where the domain of a job has gone."""
    instance.directory.refresh()
    found = next((item for item in instance.directory.all() if item.id == context.job.domain_id), None)
    if found is None:
        raise NotFoundError("the domain of this job isn't there any more")
    return found
