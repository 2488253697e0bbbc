# SPDX-License-Identifier: Apache-2.0
"""Reads a domain's identifier rules from its profile."""

from registry.domains.section import Section
from registry.identifiers.rules import ON_CHECK_DIGITS, IdentifierRules, KindRules, SchemeRule, TransportProfileRule

LENGTHS = range(1, 2001)


def read_identifier_rules(section: Section, transport_profiles: tuple[str, ...]) -> IdentifierRules:
    """From the section `identifiers`; complains there. Rules are strict where nothing else is said."""
    profile = section.section("transport_profile")
    return IdentifierRules(
        participant=_read_kind(section.section("participant"), max_length=135, case_sensitive=False),
        document_type=_read_kind(section.section("document_type"), max_length=500, case_sensitive=True),
        process=_read_kind(section.section("process"), max_length=200, case_sensitive=True),
        transport_profile=TransportProfileRule(
            max_length=profile.number("max_length", TransportProfileRule().max_length, LENGTHS),
            allowed=transport_profiles,
            clause=profile.text("clause"),
        ),
        strict=section.flag("strict", default=True),
        check_digits=section.choice("check_digits", "warn", ON_CHECK_DIGITS),
    )


def _read_kind(section: Section, *, max_length: int, case_sensitive: bool) -> KindRules:
    other = SchemeRule("", case_sensitive, max_length)
    schemes = section.section("schemes").sections()
    return KindRules(
        schemes={scheme: _read_rule(scheme, rule, other) for scheme, rule in schemes.items()},
        other=_read_rule("", section.section("other"), other),
        allow_no_scheme=section.flag("allow_no_scheme", default=False),
    )


def _read_rule(scheme: str, section: Section, default: SchemeRule) -> SchemeRule:
    return SchemeRule(
        scheme=scheme,
        case_sensitive=section.flag("case_sensitive", default=default.case_sensitive),
        max_length=section.number("max_length", default.max_length, LENGTHS),
        pattern=section.pattern("pattern"),
        clause=section.text("clause"),
        form=section.text("form"),
    )
