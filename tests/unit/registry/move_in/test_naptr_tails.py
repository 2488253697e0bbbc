# SPDX-License-Identifier: Apache-2.0
"""The rdata of old NAPTR records are read, and written as today."""

import dns.rdata
import pytest

from registry.move_in.naptr_tails import NaptrParts


def rdata(expression: str, flags: str = "U", replacement: str = ".") -> bytes:
    text = f'100 10 "{flags}" "Meta:SMP" "{expression}" {replacement}'
    return dns.rdata.from_text("IN", "NAPTR", text).to_wire()


@pytest.mark.parametrize("flags", ["U", ""], ids=["flag", "no-flag"])
def test_the_expression_of_older_releases_becomes_that_of_today(flags: str) -> None:
    parts = NaptrParts.of(rdata("!^.*$!https://smp.example.org/!", flags))
    assert parts.to_rdata() == rdata("!.*!https://smp.example.org/!", flags)


@pytest.mark.parametrize(
    "expression", ["!.*!https://smp.example.org/!", "!^.*!https://a/!", "!.*!https://a/!^.*$!", ""]
)
def test_any_other_record_is_written_as_it_was_read(expression: str) -> None:
    read = rdata(expression, replacement="other.example.org.")
    assert NaptrParts.of(read).to_rdata() == read
