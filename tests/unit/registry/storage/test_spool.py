# SPDX-License-Identifier: Apache-2.0
"""What waits outside of the memory comes back by its key, in the order in which it came."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from registry.storage.spool import Spool


@given(items=st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=5))))
def test_values_come_back_by_key_in_their_order(items: list[tuple[str, bytes]]) -> None:
    expected: dict[str, list[bytes]] = defaultdict(list)
    items = [(key, value) for key, value in items if key.isprintable()]
    with Spool() as spool:
        for key, value in items:
            spool.add(key, value)
            expected[key].append(value)
        assert dict(spool.groups()) == expected
        assert all(spool.values(key) == values for key, values in expected.items())
        assert spool.values("never added") == []


def test_more_than_fits_at_once_comes_back_as_well() -> None:
    with Spool() as spool:
        for number in range(5_000):
            spool.add(str(number % 7), str(number).encode())
        found = dict(spool.groups())
    assert [len(found[str(key)]) for key in range(7)] == [715, 715, 714, 714, 714, 714, 714]
    assert found["3"][:2] == [b"3", b"10"]
