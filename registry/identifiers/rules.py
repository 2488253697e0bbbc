# SPDX-License-Identifier: Apache-2.0
"""A domain's rules for identifiers: what is well-formed, and which spellings are the same identifier.

Two strengths. A *strict* domain asks for all that its network's policy says. A *lax* one only refuses what would
break a wire format (URL, DNS name, XML), because real registrations break policies. Letter case is a matter of the
scheme and does not depend on the strength; scheme names themselves always have case (PFUOI 4.4.0 POLICY 2).

Reason ids begin with the kind: PARTICIPANT-, DOCUMENT-TYPE-, PROCESS-, TRANSPORT-PROFILE-.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from registry.errors import Reason
from registry.identifiers.check_digits import check_digit_reason
from registry.identifiers.code_lists import CodeList, CodeListEntry, Kind, State
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ISO6523, ParticipantIdentifier, is_ebcore
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.scheme_value import SEPARATOR, SchemedIdentifier
from registry.identifiers.text import ascii_lower, first_unfit, shorten
from registry.identifiers.wildcard import STAR, validate_wildcard

MAX_SCHEME_LENGTH = 200
OnCheckDigits = Literal["refuse", "warn", "off"]
ON_CHECK_DIGITS: tuple[OnCheckDigits, ...] = ("refuse", "warn", "off")


@dataclass(frozen=True, slots=True)
class SchemeRule:
    """What the values of one scheme are like."""

    scheme: str
    case_sensitive: bool
    max_length: int
    """In characters, without the scheme."""
    pattern: str | None = None
    """A regular expression that the whole value matches, in strict domains."""
    clause: str = ""
    form: str = ""
    """The pattern in words, for messages."""


@dataclass(frozen=True, slots=True)
class KindRules:
    """The schemes that a domain uses for one kind of identifier, and what holds for any other scheme."""

    schemes: Mapping[str, SchemeRule]
    other: SchemeRule
    allow_no_scheme: bool = False
    """Whether an identifier may be a value alone, as SMP 2.0 permits."""

    def rule(self, scheme: str) -> SchemeRule:
        """The rule of a scheme, known or not."""
        return self.known(scheme) or self.other

    def known(self, scheme: str) -> SchemeRule | None:
        """The rule of a scheme that the domain names; an ebCore scheme is named without the code of its agency, too."""
        found = self.schemes.get(scheme)
        if found is None and is_ebcore(scheme):
            found = self.schemes.get(scheme.rpartition(":")[0])
        return found

    @property
    def any_case_sensitive(self) -> bool:
        """Whether there is a scheme in which letter case tells identifiers apart."""
        return any(rule.case_sensitive for rule in (*self.schemes.values(), self.other))


@dataclass(frozen=True, slots=True)
class TransportProfileRule:
    """Which transport profiles endpoints may have; `allowed` empty means any."""

    max_length: int = 50
    allowed: tuple[str, ...] = ()
    clause: str = ""


@dataclass(frozen=True, slots=True)
class IdentifierRules:
    """All rules of a domain. `validate_*` return every reason at once, `*_key` never refuse."""

    participant: KindRules
    document_type: KindRules
    process: KindRules
    transport_profile: TransportProfileRule
    strict: bool
    code_lists: Mapping[Kind, CodeList] = field(default_factory=dict)
    check_digits: OnCheckDigits = "warn"
    """What is done about a number with wrong check digits, where the imported code list states the rule for its agency.

    Real networks have such numbers, test participants above all, and Peppol's policy doesn't ask for more."""

    def with_code_lists(self, *lists: CodeList) -> Self:
        """The same rules; in strict domains they also ask for codes that are listed and active."""
        return replace(self, code_lists={**self.code_lists, **{item.kind: item for item in lists}})

    def participant_key(self, identifier: ParticipantIdentifier) -> str:
        """The value, lower-cased where case means nothing: equal for all spellings of one identifier."""
        return _key(self.participant, identifier)

    def document_type_key(self, identifier: DocumentTypeIdentifier) -> str:
        """As `participant_key`."""
        return _key(self.document_type, identifier)

    def process_key(self, identifier: ProcessIdentifier) -> str:
        """As `participant_key`."""
        return _key(self.process, identifier)

    def same_participant(self, one: ParticipantIdentifier, other: ParticipantIdentifier) -> bool:
        """Whether both are spellings of the same identifier."""
        return _same(self.participant, one, other)

    def same_document_type(self, one: DocumentTypeIdentifier, other: DocumentTypeIdentifier) -> bool:
        """As `same_participant`."""
        return _same(self.document_type, one, other)

    def same_process(self, one: ProcessIdentifier, other: ProcessIdentifier) -> bool:
        """As `same_participant`."""
        return _same(self.process, one, other)

    def validate_participant(
        self, identifier: ParticipantIdentifier, *, allow_wildcard_participant: bool = False
    ) -> tuple[Reason, ...]:
        """Why a participant identifier can't be used; empty when it can.

        `allow_wildcard_participant` is for the SML, the only place where the value `*` means something.
        """
        if identifier.is_wildcard and allow_wildcard_participant:
            return tuple(self._scheme_reasons(Kind.PARTICIPANT, identifier, self.participant))
        reasons = self._reasons(Kind.PARTICIPANT, identifier, self.participant)
        if identifier.is_wildcard:
            message = "the participant * means all of a scheme and can't be a participant itself"
            reasons.append(Reason("PARTICIPANT-WILDCARD", message))
        if not (identifier.scheme + identifier.value).isascii():
            message = f"{shorten(str(identifier))} is not US-ASCII"
            reasons.append(Reason("PARTICIPANT-ASCII", message, "PFUOI 4.4.0 POLICY 1"))
        if self.strict and (codes := self.code_lists.get(Kind.PARTICIPANT)):
            icd, _ = identifier.agency or (identifier.value.partition(":")[0], "")
            scheme = ISO6523 if identifier.agency else identifier.scheme
            reasons += _state_reasons(Kind.PARTICIPANT, icd, codes.entry(scheme, icd))
        if self.check_digits == "refuse" and (wrong := self._wrong_check_digits(identifier)):
            reasons.append(wrong)
        return tuple(reasons)

    def participant_warnings(self, identifier: ParticipantIdentifier) -> tuple[Reason, ...]:
        """What speaks against a participant identifier without making it unusable."""
        wrong = self._wrong_check_digits(identifier) if self.check_digits == "warn" else None
        return () if wrong is None else (wrong,)

    def validate_document_type(self, identifier: DocumentTypeIdentifier) -> tuple[Reason, ...]:
        """Why a document type identifier can't be used; empty when it can."""
        reasons = self._reasons(Kind.DOCUMENT_TYPE, identifier, self.document_type)
        if self.strict and identifier.is_wildcard:
            reasons += validate_wildcard(identifier.value)
        if self.strict and (codes := self.code_lists.get(Kind.DOCUMENT_TYPE)):
            reasons += _document_type_state_reasons(identifier, codes)
        return tuple(reasons)

    def validate_process(self, identifier: ProcessIdentifier) -> tuple[Reason, ...]:
        """Why a process identifier can't be used; empty when it can."""
        reasons = self._reasons(Kind.PROCESS, identifier, self.process)
        if self.strict and (codes := self.code_lists.get(Kind.PROCESS)):
            entry = codes.entry(identifier.scheme, identifier.value)
            reasons += _state_reasons(Kind.PROCESS, identifier.value, entry)
        return tuple(reasons)

    def validate_transport_profile(self, transport_profile: str) -> tuple[Reason, ...]:
        """Why an endpoint can't have this transport profile; empty when it can. Letter case counts."""
        rule = self.transport_profile
        reasons = _text_reasons(Kind.TRANSPORT_PROFILE, transport_profile, rule.max_length, rule.clause)
        if rule.allowed and transport_profile not in rule.allowed:
            message = f"{shorten(transport_profile)} is none of the transport profiles {', '.join(rule.allowed)}"
            reasons.append(_reason(Kind.TRANSPORT_PROFILE, "NOT-ALLOWED", message, rule.clause))
        if self.strict and (codes := self.code_lists.get(Kind.TRANSPORT_PROFILE)):
            entry = codes.entry("", transport_profile)
            reasons += _state_reasons(Kind.TRANSPORT_PROFILE, transport_profile, entry)
        return tuple(reasons)

    def _wrong_check_digits(self, identifier: ParticipantIdentifier) -> Reason | None:
        codes = self.code_lists.get(Kind.PARTICIPANT)
        if not self.strict or codes is None or identifier.agency is None:
            return None
        icd, number = identifier.agency
        entry = codes.entry(ISO6523, icd)
        return check_digit_reason(icd, number) if entry is not None and entry.check_digits else None

    def _reasons(self, kind: Kind, identifier: SchemedIdentifier, rules: KindRules) -> list[Reason]:
        rule = rules.rule(identifier.scheme)
        reasons = self._scheme_reasons(kind, identifier, rules)
        reasons += _text_reasons(kind, identifier.value, rule.max_length, rule.clause)
        if self.strict and rule.pattern and not re.fullmatch(rule.pattern, identifier.value, re.ASCII):
            message = f"{shorten(identifier.value)} is not of the form {rule.form or rule.pattern}"
            reasons.append(_reason(kind, "FORM", message, rule.clause))
        return reasons

    def _scheme_reasons(self, kind: Kind, identifier: SchemedIdentifier, rules: KindRules) -> list[Reason]:
        scheme = identifier.scheme
        shown = shorten(scheme)
        if not scheme:
            if rules.allow_no_scheme or (kind is Kind.PROCESS and not self.strict):
                return []
            return [_reason(kind, "SCHEME-EMPTY", f"the {kind} has no scheme", rules.other.clause)]
        if first_unfit(scheme) or SEPARATOR in scheme or scheme.endswith(":") or len(scheme) > MAX_SCHEME_LENGTH:
            message = (
                f"the scheme {shown} of the {kind} is longer than {MAX_SCHEME_LENGTH} characters "
                f"or has white space, control characters, {SEPARATOR} or a colon at its end"
            )
            return [_reason(kind, "SCHEME-FORM", message)]
        reasons = []
        known = rules.known(scheme)
        if self.strict and rules.schemes and known is None:
            message = f"the scheme {shown} is none of {', '.join(rules.schemes)}"
            reasons.append(_reason(kind, "SCHEME-UNKNOWN", message, rules.other.clause))
        if kind is Kind.PARTICIPANT and known is None and scheme != ascii_lower(scheme):
            message = f"the scheme {shown} has upper-case letters, which DNS can't tell from lower-case ones"
            reasons.append(_reason(kind, "SCHEME-CASE", message, "RFC 4343"))
        return reasons


