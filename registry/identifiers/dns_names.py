# SPDX-License-Identifier: Apache-2.0
"""The DNS name that stands for a participant: a hash of its identifier below the zone of the domain.

All names are in lower case. `owner` means relative to the zone, `name` means with it, without a dot at the end.
"""

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from hashlib import md5, sha256

from registry.errors import ValidationError
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.identifiers.text import ascii_lower, shorten, utf8

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_ICD = re.compile(r"([0-9]{4}):")
_HASH, _SCHEME, _ICD_LABEL = "{hash}", "{scheme}", "{icd}"
_GROUPS = struct.Struct("5s" * 7)
_BASE32 = b"abcdefghijklmnopqrstuvwxyz234567" + bytes(224)


def _of_each_group(bits: int) -> int:
    """A mask of 64 bits, once for each group."""
    return int.from_bytes(bits.to_bytes(8) * 7)


_HALVES = _of_each_group(0x000000FFFFF00000), _of_each_group(0x00000000000FFFFF)
_QUARTERS = _of_each_group(0x000FFC00000FFC00), _of_each_group(0x000003FF000003FF)
_DIGITS = _of_each_group(0x03E003E003E003E0), _of_each_group(0x001F001F001F001F)


@lru_cache(maxsize=256)  # of the few templates there are; each name asks for one
def _parents_of_template(template: str) -> tuple[str, ...]:
    return tuple(template.split(".")[1:])


@dataclass(frozen=True, slots=True)
class NameForm:
    """How a network makes names; the defaults are those of Peppol (SML 1.3.0) and of eDelivery BDXL 1.6.

    The template has the labels below the zone: `{hash}` first, then any of `{scheme}`, `{icd}` (the code of the issuing
    agency, with which the value begins) and labels as they stand. Where a participant has no scheme as a label (there
    is none in the template, the identifier has none, or it is an ebCore party id), the whole URI form is hashed instead
    of the value, and the name has no `{scheme}`.
    """

    template: str = "{hash}.{scheme}"
    lowercase_before_hash: bool = True
    """False in Croatia's network; letter case in the value then makes another name."""

    @property
    def parents(self) -> tuple[str, ...]:
        """What the template says between the hash and the zone."""
        return _parents_of_template(self.template)

    @property
    def scheme_as_label(self) -> bool:
        """Whether the scheme is a label of the name."""
        return _SCHEME in self.parents


def template_problem(template: str) -> str | None:
    """What is wrong with a template, in words; None for a good one."""
    first, *parents = template.split(".")
    if first != _HASH:
        return "it has to begin with {hash}"
    if max(parents.count(_SCHEME), parents.count(_ICD_LABEL)) > 1:
        return "{scheme} and {icd} may be in it once each"
    unknown = [label for label in parents if label not in (_SCHEME, _ICD_LABEL) and not _LABEL.fullmatch(label)]
    return f"{shorten(unknown[0])} is neither {{scheme}} nor {{icd}} nor a DNS label" if unknown else None


PEPPOL_FORM = NameForm()


def hash_label(text: str) -> str:
    """base32(sha256(text)) without padding: always 52 characters. Raises ValidationError on a lone surrogate."""
    return _base32(sha256(utf8(text)).digest())


def _base32(digest: bytes) -> str:
    """32 octets in base32 (RFC 4648 §6), lower case, without padding.

    Each name needs it, and the standard library takes four times as long. Groups of five octets stand in eight each;
    what they hold is halved until there are five bits in each octet: the digits.
    """
    bits = int.from_bytes(b"\0\0\0".join(_GROUPS.unpack(digest + b"\0\0\0")))
    for shift, (upper, lower) in ((12, _HALVES), (6, _QUARTERS), (3, _DIGITS)):
        bits = (bits & upper) << shift | (bits & lower)
    return bits.to_bytes(56).translate(_BASE32)[:52].decode("ascii")


def participant_owner(participant: ParticipantIdentifier, form: NameForm = PEPPOL_FORM) -> str:
    """The owner name of a participant's NAPTR record, relative to the zone; `*.scheme` for the wildcard.

    Raises ValidationError when the scheme can't be a DNS label, the value lacks the ICD that the form wants, or a
    wildcard has no name that is above those of its scheme and no others.
    """
    if participant.is_wildcard:
        return ".".join([WILDCARD, *_parents_of_wildcard(participant, form)])
    return ".".join([hash_label(_hash_input(participant, form)), *_parents(participant, form.parents)])


def participant_name(participant: ParticipantIdentifier, zone: str, form: NameForm = PEPPOL_FORM) -> str:
    """As `participant_owner`, with the zone."""
    return f"{participant_owner(participant, form)}.{ascii_lower(zone).rstrip('.')}"


def legacy_cname_owner(participant: ParticipantIdentifier, form: NameForm = PEPPOL_FORM) -> str:
    """The owner name of the CNAME record that clients before NAPTR look up; obsolete in Peppol since 2025-11-01.

    Raises ValidationError as `participant_owner` does.
    """
    digest = md5(utf8(_hash_input(participant, form)), usedforsecurity=False).hexdigest()
    return ".".join([f"b-{digest}", *_parents(participant, form.parents)])


def _has_scheme(participant: ParticipantIdentifier) -> bool:
    return bool(participant.scheme) and not participant.is_ebcore


def _hash_input(participant: ParticipantIdentifier, form: NameForm) -> str:
    text = participant.value if form.scheme_as_label and _has_scheme(participant) else str(participant)
    return ascii_lower(text) if form.lowercase_before_hash else text


def _parents(participant: ParticipantIdentifier, template: tuple[str, ...]) -> list[str]:
    """The labels between the hash and the zone."""
    labels = []
    for label in template:
        if label == _SCHEME:
            labels += [_scheme_label(participant.scheme)] if _has_scheme(participant) else []
        else:
            labels.append(_icd(participant) if label == _ICD_LABEL else label.lower())
    return labels


def _parents_of_wildcard(participant: ParticipantIdentifier, form: NameForm) -> list[str]:
    """What is below the zone in all names of a scheme; whatever agency issued the values."""
    template = form.parents
    if _ICD_LABEL in template:
        template = template[template.index(_ICD_LABEL) + 1 :]
        if form.scheme_as_label and _SCHEME not in template:
            message = "a wildcard of one scheme has no name where the scheme is below the ICD"
            raise ValidationError.of("DNS-WILDCARD-NAME", message, "RFC 4592 §2.1.1")
    return _parents(participant, template)


@lru_cache(maxsize=256)  # as for templates
def _scheme_label(scheme: str) -> str:
    if not _LABEL.fullmatch(scheme):
        raise ValidationError.of(
            "DNS-SCHEME-LABEL", f"the scheme {shorten(scheme)} can't be a DNS label", "RFC 1035 §2.3.1"
        )
    return scheme.lower()


def _icd(participant: ParticipantIdentifier) -> str:
    agency = participant.agency if participant.is_ebcore else None
    found = _ICD.match(participant.value if agency is None else ":".join(agency))
    if found is None:
        raise ValidationError.of(
            "DNS-ICD-LABEL", f"{shorten(participant.value)} does not begin with a four-digit ICD and a colon"
        )
    return found.group(1)
