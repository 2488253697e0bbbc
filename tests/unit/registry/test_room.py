# SPDX-License-Identifier: Apache-2.0
"""So many may be at something at a time, and a place is free again however it was left."""

import pytest

from registry.errors import TooManyRequestsError
from registry.room import Room


def test_who_finds_no_place_is_told_to_ask_again() -> None:
    room = Room(1)
    with room.taken("others are at it", 2.0):
        with (
            pytest.raises(TooManyRequestsError, match="others are at it") as refused,
            room.taken("others are at it", 2.0),
        ):
            pass
        assert refused.value.retry_after_s == 2.0


def test_a_place_is_free_again_also_where_its_holder_failed() -> None:
    room = Room(1)
    with pytest.raises(ZeroDivisionError), room.taken("full", 1.0):
        raise ZeroDivisionError
    with room.taken("full", 1.0):
        pass
