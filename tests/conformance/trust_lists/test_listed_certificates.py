# SPDX-License-Identifier: Apache-2.0
"""All certificates of real lists: what is cut out of them is what `cryptography` finds, and nothing is lost.

TS 119 612 §5.5.3 (a service is its key and subject name); RFC 5280 §4.1 (where they stand).
"""

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import comparable_name
from trust_lists.certificates.parsing import subject_text
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.signed import is_signed_with, public_key
from trust_lists.documents.reading import read_unverified
from trust_lists.errors import CertificateError


@pytest.fixture(scope="module")
def certificates(corpus: Path) -> list[ListedCertificate]:
    files = sorted(
        file
        for generation in ("gen-2019-09", "gen-2023-10", "gen-2026")
        for file in (corpus / "trust_lists" / generation).glob("*.xml")
    )
    found = {
        certificate
        for file in files
        for service in read_unverified(file.read_bytes()).services
        for certificate in service.current.identity.certificates
    }
    return sorted(found, key=lambda each: each.sha256)


@contextmanager
def warned_of() -> Iterator[None]:
    """`cryptography` warns of names of more than 64 characters, and of serial numbers that aren't positive."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_rfc5280_4_1_parts_are_those_that_cryptography_finds(certificates: list[ListedCertificate]) -> None:
    refused = 0
    for certificate in certificates:
        loaded, slices = certificate.certificate, certificate.slices
        assert slices is not None
        if loaded is None:
            refused += 1
            continue
        assert slices.signed == loaded.tbs_certificate_bytes
        assert slices.signature == loaded.signature
        assert slices.dates == (loaded.not_valid_before_utc, loaded.not_valid_after_utc)
        with warned_of():
            assert int.from_bytes(slices.serial, "big", signed=True) == loaded.serial_number
            assert certificate.subject_text == subject_text(loaded)
            assert certificate.comparable_issuer == comparable_name(loaded.issuer)
    assert (len(certificates), refused) == (3024, 14)


def test_ts119612_5_5_3_every_key_of_every_list_can_be_used(certificates: list[ListedCertificate]) -> None:
    for certificate in certificates:
        public_key(certificate.key)


def test_rfc5280_4_2_no_extension_that_decides_is_lost(certificates: list[ListedCertificate]) -> None:
    assert [each.sha256 for each in certificates if path_extensions(each.der).broken] == []


def test_rfc5280_6_1_3_a_1_signatures_of_all_years_verify(certificates: list[ListedCertificate]) -> None:
    """Of 1,872 certificates whose issuer's name is in the lists three are of MD5 and four of keys that aren't there."""
    keys: dict[object, set[bytes]] = {}
    for certificate in certificates:
        keys.setdefault(certificate.comparable_subject, set()).add(certificate.key)
    outcomes = Counter(
        outcome(certificate, keys[certificate.comparable_issuer])
        for certificate in certificates
        if certificate.comparable_issuer in keys
    )
    assert outcomes == {"signed": 1865, "unsupported": 3, "by nobody": 4}


def outcome(certificate: ListedCertificate, keys: set[bytes]) -> str:
    try:
        return "signed" if any(is_signed_with(certificate, key) for key in keys) else "by nobody"
    except CertificateError:
        return "unsupported"
