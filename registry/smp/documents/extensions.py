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
_SPACE = XML_SPACE.encode()
_PREFIX = re.compile(r"[^\W\d][\w.-]*")


def capture(
    root: etree._Element, source: bytes, tag: str, beside: Container[str] = frozenset()
) -> dict[etree._Element, Extension]:
    """Every element `tag` under `root` -> its content as it stands in `source`, the bytes that `root` is made from.

    Children with a tag of `beside` describe the content and are no part of it. An element inside another one is part
    of that one's content and not listed.
    """
    wanted: dict[int, etree._Element] = {}
    described: set[int] = set()
    for ordinal, element in enumerate(root.iter("*")):
        if element.tag == tag:
            wanted[ordinal] = element
        elif element.tag in beside:
            described.add(ordinal)
    spans = _Spans(wanted, described).find(source) if wanted else {}
    return {wanted[ordinal]: _extension(wanted[ordinal], _join(source, parts)) for ordinal, parts in spans.items()}


def _join(source: bytes, parts: list[slice]) -> bytes:
    """What stands around descriptions, without the white space between them."""
    pieces = [source[part] for part in parts]
    return pieces[0] if len(pieces) == 1 else b"".join(piece for piece in pieces if piece.strip(_SPACE))


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
    """Finds where the contents of some elements stand; elements are told by their number in the document.

    A content has several parts where children of it are left out.
    """

    def __init__(self, wanted: Container[int], left_out: Container[int]) -> None:
        self._wanted = wanted
        self._left_out = left_out
        self._spans: dict[int, list[slice]] = {}
        self._seen = -1
        self._depth = 0
        self._open: tuple[int, int] | None = None  # number, depth
        self._begin = 0  # of the part that is being read, or comes next
        self._in_hole = False

    def find(self, source: bytes) -> dict[int, list[slice]]:
        parser = expat.ParserCreate("UTF-8")

        def tag_end() -> int:
            return next(_TAG.finditer(source, parser.CurrentByteIndex)).end()

        def start(_name: str, _attributes: dict[str, str]) -> None:
            self._seen += 1
            self._depth += 1
            if self._open is None and self._seen in self._wanted:
                self._open = self._seen, self._depth
                self._spans[self._seen] = []
                self._begin = tag_end()
            elif self._open and self._depth == self._open[1] + 1 and self._seen in self._left_out:
                self._spans[self._open[0]].append(slice(self._begin, parser.CurrentByteIndex))
                self._in_hole = True
                self._begin = tag_end()  # stays where that tag is the whole element, else moves when it ends

        def end(_name: str) -> None:
            if self._open is not None and self._open[1] == self._depth:
                self._spans[self._open[0]].append(slice(self._begin, parser.CurrentByteIndex))
                self._open = None
            elif self._open and self._in_hole and self._depth == self._open[1] + 1:
                self._in_hole = False
                if source[self._begin - 2 : self._begin] != b"/>":
                    self._begin = tag_end()
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


def content_error(extension: Extension, barred: Container[str] = frozenset()) -> str | None:
    """Why the extension can't be written as exactly one element (XSD ExtensionType); None when it can.

    `barred` are the namespaces that the schema doesn't want there; the empty one stands for none.
    """
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
    namespace = etree.QName(elements[0]).namespace or ""
    if namespace in barred:
        return f"its element is in {f'the namespace {namespace}' if namespace else 'no namespace'}, not a foreign one"
    return None
