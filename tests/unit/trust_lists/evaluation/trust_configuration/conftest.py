# SPDX-License-Identifier: Apache-2.0
"""A small configuration that is right, to make wrong ones of."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from registry.demo.pki import DemoPki
from trust_lists.certificates.parsing import fingerprint
from trust_lists.errors import ConfigurationError
from trust_lists.evaluation.trust_configuration import read_configuration

Tree = dict[str, Any]


@pytest.fixture
def tree(pki: DemoPki) -> Tree:
    """One anchor, one pin, one list, one role that takes all of them."""
    return {
        "apiVersion": "trust/v1",
        "kind": "TrustConfiguration",
        "id": "small",
        "model": "test",
        "engine": {"profile": "rfc5280+rfc9618", "max_path": 4, "clock_skew": "PT5M"},
        "stores": {
            "anchors": [
                {
                    "id": "root",
                    "cert": {"sha256": fingerprint(pki.root.certificate), "file": "root.der"},
                    "as": "ca",
                    "controls": {
                        "path_len": None,
                        "policies": "any",
                        "require_explicit_policy": False,
                        "inhibit_policy_mapping": False,
                        "inhibit_any_policy": False,
                        "permitted": "any",
                        "excluded": ["dns:example.org"],
                    },
                    "trusted": {
                        "from": "2026-01-01T00:00:00Z",
                        "until": None,
                        "for_certs_issued_before": None,
                    },
                }
            ],
            "lists": [
                {
                    "id": "domain",
                    "kind": "tl",
                    "location": {"url": "https://example.org/list.xml"},
                    "signers": [{"sha256": fingerprint(pki.root.certificate), "file": "root.der"}],
                    "pivots": False,
                    "territories": "any",
                    "service_types": "any",
                    "statuses": "any",
                    "max_age": "P1D",
                    "on_expired": "reject",
                }
            ],
            "pins": [
                {
                    "id": "at",
                    "party": "AT",
                    "cert_sha256": "ab" * 32,
                    "roles": ["ap-sign"],
                    "valid": {"from": None, "until": None},
                }
            ],
        },
        "roles": {
            "ap-sign": {
                "accept": {
                    "any_of": [
                        {"path": {"to": ["root"], "issuer_must_be_anchor": False}},
                        {"pin": ["at"]},
                        {"list": {"in": ["domain"], "match": "either", "qualified": "any"}},
                    ]
                },
                "leaf": {
                    "key_usage": {"all": ["digitalSignature"], "none": [], "absent": "reject"},
                    "eku": {"any": ["clientAuth"], "absent": "accept", "any_eku": "reject"},
                    "policies": "any",
                    "algorithms": {"keys": ["rsa>=2048", "p256"], "hashes": ["sha256"]},
                    "max_lifetime": "P760D",
                    "subject": {"match": {"OU": "TEST AP"}, "bind": {"CN": "context.party"}},
                },
                "revocation": {
                    "leaf": "crl_or_ocsp_required",
                    "intermediates": "check_if_declared",
                    "freshness": "P1D",
                    "retroactive": False,
                    "after_expiry": "reject",
                    "on_unknown": "indeterminate",
                    "clock_skew": "PT5M",
                },
            },
            "smp-metadata": {"endpoint_certificate": "hint"},
        },
        "effective": {"deviations": []},
    }


@pytest.fixture
def reasons() -> Callable[[Tree], tuple[str, ...]]:
    """What the reader says against a configuration."""

    def read(tree: Tree) -> tuple[str, ...]:
        with pytest.raises(ConfigurationError) as refused:
            read_configuration(json.dumps(tree).encode())
        return refused.value.reasons

    return read


@pytest.fixture
def role(tree: Tree) -> Tree:
    """The rule of ap-sign in `tree`."""
    found: Tree = tree["roles"]["ap-sign"]
    return found


@pytest.fixture
def another(tree: Tree) -> Tree:
    """The same configuration once more, in values of its own."""
    return copy.deepcopy(tree)
