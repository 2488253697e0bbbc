# SPDX-License-Identifier: Apache-2.0
"""The pointers of a list of lists (TS 119 612 §5.3.13): to itself, and to the list of a territory."""

from urllib.parse import urlsplit

from trust_lists.documents.model import Pointer, TrustedList
from trust_lists.documents.vocabulary import PDF_MIME_TYPE, XML_MIME_TYPE


def own_pointer(document: TrustedList) -> Pointer | None:
    """The pointer of a list of lists to itself: that with its own territory, `EU` in the EU's."""
    return pointer_to(document, document.scheme.territory)


def pointer_to(document: TrustedList, territory: str) -> Pointer | None:
    """The pointer to a territory's list for programs; None where there is none, or only one to a PDF file."""
    usable = [each for each in document.scheme.pointers if each.territory == territory and _for_programs(each)]
    # a pointer that says that it is one to XML goes before one that says nothing
    return next((each for each in usable if each.mime_type == XML_MIME_TYPE), usable[0] if usable else None)


def points_to(document: TrustedList, territory: str) -> bool:
    """Whether there is any pointer to a territory's list, be it to a PDF file."""
    return any(each.territory == territory for each in document.scheme.pointers)


def territories(document: TrustedList) -> tuple[str, ...]:
    """The territories that a list of lists points to, but its own; sorted."""
    return tuple(sorted({each.territory for each in document.scheme.pointers} - {document.scheme.territory, ""}))


def is_list_of_lists(document: TrustedList) -> bool:
    """Whether a list says that it only points to others (`…/EUlistofthelists`, `…/CClistofthelists`, §5.3.3)."""
    return document.scheme.list_type.lower().endswith("listofthelists")


def _for_programs(pointer: Pointer) -> bool:
    return pointer.mime_type != PDF_MIME_TYPE and not _path(pointer.location).endswith(".pdf")


def _path(location: str) -> str:
    try:
        return urlsplit(location).path.lower()
    except ValueError:
        return ""
