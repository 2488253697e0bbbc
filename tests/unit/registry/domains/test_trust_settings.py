# SPDX-License-Identifier: Apache-2.0
"""Trust roles as settings."""

import pytest

from registry.domains.section import Section
from registry.domains.trust_settings import DomainTrust, RoleSettings, split_certificates
from registry.errors import ConfigurationError

ONE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
TWO = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n"


def test_a_role_without_anchors_and_pins_trusts_nobody() -> None:
    assert RoleSettings().trusts_nobody
    assert RoleSettings(subject_patterns=(".",)).trusts_nobody
    assert not RoleSettings(anchors=(ONE,)).trusts_nobody
    assert not RoleSettings(pins=("0" * 64,)).trusts_nobody


def test_a_role_that_is_not_set_up_trusts_nobody_and_refuses() -> None:
    role = DomainTrust().role("smp-sign")
    assert role.trusts_nobody
    assert role.on_untrusted == "refuse"


def test_bundles_are_split_and_text_around_certificates_is_dropped() -> None:
    assert split_certificates(f"# first\n{ONE}\nBag Attributes\n{TWO}") == (ONE, TWO)
    assert split_certificates(ONE.replace("\n", "\r\n"))[0].startswith("-----BEGIN CERTIFICATE-----\r\nAAAA")
    assert split_certificates("-----BEGIN CERTIFICATE-----\nAAAA") == ()
    assert split_certificates("") == ()


def test_roles_are_read() -> None:
    section = Section(
        {
            "smp-sign": {
                "anchors": [ONE + TWO],
                "intermediates": [TWO],
                "pins": ["AB:" * 31 + "AB"],
                "subject_patterns": ["OU=X"],
                "key_usage": ["digital_signature"],
                "on_untrusted": "warn",
            }
        }
    )
    trust = DomainTrust.read(section)
    section.raise_problems("trust")
    expected = RoleSettings((ONE, TWO), (TWO,), ("ab" * 32,), ("OU=X",), ("digital_signature",), "warn")
    assert trust.roles == {"smp-sign": expected}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("anchors", ["no certificate"]),
        ("intermediates", ["-----BEGIN CERTIFICATE-----"]),
        ("pins", ["abc"]),
        ("subject_patterns", ["("]),
        ("key_usage", ["signing"]),
        ("on_untrusted", "ignore"),
    ],
)
def test_wrong_values_are_refused_with_their_path(key: str, value: object) -> None:
    section = Section({"ap-sign": {key: value}}, "trust")
    DomainTrust.read(section)
    with pytest.raises(ConfigurationError, match=rf"trust\.ap-sign\.{key}: "):
        section.raise_problems("trust")


def test_unknown_roles_are_refused() -> None:
    section = Section({"smp-sing": {}})
    DomainTrust.read(section)
    with pytest.raises(ConfigurationError, match="smp-sing: unknown; did you mean smp-sign"):
        section.raise_problems("trust")
