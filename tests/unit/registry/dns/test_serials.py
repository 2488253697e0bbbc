# SPDX-License-Identifier: Apache-2.0
"""Serials after a restore: always greater than what name servers can hold, however the numbers wrap around."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.dns.push.messages import Soa
from registry.dns.push.progress import chain
from registry.dns.serials import (
    MAX_STEP,
    PUSH_INTERVAL_S,
    PUSH_STEP,
    STAMP_INTERVAL_S,
    serial_after_restore,
)
from registry.errors import ConfigurationError
from registry.serials import is_greater

SERIALS = st.integers(0, 2**32 - 1)
DAY = timedelta(days=1)
REACH = timedelta(days=69)
WITHIN_REACH = st.timedeltas(timedelta(0), REACH)
BURST = 500
"""Messages of parts that were under way when one process took over from another."""


def published_since(time: timedelta, takeovers: int = 1) -> int:
    """The most serials by which a zone can go up in a time, by versions of its own or by those of a push."""
    stamped = takeovers + int(time.total_seconds() / STAMP_INTERVAL_S)
    pushed = PUSH_STEP * (takeovers * BURST + int(time.total_seconds() / PUSH_INTERVAL_S))
    return max(stamped, pushed)


def test_chain_of_a_push_goes_up_by_the_step_that_a_restore_presumes() -> None:
    start = Soa(60, bytes(22)).with_serial(41)
    serials = [start.serial, *(soa.serial for soa in chain(start, 9, None))]
    assert {later - earlier for earlier, later in pairwise(serials)} == {PUSH_STEP}


@given(SERIALS, WITHIN_REACH, st.floats(0, 1))
def test_new_serial_is_greater_than_all_that_can_have_been_published(
    held: int, elapsed: timedelta, share: float
) -> None:
    published = (held + int(share * published_since(elapsed, 2))) % 2**32
    new = serial_after_restore(held, elapsed)
    assert is_greater(new, published)
    assert is_greater(new, held)
    assert new != 0


@given(SERIALS, WITHIN_REACH, WITHIN_REACH, st.floats(0, 1))
def test_second_restore_of_a_backup_is_beyond_what_was_published_after_the_first(
    held: int, first: timedelta, between: timedelta, share: float
) -> None:
    assume(first + between < REACH and between > timedelta(seconds=10))
    after_first = serial_after_restore(held, first)
    published = (after_first + int(share * published_since(between, 2))) % 2**32
    assert is_greater(serial_after_restore(held, first + between), published)


@given(SERIALS, st.integers(1, 2**31 - 2), st.timedeltas(timedelta(0), timedelta(days=5000)))
def test_new_serial_is_greater_than_one_that_was_seen(held: int, ahead: int, elapsed: timedelta) -> None:
    seen = (held + ahead) % 2**32
    new = serial_after_restore(held, elapsed, seen)
    assert is_greater(new, seen) or new == 1  # 0 is left out
    assert is_greater(new, held) or new == 1


@given(SERIALS, WITHIN_REACH, st.integers(1, 2**29))
def test_secondary_that_was_behind_sees_a_greater_serial_too(held: int, elapsed: timedelta, behind: int) -> None:
    assert is_greater(serial_after_restore(held, elapsed), (held - behind) % 2**32)


def test_serial_that_was_seen_and_is_behind_changes_nothing() -> None:
    assert (
        serial_after_restore(1000, DAY, 0) == serial_after_restore(1000, DAY) == serial_after_restore(1000, DAY, 1000)
    )


def test_data_too_old_to_tell_are_refused_unless_somebody_says_what_name_servers_hold() -> None:
    with pytest.raises(ConfigurationError, match=r"--serial-at-least"):
        serial_after_restore(7, 365 * DAY)
    assert serial_after_restore(7, 365 * DAY, 0) == 7 + MAX_STEP
    assert serial_after_restore(7, 365 * DAY, 7 + MAX_STEP + 5) == 7 + MAX_STEP + 6


def test_two_months_are_not_too_old() -> None:
    assert is_greater(serial_after_restore(7, 69 * DAY), 7)


def test_data_from_the_future_are_refused_beyond_what_clocks_differ() -> None:
    assert is_greater(serial_after_restore(7, -timedelta(minutes=5)), 7)
    with pytest.raises(ConfigurationError, match="future"):
        serial_after_restore(7, -timedelta(hours=2))


def test_serial_that_nothing_can_be_greater_than_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="1982"):
        serial_after_restore(0, DAY, 2**31 - 1)


def test_zero_is_left_out() -> None:
    step = serial_after_restore(0, DAY)
    assert serial_after_restore(2**32 - step, DAY) == 1


def test_comparison_is_that_of_rfc_1982() -> None:
    assert is_greater(1, 0)
    assert is_greater(44, 2**32 - 1)
    assert not is_greater(0, 0)
    assert not is_greater(2**31, 0), "left open by RFC 1982 §3.2"
    assert not is_greater(0, 2**31)
