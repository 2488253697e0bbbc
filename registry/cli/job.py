# SPDX-License-Identifier: Apache-2.0
"""`registry job`: work that is done in the background, how far it is, and what came of it."""

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import JSON_OPTION
from registry.cli.exits import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registry.app.instance import Instance
    from registry.settings import Settings
    from registry.storage.queries.jobs import JobRow

app = typer.Typer(help="Work that is done in the background.", no_args_is_help=True)
_JOB = typer.Argument(help="The number of a job, as `registry job list` shows it.")
_LOOK_S = 0.2


@app.command("list", epilog="Example: registry job list --state failed")
def list_jobs(
    state: list[str] = typer.Option([], "--state", help="Only waiting, running, done, failed or cancelled ones."),
    kind: str | None = typer.Option(None, "--kind", help="Only those of this kind."),
    number: int = typer.Option(50, "--number", min=1, max=10_000, help="At most so many, the newest first."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List jobs, the newest first, one a line."""
    from registry.cli.common import open_instance, print_json
    from registry.storage.queries import jobs

    if unknown := set(state) - set(jobs.JobState):
        raise typer.BadParameter(f"no such state: {', '.join(sorted(unknown))}", param_hint="--state")
    wanted = jobs.JobFilter(states=[jobs.JobState(item) for item in state] or None, kind=kind)
    with open_instance() as instance, instance.database.read() as connection:
        rows = jobs.page(connection, wanted, None, number)
    for row in rows:
        if json_output:
            print_json(_described(row))
        else:
            typer.echo(_line(row))


@app.command("show", epilog="Example: registry job show 17 --json")
def show(job: int = _JOB, json_output: bool = JSON_OPTION) -> None:
    """Print a job: who asked for it, how far it is, what came of it."""
    from registry.cli.common import open_instance, print_json

    with open_instance() as instance:
        found = _described(_read(instance, job))
    if json_output:
        print_json(found)
        return
    for name, value in found.items():
        if value not in (None, ""):
            typer.echo(f"{name.replace('_', ' '):<16} {value}")


@app.command("cancel", epilog="Example: registry job cancel 17")
def cancel(job: int = _JOB) -> None:
    """Cancel a job: at once while it waits; a running one ends after the batch that it is at."""
    from registry.cli.common import cli_actor, open_instance
    from registry.jobs import queue

    with open_instance() as instance, instance.database.write(cli_actor()) as work:
        state = queue.cancel(work, job)
    typer.echo(f"{job}: {'is told to stop' if state == 'running' else state}")


@app.command("retry", epilog="Example: registry job retry 17")
def retry(job: int = _JOB) -> None:
    """Do a job that failed or was cancelled again, from where it was."""
    from registry.cli.common import cli_actor, open_instance
    from registry.jobs import queue

    with open_instance() as instance, instance.database.write(cli_actor()) as work:
        queue.retry(work, job)
    typer.echo(f"{job}: waiting")


@app.command("run", epilog="Example: registry job run")
def run(json_output: bool = JSON_OPTION) -> None:
    """Do the jobs that are due until there is none, beside whoever else does them. 1 where one has failed."""
    from registry.cli.common import open_instance, prepared_settings, print_json
    from registry.storage.queries.jobs import JobState

    failed = False
    settings = prepared_settings()
    with open_instance() as instance:
        for row in _work(instance, settings):
            failed = failed or row.state is JobState.FAILED
            if json_output:
                print_json(_described(row))
            else:
                typer.echo(_line(row))
    if failed:
        raise typer.Exit(REFUSED)


def _work(instance: "Instance", settings: "Settings") -> "Iterator[JobRow]":
    """Do what is due; gives each job as it is when this worker has done with it. Ctrl-C gives the present one back."""
    from registry.app.job_handlers import handlers
    from registry.jobs.worker import Worker

    worker = Worker(instance.database, handlers(instance, settings), "cli")
    before = signal.signal(signal.SIGINT, lambda _number, _frame: worker.stop())
    try:
        with shown_progress(instance, lambda: worker.job_id):
            while worker.run_one():
                if worker.job_id is not None:
                    yield _read(instance, worker.job_id)
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def shown_progress(instance: "Instance", job_id: "Callable[[], int | None]") -> "Iterator[None]":
    """On a terminal, a bar for the job of this number while it is being done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    ended = threading.Event()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("waiting", total=None)

        def follow() -> None:
            while not ended.wait(_LOOK_S):
                if (number := job_id()) is not None:
                    row = _read(instance, number)
                    progress.update(bar, description=f"{row.kind} {row.message}", completed=row.done, total=row.total)

        thread = threading.Thread(target=follow, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _read(instance: "Instance", job_id: int) -> "JobRow":
    from registry.errors import NotFoundError
    from registry.storage.queries import jobs

    with instance.database.read() as connection:
        row = jobs.find(connection, job_id)
    if row is None:
        raise NotFoundError(f"there is no job {job_id}")
    return row


def _line(row: "JobRow") -> str:
    far = f"{row.done}" if row.total is None else f"{row.done}/{row.total}"
    return f"{row.id}\t{row.state}\t{row.kind}\t{far}\t{row.message}".rstrip()


def _described(row: "JobRow") -> dict[str, Any]:
    """A job as JSON values; without its payload, which may name people."""
    from registry.cli.listing import as_json

    hidden = ("payload", "cursor", "claimed_by", "claimed_until")
    return {name: value for name, value in as_json(row).items() if name not in hidden}
