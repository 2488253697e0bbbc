# SPDX-License-Identifier: Apache-2.0
"""Takes an export of phoss SMP (`<smp-data version="1.0">`) apart, one participant's element at a time.

Exports hold hundreds of thousands of groups, so the limits of `trust_lists.xml` on whole documents can't be used:
here a DOCTYPE ends the reading wherever it stands, entities are never expanded, only UTF-8 is read, and what one
participant says is bounded by bytes, which bounds the tree as well. Nothing of this is ever canonicalised.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from registry.errors import ValidationError
from registry.smp.exchange.sources import open_source

MAX_GROUP_BYTES = 16_000_000
"""Of one servicegroup or businesscard element; its tree takes some thirty times as much at the worst."""
_DOCTYPE = b"<!DOCTYPE"


def elements_of(path: Path) -> Iterator[etree._Element]:
    """The children of the root in their order, each gone from memory when the next one is asked for.

    Raises OSError, and ValidationError where the file can't be read on.
    """
    with open_source(path) as file:
        source = _Guarded(file)
        # Huge trees: the group limit above takes the place of libxml2's limits, of which one is on the whole file.
        events = etree.iterparse(
            source,
            events=("start", "end"),
            load_dtd=False,
            resolve_entities=False,
            no_network=True,
            huge_tree=True,
            remove_comments=True,
            remove_pis=True,
            encoding="utf-8",
        )
        depth = 0
        try:
            for event, element in events:
                if event == "start":
                    depth += 1
                    if depth == 1:
                        _check_root(element)
                    continue
                depth -= 1
                if depth == 1:
                    yield element
                    source.begin_group()
                    _forget(element)
        except etree.XMLSyntaxError as error:
            message = f"not well-formed, so nothing behind it is read: {error.msg}"
            raise ValidationError.of("SMP-XML", message, "XML 1.0") from error


def _check_root(root: etree._Element) -> None:
    version = root.get("version", "")
    if root.tag != "smp-data" or version != "1.0":
        message = f"the root is {root.tag} of version {version[:20]!r}; smp-data of version '1.0' is known here"
        raise ValidationError.of("SMP-PHOSS-VERSION", message)


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]


class _Guarded:
    """Bytes on their way to the parser."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._tail = b""
        self._in_group = 0

    def begin_group(self) -> None:
        """The next element starts about here."""
        self._in_group = 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        seen = self._tail + data
        if _DOCTYPE in seen:
            raise ValidationError.of("XML_DOCTYPE", "document type declarations are not accepted", "XML 1.0")
        if b"\0" in data:
            raise ValidationError.of("XML_ENCODING", "the file is not UTF-8", "XML 1.0")
        self._tail = seen[-len(_DOCTYPE) + 1 :]
        self._in_group += len(data)
        if self._in_group > MAX_GROUP_BYTES:
            message = f"one element has more than {MAX_GROUP_BYTES} bytes; nothing behind it is read"
            raise ValidationError.of("SMP-FILE-SIZE", message)
        return data
