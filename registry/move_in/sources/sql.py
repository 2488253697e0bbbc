# SPDX-License-Identifier: Apache-2.0
"""Reads the database of an old system: one snapshot, read only, on MySQL, MariaDB, PostgreSQL, or SQLite for a dump.

Statements are written once for all of them: on MySQL `||` joins texts (PIPES_AS_CONCAT), as elsewhere, and what can't
be said alike is asked of `Words`. Comparisons stay with the database: to its collations `ABC` and `abc ` may be one.
The snapshot lasts from the first question to `close`, so that checksums and records are of the same moment.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, reduce
from string import ascii_uppercase
from typing import Any

from sqlalchemy import BindParameter, Connection, Engine, bindparam, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from registry.errors import ConfigurationError, RegistryError, TechnicalError

_DRIVERS = {"mysql": "mysql+pymysql", "mariadb": "mysql+pymysql", "postgresql": "postgresql+psycopg"}
_CONNECT_S = 10
_ROWS_AT_ONCE = 1000
_NO_RIGHTS = frozenset({1044, 1045, 1142, 1143, 1227, 1698})  # MySQL and MariaDB: ER_*_ACCESS_DENIED_ERROR
_NO_DATABASE = frozenset({1049})
_NO_RIGHTS_STATES = ("28", "42501")  # PostgreSQL, appendix A
_NO_DATABASE_STATES = ("3D", "3F")


@dataclass(frozen=True, slots=True)
class Words:
    """What databases say differently; `{}` stands for an expression."""

    columns: str
    """A statement that gives the table and the name of each column."""
    characters: str
    """The type that everything can be cast to."""
    stored: str
    """The type that everything can be cast to without being put into another character set."""
    md5: str
    """Of a text in UTF-8, as 32 digits."""
    number: str
    """The first 15 of such digits as a whole number, fit for sums; "" where nothing is to be gained by sums."""
    folded: str
    """A key as `registry.move_in.model.folded` has it, whatever the collation."""

    def digits(self, key: str) -> str:
        """The three hexadecimal digits of a key's part, as `registry.move_in.model.part_of` counts."""
        return f"substr({self.md5.format(self.folded.format(key))}, 1, 3)"


_CATALOGUE = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = "
_WITHOUT = "replace(replace({0}, ' ', ''), ':', '')"
# MySQL's lower() knows more letters than A to Z: those that have others are few, and may take long.
_A_TO_Z = reduce(lambda key, letter: f"replace({key}, '{letter}', '{letter.lower()}')", ascii_uppercase, _WITHOUT)
_MYSQL = Words(
    _CATALOGUE + "database()",
    "char",
    "binary",
    "md5(convert({} using utf8mb4))",
    "cast(conv(substr({}, 1, 15), 16, 10) AS unsigned)",
    "CASE WHEN octet_length(convert({0} USING utf8mb4)) = char_length({0}) "
    f"THEN lower(convert({_WITHOUT} USING ascii)) ELSE {_A_TO_Z} END",
)
WORDS = {
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "postgresql": Words(
        _CATALOGUE + "current_schema()",
        "text",
        "text",
        "md5(convert_to({}, 'UTF8'))",
        "('x0' || substr({}, 1, 15))::bit(64)::bigint",
        "lower(translate({0}, ' :', '') COLLATE \"C\")",
    ),
    "sqlite": Words(
        "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'",
        "text",
        "text",
        "md5({})",
        "",
        f"lower({_WITHOUT})",
    ),
}


