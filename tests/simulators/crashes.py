# SPDX-License-Identifier: Apache-2.0
"""Runs a use case in a process of its own that is killed at a commit, and tells what the database holds then.

The process is forked, works on a copy of a prepared database, and its clock stands still, so that two runs of the same
use case leave the same rows, but for secrets and numbers of requests.
"""

import ast
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from registry.app.instance import Instance
from registry.demo.pki import DemoPki
from registry.errors import RegistryError
from registry.master_key import MasterKey
from registry.storage.engine import Database, sqlite_url
from registry.storage.tables import metadata
from tests.simulators.postgresql import Cluster
from tests.simulators.use_case_world import World

# What differs between two runs of the same, and has no part in what was acknowledged.
_RANDOM = {
    "alert_channel": {"secret"},
    "alert_delivery": {"message"},
    "campaign_reminder": {"message"},
    "event": {"request_id", "sealed", "hash"},
    "event_batch": {"salt", "sealed"},
    "event_subject": {"salt"},
    "installation": {"instance_id"},
    "job": {"request_id", "claimed_by"},
    "token": {"token_sha256", "replaced_sha256"},
    "credential": {"secret"},
    "session": {"token_sha256"},
    "idempotent_answer": {"headers", "body"},
    "oidc_login": {"state_sha256", "nonce", "code_verifier"},
    "zone": {"publisher"},
    "audit_chain": {"hash"},
}

_AUDIT = {"event", "event_batch", "event_subject", "audit_chain"}


