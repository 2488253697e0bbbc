# SPDX-License-Identifier: Apache-2.0
"""Whether another value at a key path lets more certificates pass, or fewer: the meaning of each key, as data.

What stands in a table is about keys of the format (`trust_configuration.format`); a key that isn't there changes
something that can't be told from the values alone.
"""

from collections.abc import Callable, Mapping

from trust_lists.evaluation.comparison.model import Effect
from trust_lists.evaluation.trust_configuration.forms import ANY, Duration
from trust_lists.evaluation.trust_configuration.model import Json
from trust_lists.strict_json import canonical_json

_DURATION = Duration(zero=True)
_Order = Callable[[Json, Json], bool]
"""Whether the second value lets everything pass that the first one does."""


def effect_of(path: tuple[str, ...], before: Json, after: Json) -> Effect:
    """What it means that `after` stands at a path where `before` stood; the path has the keys without numbers."""
    order = _ORDERS.get(".".join(path[-2:])) or _ORDERS.get(path[-1])
    if order is None:
        return Effect.CHANGES
    wider, narrower = order(before, after), order(after, before)
    if wider is narrower:
        return Effect.CHANGES
    found = Effect.WIDENS if wider else Effect.NARROWS
    return turned(path, found)


def turned(path: tuple[str, ...], effect: Effect) -> Effect:
    """The effect on the role of what happens inside of an expression: a `not` turns it round."""
    return effect.mirrored if path.count("not") % 2 else effect


def _unlimited(value: Json) -> bool:
    return value is None or value == ANY


def _amount(value: Json) -> int | str:
    """Numbers and durations as numbers, instants as their text, which sorts by time."""
    if isinstance(value, str) and value.startswith("P"):
        return int(_DURATION.build(value).total_seconds())
    return value if isinstance(value, int | str) else 0


def _upper(before: Json, after: Json) -> bool:
    """The greater, the wider."""
    return _unlimited(after) or (not _unlimited(before) and _below(_amount(before), _amount(after)))


def _lower(before: Json, after: Json) -> bool:
    """The greater, the narrower."""
    return _unlimited(after) or (not _unlimited(before) and _below(_amount(after), _amount(before)))


def _below(one: int | str, other: int | str) -> bool:
    """Whether it is at most the other; numbers and texts can't be compared."""
    if isinstance(one, int) and isinstance(other, int):
        return one <= other
    return isinstance(one, str) and isinstance(other, str) and one <= other


def _members(value: Json) -> set[str]:
    found = value if isinstance(value, list) else list(value.items()) if isinstance(value, dict) else []
    return {canonical_json(list(each) if isinstance(each, tuple) else each) for each in found}


def _more(before: Json, after: Json) -> bool:
    """The more members, the wider; `any` has all."""
    return _unlimited(after) or (not _unlimited(before) and _members(before) <= _members(after))


def _fewer(before: Json, after: Json) -> bool:
    """The more members, the narrower."""
    return _unlimited(after) or (not _unlimited(before) and _members(after) <= _members(before))


def _keys(before: Json, after: Json) -> bool:
    """As `_more`, where `rsa>=2048` includes all that is larger."""
    return _more(_with_larger(before), _with_larger(after))


def _with_larger(value: Json) -> Json:
    if not isinstance(value, list):
        return value
    sizes = (1024, 2048, 3072, 4096, 8192)
    least = min((int(str(each)[5:]) for each in value if str(each).startswith("rsa>=")), default=sizes[-1] + 1)
    larger: list[Json] = [f"rsa>={size}" for size in sizes if size >= least]
    return [*(each for each in value if not str(each).startswith("rsa>=")), *larger]


def _ranked(*ranks: tuple[Json, ...]) -> _Order:
    """Words from narrow to wide; those of one rank can't be compared."""
    known = {canonical_json(word): at for at, words in enumerate(ranks) for word in words}

    def order(before: Json, after: Json) -> bool:
        one, other = (known.get(canonical_json(each)) for each in (before, after))
        return one is not None and other is not None and (one < other or before == after)

    return order


_STRICT, _LAX = _ranked((True,), (False,)), _ranked((False,), (True,))
_ANSWER = _ranked(("reject",), ("accept",))
_REVOCATION = _ranked(
    ("crl_and_ocsp_required",),
    ("crl_required", "ocsp_required"),
    ("crl_or_ocsp_required",),
    ("check_if_declared",),
    ("no_check",),
)


def _section(before: Json, after: Json) -> bool:
    """A rule that is there, or `any` in its place."""
    return _unlimited(after) and not _unlimited(before)


_ORDERS: Mapping[str, _Order] = {
    **dict.fromkeys(("path_len", "max_path", "max_path_length", "max_lifetime", "max_age", "freshness"), _upper),
    **dict.fromkeys(("clock_skew", "until", "for_certs_issued_before"), _upper),
    **dict.fromkeys(("from", "least"), _lower),
    **dict.fromkeys(("require_explicit_policy", "inhibit_policy_mapping", "inhibit_any_policy"), _STRICT),
    "issuer_must_be_anchor": _STRICT,
    **dict.fromkeys(("retroactive", "pivots"), _LAX),
    **dict.fromkeys(("permitted", "any", "hashes", "territories", "service_types", "statuses", "entities"), _more),
    **dict.fromkeys(("uses", "signers", "roles", "to", "in", "pin", "saml_metadata", "openid_federation"), _more),
    "list.match": _ranked(("path", "identity"), ("either",)),
    "algorithms.keys": _keys,
    "policies": _more,
    **dict.fromkeys(("excluded", "all", "none", "match", "bind"), _fewer),
    **dict.fromkeys(("spki_sha256", "cert_sha256", "issuer_serial"), _fewer),
    **dict.fromkeys(("absent", "any_eku", "after_expiry"), _ANSWER),
    "on_expired": _ranked(("reject",), ("warn",)),
    "on_unknown": _ranked(("reject", "indeterminate"), ("accept",)),
    "as": _ranked(("end-entity",), ("ca",), ("key+name",)),
    "endpoint_certificate": _ranked(("pin",), ("hint",), ("anchor",)),
    **dict.fromkeys(("leaf", "intermediates"), _REVOCATION),
    **dict.fromkeys(("key_usage", "eku", "algorithms", "subject", "qualified", "party"), _section),
}
