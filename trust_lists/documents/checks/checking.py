# SPDX-License-Identifier: Apache-2.0
"""All rules about lists, and the two functions that ask them."""

from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from trust_lists.documents.checks.extensions import EXTENSION_RULES, check_extensions
from trust_lists.documents.checks.histories import HISTORY_RULES, check_histories
from trust_lists.documents.checks.identities import IDENTITY_RULES, check_identities
from trust_lists.documents.checks.pointers import POINTER_RULES, check_pointers
from trust_lists.documents.checks.providers import PROVIDER_RULES, check_providers
from trust_lists.documents.checks.rules import OLDEST_VERSION, Rule
from trust_lists.documents.checks.scheme import SCHEME_RULES, check_scheme
from trust_lists.documents.checks.services import SERVICE_RULES, check_services
from trust_lists.documents.checks.signing import SIGNING_RULES, check_signature
from trust_lists.documents.checks.structure import STRUCTURE_RULES, Paths, check_structure
from trust_lists.documents.checks.times import TIME_RULES, check_times
from trust_lists.documents.findings import Finding
from trust_lists.documents.model import Dialect, TrustedList
from trust_lists.documents.vocabulary import TSL

MODEL_RULES: tuple[Rule, ...] = (
    *(SCHEME_RULES + POINTER_RULES + PROVIDER_RULES + SERVICE_RULES),
    *(IDENTITY_RULES + EXTENSION_RULES + HISTORY_RULES),
)
"""The rules that `check` asks."""
TREE_RULES: tuple[Rule, ...] = TIME_RULES + STRUCTURE_RULES + SIGNING_RULES
"""The rules that `check_tree` asks."""
RULES: tuple[Rule, ...] = MODEL_RULES + TREE_RULES
"""Every rule, in the order of the standard's clauses by and large; each id stands once."""

_SINCE = {rule.id: rule.since for rule in RULES}


def check(document: TrustedList, *, at: datetime | None = None) -> list[Finding]:
    """All findings about what a list says, in the order of the rules' groups; those of TS 119 602 for such a list.

    With `at`, an aware time, also those that hold only then: the list is past its next update, or not yet issued.
    """
    if document.dialect is not Dialect.TS_119_612:
        # those rules are made with the same parts, so they can't be imported before these
        from trust_lists.documents.lote.checks import check_lote

        return check_lote(document, at=at)
    return list(_for_version(_all(document, at), document.scheme.version))


def check_tree(root: etree._Element, document: TrustedList | None = None) -> list[Finding]:
    """All findings about how a TS 119 612 list is written: elements and their order, times, form of the signature.

    `document` is the same list as it was read, None where it couldn't be: then nothing is said about its signer.
    Nothing is verified.
    """
    version = document.scheme.version if document is not None else _version(root)
    paths = Paths()
    found = (*check_structure(root, paths), *check_times(root, paths), *check_signature(root, document, version))
    return list(_for_version(iter(found), version))


def _all(document: TrustedList, at: datetime | None) -> Iterator[Finding]:
    yield from check_scheme(document, at)
    yield from check_pointers(document)
    yield from check_providers(document)
    yield from check_services(document)
    yield from check_identities(document)
    yield from check_extensions(document)
    yield from check_histories(document)


def _for_version(found: Iterator[Finding], version: int) -> Iterator[Finding]:
    asked = max(version, OLDEST_VERSION)
    return (each for each in found if _SINCE[each.rule] <= asked)


def _version(root: etree._Element) -> int:
    text = root.findtext(f"{{{TSL}}}SchemeInformation/{{{TSL}}}TSLVersionIdentifier", "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else OLDEST_VERSION