def stops_new_entries_only(reason: Reason) -> bool:
    """Whether a code list gives this reason and a change of what is published already may pass over it.

    Code lists change under what is published. Only a removed code must not be used at all.
    """
    return reason.id.endswith(("-NOT-LISTED", "-DEPRECATED", "-NOT-REGISTRABLE", "-ABSTRACT", "-CHECK-DIGIT"))


def _key(rules: KindRules, identifier: SchemedIdentifier) -> str:
    case_sensitive = rules.rule(identifier.scheme).case_sensitive
    return identifier.value if case_sensitive else ascii_lower(identifier.value)


def _same(rules: KindRules, one: SchemedIdentifier, other: SchemedIdentifier) -> bool:
    return one.scheme == other.scheme and _key(rules, one) == _key(rules, other)


def _reason(kind: Kind, name: str, message: str, clause: str = "") -> Reason:
    return Reason(f"{kind.name.replace('_', '-')}-{name}", message, clause)


def _text_reasons(kind: Kind, text: str, max_length: int, clause: str) -> list[Reason]:
    """What no identifier may be, whatever its scheme."""
    reasons = []
    if not text:
        reasons.append(_reason(kind, "EMPTY", f"the {kind} is empty", clause))
    if len(text) > max_length:
        message = f"the {kind} has {len(text)} characters; {max_length} is the most"
        reasons.append(_reason(kind, "LENGTH", message, clause))
    if (unfit := first_unfit(text)) is not None:
        message = f"{shorten(text)} holds the character {unfit!r}; white space and control characters can't be in it"
        reasons.append(_reason(kind, "CHARACTERS", message, clause))
    return reasons


