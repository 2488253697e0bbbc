# SPDX-License-Identifier: Apache-2.0
"""Searches among 1,000,000 participants: how long an answer of REST, and a page, takes in this process.

`python ops/bench/participant_search.py [PARTICIPANTS] [DATABASE_URL]`, by default on SQLite; the database has to be
empty. Participants and registrations are put into the tables as publishing would have left them, of twenty agencies;
all but one of 100,000 are registered. A page is the one that a browser gets, with all that it asks of REST.
"""

import asyncio
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from both import on_both as measured_on_both
from documents import ACTOR, HOST, SMP_ID, demo_pki

from registry.accounts.accounts import Kind, create_account
from registry.accounts.grants import give_grant
from registry.accounts.groups import create_group
from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.accounts.sessions import Sessions
from registry.api.v1.app import ApiV1
from registry.api.v1.callers import session_cookie
from registry.api.v1.cursors import write_cursor
from registry.app.api_context import api_context
from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.demo.pki import certificates_pem
from registry.identifiers.participant import ISO6523
from registry.settings import load_settings
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import sqlite_url
from registry.storage.queries import publishers, registrations
from registry.storage.queries.registrations import NewRegistration
from registry.storage.statements import insert_rows
from registry.storage.types import to_microseconds
from registry.telemetry import configure_logging
from registry.ui.app import Ui

PARTICIPANTS = 1_000_000
AGENCIES = (
    *("0007", "0060", "0088", "0096", "0106", "0151", "0184", "0190", "0192", "0195"),
    *("0204", "0208", "0209", "0216", "9902", "9906", "9915", "9930", "9938", "9957"),
)
UNREGISTERED = 100_000
"""One of so many isn't registered."""
ROUNDS = 30
_CHUNK = 20_000
_GROUPS = {"few": 5_000, "many": 5}
"""Names of groups, which have one of so many participants."""
_COLUMNS = ("domain_id", "scheme", "value", "value_key", "content_version", "modified_at", "owner_group_id")


@dataclass(frozen=True, slots=True)
class Search:
    """A search: who asks, for which list, and with which query the next time."""

    query: Callable[[], dict[str, str]]
    who: str = "admin"
    path: str = "participants"


def on_both() -> dict[str, Any]:
    """The figures of both databases."""
    return measured_on_both("participant_search", lambda url: run(url=url))


def run(count: int = PARTICIPANTS, url: str = "") -> dict[str, Any]:
    """Milliseconds by the clock of each kind of search, median and 95th percentile, on SQLite by default."""
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as name:
        folder = Path(name)
        settings = load_settings(data_dir=folder, database_url=url or sqlite_url(folder / "registry.sqlite3"))
        with Instance.open(settings) as instance:
            stored = _domain(instance, folder)
            began = time.monotonic()
            _fill(instance, stored, count)
            filled = time.monotonic() - began
            cookies = {
                "admin": _session(instance, "admin", Role.ADMIN, SYSTEM),
                "viewer": _session(instance, "viewer", Role.VIEWER, Scope(stored.id, _group(instance, stored, "few"))),
            }
            rest = ApiV1(api_context(instance))
            found = {kind: _measured(rest, Ui(rest), cookies, each) for kind, each in _searches(count).items()}
    slowest = {
        f"slowest_{what}": max(figures[what][which] for figures in found.values() for which in (0,))
        for what in ("rest", "page")
    }
    worst = max(figures["page"][1] for figures in found.values())
    return {"participants": count, "fill_seconds": round(filled), **slowest, "slowest_page_p95": worst, "kinds": found}


def _domain(instance: Instance, folder: Path) -> StoredDomain:
    pki = demo_pki()
    root = [certificates_pem(pki.root.certificate).decode()]
    smp = {"anchors": root, "intermediates": [certificates_pem(pki.smp_ca.certificate).decode()]}
    settings = {
        "name": "bench",
        "smp": {"base_url": f"http://{HOST}", "smp_id": SMP_ID},
        "trust": {"smp-sign": smp, "sml-client": smp},
    }
    files = pki.write(folder / "pki")
    stored = add_domain(instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(files.smp))
    for name in _GROUPS:
        create_group(instance.database, ACTOR, stored.id, name)
    return stored


def _value(number: int) -> str:
    """A participant's, of each agency as many."""
    agency = AGENCIES[number % len(AGENCIES)]
    return f"{agency}:73{number // len(AGENCIES):011}"


def _fill(instance: Instance, stored: StoredDomain, count: int) -> None:
    groups = {name: _group(instance, stored, name) for name in _GROUPS}
    for first in range(0, count, _CHUNK):
        numbers = range(first, min(first + _CHUNK, count))
        with instance.database.write(ACTOR) as work:
            at = to_microseconds(work.now)
            rows = []
            for number in numbers:
                value = _value(number)
                group = next((groups[name] for name, each in _GROUPS.items() if number % each == 1), None)
                rows.append((stored.id, ISO6523, value, value, 1, at, group))
            insert_rows(work.connection, "service_group", _COLUMNS, rows)
            (publisher,) = publishers.find(work.connection, [stored.id], SMP_ID)
            new = list(_registrations(stored, numbers))
            registrations.add(work, stored.id, publisher.id, new)
    if not instance.database.is_sqlite:  # what autovacuum does elsewhere
        with instance.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM ANALYZE service_group, registration")


