# SPDX-License-Identifier: Apache-2.0
"""The rules of a `ValidatorRecipe` about the certificate itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import ConfigurationError, shown
from trust_lists.evaluation.trust_configuration.importers.building import OPEN_LEAF
from trust_lists.evaluation.trust_configuration.importers.recipe_buckets import place, tag
from trust_lists.evaluation.trust_configuration.model import (
    Answer,
    KeyUsageRule,
    LeafRule,
    PolicyRule,
    SubjectRule,
    Usage,
)

_USAGES = {each.name: each for each in Usage}
"""Both name them as Java's constants are written."""
_ATTRIBUTES = {
    **{each.lower(): each for each in ("CN", "OU", "O", "L", "ST", "C", "DC", "UID")},
    "serialnumber": "serialNumber",
}


_OIDS = {"cn": "2.5.4.3", "serialnumber": "2.5.4.5", "c": "2.5.4.6", "l": "2.5.4.7", "st": "2.5.4.8"} | {
    "o": "2.5.4.10",
    "ou": "2.5.4.11",
}


@dataclass(frozen=True, slots=True)
class IssuerRule:
    """The issuer's name has one of these values of an attribute."""

    oid: str
    values: frozenset[str]
    place: str

    def fits(self, authority: ListedCertificate) -> bool:
        """Whether what this authority issues has such an issuer."""
        return bool(self.values & set(authority.subject_values(self.oid)))


def issuer(rule: etree._Element) -> IssuerRule:
    """A rule about the issuer's name. Raises ConfigurationError for what can't be said."""
    field = (rule.get("field") or "").lower()
    values = frozenset(each.text or "" for each in rule if tag(each) == "Value")
    if field not in _OIDS or not values or len(values) != len(rule):
        raise ConfigurationError((f"a rule about {shown(field) or 'the whole name'} of issuers can't be said",))
    return IssuerRule(_OIDS[field], values, place(rule))


def key_usage(rule: etree._Element) -> LeafRule:
    """Exactly these bits, as the original compares them. Raises ConfigurationError."""
    named = [(each.text or "").strip() for each in rule if tag(each) == "Identifier"]
    unknown = [each for each in named if each not in _USAGES]
    if unknown or len(named) != len(rule):
        raise ConfigurationError((f"{shown(', '.join(unknown) or 'an extension')} is no key usage",))
    wanted = {_USAGES[each] for each in named}
    required = tuple(each for each in Usage if each in wanted)
    forbidden = tuple(each for each in Usage if each not in wanted)
    return replace(OPEN_LEAF, key_usage=KeyUsageRule(required, forbidden, Answer.REJECT))


def names(rule: etree._Element) -> LeafRule:
    """One of these values of an attribute of the subject. Raises ConfigurationError for what can't be said."""
    field = (rule.get("field") or "").lower()
    values = [each.text or "" for each in rule if tag(each) == "Value"]
    reasons = []
    if field not in _ATTRIBUTES:
        reasons.append(f"a rule about {shown(field) or 'the whole name'} can't be said")
    if not values or len(values) != len(rule):
        reasons.append("its values come from program code")
    if reasons:
        raise ConfigurationError(tuple(reasons))
    pattern = "|".join(map(re.escape, values))
    return replace(OPEN_LEAF, subject=SubjectRule(match={_ATTRIBUTES[field]: pattern}, bind={}))


def policies(oids: Sequence[str]) -> LeafRule:
    """One of these policies, demanded on the whole path."""
    wanted = tuple(dict.fromkeys(oids))
    rule = PolicyRule(wanted, require_explicit_policy=True, inhibit_policy_mapping=False, inhibit_any_policy=False)
    return replace(OPEN_LEAF, policies=rule)
