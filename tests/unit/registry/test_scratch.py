# SPDX-License-Identifier: Apache-2.0
"""Rows come out sorted, however many there are and however few fit into memory."""

from hypothesis import given
from hypothesis import strategies as st

from registry.scratch import SortedRows

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


@given(st.lists(st.tuples(TEXT, TEXT)), st.integers(1, 5))
def test_rows_come_sorted_by_code_points(rows: list[tuple[str, ...]], part: int) -> None:
    with SortedRows(part) as given_rows:
        for row in rows:
            given_rows.add(row)
        assert list(given_rows) == sorted(rows)
