# SPDX-License-Identifier: Apache-2.0
"""Sub-domains of the admin service as domains: what their fields are in settings, and the opposite.

A sub-domain's name is the DNS zone of a domain, so names of participants end with it as they do in DomiSML. What our
settings can't say is refused rather than left aside (docs/conformance/sml.md).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping
from registry.domains.section import merge
from registry.domains.trust_settings import DomainTrust
from registry.errors import ConflictError, Reason, ValidationError
from registry.identifiers.text import ascii_lower
from registry.sml.admin_model import SubDomain

ROLE: Final = "sml-client"
_ANY_PARTICIPANT: Final = "^.*$"
_URL_SCHEMES: Final[Mapping[str, tuple[str, ...]]] = {"http": ("http",), "https": ("https",), "all": ("http", "https")}
_WHOLE: Final = ("^(?:", ")$")
_NOBODY: Final[Mapping[str, object]] = {
    "anchors": [],
    "intermediates": [],
    "pins": [],
    "subject_patterns": [],
    "key_usage": [],
    "on_untrusted": "refuse",
}


def zone_of(name: str) -> str:
    """The zone that a sub-domain's name, or any name of a zone, means: without case, and without a dot at the end."""
    return ascii_lower(name.strip()).removesuffix(".")


def settings_of(wanted: SubDomain, domain: Domain) -> dict[str, Any]:
    """The settings to lay over those of `domain` so that it is as wanted.

    Raises ValidationError with everything that can't be; ConflictError for rules of subjects where the domain's trust
    model says whom it lets in.
    """
    reasons = []
    settings: dict[str, Any] = {}
    sml: dict[str, Any] = {}
    if wanted.description is not None:
        settings["summary"] = wanted.description
    if wanted.participants is not None:
        settings["identifiers"] = _participants(wanted.participants, domain)
    if wanted.records is not None:
        if ascii_lower(wanted.records) not in {"naptr", "all"}:
            reasons.append(_reason("DNSRecordType", "naptr or all; each participant has a NAPTR record here"))
        settings["dns"] = {"legacy_cname": ascii_lower(wanted.records) == "all"}
    if wanted.url_schemes is not None:
        schemes = _URL_SCHEMES.get(ascii_lower(wanted.url_schemes))
        if schemes is None:
            reasons.append(_reason("SmpUrlScheme", "http, https or all"))
        sml["url_schemes"] = list(schemes or ())
    if wanted.policies is not None:
        reasons.append(
            _reason("CertPolicyOIDs", "said by a trust model: registry domain change --set trust.model_file")
        )
    if wanted.subjects is not None:
        # DomiSML wants the whole subject to match, a setting is searched in it.
        settings["trust"] = trust_settings(domain, subject_patterns=[wanted.subjects.join(_WHOLE)])
    sml |= {
        name: value
        for name in ("max_participants", "max_participants_per_publisher")
        if (value := getattr(wanted, name)) is not None
    }
    if reasons:
        raise ValidationError(reasons)
    return {**settings, "sml": sml} if sml else settings


def made_after(model: Domain, wanted: SubDomain) -> dict[str, Any]:
    """All settings of a new domain with the rules and name servers of another one; nobody is let in yet.

    Raises as `settings_of`, and ValidationError where the sub-domain isn't in the zone that the request names.
    """
    zone, named = zone_of(wanted.name), zone_of(wanted.zone or wanted.name)
    if zone != named and not zone.endswith(f".{named}"):
        raise ValidationError([_reason("DNSZone", f"{zone} itself, or a zone above it")])
    settings = domain_to_mapping(model)
    own = {
        "name": zone.replace(".", "-")[:63].strip("-"),
        "title": zone,
        "summary": "",
        "default": False,
        "trust": {"configuration": None, ROLE: dict(_NOBODY)},
        "smp": {"base_url": "", "smp_id": ""},
        "dns": {"zone": zone, "hostmaster": f"hostmaster.{zone}"},
        "sml": {
            "enabled": True,
            "max_participants": 0,
            "max_participants_per_publisher": 0,
            "wildcard_owners": None,  # they are SMPs of the other domain
        },
    }
    kept = {key: value for key, value in settings.items() if key not in {"profile", "environments", "notes", "sources"}}
    return merge(merge(kept | {"trust": {}}, own), settings_of(wanted, replace(model, trust=DomainTrust())))


def shown(domain: Domain) -> SubDomain:
    """A domain as a sub-domain."""
    schemes = set(domain.sml.url_schemes)
    patterns = domain.trust.role(ROLE).subject_patterns
    return SubDomain(
        name=domain.dns.zone,
        description=(domain.summary or domain.title)[:1024],
        zone=domain.dns.zone,
        participants=_pattern_of(domain),
        records="all" if domain.dns.legacy_cname else "naptr",
        url_schemes=next(name for name, known in _URL_SCHEMES.items() if set(known) == schemes),
        subjects="|".join(map(_unwrapped, patterns)) or None,
        max_participants=domain.sml.max_participants or None,
        max_participants_per_publisher=domain.sml.max_participants_per_publisher or None,
    )


def trust_settings(domain: Domain, **lists: object) -> dict[str, Any]:
    """Settings of trust with other lists for the role of SML clients.

    Raises ConflictError where a trust model says who is accepted, since that isn't a list to be added to.
    """
    if domain.trust.configuration is not None:
        raise ConflictError(
            f"whom the sub-domain {domain.dns.zone} lets in is said by its trust model; change that by "
            f"`registry domain change {domain.name}` or REST"
        )
    return {ROLE: lists}


def _participants(pattern: str, domain: Domain) -> dict[str, Any]:
    """The rules of identifiers with one pattern for the values of every scheme."""
    found = "" if pattern in {_ANY_PARTICIPANT, ".*", "*"} else pattern
    rule = {"pattern": found, "form": "", "clause": ""}
    schemes = dict.fromkeys(domain.identifiers.participant.schemes, rule)
    rules: dict[str, Any] = {"participant": {"schemes": schemes, "other": rule}}
    # Only strict domains ask for patterns.
    return {**rules, "strict": True} if found else rules


def _pattern_of(domain: Domain) -> str:
    """One pattern for the values of all schemes, since a sub-domain has but one."""
    if not domain.identifiers.strict:
        return _ANY_PARTICIPANT
    kinds = domain.identifiers.participant
    patterns = dict.fromkeys(rule.pattern for rule in (*kinds.schemes.values(), kinds.other))
    known = [pattern for pattern in patterns if pattern]
    if len(known) < len(patterns):
        return _ANY_PARTICIPANT
    found = known[0] if len(known) == 1 else "|".join(f"(?:{pattern})" for pattern in known)
    return found if len(found) <= 1024 else _ANY_PARTICIPANT


def _unwrapped(pattern: str) -> str:
    return pattern.removeprefix(_WHOLE[0]).removesuffix(_WHOLE[1]) if pattern.startswith(_WHOLE[0]) else pattern


def _reason(element: str, wanted: str) -> Reason:
    return Reason("SML-SUB-DOMAIN", f"{element} is {wanted}", "ICD 1.30 SubDomainType")
