# SPDX-License-Identifier: Apache-2.0
"""Signed lists of trusted entities that others made: JAdES, compact JWS (TS 119 602 §6.8, TS 119 182-1 §6.3)."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from tests.simulators.jades_keys import SIGNED_AT, new_key
from tests.simulators.lote_documents import LIST
from trust_lists.certificates.listed import listed
from trust_lists.documents.lote.checks import check_signer
from trust_lists.documents.lote.json_reader import read_json
from trust_lists.documents.lote.json_writer import write_json
from trust_lists.errors import SignatureInvalidError
from trust_lists.signatures.jades import VerifiedJades, sign_compact, verify_compact

SIGNED = (
    *("eu_lotl_list_of_trusted_lists-EU", "pid_providers_lote-EU", "pubeaa_providers_lote-EU"),
    *("registrars_registers_lote-EU", "wallet_providers_lote-EU", "wrpac_providers_lote-EU", "wrprc_providers_lote-EU"),
)
SAMPLES = 150


@pytest.fixture(scope="module")
def lote(corpus: Path) -> Path:
    return corpus / "trust_lists" / "lote"


def signed(lote: Path, name: str) -> tuple[bytes, VerifiedJades]:
    """A signed list, and who signed it, whoever it is."""
    data = (lote / "community-siros-v3" / f"{name}.json.jws").read_bytes()
    return data, verify_compact(data, signers=None)


def refused(data: bytes, *, by: VerifiedJades) -> str:
    with pytest.raises(SignatureInvalidError) as error:
        verify_compact(data, signers=[by.signer])
    return error.value.reason_id


@pytest.mark.parametrize("name", SIGNED)
def test_signed_lists_verify_with_their_signer_pinned(lote: Path, name: str) -> None:
    data, by = signed(lote, name)
    verified = verify_compact(data, signers=[by.signer], verification_time=by.signing_time)
    assert verified.payload == (lote / "community-siros-v3" / f"{name}.json").read_bytes().rstrip(b"\n")
    assert verified.algorithm == "RS256"
    assert len(verified.warnings) == 1
    assert "sigT" in verified.warnings[0]
    assert read_json(verified.payload).scheme.issued_at == verified.signing_time


def test_another_pinned_signer_is_not_enough(lote: Path) -> None:
    data, _ = signed(lote, SIGNED[0])
    with pytest.raises(SignatureInvalidError) as error:
        verify_compact(data, signers=[listed(new_key("RSA-2048").certificate)])
    assert error.value.reason_id == "SIGNER_NOT_EXPECTED"


@pytest.mark.parametrize("name", SIGNED[:3])
def test_each_changed_byte_is_found(lote: Path, name: str) -> None:
    data, by = signed(lote, name)
    dots = [place for place, character in enumerate(data) if character == ord(".")]
    places = {*range(0, len(data), len(data) // SAMPLES), *dots, dots[0] - 1, dots[1] - 1, len(data) - 1}
    for place in sorted(places):
        for flip in (0x01, 0x20):
            changed = bytearray(data)
            changed[place] ^= flip
            assert refused(bytes(changed), by=by)


def test_cut_off_lists_are_refused(lote: Path) -> None:
    data, by = signed(lote, SIGNED[1])
    for length in range(0, len(data), len(data) // SAMPLES):
        assert refused(data[:length], by=by)


def test_a_payload_under_another_lists_signature_is_refused(lote: Path) -> None:
    (one, by), (other, _) = signed(lote, SIGNED[1]), signed(lote, SIGNED[2])
    (header, _, value), (_, payload, _) = one.split(b"."), other.split(b".")
    assert refused(b".".join((header, payload, value)), by=by) == "SIGNATURE_MISMATCH"


@pytest.mark.parametrize("name", ["trust-list.jwt", "trust-list-invalid.jwt"])
def test_lists_without_a_signature_are_refused(lote: Path, name: str) -> None:
    data = (lote / "community-playground" / name).read_bytes()
    with pytest.raises(SignatureInvalidError) as error:
        verify_compact(data, signers=None)
    assert error.value.reason_id == "ALGORITHM"


def test_a_home_made_json_signature_is_refused(lote: Path) -> None:
    data = (lote / "community-siros-v3" / "list_of_trusted_lists_signed.json").read_bytes()
    with pytest.raises(SignatureInvalidError) as error:
        verify_compact(data, signers=None)
    assert error.value.reason_id == "JSON_SERIALIZATION"


def test_the_community_signer_is_not_the_operator(lote: Path) -> None:
    _, by = signed(lote, SIGNED[1])
    findings = check_signer(read_json(by.payload), by.signer)
    assert [(found.rule, "WP4Trust" in found.message) for found in findings] == [("TS119602-6.8", True)]


def test_a_list_of_ours_has_level_b_b() -> None:
    data = sign_compact(write_json(LIST), new_key("P-256"), SIGNED_AT)
    protected, payload, _ = data.split(b".")
    header = json.loads(urlsafe_b64decode(protected + b"=="))
    assert {"alg", "iat", "x5t#S256", "x5c"} <= header.keys()  # §6.3; iat instead of sigT since 2025-07-15
    assert {"crit", "sigT", "x5t", "sigD", "b64"}.isdisjoint(header)
    assert read_json(urlsafe_b64decode(payload + b"==")) == LIST
