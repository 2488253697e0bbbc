# SPDX-License-Identifier: Apache-2.0
"""Refused requests for zones are logged once a minute for each network and zone, in bounded memory."""

import pytest

from registry.dns.transfer.refusals import Refusals


def test_the_first_is_logged_and_then_one_a_minute_with_the_number_of_others() -> None:
    refusals = Refusals()
    said = [refusals.unsaid("192.0.2.1", "sml.test", float(second)) for second in range(121)]
    assert {second: unsaid for second, unsaid in enumerate(said) if unsaid is not None} == {0: 0, 60: 59, 120: 59}


@pytest.mark.parametrize(
    ("near", "far"),
    [("192.0.2.200", "192.0.3.1"), ("2001:db8:0:ff::1", "2001:db8:0:100::1")],
    ids=["ipv4-24", "ipv6-56"],
)
def test_a_network_counts_as_one(near: str, far: str) -> None:
    refusals = Refusals()
    first = "2001:db8::1" if ":" in near else "192.0.2.1"
    assert refusals.unsaid(first, "sml.test", 0.0) == 0
    assert refusals.unsaid(near, "sml.test", 1.0) is None
    assert refusals.unsaid(far, "sml.test", 1.0) == 0


def test_another_zone_is_logged_by_itself() -> None:
    refusals = Refusals()
    assert refusals.unsaid("192.0.2.1", "one.test", 0.0) == 0
    assert refusals.unsaid("192.0.2.1", "two.test", 0.0) == 0


def test_any_number_of_networks_takes_bounded_memory() -> None:
    refusals = Refusals(generation=10)
    for number in range(1000):
        refusals.unsaid(f"10.{number // 250}.{number % 250}.1", "sml.test", 0.0)
    assert len(refusals) <= 20
    assert refusals.unsaid("10.3.249.7", "sml.test", 1.0) is None
