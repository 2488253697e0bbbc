# SPDX-License-Identifier: Apache-2.0
"""Records of named elements, read and written by one table: an element for each attribute of a dataclass.

An element that is missing or empty is None, which only an optional one may be. Reading takes them in any order, as
`registry.sml.envelope` does; writing keeps that of the table, which is that of the schema.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lxml import etree

from registry.identifiers.text import shorten
from registry.sml.envelope import Children, escape, local_name

T = TypeVar("T")
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}  # XML Schema 2 §3.2.2
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Kind:
    """How a value is read from text, with ValueError for what it can't be, and written as text."""

    read: Callable[[str], Any]
    write: Callable[[Any], str] = str


def text(longest: int) -> Kind:
    """A text of so many characters at most."""

    def read(found: str) -> str:
        if len(found) > longest:
            raise ValueError(f"longer than {longest} characters")
        return found

    return Kind(read)


def _read_flag(found: str) -> bool:
    if found not in _TRUE | _FALSE:
        raise ValueError("neither true nor false")
    return found in _TRUE


def _read_number(found: str) -> int:
    if not (found.isascii() and found.isdigit() and len(found) <= _MOST_DIGITS):
        raise ValueError(f"not a number of at most {_MOST_DIGITS} digits")
    return int(found)


def _read_bytes(found: str) -> bytes:
    try:
        return base64.b64decode("".join(found.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error


FLAG = Kind(_read_flag, lambda value: str(value).lower())
NUMBER = Kind(_read_number)
BYTES = Kind(_read_bytes, lambda value: base64.b64encode(value).decode())


@dataclass(frozen=True, slots=True)
class Field:
    """One element: its local name, the attribute that it stands for, and how its text is read."""

    element: str
    attribute: str
    kind: Kind
    required: bool = True
    namespace: str = ""
    """Where it is not that of the record."""


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """The elements of the records of one type, in the order of the schema."""

    make: Callable[..., T]
    namespace: str
    fields: tuple[Field, ...] = ()

    def read(self, element: etree._Element) -> T:
        """The record in an element. Raises SmlError (BadRequest) with everything that is wrong."""
        children = Children(element, *(self._tag(field) for field in self.fields))
        values = {field.attribute: self._value(children, field) for field in self.fields}
        children.check()
        return self.make(**values)

    def write(self, record: T) -> str:
        """The content of the element of a record; elements without a prefix are in the shape's namespace."""
        return "".join(self._written(field, getattr(record, field.attribute)) for field in self.fields)

    def _tag(self, field: Field) -> str:
        return f"{{{field.namespace or self.namespace}}}{field.element}"

    def _value(self, children: Children, field: Field) -> Any:
        tag = self._tag(field)
        found = children.text(tag, required=field.required)
        if not found:
            return None
        try:
            return field.kind.read(found)
        except ValueError as error:
            children.problem(f"{local_name(tag)} is {error}: {shorten(found)}")
            return None

    def _written(self, field: Field, value: Any) -> str:
        if value is None:
            return ""
        declared = f' xmlns="{field.namespace}"' if field.namespace else ""
        return f"<{field.element}{declared}>{escape(field.kind.write(value))}</{field.element}>"


@dataclass(frozen=True, slots=True)
class Several(Generic[T]):
    """A list of records, each in an element of this name; only ever written."""

    element: str
    shape: Shape[T]

    def write(self, records: Sequence[T]) -> str:
        """The content of the element that holds the list."""
        return "".join(f"<{self.element}>{self.shape.write(record)}</{self.element}>" for record in records)
