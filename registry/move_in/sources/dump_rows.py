# SPDX-License-Identifier: Apache-2.0
"""Tables and rows in a dump: of mysqldump and mariadb-dump, and of pg_dump's plain format.

Both write a row so that no line break is inside, which lets a dump be read line by line. pg_dump's `--inserts` doesn't,
and is refused.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry.errors import ConfigurationError

Value = str | bytes | int | float | None

_MYSQL_CREATE = re.compile(rb"CREATE TABLE `(\w+)` \(")
_MYSQL_COLUMN = re.compile(rb"\s+`(\w+)` (.*)")
_MYSQL_KEY = re.compile(rb"\s+(?:PRIMARY |UNIQUE )?KEY [^(]*\((.*)\)")
_MYSQL_INSERT = re.compile(rb"(?:INSERT|REPLACE)\s+(?:(?:DELAYED|IGNORE)\s+)*INTO `(\w+)` (?:\(([^)]*)\) )?VALUES\s*")
_MYSQL_VALUE = re.compile(
    rb"\s*(?:(NULL)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[,)])|0x([0-9A-Fa-f]*)|b'([01]*)'"
    rb"|(_binary )?'((?:[^'\\]++|\\.|'')*+)')",  # possessive: of a value of megabytes no way back is kept
    re.DOTALL,
)
_MYSQL_ESCAPE = re.compile(rb"\\(.)|''", re.DOTALL)
_MYSQL_ESCAPED = {b"0": b"\0", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"Z": b"\x1a"}
_POSTGRESQL_CREATE = re.compile(rb"CREATE (?:UNLOGGED )?TABLE (?:\w+\.)?(\w+) \(")
_POSTGRESQL_COLUMN = re.compile(rb'\s+"?(\w+)"? (.*)')
_POSTGRESQL_COPY = re.compile(rb"COPY (?:\w+\.)?(\w+) \(([^)]*)\) FROM stdin;")
_POSTGRESQL_KEY = re.compile(rb"CREATE (?:UNIQUE )?INDEX .* ON (?:ONLY )?(?:\w+\.)?(\w+) USING btree \((.*)\);")
_POSTGRESQL_ALTERED = re.compile(rb"ALTER TABLE (?:ONLY )?(?:\w+\.)?(\w+)$")
_POSTGRESQL_PRIMARY = re.compile(rb"\s+ADD CONSTRAINT .* PRIMARY KEY \((.*)\);")
_POSTGRESQL_ESCAPE = re.compile(rb"\\(.)")
_POSTGRESQL_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_BYTES = re.compile(rb"(?:tiny|medium|long)?blob|(?:var)?binary|bit", re.IGNORECASE)
_TEXT = re.compile(rb"(?:var)?char|(?:tiny|medium|long)?text|enum", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, whose rows come next; `folded` are the columns in which case and blanks at the end mean nothing."""

    name: str
    columns: tuple[str, ...]
    folded: frozenset[str]


@dataclass(frozen=True, slots=True)
class Index:
    """Columns of a table by which rows are found."""

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inserted:
    """A row; `columns` are None where they are the table's, in its order."""

    table: str
    columns: tuple[str, ...] | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Completed:
    """The dump has come to its end."""


Said = Table | Index | Inserted | Completed


def said_in(lines: Iterable[bytes]) -> Iterator[Said]:
    """What a dump says, in its order. Raises ConfigurationError where it can't be read."""
    source = iter(lines)
    for line in source:
        if b"PostgreSQL database dump" in line:
            yield from _postgresql(source)
            return
        if b"MySQL dump" in line or b"MariaDB dump" in line:
            yield from _mysql(source)
            return
    raise ConfigurationError("this is no dump that mysqldump, mariadb-dump or pg_dump --format=plain has made")


@dataclass(frozen=True, slots=True)
class _Target:
    """Where rows of INSERT go; `binary` says of each value whether it is bytes, which not every program marks."""

    table: str
    columns: tuple[str, ...] | None
    binary: tuple[bool, ...]


def _mysql(lines: Iterator[bytes]) -> Iterator[Said]:
    types: dict[str, dict[str, bytes]] = {}
    target: _Target | None = None
    for line in lines:
        if match := _MYSQL_INSERT.match(line):
            name = match[1].decode()
            columns = None if match[2] is None else _names(match[2])
            kinds = types.get(name, {})
            binary = tuple(_BYTES.match(kinds.get(column, b"")) is not None for column in columns or kinds)
            target = _Target(name, columns, binary)
            yield from _mysql_rows(target, line, match.end())
        elif target is not None and line.startswith(b"("):
            yield from _mysql_rows(target, line, 0)
        elif match := _MYSQL_CREATE.match(line):
            name = match[1].decode()
            types[name] = {}
            yield from _mysql_table(name, types[name], lines)
        elif line.startswith(b"-- Dump completed"):
            yield Completed()
        else:
            target = None


