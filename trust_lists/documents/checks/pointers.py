# SPDX-License-Identifier: Apache-2.0
"""Pointers to other lists (TS 119 612 §5.3.13), where lists are published (§6.1), and roll-over of signers (A.2)."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from trust_lists.documents.checks.identities import unreadable
from trust_lists.documents.checks.places import SCHEME
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.checks.scheme import is_list_of_lists, is_of_eu
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.model import Pointer, TrustedList
from trust_lists.documents.vocabulary import EU_LIST, EU_LIST_OF_LISTS, PDF_MIME_TYPE, XML_MIME_TYPE

TO_LOTL = Rule("TS119612-5.3.13-LOTL", "5.3.13", "An EU list points to the EU list of lists.", since=5)
TO_SELF = Rule(
    "TS119612-5.3.13-SELF", "5.3.13", "The EU list of lists points to itself, with who may sign it.", since=5
)
COMPLETE = Rule(
    "TS119612-5.3.13", "5.3.13", "A pointer has location, type, operator, rules, territory and media type.", since=5
)
SIGNERS = Rule("TS119612-5.3.13-SIGNERS", "5.3.13", "A pointer says by certificates who may sign the list.", since=5)
MIME = Rule("TS119612-5.3.13-MIME", "5.3.13", "The media type is that of XML lists, or PDF.", Level.WARNING, since=5)
AMBIGUOUS = Rule(
    "LIST-POINTER-AMBIGUOUS", "", "Only one XML list of a type is pointed to for a territory.", Level.WARNING, since=5
)
LOCATION = Rule(
    "TS119612-6.1", "6.1", "A list's address is HTTP without query and ends .xml or .xtsl.", Level.WARNING, since=5
)
ROLL_OVER = Rule(
    "TS119612-A.2", "A.2", "Two or more signers of a list are announced, for roll-over.", Level.WARNING, since=5
)

POINTER_RULES = (TO_LOTL, TO_SELF, COMPLETE, SIGNERS, MIME, AMBIGUOUS, LOCATION, ROLL_OVER)


def check_pointers(document: TrustedList) -> Iterator[Finding]:
    """Findings of §5.3.13, §6.1 and A.2."""
    pointers = document.scheme.pointers
    where = f"{SCHEME}/PointersToOtherTSL"
    to_lotl = [each for each in pointers if each.list_type == EU_LIST_OF_LISTS and each.mime_type == XML_MIME_TYPE]
    if is_of_eu(document) and not is_list_of_lists(document) and not to_lotl:
        yield TO_LOTL.broken("there is no pointer to the XML form of the EU list of lists", where)
    if document.scheme.list_type == EU_LIST_OF_LISTS and not any(each.certificates for each in to_lotl):
        yield TO_SELF.broken("there is no pointer to itself with certificates", where)
    counted = Counter((each.territory, each.list_type) for each in pointers if each.mime_type == XML_MIME_TYPE)
    for (territory, list_type), count in counted.items():
        if count > 1:
            yield AMBIGUOUS.broken(f"{count} XML lists of {territory!r}, type {list_type}", where)
    for number, pointer in enumerate(pointers, 1):
        yield from _pointer(pointer, f"{where}/OtherTSLPointer[{number}]")


def _pointer(pointer: Pointer, where: str) -> Iterator[Finding]:
    facts = {
        "TSLLocation": pointer.location,
        "TSLType": pointer.list_type,
        "SchemeOperatorName": pointer.operator_names,
        "SchemeTypeCommunityRules": pointer.community_rules,
        "SchemeTerritory": pointer.territory,
        "MimeType": pointer.mime_type,
    }
    missing = [name for name, value in facts.items() if not value]
    if missing:
        yield COMPLETE.broken(f"{', '.join(missing)} missing", where)
    if not pointer.certificates:
        yield SIGNERS.broken("the pointer has no certificate", f"{where}/ServiceDigitalIdentities")
    for identity in pointer.identities:
        yield from unreadable(identity, f"{where}/ServiceDigitalIdentities")
    if pointer.mime_type and pointer.mime_type not in (XML_MIME_TYPE, PDF_MIME_TYPE):
        yield MIME.broken(f"the media type is {pointer.mime_type!r}", f"{where}/MimeType")
    if pointer.mime_type == XML_MIME_TYPE:
        if pointer.location and not _is_good_address(pointer.location):
            yield LOCATION.broken(f"the address is {pointer.location}", f"{where}/TSLLocation")
        if len(pointer.certificates) == 1 and pointer.list_type in (EU_LIST, EU_LIST_OF_LISTS):
            yield ROLL_OVER.broken("only one certificate is announced", f"{where}/ServiceDigitalIdentities")


def _is_good_address(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.netloc)
        and not parts.query
        and parts.path.lower().endswith((".xml", ".xtsl"))
    )
