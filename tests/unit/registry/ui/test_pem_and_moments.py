# SPDX-License-Identifier: Apache-2.0
"""Certificates and instants between fields of browsers and REST."""

import base64

import pytest

from registry.ui.moments import from_field, to_field
from registry.ui.pem import bodies, pasted, to_pem

DER = bytes(range(256)) * 3
BASE64 = base64.b64encode(DER).decode()


def test_pem_comes_back_as_the_base64_of_der() -> None:
    assert bodies(to_pem(BASE64)) == [BASE64]
    assert max(map(len, to_pem(BASE64).splitlines())) <= 64  # RFC 7468 §2
    assert bodies(to_pem(BASE64).replace("\n", "\r\n") + "text between\r\n" + to_pem("AAAA")) == [BASE64, "AAAA"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \r\n", []),
        ("AA\r\nAA ", ["AAAA"]),
        ("not one", ["notone"]),
        ("-----BEGIN CERTIFICATE-----\nAAAA", ["-----BEGINCERTIFICATE-----AAAA"]),
        ("-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----", ["AAAA"]),
    ],
    ids=["nothing", "white space", "base64", "something else", "cut off", "other label"],
)
def test_what_was_pasted_is_taken_for_what_it_may_be(text: str, found: list[str]) -> None:
    assert bodies(text) == found


def test_files_are_pem_or_der() -> None:
    assert bodies(pasted(DER)) == [BASE64]
    assert bodies(pasted(to_pem(BASE64).encode())) == [BASE64]


@pytest.mark.parametrize(
    ("instant", "shown", "back"),
    [
        (None, "", None),
        ("2027-01-31T06:00:00Z", "2027-01-31T06:00", "2027-01-31T06:00:00Z"),
        ("2027-01-31T06:00:07.5+02:00", "2027-01-31T04:00:07", "2027-01-31T04:00:07Z"),
    ],
    ids=["none", "minutes", "another zone"],
)
def test_instants_are_shown_in_utc(instant: str | None, shown: str, back: str | None) -> None:
    assert to_field(instant) == shown
    if back is not None:
        assert from_field(shown) == back
