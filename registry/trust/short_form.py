# SPDX-License-Identifier: Apache-2.0
"""The short form of trust settings as a trust configuration, so that one engine decides about all domains.

The same settings, in whatever order their lists are, give the same configuration and so the same address. What the
short form always meant is written down: paths by RFC 5280 with keys and hashes that are strong enough, end entities
only, revocation not asked. Certificates that may stand between serve the role that names them; where a role names
some, a path over one that only others name doesn't count, since networks tell their roles apart by the issuer alone.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from registry.domains.trust_models import pem_text
from registry.domains.trust_settings import RoleSettings
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError, ConfigurationError
from trust_lists.evaluation.trust_configuration import Role, TrustConfiguration, read_tree
from trust_lists.evaluation.trust_configuration.model import Usage

ID: Final = "domain-settings"
MODEL: Final = "short-form"
MAX_PATH: Final = 9

_USAGES: Final = {
    "digital_signature": Usage.DIGITAL_SIGNATURE,
    "content_commitment": Usage.NON_REPUDIATION,
    "key_encipherment": Usage.KEY_ENCIPHERMENT,
    "data_encipherment": Usage.DATA_ENCIPHERMENT,
    "key_agreement": Usage.KEY_AGREEMENT,
    "key_cert_sign": Usage.KEY_CERT_SIGN,
    "crl_sign": Usage.CRL_SIGN,
}
_STRONG: Final = {
    "keys": ["rsa>=2048", "p256", "p384", "p521", "bp256", "bp384", "bp512", "ed25519", "ed448"],
    "hashes": ["sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"],
}
_OPEN_CONTROLS: Final[dict[str, Any]] = {
    "path_len": None,
    "policies": "any",
    "require_explicit_policy": False,
    "inhibit_policy_mapping": False,
    "inhibit_any_policy": False,
    "permitted": "any",
    "excluded": [],
}
_NOT_ASKED: Final = {
    "leaf": "no_check",
    "intermediates": "no_check",
    "freshness": "any",
    "retroactive": False,
    "after_expiry": "reject",
    "on_unknown": "reject",
    "clock_skew": "PT0S",
}
_FLAGS_FIRST = re.compile(r"\(\?([aimsux]+)\)")


@dataclass(frozen=True, slots=True)
class _Authorities:
    """Those of one role, each certificate once."""

    anchors: frozenset[ListedCertificate]
    between: frozenset[ListedCertificate]


def from_settings(roles: Mapping[str, RoleSettings]) -> TrustConfiguration:
    """The configuration that the settings of roles mean; roles that trust nobody have no rule in it.

    Raises ConfigurationError of trust_lists with all reasons, among them certificates that can't be read.
    """
    known = {role: _authorities(role, settings) for role, settings in roles.items()}
    between = frozenset[ListedCertificate]().union(*(each.between for each in known.values()))
    foreign = {
        role: between - each.between - each.anchors if each.between else frozenset() for role, each in known.items()
    }
    anchors = frozenset[ListedCertificate]().union(*(each.anchors for each in known.values()), *foreign.values())
    pinned = {pin for settings in roles.values() for pin in settings.pins}
    rules = {
        role: _rule(settings, known[role].anchors, foreign[role])
        for role, settings in roles.items()
        if not settings.trusts_nobody
    }
    tree: dict[str, Any] = {
        "apiVersion": "trust/v1",
        "kind": "TrustConfiguration",
        "id": ID,
        "model": MODEL,
        "engine": {"profile": "rfc5280+rfc9618", "max_path": MAX_PATH, "clock_skew": "PT0S"},
        "stores": {
            "anchors": [_anchor(each) for each in _sorted(anchors)],
            "intermediates": [_reference(each) for each in _sorted(between)],
            "pins": [_pin(pin, roles) for pin in sorted(pinned)],
        },
        "roles": {**rules, "smp-metadata": {"endpoint_certificate": "hint"}},
    }
    return read_tree(tree).configuration


def _authorities(role: str, settings: RoleSettings) -> _Authorities:
    try:
        return _Authorities(*(frozenset(map(_listed, texts)) for texts in (settings.anchors, settings.intermediates)))
    except CertificateError as error:
        raise ConfigurationError((f"role {role}: an anchor or intermediate is no good: {error}",)) from None


def _listed(pem: str) -> ListedCertificate:
    return ListedCertificate(load_certificate(pem).public_bytes(Encoding.DER))


def _rule(
    settings: RoleSettings,
    anchors: frozenset[ListedCertificate],
    foreign: frozenset[ListedCertificate],
) -> dict[str, Any]:
    ways: list[Any] = []
    if anchors:
        demands: list[Any] = [_path_to(anchors)]
        if settings.subject_patterns:
            demands.append(_one_of([_subject(pattern) for pattern in sorted(set(settings.subject_patterns))]))
        if foreign:
            demands.append({"not": _path_to(foreign)})
        ways.append({"all_of": demands} if len(demands) > 1 else demands[0])
    if settings.pins:
        ways.append({"pin": [_pin_id(pin) for pin in sorted(set(settings.pins))]})
    wanted = {_USAGES[name] for name in settings.key_usage}
    limits_usage = bool(wanted or anchors)
    return {
        "accept": _one_of(ways),
        "leaf": {
            "key_usage": _key_usage(wanted, end_entity=bool(anchors)) if limits_usage else "any",
            "eku": "any",
            "policies": "any",
            "algorithms": _STRONG if anchors else "any",  # a pinned certificate is trusted as it is
            "max_lifetime": "any",
            "subject": "any",
        },
        "revocation": _NOT_ASKED,
    }


def _key_usage(wanted: set[Usage], *, end_entity: bool) -> dict[str, Any]:
    forbidden = {Usage.KEY_CERT_SIGN} - wanted if end_entity else set()
    return {
        "all": [usage.value for usage in Usage if usage in wanted],
        "none": [usage.value for usage in forbidden],
        "absent": "reject" if wanted else "accept",
    }


def _one_of(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else {"any_of": parts}


def _path_to(anchors: Iterable[ListedCertificate]) -> dict[str, Any]:
    return {"path": {"to": [_anchor_id(each) for each in _sorted(anchors)], "issuer_must_be_anchor": False}}


def _subject(pattern: str) -> dict[str, Any]:
    """A pattern of the short form is searched in the whole subject; in a configuration it has to fit all of it."""
    flags = _FLAGS_FIRST.match(pattern)
    searched = f"(?{flags[1]}:{pattern[flags.end() :]})" if flags else f"(?:{pattern})"
    return {"subject": {"match": {"DN": f".*{searched}.*"}, "bind": {}}}


def _anchor(certificate: ListedCertificate) -> dict[str, Any]:
    return {
        "id": _anchor_id(certificate),
        "cert": _reference(certificate),
        "as": "ca",
        "controls": _OPEN_CONTROLS,
        "trusted": {"from": None, "until": None, "for_certs_issued_before": None},
    }


def _reference(certificate: ListedCertificate) -> dict[str, Any]:
    return {"sha256": certificate.sha256, "pem": pem_text(certificate.der)}


def _pin(digest: str, roles: Mapping[str, RoleSettings]) -> dict[str, Any]:
    return {
        "id": _pin_id(digest),
        "party": "any",
        "cert_sha256": digest,
        "roles": [role.value for role in Role if role in roles and digest in roles[role].pins],
        "valid": {"from": None, "until": None},
    }


def _anchor_id(certificate: ListedCertificate) -> str:
    """For people the common name, and for certain the digest."""
    name = certificate.subject_text.split(",")[0].removeprefix("CN=")
    slug = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    return f"{slug or 'ca'}-{certificate.sha256[:12]}"


def _pin_id(digest: str) -> str:
    return f"pin-{digest}"


def _sorted(certificates: Iterable[ListedCertificate]) -> list[ListedCertificate]:
    return sorted(certificates, key=lambda each: each.sha256)
