# SPDX-License-Identifier: Apache-2.0
"""Which value at a key lets more pass: by the meaning of the key, the reverse from the other side."""

import pytest

from trust_lists.evaluation.comparison.effects import effect_of
from trust_lists.evaluation.comparison.model import Effect
from trust_lists.evaluation.trust_configuration.model import Json

WIDER: list[tuple[str, Json, Json]] = [
    ("controls.path_len", 0, None),
    ("controls.policies", ["1.2.3"], "any"),
    ("controls.policies", ["1.2.3"], ["1.2.3", "1.2.4"]),
    ("controls.require_explicit_policy", True, False),
    ("controls.excluded", ["dns:a.example", "dns:b.example"], ["dns:a.example"]),
    ("controls.permitted", ["dns:a.example"], "any"),
    ("trusted.until", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ("trusted.until", "2026-01-01T00:00:00Z", None),
    ("trusted.from", "2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    ("trusted.from", "2027-01-01T00:00:00Z", None),
    ("trusted.for_certs_issued_before", "2026-01-01T00:00:00Z", None),
    ("engine.max_path", 1, 2),
    ("engine.clock_skew", "PT0S", "PT5M"),
    ("leaf.max_lifetime", "PT36H", "P2D"),
    ("leaf.max_lifetime", "P760D", "any"),
    ("leaf.algorithms.keys", ["rsa>=3072"], ["rsa>=2048"]),
    ("leaf.algorithms.keys", ["rsa>=2048"], ["rsa>=2048", "p256"]),
    ("leaf.key_usage.all", ["digitalSignature", "keyAgreement"], ["digitalSignature"]),
    ("leaf.key_usage.absent", "reject", "accept"),
    ("leaf.eku.any", ["clientAuth"], ["clientAuth", "serverAuth"]),
    ("leaf.eku", {"any": ["clientAuth"], "absent": "reject", "any_eku": "reject"}, "any"),
    ("subject.match", {"OU": "a", "CN": "b"}, {"OU": "a"}),
    ("list.match", "path", "either"),
    ("list.qualified", "QWAC", "any"),
    ("revocation.leaf", "crl_and_ocsp_required", "ocsp_required"),
    ("revocation.leaf", "crl_or_ocsp_required", "check_if_declared"),
    ("revocation.freshness", "P1D", "any"),
    ("revocation.on_unknown", "indeterminate", "accept"),
    ("revocation.retroactive", False, True),
    ("anchors.root.as", "ca", "key+name"),
    ("smp-metadata.endpoint_certificate", "hint", "anchor"),
    ("lists.domain.on_expired", "reject", "warn"),
    ("quorum.least", 2, 1),
]
EITHER: list[tuple[str, Json, Json]] = [
    ("leaf.eku.any", ["clientAuth"], ["serverAuth"]),
    ("leaf.algorithms.keys", ["rsa>=2048"], ["p256"]),
    ("revocation.leaf", "crl_required", "ocsp_required"),
    ("revocation.on_unknown", "reject", "indeterminate"),
    ("list.match", "path", "identity"),
    ("engine.profile", "rfc5280+rfc9618", "webpki"),
    ("model", "a", "b"),
]


@pytest.mark.parametrize(("path", "narrow", "wide"), WIDER, ids=[f"{path} {wide}" for path, _narrow, wide in WIDER])
def test_a_wider_value_widens_and_back_it_narrows(path: str, narrow: Json, wide: Json) -> None:
    keys = tuple(path.split("."))
    assert effect_of(keys, narrow, wide) is Effect.WIDENS
    assert effect_of(keys, wide, narrow) is Effect.NARROWS


@pytest.mark.parametrize(("path", "one", "other"), EITHER, ids=[path for path, _one, _other in EITHER])
def test_what_is_neither_wider_nor_narrower_changes(path: str, one: Json, other: Json) -> None:
    keys = tuple(path.split("."))
    assert effect_of(keys, one, other) is effect_of(keys, other, one) is Effect.CHANGES


def test_below_a_not_what_widens_narrows() -> None:
    assert effect_of(("accept", "not", "path", "to"), ["a"], ["a", "b"]) is Effect.NARROWS
    assert effect_of(("accept", "not", "all_of", "not", "path", "to"), ["a"], ["a", "b"]) is Effect.WIDENS
