# SPDX-License-Identifier: Apache-2.0
"""Headers of JAdES signatures: which are read, which are refused, and for which reason."""

import json
from datetime import UTC, datetime
from hashlib import sha384, sha512
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.jades_keys import base64url, new_key, x5c
from trust_lists.certificates.listed import listed
from trust_lists.errors import SignatureInvalidError
from trust_lists.signatures.jades_header import ALGORITHMS, MAX_HEADER_BYTES, decode, encode, read_header

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
IAT = int(NOON.timestamp())


@pytest.fixture
def header() -> dict[str, Any]:
    return {"alg": "ES256", "iat": IAT, "x5c": x5c(new_key("P-256"))}


def refused(header: object) -> str:
    text = header if isinstance(header, str) else json.dumps(header)
    with pytest.raises(SignatureInvalidError) as error:
        read_header(text.encode())
    return error.value.reason_id


def test_a_header_of_level_b_b_is_read_without_a_warning(header: dict[str, Any]) -> None:
    found = read_header(json.dumps({**header, "typ": "JOSE", "cty": "json", "kid": "k", "unknown": [1]}).encode())
    assert (found.algorithm, found.signing_time, found.warnings) == ("ES256", NOON, ())
    assert found.certificates == (listed(new_key("P-256").certificate),)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", '{"alg":"ES256","alg":"RS256"}', '{"alg":"ES256","iat":NaN}', '{"a":' * 100 + "1" + "}" * 100],
)
def test_a_header_must_be_one_json_object_without_doubles(text: str) -> None:
    assert refused(text) == "HEADER"


def test_a_header_is_bounded(header: dict[str, Any]) -> None:
    assert refused({**header, "kid": "k" * MAX_HEADER_BYTES}) == "HEADER"


@pytest.mark.parametrize("name", ["typ", "cty"])
def test_types_are_texts(header: dict[str, Any], name: str) -> None:
    assert refused({**header, name: 1}) == "HEADER"


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS256", "HS512", "EdDSA", "ES256K", "RS1", "es256", "", None, 5, ["ES256"], {}]
)
def test_other_algorithms_are_refused(header: dict[str, Any], algorithm: object) -> None:
    assert refused({**header, "alg": algorithm}) == "ALGORITHM"


def test_an_algorithm_is_needed(header: dict[str, Any]) -> None:
    del header["alg"]
    assert refused(header) == "ALGORITHM"


@pytest.mark.parametrize(
    "critical",
    [[], None, "iat", {}, ["iat", "iat"], ["alg"], ["x5t#S256"], ["sigPId"], ["exp"], [5], ["crit"], ["not there"]],
)
def test_what_is_critical_must_be_there_and_understood(header: dict[str, Any], critical: object) -> None:
    members = {**header, "sigPId": {}, "exp": 1, "x5t#S256": base64url(b"\x00" * 32), "crit": critical}
    assert refused(members) == "CRITICAL_HEADER"


def test_understood_members_may_be_critical(header: dict[str, Any]) -> None:
    found = read_header(
        json.dumps({**header, "sigT": "2026-11-21T12:00:00Z", "b64": True, "crit": ["sigT", "iat", "b64"]}).encode()
    )
    assert found.signing_time == NOON


@pytest.mark.parametrize("critical", [{}, {"crit": ["b64"]}])
def test_an_unencoded_payload_is_refused(header: dict[str, Any], critical: dict[str, Any]) -> None:
    assert refused({**header, "b64": False, **critical}) == "UNENCODED_PAYLOAD"
    assert refused({**header, "b64": "false", **critical}) == "UNENCODED_PAYLOAD"


@pytest.mark.parametrize("critical", [{}, {"crit": ["sigD"]}])
def test_a_signature_about_data_elsewhere_is_refused(header: dict[str, Any], critical: dict[str, Any]) -> None:
    assert refused({**header, "sigD": {"mId": "http://uri.etsi.org/19182/ObjectIdByURI"}, **critical}) == "DETACHED"


@pytest.mark.parametrize(
    "chain", [[], "MIIB", None, [None], ["MII B"], ["MIIB\n"], ["MIIB_-"], ["AAAA"] * 11, ["A" * 300_000], [["AAAA"]]]
)
def test_x5c_is_a_short_list_of_base64(header: dict[str, Any], chain: object) -> None:
    expected = "HEADER" if isinstance(chain, list) and len(str(chain)) > MAX_HEADER_BYTES else "CERTIFICATE"
    assert refused({**header, "x5c": chain}) == expected


