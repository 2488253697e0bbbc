# SPDX-License-Identifier: Apache-2.0
"""Identifiers in the paths of an SMP: `/{participant}` and `/{participant}/services/{document type}`.

Each segment is percent-encoded on its own (BDX-SMP 1.0 §2.4.3, RFC 3986). Paths are taken apart *before* they are
decoded, since identifiers hold `/`, `#` and `::`; clients that leave `:` unencoded are understood.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten, utf8

SERVICES = "services"
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CLAUSE = "RFC 3986 §2.1"


@dataclass(frozen=True, slots=True)
class SmpPath:
    """The decoded segments of an SMP path; without a document type it asks for the service group."""

    participant: str
    document_type: str | None = None


def encode_segment(text: str) -> str:
    """One path segment: all but RFC 3986's unreserved characters is encoded.

    Raises ValidationError where `text` has a lone surrogate.
    """
    return quote(utf8(text), safe="")


def decode_segment(raw: bytes) -> str:
    """The text of one path segment.

    Raises ValidationError on a broken escape, on what is no UTF-8, and on control characters.
    """
    if _BAD_ESCAPE.search(raw):
        raise ValidationError.of("URL-ESCAPE", f"{_shorten(raw)} has a % without two hex digits", _CLAUSE)
    try:
        text = unquote_to_bytes(raw.replace(b"%3A", b":")).decode()  # nearly all escapes are colons: half the time
    except UnicodeDecodeError as error:
        raise ValidationError.of("URL-UTF8", f"{_shorten(raw)} is no UTF-8", _CLAUSE) from error
    if _CONTROL.search(text):
        raise ValidationError.of("URL-CONTROL", f"{_shorten(raw)} holds a control character", _CLAUSE)
    return text


# A network has a few hundred document types, and each request names one: work done once, not in every request.
_encode_common = lru_cache(maxsize=256)(encode_segment)
_decode_common = lru_cache(maxsize=256)(decode_segment)


def participant_path(participant: ParticipantIdentifier) -> str:
    """The path of a service group, such as `/iso6523-actorid-upis%3A%3A0088%3A1`."""
    return f"/{encode_segment(str(participant))}"


def service_path(participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier) -> str:
    """The path of a service, such as `/iso6523-actorid-upis%3A%3A0088%3A1/services/busdox-docid-qns%3A%3A…`."""
    return f"{participant_path(participant)}/{SERVICES}/{_encode_common(str(document_type))}"


def split_smp_path(raw_path: bytes) -> SmpPath | None:
    """What a raw request path below the base URL asks for; None when it is no path of an SMP.

    One slash at the end is tolerated. Raises ValidationError when the form is right but a segment can't be decoded.
    """
    if not raw_path.startswith(b"/"):
        return None
    segments = raw_path[1:].removesuffix(b"/").split(b"/")
    if not all(segments):
        return None
    match segments:
        case [participant]:
            return SmpPath(decode_segment(participant))
        case [participant, services, document_type] if _decode_common(services) == SERVICES:
            return SmpPath(decode_segment(participant), _decode_common(document_type))
        case _:
            return None


def parse_service_href(href: str) -> tuple[ParticipantIdentifier, DocumentTypeIdentifier]:
    """The identifiers in the `href` of a ServiceMetadataReference, whatever the host and the path before them.

    Understands as well what real SMPs got wrong: a document type that was left unencoded, and a path that was encoded
    as a whole (`%2Fservices%2F`). Raises ValidationError.
    """
    if segments := _last_segments(href.strip()):
        participant, document_type = (decode_segment(utf8(segment)) for segment in segments)
    elif segments := _last_segments(decode_segment(utf8(href.strip()))):
        participant, document_type = segments
    else:
        raise ValidationError.of(
            "HREF-FORM",
            f"{shorten(href)} does not end in /{{participant}}/{SERVICES}/{{document type}}",
            "Peppol SMP 1.4.0 §3",
        )
    return ParticipantIdentifier.parse(participant), DocumentTypeIdentifier.parse(document_type)


def _last_segments(path: str) -> tuple[str, str] | None:
    head, separator, tail = path.rpartition(f"/{SERVICES}/")
    participant, document_type = head.rpartition("/")[2], tail.removesuffix("/")
    return (participant, document_type) if separator and participant and document_type else None


def _shorten(raw: bytes) -> str:
    return shorten(raw.decode("latin-1"))
