# SPDX-License-Identifier: Apache-2.0
"""Rows of dumps are read as the programs write them."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ConfigurationError
from registry.move_in.sources.dump_rows import Completed, Index, Inserted, Table, said_in

_HEAD = [
    b"-- MariaDB dump 10.19\n",
    b"CREATE TABLE `t` (\n",
    b"  `a` varchar(9) NOT NULL,\n",
    b"  `b` longblob DEFAULT NULL,\n",
    b"  `c` varchar(9) COLLATE utf8mb3_bin DEFAULT NULL,\n",
    b"  PRIMARY KEY (`a`(5),`c`)\n",
    b") ENGINE=InnoDB DEFAULT CHARSET=latin1;\n",
]
_ESCAPED = {0: b"\\0", 10: b"\\n", 13: b"\\r", 34: b'\\"', 39: b"\\'", 92: b"\\\\", 26: b"\\Z"}


def quoted(data: bytes) -> bytes:
    """As mysql_real_escape_string does."""
    return b"'" + b"".join(_ESCAPED.get(byte, bytes([byte])) for byte in data) + b"'"


def test_tables_say_their_columns_keys_and_where_case_means_nothing() -> None:
    assert list(said_in([*_HEAD, b"-- Dump completed on 2026-11-23\n"])) == [
        Table("t", ("a", "b", "c"), frozenset({"a"})),
        Index("t", ("a", "c")),
        Completed(),
    ]


@given(st.lists(st.tuples(st.text(), st.none() | st.binary(), st.none() | st.text()), min_size=1))
def test_whatever_is_escaped_is_read_as_it_was(rows: list[tuple[str, bytes | None, str | None]]) -> None:
    values = [
        b",".join(
            b"NULL" if value is None else quoted(value.encode() if isinstance(value, str) else value) for value in row
        )
        for row in rows
    ]
    line = b"INSERT INTO `t` VALUES (" + b"),(".join(values) + b");\n"
    assert [said for said in said_in([*_HEAD, line]) if isinstance(said, Inserted)] == [
        Inserted("t", None, row) for row in rows
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"INSERT INTO `t` VALUES ('a','b'\n",
        b"INSERT INTO `t` VALUES ('a'\n",
        b"INSERT INTO `t` VALUES ('a','b','c','d');\n",
    ],
    ids=["row", "value", "too-many"],
)
def test_a_row_that_is_not_whole_is_refused(line: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"t (can't be read|has no end)"):
        list(said_in([*_HEAD, line]))


def test_rows_of_postgresql_are_read_by_the_types_of_their_columns() -> None:
    dump = [
        b"-- PostgreSQL database dump\n",
        b"CREATE TABLE public.t (\n",
        b"    a character varying(9) NOT NULL,\n",
        b"    b boolean,\n",
        b"    c integer\n",
        b");\n",
        b"COPY public.t (a, b, c) FROM stdin;\n",
        b"x\\ty\\\\\\n\tt\t7\n",
        b"\\N\tf\t\\N\n",
        b"\\.\n",
        b"ALTER TABLE ONLY public.t\n",
        b"    ADD CONSTRAINT t_pkey PRIMARY KEY (a, c);\n",
        b"CREATE INDEX i ON public.t USING btree (b);\n",
        b"-- PostgreSQL database dump complete\n",
    ]
    assert list(said_in(dump)) == [
        Table("t", ("a", "b", "c"), frozenset()),
        Inserted("t", ("a", "b", "c"), ("x\ty\\\n", 1, 7)),
        Inserted("t", ("a", "b", "c"), (None, 0, None)),
        Index("t", ("a", "c")),
        Index("t", ("b",)),
        Completed(),
    ]


def test_a_value_of_many_megabytes_takes_no_multiple_of_them() -> None:
    line = b"INSERT INTO `t` VALUES ('a','" + b"x" * 8_000_000 + b"',NULL);\n"
    tracemalloc.start()
    try:
        (row,) = (said for said in said_in([*_HEAD, line]) if isinstance(said, Inserted))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(row.values[1] or b"") == 8_000_000  # type: ignore[arg-type]
    assert peak < 40_000_000
