# SPDX-License-Identifier: Apache-2.0
"""The small things that a trusted list is made of: texts, instants, bytes, pieces of XML (TS 119 612 §5.1).

Reading is lenient where a value stands for itself alone, so that one slip of an operator costs no list: see each
function for what comes out of an unreadable value. It is strict where two readers could come to different ends: what
may stand once only is refused where it stands twice.
"""

import binascii
from collections.abc import Container
from copy import deepcopy
from datetime import datetime
from functools import lru_cache
from xml.sax.saxutils import escape

from lxml import etree

from trust_lists.documents.model import Text
from trust_lists.errors import ListRefusedError
from trust_lists.instants import read_instant
from trust_lists.xml import canonicalise

LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_WHITE_SPACE = " \t\r\n"
_LONGEST_INSTANT = 64


def text_of(element: etree._Element | None) -> str:
    """All text inside `element`, without the white space around it; "" for None.

    A processing instruction inside a text doesn't hide what follows it.
    """
    if element is None:
        return ""
    value = str(element.xpath("string()")) if len(element) else element.text or ""
    return value.strip(_WHITE_SPACE)


def texts_in(element: etree._Element | None, tag: str) -> tuple[Text, ...]:
    """The children of `element` named `tag`, each with its language."""
    if element is None:
        return ()
    return tuple(Text(child.get(LANGUAGE, ""), text_of(child)) for child in element if child.tag == tag)


def instant(value: str) -> datetime | None:
    """`instants.read_instant`, remembered: the same few instants stand all over a list."""
    return _instant(value) if len(value) <= _LONGEST_INSTANT else None


_instant = lru_cache(maxsize=8192)(read_instant)


def bytes_of(element: etree._Element) -> bytes:
    """What the base64 text of `element` says. Text that isn't base64 is kept as it stands, as UTF-8.

    So nothing is lost, and whoever loads it as a certificate finds out that it is none.
    """
    value = "".join(text_of(element).split())
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        return value.encode()


def write_bytes(value: bytes) -> str:
    """Base64, in one line."""
    return binascii.b2a_base64(value, newline=False).decode()


def children_of(element: etree._Element) -> dict[str, etree._Element]:
    """The children of `element` by qualified name, each of which may occur once.

    Raises ListRefusedError LIST_STRUCTURE where one occurs twice: readers that take the first, and those that take the
    last, would see different lists.
    """
    found = {child.tag: child for child in element}
    if len(found) == len(element):
        return found
    found = {}
    for child in element.iterchildren(etree.Element):
        if child.tag in found:
            raise ListRefusedError("LIST_STRUCTURE", f"{path_of(element)} has more than one {local_name(child.tag)}")
        found[child.tag] = child
    return found


def content_of(element: etree._Element, without: Container[etree._Element] = ()) -> str:
    """What is in `element`: its text, or, where it has children, all of it as Exclusive Canonical XML.

    The children `without` are left out, and so are processing instructions and white space at both ends.
    """
    if not len(element):
        return text_of(element)
    pieces = [_escaped(element.text)]
    for child in element:
        # An instruction has a function where elements have their name.
        if child not in without and not callable(child.tag):
            pieces.append(canonical(child))
        pieces.append(_escaped(child.tail))
    return "".join(pieces).strip(_WHITE_SPACE)


def _escaped(text: str | None) -> str:
    return escape(text, {"\r": "&#xD;"}) if text else ""


def canonical(element: etree._Element) -> str:
    """`element` as Exclusive Canonical XML."""
    copy = deepcopy(element)
    copy.tail = None
    return canonicalise(copy, exclusive=True).decode()


def path_of(element: etree._Element) -> str:
    """Where `element` stands, for people: `TrustServiceStatusList/…/TSPService[2]`; siblings of a name are counted."""
    steps: list[str] = []
    while (parent := element.getparent()) is not None:
        alike = [each for each in parent if each.tag == element.tag]
        number = f"[{alike.index(element) + 1}]" if len(alike) > 1 else ""
        steps.append(local_name(element.tag) + number)
        element = parent
    return "/".join([local_name(element.tag), *reversed(steps)])


def local_name(tag: str) -> str:
    """`TSPName` of `{namespace}TSPName`."""
    return tag.rpartition("}")[2]