def _registrations(stored: StoredDomain, numbers: range) -> Iterator[NewRegistration]:
    for number in numbers:
        if number % UNREGISTERED != UNREGISTERED - 1:
            value = _value(number)
            yield NewRegistration(ISO6523, value, value, stored.domain.dns.naptr_service, f"b{number}.{ISO6523}")


def _group(instance: Instance, stored: StoredDomain, name: str) -> int:
    with instance.database.read() as connection:
        statement = f"SELECT id FROM owner_group WHERE domain_id = {stored.id} AND name = '{name}'"  # noqa: S608
        return int(connection.exec_driver_sql(statement).scalar_one())


def _session(instance: Instance, name: str, role: Role, scope: Scope) -> bytes:
    account = create_account(instance.database, ACTOR, Kind.PERSON, name)
    give_grant(instance.database, ACTOR, account.id, role, scope)
    begun = Sessions(instance.database).begin(account.id, "password")
    return f"{session_cookie('http')}={begun.secret}".encode()


def _searches(count: int) -> dict[str, Search]:
    choose = random.Random(4)  # noqa: S311  # the same searches each time

    def value() -> str:
        return _value(choose.randrange(count))

    def behind() -> str:
        return write_cursor((ISO6523, value()))

    return {
        "first page": Search(dict),
        "deep in the list": Search(lambda: {"cursor": behind()}),
        "begins, many": Search(lambda: {"search": value()[:8]}),
        "begins, one": Search(lambda: {"search": value()}),
        "with its scheme": Search(lambda: {"search": f"{ISO6523}::{value()[:14]}"}),
        "the number alone": Search(lambda: {"search": value()[5:]}),
        "begins, none": Search(lambda: {"search": f"{choose.choice(AGENCIES)}:9{choose.randrange(9)}"}),
        "number, none": Search(lambda: {"search": f"5{choose.randrange(10**6)}"}),
        "large group, deep": Search(lambda: {"group": "many", "cursor": behind()}),
        "small group": Search(lambda: {"group": "few"}),
        "small group, begins": Search(lambda: {"group": "few", "search": value()[:8]}),
        "registered, deep": Search(lambda: {"registered": "true", "cursor": behind()}),
        "not registered": Search(lambda: {"registered": "false", "cursor": behind()}),
        "not registered, of a large group": Search(lambda: {"registered": "false", "group": "many"}),
        "who sees one group": Search(dict, "viewer"),
        "who sees one group, begins": Search(lambda: {"search": value()[:8]}, "viewer"),
        "registrations, begins": Search(lambda: {"search": value()[:8]}, path="registrations"),
        "registrations, number": Search(lambda: {"search": value()[5:]}, path="registrations"),
        "registrations of an SMP, begins": Search(
            lambda: {"search": value()[:8], "publisher": SMP_ID}, path="registrations"
        ),
        "registrations, none": Search(lambda: {"search": "9915:99"}, path="registrations"),
    }


def _measured(rest: Any, ui: Any, cookies: dict[str, bytes], search: Search) -> dict[str, Any]:
    """Milliseconds: median and 95th percentile by the clock, and the median of the CPU time of this process."""
    found: dict[str, Any] = {}
    for what, app, root in (("rest", rest, "/api/v1"), ("page", ui, "/ui")):
        walls, cpus = [], []
        for round_ in range(ROUNDS + 2):
            query = search.query()
            if what == "page" and "search" in query:
                query["q"] = query.pop("search")
            raw = f"{root}/domains/bench/{search.path}?{urlencode(query)}".encode()
            began, cpu = time.monotonic(), time.process_time()
            _ask(app, raw, cookies[search.who])
            if round_ > 1:  # the first ones only warm up
                walls.append((time.monotonic() - began) * 1e3)
                cpus.append((time.process_time() - cpu) * 1e3)
        p95 = sorted(walls)[math.ceil(0.95 * len(walls)) - 1]
        found[what] = [round(figure, 1) for figure in (statistics.median(walls), p95, statistics.median(cpus))]
    return found


def _ask(app: Any, raw: bytes, cookie: bytes) -> None:
    path, _, query = raw.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"bench"), (b"cookie", cookie)],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    asyncio.run(app(scope, receive, send))
    if statuses != [200]:
        raise RuntimeError(f"{raw!r} was answered with {statuses}")


if __name__ == "__main__":
    configure_logging("ERROR")
    how_many = int(sys.argv[1]) if len(sys.argv) > 1 else PARTICIPANTS
    print(json.dumps(run(how_many, "".join(sys.argv[2:])), indent=2))
