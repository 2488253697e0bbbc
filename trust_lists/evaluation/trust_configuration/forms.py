# SPDX-License-Identifier: Apache-2.0
"""The forms that values of a configuration take: each reads, builds, writes and describes itself.

One description serves the reader, the writer and the JSON Schema, so that they can't differ. `read` turns a node into
a tree (what JSON has) and notes what is wrong with it, with its path; `build` turns a tree that nothing is wrong with
into a value of the model, `dump` turns it back; `schema` describes the tree (JSON Schema 2020-12).

Texts of YAML are read as written, so that `0.4` may be an object identifier; in JSON a text is a string and nothing
else. A number, true, false and null are never quoted.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import yaml

from trust_lists.errors import shown
from trust_lists.evaluation.trust_configuration.model import Json
from trust_lists.instants import read_instant, write_instant
from trust_lists.yaml_nodes import Node

TEXT_TAG = "tag:yaml.org,2002:str"
ANY = "any"

Schema = dict[str, Any]
_UNITS = {"D": 86_400, "H": 3_600, "M": 60, "S": 1}
_NULLS = {"", "~", "null"}


class Form(ABC):
    """What a value may look like."""

    @abstractmethod
    def read(self, node: Node) -> Json:
        """The tree of a node that is there; None where something is wrong with it, which is noted."""

    def build(self, tree: Any) -> Any:
        """The value of a tree that nothing is wrong with."""
        return tree

    def dump(self, value: Any) -> Json:
        """The tree of a value."""
        tree: Json = value
        return tree

    @abstractmethod
    def schema(self) -> Schema:
        """What JSON Schema says of the tree."""


def is_null(node: Node) -> bool:
    """Whether the value is null, unquoted."""
    raw = node.raw
    return isinstance(raw, yaml.ScalarNode) and raw.style is None and raw.value in _NULLS


def scalar(node: Node, expected: str) -> str | None:
    """The characters of a scalar; None where there is something else."""
    if isinstance(node.raw, yaml.ScalarNode) and not is_null(node):
        text: str = node.raw.value
        return text
    node.wrong(f"{expected} is expected")
    return None


def _plain(node: Node) -> bool:
    return isinstance(node.raw, yaml.ScalarNode) and node.raw.style is None


@dataclass(frozen=True, slots=True)
class Text(Form):
    """A text of a certain form; `pattern` is of Python and of ECMAScript, and for the whole of it."""

    pattern: str
    expected: str
    longest: int = 500

    def read(self, node: Node) -> Json:
        value = scalar(node, self.expected)
        if value is None:
            return None
        if node.raw is None or node.raw.tag != TEXT_TAG:
            node.wrong(f"{self.expected} is expected, as a text in quotes")
            return None
        if len(value) > self.longest or not re.fullmatch(self.pattern, value):
            node.wrong(f"{shown(value)!r} is not what is expected: {self.expected}")
            return None
        return value

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class Translated(Form):
    """A text, some values of which have names; the tree has the name, and the model what it stands for."""

    form: Text
    meanings: Mapping[str, str]

    def read(self, node: Node) -> Json:
        tree = self.form.read(node)
        return None if tree is None else self.dump(self.build(tree))

    def build(self, tree: Any) -> Any:
        return self.meanings.get(tree, tree)

    def dump(self, value: Any) -> Json:
        return next((name for name, meaning in self.meanings.items() if meaning == value), str(value))

    def schema(self) -> Schema:
        return self.form.schema()


def prose(longest: int = 4_000) -> Text:
    """A text for people: no control characters but line breaks, and no white space at its beginning."""
    return Text(r"[^\x00-\x20\x7f][^\x00-\x08\x0b-\x1f\x7f]*", f"a text of at most {longest} characters", longest)


@dataclass(frozen=True, slots=True)
class Choice(Form):
    """One of some words."""

    words: type[StrEnum]

    def read(self, node: Node) -> Json:
        value = scalar(node, f"one of {', '.join(self.words)}")
        if value is None:
            return None
        if value not in list(self.words) or node.raw is None or node.raw.tag != TEXT_TAG:
            node.wrong(f"{shown(value)!r} is none of {', '.join(self.words)}")
            return None
        return value

    def build(self, tree: Any) -> Any:
        return self.words(tree)

    def dump(self, value: Any) -> Json:
        return str(value.value)

    def schema(self) -> Schema:
        return {"enum": list(map(str, self.words))}


@dataclass(frozen=True, slots=True)
class Whole(Form):
    """A whole number within bounds."""

    least: int
    most: int

    def read(self, node: Node) -> Json:
        value = scalar(node, "a whole number")
        if value is None:
            return None
        if not _plain(node) or not re.fullmatch("0|[1-9][0-9]{0,8}", value):
            node.wrong(f"a whole number from {self.least} to {self.most} is expected")
            return None
        if not self.least <= int(value) <= self.most:
            node.wrong(f"a whole number from {self.least} to {self.most} is expected")
            return None
        return int(value)

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag(Form):
    """true or false; nothing else, such as the yes and no of YAML 1.1."""

    def read(self, node: Node) -> Json:
        value = scalar(node, "true or false")
        if value is None:
            return None
        if not _plain(node) or value not in {"true", "false"}:
            node.wrong("true or false is expected")
            return None
        return value == "true"

    def schema(self) -> Schema:
        return {"type": "boolean"}


_INSTANT = "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]Z"


@dataclass(frozen=True, slots=True)
class Instant(Form):
    """An instant in UTC, to the second: 2026-01-01T00:00:00Z."""

    def read(self, node: Node) -> Json:
        value = scalar(node, "an instant such as 2026-01-01T00:00:00Z")
        if value is None:
            return None
        if not re.fullmatch(_INSTANT, value) or read_instant(value) is None or node.raw is None:
            node.wrong(f"{shown(value)!r} is no instant such as 2026-01-01T00:00:00Z")
            return None
        return value

    def build(self, tree: Any) -> Any:
        return datetime.fromisoformat(tree).astimezone(UTC)

    def dump(self, value: Any) -> Json:
        return write_instant(value.replace(microsecond=0))

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{_INSTANT}$", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class Duration(Form):
    """A duration of one unit (ISO 8601): P760D, PT12H, PT5M, PT30S."""

    zero: bool = False

    @property
    def _pattern(self) -> str:
        number = "(?:0|[1-9][0-9]{0,5})" if self.zero else "[1-9][0-9]{0,5}"
        return f"P(?:{number}D|T{number}[HMS])"

    def read(self, node: Node) -> Json:
        value = scalar(node, "a duration such as P1D or PT5M")
        if value is None:
            return None
        if not re.fullmatch(self._pattern, value):
            node.wrong(f"{shown(value)!r} is no duration of one unit such as P1D or PT5M")
            return None
        return self.dump(self.build(value))

    def build(self, tree: Any) -> Any:
        return timedelta(seconds=int(tree.strip("PTDHMS")) * _UNITS[tree[-1]])

    def dump(self, value: Any) -> Json:
        seconds = int(value.total_seconds())
        unit = next(each for each, size in _UNITS.items() if seconds % size == 0 and (seconds or each == "S"))
        return f"P{'' if unit == 'D' else 'T'}{seconds // _UNITS[unit]}{unit}"

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{self._pattern}$"}


@dataclass(frozen=True, slots=True)
class AnyOr(Form):
    """The word `any`, which is None in the model, or something certain."""

    form: Form

    def read(self, node: Node) -> Json:
        if isinstance(node.raw, yaml.ScalarNode) and node.raw.value == ANY:
            return ANY
        if isinstance(node.raw, yaml.ScalarNode) and not isinstance(self.form, Text | Choice | Duration):
            node.wrong(f"the word {ANY}, or what is meant in detail, is expected")
            return None
        return self.form.read(node)

    def build(self, tree: Any) -> Any:
        return None if tree == ANY else self.form.build(tree)

    def dump(self, value: Any) -> Json:
        return ANY if value is None else self.form.dump(value)

    def schema(self) -> Schema:
        return {"anyOf": [{"const": ANY}, self.form.schema()]}


@dataclass(frozen=True, slots=True)
class Nullable(Form):
    """null, which must be written, or something certain."""

    form: Form

    def read(self, node: Node) -> Json:
        return None if is_null(node) else self.form.read(node)

    def build(self, tree: Any) -> Any:
        return None if tree is None else self.form.build(tree)

    def dump(self, value: Any) -> Json:
        return None if value is None else self.form.dump(value)

    def schema(self) -> Schema:
        return {"anyOf": [{"type": "null"}, self.form.schema()]}


@dataclass(frozen=True, slots=True)
class Free(Form):
    """Any value; unquoted numbers, true, false and null are such, all else is text."""

    def read(self, node: Node) -> Json:
        match node.raw:
            case yaml.MappingNode():
                return {key: self.read(node.at(key, raw)) for key, raw in node.pairs(node.raw).items()}
            case yaml.SequenceNode():
                return [self.read(node.item(number, raw)) for number, raw in enumerate(node.raw.value, 1)]
        text = node.raw.value if isinstance(node.raw, yaml.ScalarNode) else ""
        if is_null(node) or not _plain(node):
            return None if is_null(node) else text
        if text in {"true", "false"}:
            return text == "true"
        return int(text) if re.fullmatch("0|[1-9][0-9]{0,8}", text) else text

    def schema(self) -> Schema:
        return {}
