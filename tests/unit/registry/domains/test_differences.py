# SPDX-License-Identifier: Apache-2.0
"""Differences between two domains."""

from dataclasses import replace

from registry.domains.differences import Difference, differences, from_profile
from registry.domains.loader import load_domain


def test_a_domain_does_not_differ_from_itself() -> None:
    assert differences(load_domain("peppol"), load_domain("peppol")) == ()


def test_every_setting_that_differs_is_named_with_both_values() -> None:
    before = load_domain("demo")
    after = load_domain("demo", {"smp": {"dialects": ["busdox", "bdxr2"]}, "dns": {"ttl": 300}})
    assert differences(before, after) == (
        Difference("dns.ttl", 60, 300),
        Difference("smp.dialects", ["busdox"], ["busdox", "bdxr2"]),
    )


def test_what_one_of_them_lacks_is_none() -> None:
    rules = {"identifiers": {"participant": {"schemes": {"gln": {"max_length": 13}}}}}
    found = differences(load_domain("demo"), load_domain("demo", rules))
    assert Difference("identifiers.participant.schemes.gln.max_length", None, 13) in found


def test_domain_is_compared_with_its_profile_setting_by_setting() -> None:
    found = {item.setting: item for item in from_profile(load_domain("peppol", {"name": "ours", "dns": {"ttl": 5}}))}
    assert found["dns.ttl"] == Difference("dns.ttl", 60, 5)
    assert [item.setting for item in found.values() if item.before != item.after] == ["dns.ttl"]


def test_domain_of_ones_own_profile_has_everything_from_itself() -> None:
    own = replace(load_domain("peppol"), profile="ours")
    assert {item.before for item in from_profile(own)} == {None}
