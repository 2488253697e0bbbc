# SPDX-License-Identifier: Apache-2.0
"""Builds the tree of a trusted list: elements for texts, dates and bytes, and pieces of foreign XML as they stand.

What a model keeps as canonical XML must come out with the prefixes that it had; lxml renames prefixes of elements that
move into a tree. So such pieces are put in after everything else, as text. Our own elements have a prefix for the same
reason: inside a default namespace a piece without namespaces would change its meaning.
"""

import re
from collections.abc import Iterable, Mapping

from lxml import etree

from trust_lists.documents.model import Text
from trust_lists.documents.ts119612.values import LANGUAGE
from trust_lists.documents.vocabulary import SIE, TSL, TSLX, XADES, XMLDSIG
from trust_lists.errors import ListRefusedError, XmlRefusedError
from trust_lists.xml import canonicalise, parse_xml

PREFIXES = {"tsl": TSL, "ds": XMLDSIG, "sie": SIE, "tslx": TSLX, "xades": XADES}
_PLACE = "content"
_PLACES = re.compile(rb"<\?content ([0-9]+)\?>")


class Builder:
    """A tree in the making."""

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, str],
        *,
        max_bytes: int,
        namespace: str = TSL,
        prefixes: Mapping[str, str] = PREFIXES,
    ) -> None:
        self.root = etree.Element(f"{{{namespace}}}{name}", dict(attributes), nsmap=dict(prefixes))
        self._max_bytes = max_bytes
        self._pieces: list[bytes] = []

    def content(self, element: etree._Element, content: str) -> None:
        """Puts into `element` what `values.content_of` has told: XML, if it is that, or else a text."""
        if "<" in content and _is_xml(content):
            element.append(etree.ProcessingInstruction(_PLACE, str(len(self._pieces))))
            self._pieces.append(content.encode())
        else:
            element.text = content or None

    def element(self, parent: etree._Element, xml: str, *, tag: str) -> None:
        """Puts the element `tag` in, which `xml` holds. Raises ListRefusedError LIST_UNWRITABLE where it doesn't."""
        try:
            found = parse_xml(xml.encode()).tag
        except XmlRefusedError:
            found = ""
        if found != tag:
            raise ListRefusedError("LIST_UNWRITABLE", f"no {tag} as XML: {xml:.60}")
        self.content(parent, xml)

    def finished(self) -> etree._Element:
        """The root, with everything in place."""
        if not self._pieces:
            return self.root
        whole = _PLACES.sub(lambda place: self._pieces[int(place[1])], canonicalise(self.root))
        return parse_xml(whole, max_bytes=self._max_bytes)


def _is_xml(content: str) -> bool:
    try:
        parse_xml(f"<content>{content}</content>".encode())
    except XmlRefusedError:
        return False
    return True


def add(parent: etree._Element, name: str, text: str = "", *, namespace: str = TSL) -> etree._Element:
    """A new child of `parent`."""
    child = etree.SubElement(parent, f"{{{namespace}}}{name}")
    child.text = text or None
    return child


def add_some(parent: etree._Element, name: str, text: str, *, namespace: str = TSL) -> None:
    """A new child of `parent`, if there is a text for it."""
    if text:
        add(parent, name, text, namespace=namespace)


def add_texts(parent: etree._Element, name: str, texts: Iterable[Text]) -> None:
    """A child for each text, with its language."""
    for text in texts:
        add_language(add(parent, name, text.value), text.lang)


def add_list(parent: etree._Element, name: str, item: str, texts: Iterable[Text], *, namespace: str = TSL) -> None:
    """A child that holds an `item` for each text, if there are any."""
    texts = tuple(texts)
    if texts:
        add_texts(add(parent, name, namespace=namespace), item, texts)


def add_language(element: etree._Element, lang: str) -> None:
    """`xml:lang`, where it is said."""
    if lang:
        element.set(LANGUAGE, lang)
