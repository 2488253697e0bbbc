# SPDX-License-Identifier: Apache-2.0
"""Walking through a list of trusted entities in XML, with an eye on what nobody asked for.

The elements are told by their names, not by their order; what may stand once is refused where it stands twice.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TypeVar

from lxml import etree

from trust_lists.documents.lote.unread import Unread
from trust_lists.documents.model import Text
from trust_lists.documents.ts119612.values import LANGUAGE, children_of, local_name, text_of
from trust_lists.documents.vocabulary import LOTE
from trust_lists.errors import ListRefusedError
from trust_lists.instants import read_instant

_Value = TypeVar("_Value")

_NAMESPACE = re.compile(r"\{[^}]*\}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


class XmlParts:
    """The children of an element, by the names that they have in TS 119 602's namespace.

    All methods raise ListRefusedError LIST_STRUCTURE, with the path, where something can't be what it should.
    """

    __slots__ = ("_element", "_left", "_parts", "_unread")

    def __init__(self, element: etree._Element, unread: Unread) -> None:
        self._element = element
        self._parts = children_of(element)
        self._left = dict(self._parts)
        self._unread = unread

    def child(self, name: str, namespace: str = LOTE) -> etree._Element | None:
        """An element; None where it is absent."""
        tag = f"{{{namespace}}}{name}"
        self._left.pop(tag, None)
        return self._parts.get(tag)

    def text(self, name: str) -> str:
        """The text of an element, without the white space around it; "" where it is absent."""
        return text_of(self.child(name))

    def texts(self, name: str, tag: str) -> tuple[Text, ...]:
        """The texts of the elements `tag` inside the element `name`, with their languages."""
        return self.all_in(name, {tag: text_with_language})

    def needed_integer(self, name: str) -> int:
        """A whole number that must be there."""
        value = self.integer(name)
        if value is None:
            raise self._structure(name)
        return value

    def integer(self, name: str) -> int | None:
        """A whole number; None where it is absent."""
        text = self.text(name)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise self._structure(name)
        return int(text)

    def instant(self, name: str) -> datetime | None:
        """A date and time; None where it is absent."""
        text = self.text(name)
        value = read_instant(text)
        if text and value is None:
            raise self._structure(name)
        return value

    def needed_instant(self, name: str) -> datetime:
        """A date and time that must be there."""
        value = self.instant(name)
        if value is None:
            raise self._structure(name)
        return value

    def member(self, name: str, read: Callable[["XmlParts"], _Value]) -> _Value | None:
        """What `read` makes of an element; None where it is absent."""
        element = self.child(name)
        return None if element is None else read_element(element, read, self._unread)

    def needed_member(self, name: str, read: Callable[["XmlParts"], _Value]) -> _Value:
        """What `read` makes of an element that must be there."""
        element = self.child(name)
        if element is None:
            raise self._structure(name)
        return read_element(element, read, self._unread)

    def members(self, name: str, tag: str, read: Callable[["XmlParts"], _Value]) -> tuple[_Value, ...]:
        """What `read` makes of each element `tag` inside the element `name`."""
        return self.all_in(name, {tag: lambda element: read_element(element, read, self._unread)})

    def all_in(self, name: str, readers: Mapping[str, Callable[[etree._Element], _Value]]) -> tuple[_Value, ...]:
        """What the readers make of the elements inside the element `name`, in their order; () where it is absent."""
        container = self.child(name)
        if container is None:
            return ()
        found: list[_Value] = []
        for child in container.iterchildren(etree.Element):
            reader = readers.get(child.tag.removeprefix(f"{{{LOTE}}}"))
            if reader is None:
                self._unread.add(partial(place_of, child))
            else:
                found.append(reader(child))
        if not len(container):
            self._unread.add(lambda: f"{place_of(container)} is empty")
        return tuple(found)

    @property
    def lang(self) -> str:
        """The language of the element itself."""
        return language_of(self._element)

    def tell_left(self) -> None:
        """Adds the elements that nobody asked for to what is unread."""
        for child in self._element.iterchildren(etree.Element):
            if child.tag in self._left:
                self._unread.add(partial(place_of, child))

    def _structure(self, name: str) -> ListRefusedError:
        text = text_of(self._parts.get(f"{{{LOTE}}}{name}"))
        problem = f"has a {name} that can't be read: {text!r:.60}" if text else f"has no {name}"
        return ListRefusedError("LIST_STRUCTURE", f"{place_of(self._element)} {problem}")


def read_element(element: etree._Element, read: Callable[[XmlParts], _Value], unread: Unread) -> _Value:
    """What `read` makes of an element; the paths of children that it didn't ask for are added to `unread`."""
    parts = XmlParts(element, unread)
    found = read(parts)
    parts.tell_left()
    return found


def place_of(element: etree._Element) -> str:
    """Its path, for people, counted by libxml2, since there may be very many siblings."""
    tree = element.getroottree()
    below = _NAMESPACE.sub("", tree.getelementpath(element))
    return f"{local_name(tree.getroot().tag)}/{below}"


def text_with_language(element: etree._Element) -> Text:
    """A text and its language."""
    return Text(language_of(element), text_of(element))


def language_of(element: etree._Element) -> str:
    """`xml:lang`, or `lang`, since some publishers leave out the namespace."""
    return element.get(LANGUAGE, element.get("lang", ""))
