# SPDX-License-Identifier: Apache-2.0
"""Small trust configurations for tests: what isn't said is `any`, and revocation isn't asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration.certificates import with_certificates
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration
from trust_lists.evaluation.trust_configuration.reading import read_tree

NO_REVOCATION: dict[str, Any] = {
    "leaf": "no_check",
    "intermediates": "no_check",
    "freshness": "any",
    "retroactive": False,
    "after_expiry": "reject",
    "on_unknown": "indeterminate",
    "clock_skew": "PT0S",
}
_LEAF = ("key_usage", "eku", "policies", "algorithms", "max_lifetime", "subject")
ANY_LEAF: dict[str, Any] = dict.fromkeys(_LEAF, "any")
OPEN: dict[str, Any] = {
    "path_len": None,
    "policies": "any",
    "require_explicit_policy": False,
    "inhibit_policy_mapping": False,
    "inhibit_any_policy": False,
    "permitted": "any",
    "excluded": [],
}
ALWAYS: dict[str, Any] = {"from": None, "until": None, "for_certs_issued_before": None}


def anchor(
    name: str,
    certificate: ListedCertificate,
    kind: str = "ca",
    controls: Mapping[str, Any] | None = None,
    trusted: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An entry of `stores.anchors`."""
    return {
        "id": name,
        "cert": {"sha256": certificate.sha256},
        "as": kind,
        "controls": OPEN | dict(controls or {}),
        "trusted": ALWAYS | dict(trusted or {}),
    }


def pin(
    name: str, certificate: ListedCertificate, *roles: str, party: str = "any", valid: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An entry of `stores.pins`."""
    return {
        "id": name,
        "party": party,
        "cert_sha256": certificate.sha256,
        "roles": list(roles),
        "valid": {"from": None, "until": None} | dict(valid or {}),
    }


def path_to(*anchors: str, direct: bool = False) -> dict[str, Any]:
    """A `path` expression."""
    return {"path": {"to": list(anchors), "issuer_must_be_anchor": direct}}


def rule(
    accept: Mapping[str, Any], leaf: Mapping[str, Any] | None = None, revocation: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A rule of a role."""
    return {
        "accept": dict(accept),
        "leaf": ANY_LEAF | dict(leaf or {}),
        "revocation": NO_REVOCATION | dict(revocation or {}),
    }


def configuration(
    roles: Mapping[str, Any],
    stores: Mapping[str, Any] | None = None,
    certificates: Sequence[ListedCertificate] = (),
    engine: Mapping[str, Any] | None = None,
    **other: Any,
) -> TrustConfiguration:
    """A configuration with the bytes of its certificates. Raises ConfigurationError."""
    known = {"smp-metadata": {"endpoint_certificate": "hint"}} if {"ap-encrypt", "smp-sign"} & set(roles) else {}
    tree = {
        "apiVersion": "trust/v1",
        "kind": "TrustConfiguration",
        "id": "made",
        "model": "made",
        "engine": {"profile": "rfc5280+rfc9618", "max_path": 10, "clock_skew": "PT0S"} | dict(engine or {}),
        "stores": dict(stores or {}),
        "roles": known | dict(roles),
        **other,
    }
    return with_certificates(read_tree(tree).configuration, {each.sha256: each for each in certificates})


def engine_of(
    roles: Mapping[str, Any],
    stores: Mapping[str, Any] | None = None,
    certificates: Sequence[ListedCertificate] = (),
    **other: Any,
) -> DecisionEngine:
    """An engine with such a configuration."""
    return DecisionEngine(configuration(roles, stores, certificates, **other))
