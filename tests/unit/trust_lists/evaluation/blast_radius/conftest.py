# SPDX-License-Identifier: Apache-2.0
"""Small configurations and networks to attack."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.simulators.certificate_chains import NOW
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.blast_radius.acceptance import Acceptance
from trust_lists.evaluation.blast_radius.components import components_of
from trust_lists.evaluation.blast_radius.goals import Attack, Attacker
from trust_lists.evaluation.blast_radius.hypotheses import prepared
from trust_lists.evaluation.blast_radius.network import Network
from trust_lists.evaluation.blast_radius.network_reading import read_network
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.trust_configuration import read_configuration
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration

Tree = dict[str, Any]
Configure = Callable[..., TrustConfiguration]
Describe = Callable[..., Network]
Attacks = Callable[..., dict[Attacker, Attack]]


@pytest.fixture
def configure() -> Configure:
    """A configuration of anchors by id, and an expression for each role."""

    def make(
        anchors: Mapping[str, ListedCertificate],
        roles: Mapping[str, Tree],
        *,
        controls: Mapping[str, Tree] | None = None,
        stores: Tree | None = None,
        subject: Mapping[str, Tree] | None = None,
        revocation: str = "no_check",
        metadata: str = "hint",
    ) -> TrustConfiguration:
        tree: Tree = {
            "apiVersion": "trust/v1",
            "kind": "TrustConfiguration",
            "id": "attacked",
            "model": "test",
            "engine": {"profile": "rfc5280+rfc9618", "max_path": 4, "clock_skew": "PT5M"},
            "stores": {
                "anchors": [
                    _anchor(name, certificate, (controls or {}).get(name, {})) for name, certificate in anchors.items()
                ],
                **(stores or {}),
            },
            "roles": {
                **{role: _rule(accept, (subject or {}).get(role), revocation) for role, accept in roles.items()},
                "smp-metadata": {"endpoint_certificate": metadata},
            },
        }
        return read_configuration(json.dumps(tree).encode()).configuration

    return make


@pytest.fixture
def describe() -> Describe:
    """Access points and SMPs, the former spread evenly over the latter."""

    def make(access_points: int = 3, smps: int = 1, **changes: Any) -> Network:
        own: Tree = changes.pop("smp", {})
        parties: list[Tree] = [
            {
                "id": f"ap-{number}",
                "roles": ["ap-sign", "ap-encrypt"],
                "names": {"O": "Testers", "CN": f"ap-{number}"},
                "participants": 10 * number,
                "document_types": ["invoice"] if number % 2 else ["invoice", "order"],
                "smp": f"smp-{number % smps + 1}" if smps else None,
            }
            for number in range(1, access_points + 1)
        ]
        parties += [
            {"id": f"smp-{number}", "roles": ["smp-sign"], "names": {"O": "Testers", "CN": f"smp-{number}"}, **own}
            for number in range(1, smps + 1)
        ]
        tree = {"apiVersion": "network/v1", "kind": "Network", "id": "small", "parties": parties, **changes}
        return read_network(json.dumps(tree).encode())

    return make


@pytest.fixture
def attacks() -> Attacks:
    """An outsider's and a member's attack on a configuration and a network."""

    def make(
        configuration: TrustConfiguration, network: Network, certificates: Sequence[ListedCertificate] = ()
    ) -> dict[Attacker, Attack]:
        ready, _told = prepared(configuration, NOW)
        components = components_of(ready, network, certificates)
        acceptance = Acceptance(ready, network, components, NOW, Evidence(intermediates=tuple(certificates)))
        return {each: Attack(acceptance, components, each) for each in Attacker}

    return make


def _anchor(name: str, certificate: ListedCertificate, controls: Tree) -> Tree:
    assert certificate.certificate is not None
    from cryptography.hazmat.primitives.serialization import Encoding

    return {
        "id": name,
        "cert": {
            "sha256": certificate.sha256,
            "pem": certificate.certificate.public_bytes(Encoding.PEM).decode(),
        },
        "as": "ca",
        "controls": {
            "path_len": None,
            "policies": "any",
            "require_explicit_policy": False,
            "inhibit_policy_mapping": False,
            "inhibit_any_policy": False,
            "permitted": "any",
            "excluded": [],
            **{key: value for key, value in controls.items() if key != "trusted"},
        },
        "trusted": {"from": None, "until": None, "for_certs_issued_before": None} | controls.get("trusted", {}),
    }


def _rule(accept: Tree, subject: Tree | None, revocation: str) -> Tree:
    return {
        "accept": accept,
        "leaf": {
            "key_usage": {"all": ["digitalSignature"], "none": [], "absent": "reject"},
            "eku": {"any": ["clientAuth"], "absent": "reject", "any_eku": "reject"},
            "policies": "any",
            "algorithms": {"keys": ["p256", "rsa>=2048"], "hashes": ["sha256"]},
            "max_lifetime": "P760D",
            "subject": subject or "any",
        },
        "revocation": {
            "leaf": revocation,
            "intermediates": revocation,
            "freshness": "any",
            "retroactive": False,
            "after_expiry": "reject",
            "on_unknown": "reject",
            "clock_skew": "PT5M",
        },
    }