@dataclass(slots=True)
class Course:
    """How a use case ran: what the database held before it and after each of its commits, and which code wrote.

    `end` is the last state without the audit, since who asks twice is noted twice, and without numbers of rows, which
    differ where a transaction took some and was taken back. Places in the chain of events are told from its end.
    `refused` is the error by which it told that it did nothing, if it did so.
    """

    states: list[str] = field(default_factory=list)
    end: str = ""
    writers: set[str] = field(default_factory=set)
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database of which every run gets a copy."""

    folder: Path
    pki: DemoPki
    clock: Callable[[], datetime]
    url: str
    cluster: Cluster | None = None

    @contextlib.contextmanager
    def copy(self) -> Iterator[str]:
        """The URL of a copy, gone at the end of the block."""
        number = next(_numbers)
        if self.cluster is not None:
            name = self.url.partition("@/")[2].partition("?")[0]
            self.cluster.execute(f"CREATE DATABASE {name}_{number} TEMPLATE {name}")
            url = self.cluster.url(f"{name}_{number}")
            try:
                yield url
            finally:
                self.cluster.drop(url)
            return
        file = self.folder / f"copy-{number}.sqlite3"
        shutil.copyfile(self.url.removeprefix("sqlite:///"), file)
        try:
            yield sqlite_url(file)
        finally:
            for left in self.folder.glob(f"{file.name}*"):
                left.unlink()

    def run(self, url: str, act: Callable[[World], object], kill: tuple[str, int] | None = None) -> Course | None:
        """Run a use case in a forked process; None where that was killed, `before` or `after` its nth commit."""
        report = self.folder / f"report-{next(_numbers)}.json"
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                self._child(url, act, kill, report)
            os._exit(3)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return None
        content = json.loads(report.read_text())
        assert "error" not in content, content["error"]
        return Course(content["states"], content["end"], set(content["writers"]), content["refused"])

    def state(self, url: str, *, numbers: bool = True) -> str:
        """What the database holds; without numbers and audit it is as `Course.end`."""
        with self.database(url) as database:
            return _dump(database, numbers=numbers)

    @contextlib.contextmanager
    def database(self, url: str) -> Iterator[Database]:
        """A database to look at."""
        database = Database(url, self.clock)
        try:
            yield database
        finally:
            database.dispose()

    def _child(self, url: str, act: Callable[[World], object], kill: tuple[str, int] | None, report: Path) -> None:
        course = Course()
        try:
            # Not by `Instance.open`: the schema has been looked at once, for all copies.
            instance = Instance(Database(url, self.clock, master_key=MasterKey.open(self.folder / "master.key")))
            watching = Database(url, self.clock)
            course.states.append(_dump(watching))
            world = World(instance, instance.directory.get("demo"), self.pki, self.folder, self.clock)
            with _commits_watched(course, watching, kill):
                try:
                    act(world)
                except RegistryError as error:
                    course.refused = f"{type(error).__name__}: {error}"
        except BaseException as error:  # noqa: BLE001  # the parent tells it
            import traceback

            report.write_text(json.dumps({"error": "".join(traceback.format_exception(error))}))
            os._exit(0)
        course.end = _dump(watching, numbers=False)
        content = {
            "states": course.states,
            "end": course.end,
            "writers": sorted(course.writers),
            "refused": course.refused,
        }
        report.write_text(json.dumps(content))
        os._exit(0)


_numbers = itertools.count(1)


@contextlib.contextmanager
def _commits_watched(course: Course, watching: Database, kill: tuple[str, int] | None) -> Iterator[None]:
    original_commit: Any = Connection._commit_impl
    original_write: Any = Database.write
    count = 0

    def commit(connection: Connection) -> None:
        nonlocal count
        count += 1
        if kill == ("before", count):
            os.kill(os.getpid(), signal.SIGKILL)
        original_commit(connection)
        if kill == ("after", count):
            os.kill(os.getpid(), signal.SIGKILL)
        if kill is None:
            course.states.append(_dump(watching))

    def write(database: Database, *args: Any) -> Any:
        course.writers.add(_caller())
        return original_write(database, *args)

    Connection._commit_impl = commit  # type: ignore[method-assign]
    Database.write = write  # type: ignore[method-assign]
    try:
        yield
    finally:
        Connection._commit_impl = original_commit  # type: ignore[method-assign]
        Database.write = original_write  # type: ignore[method-assign]


def _caller() -> str:
    code = sys._getframe(2).f_code
    return f"{Path(code.co_filename).relative_to(_ROOT).with_suffix('')}:{code.co_qualname}".replace("/", ".").replace(
        ".<locals>", ""
    )


_ROOT_DIGEST = re.compile('"root":"[0-9a-f]{64}"')  # over salts
_PLACE = re.compile('"(?:event|position)":([0-9]+)')
_MOVE_OF_JOB = re.compile('(?:(?<="move":)|(?<=^move-in-replay:))[0-9]+')


def _dump(database: Database, *, numbers: bool = True) -> str:
    """Every row of every table, but for what is random."""
    lines = []
    with database.read() as connection:
        events = connection.exec_driver_sql("SELECT count(*) FROM event").scalar_one()
        for table in metadata.sorted_tables:
            if not numbers and table.name in _AUDIT:
                continue
            left_out = _RANDOM.get(table.name, set())
            columns = [column for column in table.columns if column.name not in left_out]
            if not numbers:
                columns = [column for column in columns if not _is_number(column.name)]
            # In plain SQL: compiling it anew for each process would take longer than all the rest.
            names = ", ".join(f'"{column.name}"' for column in columns)
            rows = connection.exec_driver_sql(f'SELECT {names} FROM "{table.name}"') if columns else ()  # noqa: S608
            if not numbers:
                rows = [_without_numbers(table.name, row._mapping, events) for row in rows]
            lines += [_ROOT_DIGEST.sub("…", f"{table.name} {tuple(row)!r}") for row in rows]
    return "\n".join(sorted(lines))


def _without_numbers(table: str, row: Mapping[str, Any], events: int) -> list[Any]:
    """The values of a row, in which events are told by how many come behind them, and a move has no number."""
    said = dict(row)
    if table == "move_in":
        # A load that goes on leaves more events than one that wasn't disturbed, and those after it stand further on.
        for name in ("steps", "counts"):
            said[name] = _PLACE.sub(lambda found: f"{events - int(found[1])} behind", str(said[name]))
        if said["event_at_cutover"] is not None:
            said["event_at_cutover"] = events - said["event_at_cutover"]
    elif table == "job":
        for name in ("scope", "key", "payload"):
            if name in said:
                said[name] = _MOVE_OF_JOB.sub("…", str(said[name]))
    return list(said.values())


def _is_number(name: str) -> bool:
    return name in {"id", "sequence", "position", "scope_key", "event", "changed"} or name.endswith(
        ("_id", "_position")
    )


_ROOT = Path(__file__).resolve().parents[2]


def writers_in(package: Path) -> set[str]:
    """Every function of a package that begins a transaction, as `package.module:Class.method`."""
    found: set[str] = set()
    for file in sorted(package.rglob("*.py")):
        module = str(file.relative_to(package.parent).with_suffix("")).replace("/", ".")
        visitor = _WriteFinder(module)
        visitor.visit(ast.parse(file.read_text(encoding="utf-8")))
        found |= visitor.found
    return found


class _WriteFinder(ast.NodeVisitor):
    def __init__(self, module: str) -> None:
        self.found: set[str] = set()
        self._module = module
        self._names: list[str] = []

    def visit(self, node: ast.AST) -> None:
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named:
            self._names.append(node.name)
        super().visit(node)
        if named:
            self._names.pop()

    def visit_Call(self, node: ast.Call) -> None:  # ast's name
        target = node.func
        if isinstance(target, ast.Attribute) and target.attr == "write":
            owner = ast.unparse(target.value)
            if owner.endswith("database"):
                self.found.add(f"{self._module}:{'.'.join(self._names)}")
        self.generic_visit(node)
