# SPDX-License-Identifier: Apache-2.0
"""Workers in processes of their own on one database: each job is done once, and none is done twice who is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import func, select

from registry.clock import system_clock
from registry.jobs.queue import enqueue
from registry.master_key import MasterKey
from registry.storage.engine import Actor, Database
from registry.storage.migrate import migrate
from registry.storage.queries import jobs
from registry.storage.queries.jobs import JobFilter, JobState
from registry.storage.tables import job
from tests.simulators.databases import database_url

ROOT = Path(__file__).parents[2]
ACTOR = Actor("test")
LEASE_S = 0.5

# Each job makes one job of the kind "made" per number, in batches of one; what it is killed in the middle of is taken
# back. Between two batches it says so, and waits for a line.
WORKER = f"""
import sys
from datetime import timedelta
from registry.clock import system_clock
from registry.jobs.queue import enqueue
from registry.jobs.worker import Worker
from registry.master_key import MasterKey
from registry.storage.engine import Database

database = Database(sys.argv[1], system_clock, master_key=MasterKey(bytes(32)))
step_by_step = sys.argv[2] == "steps"

def make(context):
    for number in range(context.done, context.payload["to"]):
        with database.write(context.actor) as work:
            enqueue(work, "made", {{"by": context.job.id, "number": number}})
            if step_by_step:
                print("inside", number, flush=True)
                sys.stdin.readline()
            context.progress(work, number + 1)

worker = Worker(database, {{"make": make}}, "process", lease=timedelta(seconds={LEASE_S}))
done = 0
while worker.run_one():
    done += 1
print("did", done, flush=True)
"""


def open_database(url: str) -> Database:
    database = Database(url, system_clock, master_key=MasterKey(bytes(32)))
    migrate(database)
    return database


def start(url: str, how: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, url, how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_processes_share_the_jobs(tmp_path: Path) -> None:
    url = database_url(tmp_path)
    database = open_database(url)
    with database.write(ACTOR) as work:
        ids = [enqueue(work, "make", {"to": 3}) for _ in range(20)]
    workers = [start(url, "all") for _ in range(3)]
    told = [worker.communicate(timeout=60)[0].splitlines() for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    # The log stands before it, where the machine was too busy to renew a job in time.
    assert sum(int(lines[-1].removeprefix("did ")) for lines in told) >= len(ids)
    with database.read() as connection:
        states = connection.execute(select(job.c.state, func.count()).where(job.c.kind == "make").group_by(job.c.state))
        assert [tuple(row) for row in states] == [(JobState.DONE, 20)]
        made = jobs.page(connection, JobFilter(kind="made"), None, 1000)
    pairs = sorted((item.payload["by"], item.payload["number"]) for item in made)
    assert pairs == [(job_id, number) for job_id in ids for number in range(3)]
    database.dispose()


def test_who_is_killed_in_a_batch_leaves_it_to_another_and_nothing_is_twice(tmp_path: Path) -> None:
    url = database_url(tmp_path)
    database = open_database(url)
    with database.write(ACTOR) as work:
        job_id = enqueue(work, "make", {"to": 4})
    victim = start(url, "steps")
    assert victim.stdin is not None
    assert victim.stdout is not None
    for number in range(2):
        assert victim.stdout.readline() == f"inside {number}\n"
        victim.stdin.write("\n")
        victim.stdin.flush()
    assert victim.stdout.readline() == "inside 2\n"
    victim.kill()
    assert victim.wait(30) == -signal.SIGKILL
    victim.communicate()
    while True:  # until the claim of the dead one has run out
        heir = start(url, "all")
        if heir.communicate(timeout=60)[0] == "did 1\n":
            break
    with database.read() as connection:
        row = jobs.find(connection, job_id)
        made = jobs.page(connection, JobFilter(kind="made"), None, 1000)
    assert row is not None
    assert (row.state, row.done) == (JobState.DONE, 4)
    assert sorted(item.payload["number"] for item in made) == [0, 1, 2, 3]
    database.dispose()
