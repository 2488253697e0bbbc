# SPDX-License-Identifier: Apache-2.0
"""What all XML signatures have in common when they are read: elements in their order, algorithms, base64.

Everything here refuses what two verifiers could read differently; clauses: W3C XML Signature 1.1 §4.
"""

import base64
from collections.abc import Collection

from lxml import etree

from trust_lists.errors import SignatureInvalidError, shown

DS = "http://www.w3.org/2000/09/xmldsig#"
MAX_CERTIFICATES = 10

_XML_ATTRIBUTES = "{http://www.w3.org/XML/1998/namespace}"


def ds(name: str) -> str:
    """The name of an element of XML Signature, as lxml writes it."""
    return f"{{{DS}}}{name}"


def children(element: etree._Element, *names: str) -> list[etree._Element]:
    """The child nodes of `element`, if they are exactly these elements of XML Signature.

    Raises SignatureInvalidError STRUCTURE.
    """
    if [child.tag for child in element] != [ds(name) for name in names]:
        where = etree.QName(element).localname
        raise SignatureInvalidError("STRUCTURE", f"in {where}, exactly {', '.join(names)} are expected")
    return list(element)


def algorithm_of(element: etree._Element) -> str:
    """The algorithm's URI. Raises SignatureInvalidError ALGORITHM where it has parameters."""
    # A child would be a parameter (InclusiveNamespaces, XPath): those change what is signed.
    if len(element):
        raise SignatureInvalidError("ALGORITHM", "algorithms with parameters are not allowed")
    return element.get("Algorithm", "")


def allowed(element: etree._Element, uris: Collection[str], rules: str) -> str:
    """The algorithm's URI, if it is among those that `rules` (for the message) allow.

    Raises SignatureInvalidError ALGORITHM.
    """
    uri = algorithm_of(element)
    if uri not in uris:
        name = etree.QName(element).localname
        raise SignatureInvalidError("ALGORITHM", f"{rules} does not allow the {name} {shown(uri)!r}")
    return uri


def text_of(element: etree._Element) -> str:
    """The text of an element that has nothing else. Raises SignatureInvalidError STRUCTURE."""
    if len(element):
        raise SignatureInvalidError("STRUCTURE", f"{etree.QName(element).localname} must hold text only")
    return element.text or ""


def octets_of(element: etree._Element) -> bytes:
    """What an element holds in base64; white space is passed over, all other foreign characters are refused.

    Raises SignatureInvalidError STRUCTURE, also for a value that has a second base64 form, and for none at all.
    """
    found = "".join(text_of(element).split())
    try:
        value = base64.b64decode(found, validate=True)
        canonical = base64.b64encode(value).decode() == found
    except ValueError:
        canonical = False
    if not canonical or not found:
        raise SignatureInvalidError("STRUCTURE", f"{etree.QName(element).localname} is not base64")
    return value


def refuse_outside_root(root: etree._Element) -> None:
    """Refuses processing instructions beside the root, which verifiers hash or leave out.

    Raises SignatureInvalidError OUTSIDE_ROOT.
    """
    if root.getprevious() is not None or root.getnext() is not None:
        raise SignatureInvalidError("OUTSIDE_ROOT", "there are processing instructions outside of the root element")


def has_xml_attribute(element: etree._Element) -> bool:
    """Whether the element has an attribute like `xml:lang`, which inclusive canonicalisation hands down."""
    return any(str(name).startswith(_XML_ATTRIBUTES) for name in element.attrib)


def take_out(element: etree._Element) -> None:
    """Takes an element out of its parent, and leaves the text behind it, which lxml would take along."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if before is None:
        parent.text = (parent.text or "") + (element.tail or "")
    else:
        before.tail = (before.tail or "") + (element.tail or "")
    parent.remove(element)
