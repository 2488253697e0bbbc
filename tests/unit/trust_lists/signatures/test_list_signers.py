# SPDX-License-Identifier: Apache-2.0
"""What TS 119 612 §5.7.1 asks of the certificate of a list's signer."""

from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.simulators.self_signed import new_keys
from tests.simulators.signed_lists import TSL_SIGNING, operator_key
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import load_certificate
from trust_lists.signatures.list_signers import deviations, forbidden_for_signing


def test_a_certificate_as_the_standard_wants_it_has_no_deviation() -> None:
    certificate = operator_key(purposes=(ExtendedKeyUsageOID.TIME_STAMPING, TSL_SIGNING)).certificate
    assert deviations(certificate) == ()
    assert forbidden_for_signing(certificate) is None


@pytest.mark.parametrize(
    ("made", "words", "forbidden"),
    [
        ({"ca": True}, "CA=true", True),
        ({"usages": ("key_cert_sign",)}, "key usage is key_cert_sign", True),
        ({"usages": ("digital_signature", "key_encipherment")}, "digital_signature, key_encipherment", True),
        ({"usages": ("decipher_only", "key_agreement")}, "key_agreement", True),
        ({"usages": None}, "no key usage", False),
        ({"purposes": ()}, "tslSigning", False),
        ({"purposes": (ExtendedKeyUsageOID.TIME_STAMPING,)}, "tslSigning", False),
        ({"subject_key_identifier": False}, "subject key identifier", False),
    ],
)
def test_each_deviation_is_told_and_those_from_a_shall_forbid_to_sign(
    made: dict[str, Any], words: str, forbidden: bool
) -> None:
    certificate = operator_key(**made).certificate
    found = deviations(certificate)
    assert len(found) == 1
    assert words in found[0]
    assert forbidden_for_signing(certificate) == (found[0] if forbidden else None)


@pytest.mark.parametrize("usages", [("digital_signature",), ("content_commitment",)])
def test_either_key_usage_is_enough(usages: tuple[str, ...]) -> None:
    assert deviations(operator_key(usages=usages).certificate) == ()


def test_a_certificate_without_extensions_lacks_what_it_should_have_and_may_sign() -> None:
    certificate = new_keys()["p-256"].certificate
    assert len(deviations(certificate)) == 3
    assert forbidden_for_signing(certificate) is None


def test_unreadable_extensions_are_told() -> None:
    good = operator_key().certificate
    broken = listed(good).der.replace(
        b"\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02", b"\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x04\x02"
    )
    (told,) = deviations(load_certificate(broken))
    assert "cannot be read" in told
