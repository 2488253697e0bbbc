# SPDX-License-Identifier: Apache-2.0
"""The DNS name that stands for a participant: a hash of its identifier below the zone of the domain.

All names are in lower case. `owner` means relative to the zone, `name` means with it, without a dot at the end.
"""

import re
from base64 import b32encode
from dataclasses import dataclass
from hashlib import md5, sha256

from registry.errors import ValidationError
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.identifiers.text import ascii_lower, shorten, utf8

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_ICD = re.compile(r"([0-9]{4}):")


@dataclass(frozen=True, slots=True)
class NameForm:
    """How a network makes names; the defaults are those of Peppol (SML 1.3.0) and of eDelivery BDXL 1.6.

    Without `scheme_as_label`, and always for an ebCore party id and for an identifier without a scheme, the whole
    URI form is hashed and stands directly below the zone.
    """

    scheme_as_label: bool = True
    lowercase_before_hash: bool = True
    """False in Croatia's network; letter case in the value then makes another name."""
    icd_as_label: bool = False
    """The federated form `hash.icd.scheme`, with the code of the issuing agency that the value begins with."""


PEPPOL_FORM = NameForm()


def hash_label(text: str) -> str:
    """base32(sha256(text)) without padding: always 52 characters. Raises ValidationError on a lone surrogate."""
    return b32encode(sha256(utf8(text)).digest()).decode("ascii").rstrip("=").lower()


def participant_owner(participant: ParticipantIdentifier, form: NameForm = PEPPOL_FORM) -> str:
    """The owner name of a participant's NAPTR record, relative to the zone; `*.scheme` for the wildcard.

    Raises ValidationError when the scheme can't be a DNS label, or the value lacks the ICD that the form wants.
    """
    parents = _parents(participant, form)
    if participant.is_wildcard:
        return ".".join([WILDCARD, *parents[-1:]])
    return ".".join([hash_label(_hash_input(participant, form)), *parents])


def participant_name(participant: ParticipantIdentifier, zone: str, form: NameForm = PEPPOL_FORM) -> str:
    """As `participant_owner`, with the zone."""
    return f"{participant_owner(participant, form)}.{ascii_lower(zone).rstrip('.')}"


def legacy_cname_owner(participant: ParticipantIdentifier, form: NameForm = PEPPOL_FORM) -> str:
    """The owner name of the CNAME record that clients before NAPTR look up; obsolete in Peppol since 2025-11-01.

    Raises ValidationError as `participant_owner` does.
    """
    digest = md5(utf8(_hash_input(participant, form)), usedforsecurity=False).hexdigest()
    return ".".join([f"b-{digest}", *_parents(participant, form)])


def _is_labelled(participant: ParticipantIdentifier, form: NameForm) -> bool:
    return form.scheme_as_label and bool(participant.scheme) and not participant.is_ebcore


def _hash_input(participant: ParticipantIdentifier, form: NameForm) -> str:
    text = participant.value if _is_labelled(participant, form) else str(participant)
    return ascii_lower(text) if form.lowercase_before_hash else text


def _parents(participant: ParticipantIdentifier, form: NameForm) -> list[str]:
    """The labels between the hash and the zone."""
    if not _is_labelled(participant, form):
        return []
    if not _LABEL.fullmatch(participant.scheme):
        raise ValidationError.of(
            "DNS-SCHEME-LABEL", f"the scheme {shorten(participant.scheme)} can't be a DNS label", "RFC 1035 §2.3.1"
        )
    labels = [participant.scheme.lower()]
    if form.icd_as_label and not participant.is_wildcard:
        icd = _ICD.match(participant.value)
        if icd is None:
            raise ValidationError.of(
                "DNS-ICD-LABEL", f"{shorten(participant.value)} does not begin with a four-digit ICD and a colon"
            )
        labels.insert(0, icd.group(1))
    return labels