def _mysql_table(name: str, types: dict[str, bytes], lines: Iterator[bytes]) -> Iterator[Said]:
    keys: list[tuple[str, ...]] = []
    end = b""
    for line in lines:
        if line.startswith(b")"):
            end = line
            break
        if match := _MYSQL_COLUMN.match(line):
            types[match[1].decode()] = match[2]
        elif match := _MYSQL_KEY.match(line):
            keys.append(_names(re.sub(rb"\(\d+\)", b"", match[1])))
    folded = {
        column
        for column, kind in types.items()
        if _TEXT.match(kind) and b"_bin" not in (kind if b"COLLATE" in kind else end)
    }
    yield Table(name, tuple(types), frozenset(folded))
    yield from (Index(name, key) for key in keys)


def _mysql_rows(target: _Target, line: bytes, place: int) -> Iterator[Inserted]:
    while line[place : place + 1] == b"(":
        values: list[Value] = []
        separator = b","
        while separator == b",":
            match = _MYSQL_VALUE.match(line, place + 1)
            if match is None or len(values) >= len(target.binary):
                raise ConfigurationError(f"a row of {target.table} can't be read: {line[place : place + 60]!r}")
            values.append(_mysql_value(match, target.binary[len(values)]))
            place = match.end()
            separator = line[place : place + 1]
        if separator != b")" or len(values) != len(target.binary):
            raise ConfigurationError(f"a row of {target.table} has no end: the dump is cut off")
        yield Inserted(target.table, target.columns, tuple(values))
        place += 1
        while line[place : place + 1] in (b",", b" "):
            place += 1


def _mysql_value(match: "re.Match[bytes]", binary: bool) -> Value:
    null, number, digits, bits, marked, string = match.groups()
    if null:
        return None
    if number is not None:
        return int(number) if number.lstrip(b"-").isdigit() else float(number)
    if digits is not None:
        data = bytes.fromhex(digits.decode())
        return data if binary else _text(data)
    if bits is not None:
        return int(bits or b"0", 2)
    said = string
    if b"\\" in string or b"''" in string:
        said = _MYSQL_ESCAPE.sub(lambda each: _MYSQL_ESCAPED.get(each[1], each[1]) if each[1] else b"'", string)
    return bytes(said) if binary or marked else _text(said)


def _postgresql(lines: Iterator[bytes]) -> Iterator[Said]:
    altered = ""
    kinds: dict[str, dict[str, bytes]] = {}
    for line in lines:
        if match := _POSTGRESQL_COPY.match(line):
            name, columns = match[1].decode(), _names(match[2])
            yield from _copied(name, columns, [kinds.get(name, {}).get(column, b"") for column in columns], lines)
        elif match := _POSTGRESQL_CREATE.match(line):
            name = match[1].decode()
            kinds[name] = {}
            for inner in lines:
                if inner.startswith(b")"):
                    break
                if (column := _POSTGRESQL_COLUMN.match(inner)) and column[1] != b"CONSTRAINT":
                    kinds[name][column[1].decode()] = column[2]
            yield Table(name, tuple(kinds[name]), frozenset())
        elif match := _POSTGRESQL_ALTERED.match(line.rstrip()):
            altered = match[1].decode()
        elif match := _POSTGRESQL_PRIMARY.match(line):
            yield Index(altered, _names(match[1]))
        elif match := _POSTGRESQL_KEY.match(line):
            yield Index(match[1].decode(), _names(match[2]))
        elif line.startswith(b"INSERT INTO "):
            raise ConfigurationError("a dump with INSERT can't be read: make it without --inserts")
        elif line.startswith(b"-- PostgreSQL database dump complete"):
            yield Completed()


def _copied(name: str, columns: tuple[str, ...], kinds: list[bytes], lines: Iterator[bytes]) -> Iterator[Inserted]:
    for line in lines:
        if line.startswith(b"\\."):
            return
        fields = line.rstrip(b"\n").split(b"\t")
        values = (_postgresql_value(field, kind) for field, kind in zip(fields, kinds, strict=True))
        yield Inserted(name, columns, tuple(values))
    raise ConfigurationError(f"the rows of {name} have no end: the dump is cut off")


def _postgresql_value(field: bytes, kind: bytes) -> Value:
    if field == b"\\N":
        return None
    if kind.startswith(b"boolean"):
        return int(field == b"t")
    if kind.startswith((b"integer", b"bigint", b"smallint")):
        return int(field)
    if b"\\" in field:
        field = _POSTGRESQL_ESCAPE.sub(lambda each: _POSTGRESQL_ESCAPED.get(each[1], each[1]), field)
    return _text(field)


def _names(listed: bytes) -> tuple[str, ...]:
    return tuple(name.strip(b'`" ').decode() for name in listed.split(b","))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError("the dump isn't in UTF-8: make it with --default-character-set=utf8mb4") from error