@pytest.mark.parametrize(
    "reference",
    [
        {},
        {"x5t#S256": 5},
        {"x5t#o": {"digAlg": "S1", "digVal": "AA"}},
        {"x5t#o": {"digAlg": ["S256"], "digVal": "AA"}},
        {"x5t#o": {"digAlg": "sha-512"}},
        {"x5t#o": "AA"},
        {"sigX5ts": []},
        {"sigX5ts": {}},
        {"x5t": "AA"},
        {"kid": "AA"},
    ],
)
def test_the_signer_must_be_named_by_certificate_or_good_digest(
    header: dict[str, Any], reference: dict[str, Any]
) -> None:
    del header["x5c"]
    assert refused({**header, **reference}) == "CERTIFICATE"


def test_all_kinds_of_digests_are_understood(header: dict[str, Any]) -> None:
    certificate = listed(new_key("P-256").certificate)
    first = {"digAlg": "S384", "digVal": base64url(sha384(certificate.der).digest())}
    members = {
        **header,
        "x5t#S256": base64url(bytes.fromhex(certificate.sha256)),
        "x5t#o": {"digAlg": "sha-512", "digVal": base64url(sha512(certificate.der).digest())},
        "sigX5ts": [first, {"digAlg": "S256", "digVal": "AA"}],
        "crit": ["x5t#o", "sigX5ts"],
    }
    thumbprints = read_header(json.dumps(members).encode()).thumbprints
    assert len(thumbprints) == 3
    assert all(each.names(certificate) for each in thumbprints)
    assert not any(each.names(listed(new_key("P-384").certificate)) for each in thumbprints)


@pytest.mark.parametrize(
    "time",
    [
        {"iat": "1"},
        {"iat": True},
        {"iat": 1e300},
        {"iat": -1e17},
        {"sigT": 5},
        {"sigT": "yesterday"},
        {"sigT": "2026-11-21T12:00:01Z"},
    ],
)
def test_signing_times_must_be_readable_and_agree(header: dict[str, Any], time: dict[str, Any]) -> None:
    assert refused({**header, **time}) == "SIGNING_TIME"


def test_iat_and_sigt_may_stand_side_by_side_if_they_agree(header: dict[str, Any]) -> None:
    found = read_header(json.dumps({**header, "sigT": "2026-11-21T12:00:00Z"}).encode())
    assert (found.signing_time, found.warnings) == (NOON, ())


def test_what_deviates_without_danger_is_a_warning(header: dict[str, Any]) -> None:
    del header["iat"]
    assert "no signing time" in read_header(json.dumps(header).encode()).warnings[0]
    assert "sigT" in read_header(json.dumps({**header, "sigT": "2026-11-21T12:00:00Z"}).encode()).warnings[0]
    assert read_header(json.dumps({**header, "sigT": "2025-07-01T12:00:00Z"}).encode()).warnings == ()
    assert "SHA-1" in read_header(json.dumps({**header, "iat": IAT, "x5t": "AA"}).encode()).warnings[0]


@given(st.binary(max_size=50))
def test_base64url_has_one_form(data: bytes) -> None:
    assert decode(encode(data), "it") == data


@given(st.text(alphabet="ABab01-_+/= \n", max_size=8))
def test_what_decodes_is_what_would_be_encoded(text: str) -> None:
    try:
        decoded = decode(text.encode(), "it")
    except SignatureInvalidError:
        return
    assert encode(decoded) == text.encode()


MEMBERS = ("alg", "iat", "sigT", "x5c", "x5t#S256", "x5t#o", "sigX5ts", "crit", "b64", "sigD", "typ", "cty", "x5t")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(MEMBERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=6))
def test_whatever_values_members_have_it_is_read_or_refused(members: dict[str, Any]) -> None:
    try:
        found = read_header(json.dumps({"alg": "ES256", "x5c": ["AAAA"], **members}).encode())
    except SignatureInvalidError:
        return
    assert found.algorithm in ALGORITHMS
    assert found.certificates or found.thumbprints
