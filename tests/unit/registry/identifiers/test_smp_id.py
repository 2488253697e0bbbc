# SPDX-License-Identifier: Apache-2.0
"""SMP ids; the vectors of the field are in tests/conformance/identifiers."""

import pytest

from registry.identifiers.smp_id import validate_smp_id


@pytest.mark.parametrize(
    ("smp_id", "ids"),
    [
        ("SMP-1.example", []),
        ("a" * 63, []),
        ("a" * 32 + "." + "a" * 31, []),
        ("", ["EMPTY"]),
        ("a" * 64, ["LABEL-LENGTH"]),
        ("a." * 32 + "a", ["LENGTH"]),
        ("-" * 10_000, ["LENGTH", "LABEL-LENGTH", "FORM"]),
        ("a\n", ["FORM"]),
        ("\u017f\u212a", ["FORM"]),
        ("a_b", ["FORM"]),
    ],
)
def test_every_reason_is_given_at_once(smp_id: str, ids: list[str]) -> None:
    reasons = validate_smp_id(smp_id)
    assert [reason.id for reason in reasons] == [f"SMP-ID-{name}" for name in ids]
    assert all(len(reason.message) < 300 for reason in reasons)
