# SPDX-License-Identifier: Apache-2.0
"""What certificates of authorities allow by themselves, what is left of it by the controls of an anchor, and what
changes where one generation of an authority replaces another.

A generation is known by its name: `PEPPOL ACCESS POINT CA - G2` and `- G3` differ in a number only. Whether somebody
replaced the one by the other is for people to say; what its certificate would newly allow stands in the bytes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from trust_lists.certificates.algorithms import key_kind
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import name_text
from trust_lists.certificates.path_extensions import GeneralName, path_extensions
from trust_lists.errors import CertificateError, shown
from trust_lists.evaluation.comparison.effects import effect_of
from trust_lists.evaluation.comparison.model import Difference, Effect, Kind
from trust_lists.evaluation.comparison.naming import reference_name
from trust_lists.evaluation.trust_configuration.model import (
    Anchor,
    AnchorKind,
    CertificateReference,
    Json,
    TrustConfiguration,
)
from trust_lists.instants import write_instant

_NUMBER = re.compile(r"(?:\b[gvr])?[0-9]+(?:\b|$)")
_ANYTHING_ELSE = re.compile(r"[\W_]+")
_KEYS = {
    "path_len": "path_len",
    "policies": "policies",
    "require_explicit_policy": "certificates until a policy is required",
    "inhibit_policy_mapping": "certificates until mappings end",
    "inhibit_any_policy": "certificates until any policy ends",
    "permitted": "permitted names",
    "excluded": "excluded names",
    "since": "valid from",
    "until": "valid until",
    "key": "key",
}
"""The limits in words, in the order in which they are told."""
_MEANING = {
    "since": "from",
    # of certificates these are counts, not flags: the fewer, the narrower
    **dict.fromkeys(("require_explicit_policy", "inhibit_policy_mapping", "inhibit_any_policy"), "path_len"),
}
"""Under which key of the format the meaning of a limit stands."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an authority may do; None is no bound (RFC 5280 §4.2.1.9 to §4.2.1.14)."""

    path_len: int | None
    """How many authorities may stand below it."""
    policies: tuple[str, ...] | None
    require_explicit_policy: int | None
    """How many certificates may still come until it holds; as the next two."""
    inhibit_policy_mapping: int | None
    inhibit_any_policy: int | None
    permitted: tuple[str, ...] | None
    excluded: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    key: str
    """`rsa of 4096 bits`, `p256`; "" where it can't be read."""

    def tree(self) -> dict[str, Json]:
        """In values of JSON."""
        return {
            "path_len": self.path_len,
            "policies": None if self.policies is None else list(self.policies),
            "require_explicit_policy": self.require_explicit_policy,
            "inhibit_policy_mapping": self.inhibit_policy_mapping,
            "inhibit_any_policy": self.inhibit_any_policy,
            "permitted": None if self.permitted is None else list(self.permitted),
            "excluded": list(self.excluded),
            "since": write_instant(self.since) if self.since else None,
            "until": write_instant(self.until) if self.until else None,
            "key": self.key,
        }


@dataclass(frozen=True, slots=True)
class Succession:
    """An authority of A and one of B that differ in their generation, and what that changes."""

    before: str
    """Its key path in A."""
    after: str
    """Its key path in B."""
    before_name: str
    after_name: str
    stays: bool
    """Whether B has the older one too, or A the newer one."""
    certificate: tuple[Difference, ...]
    """What the newer certificate itself says differently."""
    effective: tuple[Difference, ...]
    """What is different by the certificate and the controls together; () of intermediates, which have none."""

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        return {
            "before": {"path": self.before, "name": self.before_name},
            "after": {"path": self.after, "name": self.after_name},
            "both_stay": self.stays,
            "certificate": [each.to_json() for each in self.certificate],
            "effective": [each.to_json() for each in self.effective],
        }


def certificate_limits(certificate: ListedCertificate) -> Limits:
    """What a certificate says by itself. What can't be read is no limit here: the engine refuses such an anchor."""
    found = path_extensions(certificate.der)
    since, until = _dates(certificate)
    return Limits(
        path_len=found.path_length,
        policies=None if found.policies is None else tuple(sorted(found.policies)),
        require_explicit_policy=found.require_explicit_policy,
        inhibit_policy_mapping=found.inhibit_policy_mapping,
        inhibit_any_policy=found.inhibit_any_policy,
        permitted=tuple(sorted(map(subtree_text, found.constraints.permitted))) or None,
        excluded=tuple(sorted(map(subtree_text, found.constraints.excluded))),
        since=since,
        until=until,
        key=_key(certificate),
    )


def effective_limits(anchor: Anchor, certificate: ListedCertificate) -> Limits:
    """What is left of it by the controls of an anchor (RFC 5914, RFC 5937); of `key+name` only the controls count."""
    own, controls, period = certificate_limits(certificate), anchor.controls, anchor.trusted
    counts = anchor.kind is AnchorKind.CA
    policies, permitted = controls.policies, controls.permitted
    if counts and own.policies is not None:
        policies = own.policies if policies is None else tuple(sorted(set(policies) & set(own.policies)))
    if counts and own.permitted is not None:
        permitted = (*(permitted or ()), *own.permitted)
    return Limits(
        path_len=_least(controls.path_len, own.path_len if counts else None),
        policies=policies,
        require_explicit_policy=_flag(controls.require_explicit_policy, own.require_explicit_policy, counts),
        inhibit_policy_mapping=_flag(controls.inhibit_policy_mapping, own.inhibit_policy_mapping, counts),
        inhibit_any_policy=_flag(controls.inhibit_any_policy, own.inhibit_any_policy, counts),
        permitted=permitted,
        excluded=(*controls.excluded, *(own.excluded if counts else ())),
        since=max((each for each in (period.since, own.since if counts else None) if each), default=None),
        until=min((each for each in (period.until, own.until if counts else None) if each), default=None),
        key=own.key,
    )