class Snapshot:
    """What a database held at one moment. Errors: ConfigurationError where rights or tables are missing, else
    TechnicalError.
    """

    def __init__(self, engine: Engine, shared: str = "") -> None:
        self._engine = engine
        self._shared = shared
        self._connection: Connection | None = None
        self.words = WORDS[engine.dialect.name]
        self.states: dict[frozenset[str], str | None] = {}
        """What `registry.move_in.sources.sql_states` has found out."""
        self.peers: dict[frozenset[str], Snapshot] = {}
        """Other connections that were found to see the same of some tables; they end with this one."""

    @property
    def name(self) -> str:
        """Where it is, without secrets."""
        url = self._engine.url
        return f"{url.database} at {url.host or 'this host'}"

    @cached_property
    def columns(self) -> Mapping[str, frozenset[str]]:
        """The columns of each table that may be read, all in lower case."""
        found: dict[str, set[str]] = {}
        for table, column in self.rows(self.words.columns):
            found.setdefault(table.lower(), set()).add(column.lower())
        return {table: frozenset(names) for table, names in found.items()}

    def like(self, expression: str, table: str, column: str) -> str:
        """An expression in the character set and collation of a column: MySQL uses no index of another."""
        if self.words is not _MYSQL:
            return expression
        asked = (
            "SELECT character_set_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = database() AND table_name = :table AND column_name = :column"
        )
        return "".join(
            f"convert({expression} USING {characters}) COLLATE {collation}"
            for characters, collation in self.rows(asked, table=table, column=column)
        )

    def rows(self, statement: str, **values: object) -> Iterator[Any]:
        """The rows of a statement, as they come; a list among the values stands for `IN :name`."""
        lists: list[BindParameter[Any]] = [
            bindparam(name, expanding=True) for name, value in values.items() if isinstance(value, list)
        ]
        prepared = text(statement).bindparams(*lists)
        options = {"stream_results": True, "max_row_buffer": _ROWS_AT_ONCE}
        with self._explained(), self._begun().execute(prepared, values, execution_options=options) as result:
            yield from result

    def count(self, statement: str) -> int:
        """How many rows `SELECT count(*) FROM` a statement has."""
        with self._explained():
            return int(self._begun().execute(text(f"SELECT count(*) FROM {statement}")).scalar_one())  # noqa: S608

    def holds(self, table: str, column: str) -> bool:
        """Whether there is a table, and a column in it."""
        return column in self.columns.get(table, ())

    def require(self, system: str, tables: Mapping[str, tuple[str, ...]]) -> None:
        """See that these tables have these columns. Raises ConfigurationError, with what is missing and what to do."""
        missing = [table for table in tables if table not in self.columns]
        if missing:
            raise ConfigurationError(
                f"{self.name} has no table {', '.join(missing)} that may be read: is it the database of {system}, and "
                f"may the user of the URL SELECT from all its tables?"
            )
        lacking = [
            f"{table}.{column}"
            for table, columns in tables.items()
            for column in columns
            if column not in self.columns[table]
        ]
        if lacking:
            raise ConfigurationError(
                f"{self.name} has no column {', '.join(lacking)}: this is a version of {system} whose layout isn't "
                "known here; let it migrate its database to a known version, or use its export"
            )

    def twin(self) -> "Snapshot | None":
        """Another connection, which the caller closes: on PostgreSQL of the same moment, else it begins by itself.

        None where there can't be one.
        """
        if self.words is WORDS["sqlite"]:
            return None
        shared = ""
        if self.words is WORDS["postgresql"]:
            exported = "SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_export_snapshot() END"
            with self._explained():
                shared = str(self._begun().execute(text(exported)).scalar_one())
            if not shared:
                return None
        return Snapshot(self._engine, shared)

    def close(self) -> None:
        """End the snapshot."""
        for peer in self.peers.values():
            peer.close()
        self.peers.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()

    def _begun(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect()
            try:
                _begin(connection, self._shared)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise _explanation(self._engine.url, self.name, error) from error
        except SQLAlchemyError as error:
            raise TechnicalError(f"{self.name} can't be read: {error}") from error


def open_database(address: str) -> Snapshot:
    """The database at a SQLAlchemy URL. Raises ConfigurationError for one that isn't understood, without showing it."""
    try:
        url = make_url(address)
        driver = _DRIVERS.get(url.get_backend_name())
        if driver is None:
            raise ConfigurationError(
                f"{url.get_backend_name()} can't be read: take MySQL, MariaDB or PostgreSQL; from other databases move "
                "with an export (phoss-xml) or a table of participants (csv)"
            )
        engine = create_engine(
            url.set(drivername=driver), poolclass=NullPool, connect_args={"connect_timeout": _CONNECT_S}
        )
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        message = "the database's URL isn't understood; it looks like mysql://user:password@host/database"
        raise ConfigurationError(message) from error
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the driver {error.name} isn't installed: pip install 'edelivery-registry[mysql]'"
        ) from error
    return Snapshot(engine)


def _begin(connection: Connection, shared: str) -> None:
    """Begin a transaction that sees one state, on PostgreSQL a `shared` one, and can change nothing."""
    match connection.dialect.name:
        case "mysql" | "mariadb":
            # Whatever the statistics say, and they may be old: parents first, and children by their index.
            no_buffers = (
                "join_cache_level = 0"
                if getattr(connection.dialect, "is_mariadb", False)
                else ("optimizer_switch = 'block_nested_loop=off'")
            )
            connection.exec_driver_sql(f"SET SESSION max_seeks_for_key = 1, {no_buffers}")
            # No other mode: where strings were quoted or divided doesn't matter, but `||` has to join texts.
            connection.exec_driver_sql("SET SESSION sql_mode = 'PIPES_AS_CONCAT'")
            connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        case "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if shared:
                connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{shared}'")


def _explanation(url: URL, name: str, error: DBAPIError) -> RegistryError:
    cause = error.orig
    code = cause.args[0] if cause is not None and cause.args else None
    state = str(getattr(cause, "sqlstate", None) or "")
    if code in _NO_RIGHTS or state.startswith(_NO_RIGHTS_STATES):
        return ConfigurationError(
            f"{name} refuses the user {url.username}: give the right password, and let the user SELECT from all tables "
            f"of {url.database} ({cause})"
        )
    if code in _NO_DATABASE or state.startswith(_NO_DATABASE_STATES):
        return ConfigurationError(f"there is no database {name} ({cause})")
    return TechnicalError(f"{name} can't be read; when it can again, what was begun goes on ({cause})")
