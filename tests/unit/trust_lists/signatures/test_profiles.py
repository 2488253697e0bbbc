# SPDX-License-Identifier: Apache-2.0
"""Profiles are data; what is tested is how a domain narrows one down."""

import pytest

from trust_lists.errors import TrustListError
from trust_lists.signatures.profiles import (
    ALGORITHM_NAMES,
    ARCHIVE,
    BDXR_1_0,
    BDXR_2_0,
    C14N_11,
    ECDSA_SHA256,
    ED25519,
    ENVELOPED,
    PEPPOL_1_4,
    RSA_SHA256,
    SHA1,
    restricted,
)


def test_smp_2_signs_by_canonical_xml_1_1_with_one_transform() -> None:
    """OASIS SMP 2.0 §3.6.2."""
    assert BDXR_2_0.canonicalizations == (C14N_11,)
    assert BDXR_2_0.transforms[0] == (ENVELOPED,)
    assert SHA1 not in BDXR_2_0.digest_methods


def test_smp_1_signs_as_peppol_does() -> None:
    """OASIS BDXR SMP 1.0 §3.6."""
    assert BDXR_1_0.signature_methods == PEPPOL_1_4.signature_methods
    assert BDXR_1_0.transforms == PEPPOL_1_4.transforms


def test_every_algorithm_with_a_name_is_in_the_widest_profiles() -> None:
    for uri in ALGORITHM_NAMES.values():
        assert uri in BDXR_2_0.signature_methods
        assert uri in ARCHIVE.signature_methods


def test_a_domain_narrows_a_profile_in_its_own_order() -> None:
    narrowed = restricted(BDXR_2_0, ("ed25519", "ecdsa-sha256", "ed25519"))
    assert narrowed.signature_methods == (ED25519, ECDSA_SHA256)
    assert narrowed.canonicalizations == BDXR_2_0.canonicalizations
    assert restricted(PEPPOL_1_4, ["rsa-sha256"]).signature_methods == (RSA_SHA256,)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["rsa-sha256", "ed25519"], "Peppol SMP 1.4.0 has the signature algorithms rsa-sha256, not 'ed25519'"),
        (["rsa-md5"], "not 'rsa-md5'"),
        (["rsa-sha1"], "not 'rsa-sha1'"),
        ([], "at least one is needed"),
    ],
)
def test_an_algorithm_that_a_profile_does_not_have_is_refused(names: list[str], text: str) -> None:
    with pytest.raises(TrustListError, match=text):
        restricted(PEPPOL_1_4, names)