def successions(a: TrustConfiguration, b: TrustConfiguration) -> tuple[Succession, ...]:
    """Authorities of A and B that are generations of one another, where not both have both; the anchors first."""
    return (*_of_anchors(a, b), *_of_intermediates(a, b))


def _of_anchors(a: TrustConfiguration, b: TrustConfiguration) -> Iterator[Succession]:
    of_a, of_b = ({each.cert.sha256 for each in every.stores.anchors} for every in (a, b))
    for old in a.stores.anchors:
        for new in b.stores.anchors:
            if _generations(old.cert, new.cert, of_a, of_b) and old.cert.certificate and new.cert.certificate:
                paths = (f"stores.anchors.{old.id}", f"stores.anchors.{new.id}")
                effective = tuple(
                    _limits_changed(
                        paths,
                        effective_limits(old, old.cert.certificate),
                        effective_limits(new, new.cert.certificate),
                        "effective",
                    )
                )
                yield _succession(old.cert, new.cert, paths, effective, stays=_stays(old.cert, new.cert, of_a, of_b))


def _of_intermediates(a: TrustConfiguration, b: TrustConfiguration) -> Iterator[Succession]:
    of_a, of_b = ({each.sha256 for each in every.stores.intermediates} for every in (a, b))
    for old in a.stores.intermediates:
        for new in b.stores.intermediates:
            if _generations(old, new, of_a, of_b) and old.certificate and new.certificate:
                paths = (f"stores.intermediates.{old.sha256}", f"stores.intermediates.{new.sha256}")
                yield _succession(old, new, paths, (), stays=_stays(old, new, of_a, of_b))


def _generations(old: CertificateReference, new: CertificateReference, of_a: set[str], of_b: set[str]) -> bool:
    if old.sha256 == new.sha256 or (old.sha256 in of_b and new.sha256 in of_a):
        return False
    one, other = stem(old.certificate), stem(new.certificate)
    return bool(one) and one == other


def _stays(old: CertificateReference, new: CertificateReference, of_a: set[str], of_b: set[str]) -> bool:
    return old.sha256 in of_b or new.sha256 in of_a


def stem(certificate: ListedCertificate | None) -> str:
    """The subject without the numbers in it; "" where there is no certificate, or it has no subject."""
    if certificate is None:
        return ""
    return _ANYTHING_ELSE.sub(" ", _NUMBER.sub(" ", certificate.subject_text.casefold())).strip()


def _succession(
    old: CertificateReference,
    new: CertificateReference,
    paths: tuple[str, str],
    effective: tuple[Difference, ...],
    *,
    stays: bool,
) -> Succession:
    one, other = old.certificate, new.certificate
    own = (
        tuple(_limits_changed(paths, certificate_limits(one), certificate_limits(other), "cert"))
        if one and other
        else ()
    )
    return Succession(*paths, reference_name(old), reference_name(new), stays, own, effective)


def _limits_changed(paths: tuple[str, str], before: Limits, after: Limits, where: str) -> Iterator[Difference]:
    one, other = before.tree(), after.tree()
    for key, words in _KEYS.items():
        if one[key] == other[key]:
            continue
        effect = effect_of((_MEANING.get(key, key),), one[key], other[key])
        path = f"{paths[1]}.{where}.{key}"
        told = f"{words} {_shown(one[key])} -> {_shown(other[key])}"
        yield Difference(path, Kind.CHANGED, one[key], other[key], effect, told)


def _shown(value: Json) -> str:
    if value is None:
        return "none"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def widening(found: Succession) -> tuple[Difference, ...]:
    """What the newer certificate allows beyond the older one, but for its time."""
    return tuple(
        each
        for each in found.certificate
        if each.effect is Effect.WIDENS and not each.path.endswith((".since", ".until"))
    )


def subtree_text(base: GeneralName) -> str:
    """The base of a subtree as a configuration writes it; of other forms, their number and bytes."""
    match base.kind:
        case 1 | 2 | 6:
            form = {1: "email", 2: "dns", 6: "uri"}[base.kind]
            return f"{form}:{shown(base.value.decode('latin-1'))}"
        case 4:
            return f"directory:{shown(name_text(base.value))}"
        case 7 if len(base.value) in {8, 32}:
            half = len(base.value) // 2
            network, mask = (ip_address(part) for part in (base.value[:half], base.value[half:]))
            return f"ip:{network}/{int(mask).bit_count()}"
    return f"{base.kind}:{base.value.hex()}"


def _dates(certificate: ListedCertificate) -> tuple[datetime | None, datetime | None]:
    try:
        return certificate.slices.dates if certificate.slices else (None, None)
    except CertificateError:
        return None, None


def _key(certificate: ListedCertificate) -> str:
    try:
        return str(key_kind(certificate.key))
    except CertificateError:
        return ""


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _flag(demanded: bool, stated: int | None, counts: bool) -> int | None:
    """The flags of RFC 5914 hold at once."""
    return 0 if demanded else stated if counts else None
