# SPDX-License-Identifier: Apache-2.0
"""Extension content, byte for byte.

National networks sign inside extensions, so what stands between the tags must leave as it came: comments, CDATA,
quotes and character references included. No tree keeps that; here the content is a slice of the source. What the
slice inherits from outside, namespace declarations, is kept beside it and declared again on the extension element
when it is written; `xml:lang` and its like are not.
"""

import re
from collections.abc import Container, Iterable
from itertools import chain, count
from xml.parsers import expat

from lxml import etree

from registry.errors import ValidationError
from registry.metadata import Extension
from registry.smp.documents.lexical import XML_SPACE, escape_attribute
from trust_lists.errors import XmlRefusedError
from trust_lists.xml import canonicalise, parse_xml

_TAG = re.compile(rb"""<(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""")
_PREFIX = re.compile(r"[^\W\d][\w.-]*")


def capture(root: etree._Element, source: bytes, tag: str) -> dict[etree._Element, Extension]:
    """Every element `tag` under `root` -> its content as it stands in `source`, the bytes that `root` is made from.

    An element inside another one is part of that one's content and not listed.
    """
    wanted = {ordinal: element for ordinal, element in enumerate(root.iter("*")) if element.tag == tag}
    spans = _Spans(wanted).find(source) if wanted else {}
    return {wanted[ordinal]: _extension(wanted[ordinal], source[span]) for ordinal, span in spans.items()}


def _extension(element: etree._Element, content: bytes) -> Extension:
    """Prefixes count as needed wherever they occur, since texts and attributes may hold QNames, too.

    The default namespace has no letters to look for: it always counts.
    """
    declared = {prefix or "": uri for prefix, uri in element.nsmap.items() if uri}
    needed = {prefix: uri for prefix, uri in declared.items() if not prefix or occurs(prefix, content)}
    return Extension(content, tuple(sorted(needed.items())))


def occurs(prefix: str, content: bytes) -> bool:
    """Whether `content` holds `prefix` as a word of its own."""
    return re.search(rb"(?<![\w.-])%b(?![\w.-])" % re.escape(prefix.encode()), content) is not None


class _Spans:
    """Finds where the contents of some elements begin and end; elements are told by their number in the document."""

    def __init__(self, wanted: Container[int]) -> None:
        self._wanted = wanted
        self._spans: dict[int, slice] = {}
        self._seen = -1
        self._depth = 0
        self._open: tuple[int, int, int] | None = None  # number, depth, where the content begins

    def find(self, source: bytes) -> dict[int, slice]:
        parser = expat.ParserCreate("UTF-8")

        def start(_name: str, _attributes: dict[str, str]) -> None:
            self._seen += 1
            self._depth += 1
            if self._open is None and self._seen in self._wanted:
                tag = next(_TAG.finditer(source, parser.CurrentByteIndex))
                self._open = self._seen, self._depth, tag.end()

        def end(_name: str) -> None:
            if self._open is not None and self._open[1] == self._depth:
                number, _, begin = self._open
                self._spans[number] = slice(begin, parser.CurrentByteIndex)
                self._open = None
            self._depth -= 1

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        try:
            parser.Parse(source, True)  # noqa: FBT003  (it takes no keywords)
        except expat.ExpatError as error:
            raise ValidationError.of("SMP-XML", f"not well-formed: {error}", "XML 1.0") from error
        return self._spans


def declarations(extension: Extension, outside: Iterable[tuple[str, str]] = ()) -> str:
    """The namespace declarations that the extension element needs, where `outside` are in scope already."""
    known = set(outside)
    return "".join(
        f' {"xmlns:" + prefix if prefix else "xmlns"}="{escape_attribute(uri)}"'
        for prefix, uri in sorted(extension.namespaces)
        if (prefix, uri) not in known
    )


def free_prefix(wanted: str, uri: str, extensions: Iterable[Extension]) -> str:
    """`wanted`, or the first of `wanted1`, `wanted2` … that means nothing else in any of these extensions.

    Whatever our elements declare is in scope in the extensions, too; so a prefix is free only where no extension
    binds it to another namespace, and none holds the word without meaning `uri` by it.
    """
    # One look at each extension: its content may hold any number of such words.
    words = re.compile(rb"(?<![\w.-])%b\d*(?![\w.-])" % re.escape(wanted.encode()))
    taken: set[str] = set()
    for extension in extensions:
        bound = dict(extension.namespaces)
        taken.update(prefix for prefix, meaning in bound.items() if meaning != uri)
        taken.update(word for word in map(bytes.decode, words.findall(extension.content)) if word not in bound)
    return next(prefix for prefix in chain((wanted,), (f"{wanted}{n}" for n in count(1))) if prefix not in taken)


def content_error(extension: Extension) -> str | None:
    """Why the extension can't be written as exactly one element (XSD ExtensionType); None when it can."""
    if any(prefix and not _PREFIX.fullmatch(prefix) for prefix, _ in extension.namespaces):
        return "a namespace prefix is no name"
    try:
        wrapper = parse_xml(b"<extension%b>%b</extension>" % (declarations(extension).encode(), extension.content))
        canonicalise(wrapper)
    except (XmlRefusedError, UnicodeError) as error:
        return str(error)
    if any("&" in uri for element in wrapper.iter("*") for uri in element.nsmap.values()):
        # libxml2 doesn't escape it in canonical form, so signers and verifiers of other make would not agree.
        return "a namespace name holds an ampersand, so the document could not be signed"
    elements = list(wrapper.iterchildren("*"))
    text = (wrapper.text or "") + "".join(child.tail or "" for child in wrapper)
    if len(elements) != 1 or text.strip(XML_SPACE):
        return f"it holds {len(elements)} elements{' and text' if text.strip(XML_SPACE) else ''}, not just one element"
    return None
