# SPDX-License-Identifier: Apache-2.0
"""Whether two SMP documents say the same in the same words: the cheap half of a comparison by meaning.

Nearly all documents of two systems that hold the same data differ only in their signatures, in prefixes, in white
space and in where references lead. So much is told without reading them in full, at a tenth of the price. Equal words
mean the same; other words need a closer look (`registry.move_in.shadow.meaning`).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from lxml import etree

from registry.errors import ValidationError
from registry.metadata import Redirect
from registry.smp.documents.lexical import XML_SPACE, parse_date_time
from trust_lists.xml import MAX_BYTES

Words = tuple[object, ...]

_SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_SERVICES: Final = "/services/"


def words_of(document: bytes) -> Words:
    """What a document says, in its order, without signatures and without what only tells where it was served.

    Raises ValidationError where it is no XML, too large, or has a DOCTYPE.
    """
    words: list[object] = []
    _add(_parsed(document), words)
    return tuple(words)


def extension_words(wrapped: bytes) -> list[bytes]:
    """The elements of an extension in the form in which `words_of` compares them; `wrapped` is one element around them.

    Raises as `words_of`, and where there is text beside them, which has no such form.
    """
    root = _parsed(wrapped)
    if any(text and text.strip(XML_SPACE) for text in (root.text, *(child.tail for child in root))):
        raise ValidationError.of("SMP-WORDS", "text beside the elements of an extension")
    return _canonical(root)


def redirect_in(document: bytes) -> Redirect | None:
    """The redirect that a document of SMP 1.x is, without extensions; None for another document.

    Nothing is asked of the URL: old systems have redirects that no reader takes. Raises as `words_of`.
    """
    found = _parsed(document).find("{*}ServiceMetadata/{*}Redirect")
    href = None if found is None else found.get("href")
    if found is None or href is None:
        return None
    return Redirect(str(href).strip(), str(found.findtext("{*}CertificateUID") or "").strip())


def _parsed(document: bytes) -> etree._Element:
    if len(document) > MAX_BYTES or b"<!DOCTYPE" in document:
        raise ValidationError.of("SMP-WORDS", f"{len(document)} bytes, or with a DOCTYPE: not read", "XML 1.0 §2.8")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise ValidationError.of("SMP-WORDS", f"no XML: {error.msg}", "XML 1.0") from None


def _add(element: etree._Element, words: list[object]) -> None:
    tag = str(element.tag)
    name = tag.rpartition("}")[2]
    if name in {"Extension", "SMPExtensions"}:
        words += _canonical(element)
        return
    words.append(tag)
    for attribute, value in sorted(element.items()):
        said = str(value).strip()
        words += (attribute, said.rpartition(_SERVICES)[2] if name == "ServiceMetadataReference" else said)
    text = (element.text or "").strip(XML_SPACE)
    if text:
        normal = _NORMAL.get(name)
        words.append(text if normal is None else normal(text))
    for child in element:
        if child.tag != _SIGNATURE:
            _add(child, words)
    words.append(None)


def _canonical(extension: etree._Element) -> list[bytes]:
    """The elements inside, which may be signed: white space in them has a meaning, that between them has none."""
    try:
        return [etree.tostring(child, method="c14n", exclusive=True, with_tail=False) for child in extension]
    except etree.C14NError:  # a relative namespace
        return [etree.tostring(child, with_tail=False) for child in extension]


def _without_space(text: str) -> str:
    return "".join(text.split())


@lru_cache(maxsize=4096)
def _moment(text: str) -> object:
    try:
        return parse_date_time(text)[0]
    except ValueError:
        return text


_NORMAL: Final[Mapping[str, Callable[[str], object]]] = {
    "Certificate": _without_space,
    "ContentBinaryObject": _without_space,
    "ServiceActivationDate": _moment,
    "ServiceExpirationDate": _moment,
}
