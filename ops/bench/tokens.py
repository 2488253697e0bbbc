# SPDX-License-Identifier: Apache-2.0
"""What it costs to find out whose token it is, among 100,000 accounts with a token and two grants each.

`python ops/bench/tokens.py [DATABASE_URL]`, by default on SQLite; the database has to be empty. Tokens are asked for in
random order. That a token was used is written once an hour, so it is no part of this.
"""

import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from both import on_both as measured_on_both
from measuring import cpu_milliseconds
from sqlalchemy import insert

from registry.accounts.authentication import Authenticator
from registry.accounts.permissions import Action, Scope, require
from registry.accounts.tokens import secret_hash
from registry.storage.engine import Actor, Database, sqlite_url
from registry.storage.migrate import migrate
from registry.storage.tables import account, role_grant, token

ACCOUNTS = 100_000
_CHUNK = 5_000
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def on_both() -> dict[str, Any]:
    """The figures of both databases."""
    return measured_on_both("tokens", measure)


def measure(url: str, seconds: float = 10.0) -> dict[str, Any]:
    """CPU milliseconds of a check: token to principal, and the decision with it."""
    database = Database(url, lambda: _NOW)
    try:
        migrate(database)
        for begin in range(0, ACCOUNTS, _CHUNK):
            _fill(database, range(begin, begin + _CHUNK))
        authenticator = Authenticator(database)
        numbers = _numbers()

        def check() -> None:
            authenticator.by_token(_secret(next(numbers)))

        def check_and_decide() -> None:
            require(authenticator.by_token(_secret(next(numbers))), Action.SERVICE_WRITE, Scope(None))

        found, decided = cpu_milliseconds(seconds, check, check_and_decide)
    finally:
        database.dispose()
    return {
        "accounts": ACCOUNTS,
        "cpu_milliseconds": round(found, 4),
        "with_decision_cpu_milliseconds": round(decided, 4),
    }


def _fill(database: Database, numbers: range) -> None:
    made = {"created_at": _NOW, "modified_at": _NOW}
    accounts = [
        {"id": n + 1, "kind": "program", "name": f"p{n}", "name_key": f"p{n}", "display_name": "", "email": ""}
        | made
        | {"state": "active"}
        for n in numbers
    ]
    grants = [
        {"account_id": n + 1, "role": role, "level": "system", "source": source, "scope_key": "system"}
        | {"created_at": _NOW}
        for n in numbers
        for role, source in (("viewer", "oidc"), ("editor", "local"))
    ]
    tokens = [
        {"name": f"t{n}", "token_sha256": secret_hash(_secret(n)), "account_id": n + 1, "role": "editor"}
        | {"created_at": _NOW, "last_used_at": _NOW, "expires_at": _NOW + timedelta(days=90)}
        for n in numbers
    ]
    with database.write(Actor("benchmark")) as work:
        for table, rows in ((account, accounts), (role_grant, grants), (token, tokens)):
            work.connection.execute(insert(table), rows)


def _secret(number: int) -> str:
    return f"edr_{number:043}"


def _numbers() -> Iterator[int]:
    choose = random.Random(4)  # noqa: S311
    while True:
        yield choose.randrange(ACCOUNTS)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as folder:
        print(measure(sys.argv[1] if len(sys.argv) > 1 else sqlite_url(Path(folder) / "bench.sqlite3")))
