# SPDX-License-Identifier: Apache-2.0
"""The scheme `peppol-doctype-wildcard`: a receiver offers a customization id and all that specialise it.

A customization id is a list of parts that `@` separates; `a@b*` offers `a@b`, `a@b@c` and so on, by whole parts.
Choosing is the client's work: a server stores and serves such an identifier literally (PFUOI 4.4.0 BR-PDW, BR-PDM).
"""

from collections.abc import Iterable
from dataclasses import replace

from registry.errors import Reason
from registry.identifiers.document_type import DocumentTypeIdentifier, DocumentTypeParts, split_document_type
from registry.identifiers.text import shorten

STAR = "*"
PART_SEPARATOR = "@"
_CLAUSE = "PFUOI 4.4.0 BR-PDW"


def validate_wildcard(value: str) -> tuple[Reason, ...]:
    """Why the value of a wildcard document type can't be registered; empty when it can, with or without a `*`."""
    parts = split_document_type(value)
    if parts is None:
        message = f"{shorten(value)} is not of the form syntax##customization::version"
        return (Reason("DOCUMENT-TYPE-FORM", message, "PFUOI 4.4.0 POLICY 20"),)
    reasons = []
    stem = parts.customization_id.removesuffix(STAR)
    if STAR in f"{parts.syntax_specific_id}{stem}{parts.version}":
        message = "a * stands at the end of the customization id, once, and nowhere else"
        reasons.append(Reason("WILDCARD-PLACE", message, _CLAUSE))
    if not all(stem.split(PART_SEPARATOR)):
        message = f"{shorten(parts.customization_id)} has an empty part; a * follows a part that is not empty"
        reasons.append(Reason("WILDCARD-EMPTY-PART", message, _CLAUSE))
    return tuple(reasons)


def match_document_type(
    asked: DocumentTypeIdentifier, offered: Iterable[DocumentTypeIdentifier]
) -> DocumentTypeIdentifier | None:
    """The offered document type to use for `asked`: the same one, else the wildcard that has the most parts.

    Only the same scheme counts (PFUOI 4.3.0 and later): a `busdox-docid-qns` is never matched by a wildcard. A `*` at
    the end of `asked` says nothing that its scheme does not say already.
    """
    candidates = [candidate for candidate in offered if candidate.scheme == asked.scheme]
    if asked in candidates:
        return asked
    parts = asked.parts
    if not asked.is_wildcard or parts is None:
        return None
    wanted = replace(parts, customization_id=parts.customization_id.removesuffix(STAR))
    ranked = [(rank, candidate) for candidate in candidates if (rank := _rank(wanted, candidate))]
    return max(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _rank(wanted: DocumentTypeParts, candidate: DocumentTypeIdentifier) -> float:
    """How closely `candidate` offers `wanted`: 0 not at all, the number of its parts, infinity for the same."""
    parts = candidate.parts
    if parts is None or validate_wildcard(candidate.value):
        return 0
    if parts == wanted:
        return float("inf")
    stem = parts.customization_id.removesuffix(STAR)
    if stem == parts.customization_id or replace(parts, customization_id=wanted.customization_id) != wanted:
        return 0
    stem_parts = stem.split(PART_SEPARATOR)
    same = wanted.customization_id.split(PART_SEPARATOR)[: len(stem_parts)] == stem_parts
    return len(stem_parts) if same else 0