def _document_type_state_reasons(identifier: DocumentTypeIdentifier, codes: CodeList) -> list[Reason]:
    """The list has wildcard document types without their `*`."""
    parts = identifier.parts
    listed = identifier.value
    if identifier.is_wildcard and parts is not None:
        listed = str(replace(parts, customization_id=parts.customization_id.removesuffix(STAR)))
    entry = codes.entry(identifier.scheme, listed)
    reasons = _state_reasons(Kind.DOCUMENT_TYPE, listed, entry)
    if entry is not None and entry.abstract and listed == identifier.value:
        message = f"{shorten(listed)} is abstract: it can only be registered with a * behind its customization id"
        reasons.append(_reason(Kind.DOCUMENT_TYPE, "ABSTRACT", message, "PFUOI 4.4.0 BR-PDC"))
    return reasons


def _state_reasons(kind: Kind, code: str, entry: CodeListEntry | None) -> list[Reason]:
    shown = shorten(code)
    if entry is None:
        return [_reason(kind, "NOT-LISTED", f"{shown} is not in the code list of {kind} codes")]
    if entry.state is State.REMOVED:
        return [_reason(kind, "REMOVED", f"{shown} was removed from the code list and can't be used")]
    if entry.state is State.DEPRECATED:
        return [_reason(kind, "DEPRECATED", f"{shown} is deprecated: nothing new can be registered with it")]
    if not entry.registrable:
        return [_reason(kind, "NOT-REGISTRABLE", f"{shown} is listed, but nothing can be registered with it")]
    return []
