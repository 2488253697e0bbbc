# SPDX-License-Identifier: Apache-2.0
"""Claims of OpenID Federation 1.0: entity identifiers, times, and what a statement says of keys and constraints."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.simulators.federations import NAMES, Claims, Federation, public
from trust_lists.documents.claims import host_of
from trust_lists.documents.entity_statements import MAX_HINTS, MAX_MARKS, Constraints, EntityStatement, read_statement
from trust_lists.documents.trust_marks import read_trust_mark
from trust_lists.errors import MetadataRefusedError

FEDERATION = Federation()
CONFIGURATION = FEDERATION.claims()["leaf"][0]
SUBORDINATE = FEDERATION.claims()["middle about leaf"][0]
KEYS = public(FEDERATION.keys["leaf"])


def read(claims: Claims, **members: Any) -> EntityStatement:
    return read_statement(json.dumps(claims | members).encode())


def refused(claims: Claims, **members: Any) -> bool:
    assert read(claims)
    try:
        read(claims, **members)
    except MetadataRefusedError as error:
        return bool(str(error))
    return False


@pytest.mark.parametrize(
    ("entity", "host"),
    [
        ("https://Example.ORG", "example.org"),
        ("https://example.org:8443/a/b~c", "example.org"),
        ("https://192.0.2.1/", "192.0.2.1"),
        ("https://credential_issuer.example.org", "credential_issuer.example.org"),
        ("http://example.org", ""),
        ("https://", ""),
        ("https:///x", ""),
        ("https://user@example.org", ""),
        ("https://example.org?x", ""),
        ("https://example.org/#x", ""),
        ("https://example.org.", ""),
        ("https://.example.org", ""),
        ("https://example.org:port", ""),
        ("https://ex ample.org", ""),
        ("https://m\u00fcller.example", ""),
        ("https://example.org\\@evil.example", ""),
        ("HTTPS://example.org", ""),
    ],
)
def test_an_entity_identifier_has_a_host(entity: str, host: str) -> None:
    assert host_of(entity) == host


def test_a_configuration_is_by_its_subject() -> None:
    assert read(CONFIGURATION).is_configuration
    assert not read(SUBORDINATE).is_configuration
    assert read(CONFIGURATION).authority_hints == (NAMES["middle"],)
    assert [each.kid for each in read(SUBORDINATE).keys] == ["leaf-1"]


@pytest.mark.parametrize("value", ["1", True, None, [], 10**18, -(10**18), 1e300])
def test_times_are_numbers_of_seconds(value: object) -> None:
    assert read(CONFIGURATION, exp=1.5).expires == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert refused(CONFIGURATION, exp=value)
    assert refused(CONFIGURATION, iat=value)


def test_constraints_are_read() -> None:
    names = {"permitted": [".example.org"], "excluded": ["east.example.org"]}
    told = {"max_path_length": 2, "naming_constraints": names, "allowed_entity_types": []}
    expected = Constraints(2, (".example.org",), ("east.example.org",), frozenset())
    assert read(SUBORDINATE, constraints=told).constraints == expected
    assert read(SUBORDINATE, constraints={}).constraints == Constraints(None, None, (), None)
    assert read(SUBORDINATE).constraints is None


def test_metadata_have_keys_or_say_where_they_are() -> None:
    metadata = {"a": {"jwks": KEYS}, "b": {"jwks_uri": "https://x"}, "c": {}}
    found = read(CONFIGURATION, metadata=metadata).metadata
    assert {kind: (each.keys is not None, each.elsewhere) for kind, each in found.items()} == {
        "a": (True, False),
        "b": (False, True),
        "c": (False, False),
    }


def test_policies_about_keys_are_kept() -> None:
    policy = {"a": {"jwks": {"value": 1}}, "b": {"contacts": {}}, "c": {"signed_jwks_uri": {}}}
    assert read(SUBORDINATE, metadata_policy=policy).policed == {"a", "c"}


@pytest.mark.parametrize(
    "members",
    [
        {"jwks": KEYS["keys"]},
        {"jwks": {"keys": [{"kty": "oct"}]}},
        {"metadata": {"a": []}},
        {"metadata": {"a": {"jwks": {}}}},
        {"authority_hints": "https://x"},
        {"authority_hints": [1]},
        {"authority_hints": [""]},
        {"authority_hints": ["https://x"] * (MAX_HINTS + 1)},
        {"trust_anchor_hints": []},
        {"trust_marks": [{}] * (MAX_MARKS + 1)},
        {"trust_marks": [{"trust_mark_type": "x"}]},
        {"trust_marks": ["x"]},
        {"trust_mark_issuers": {"x": "y"}},
        {"trust_mark_owners": {"x": {"sub": NAMES["owner"]}}},
        {"crit": "x"},
        {"source_endpoint": "https://x"},
        {"iss": "https://x?y", "sub": "https://x?y"},
        {"sub": "x" * 3_000},
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_is_of_another_form_is_refused(members: Claims) -> None:
    assert refused(CONFIGURATION, **members)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"iss":1,"iss":2}', b"\xff"])
def test_what_are_no_claims_is_refused(payload: bytes) -> None:
    for reader in (read_statement, read_trust_mark):
        with pytest.raises(MetadataRefusedError) as caught:
            reader(payload)
        assert caught.value.reason_id == "STATEMENT_JSON"
