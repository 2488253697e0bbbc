# SPDX-License-Identifier: Apache-2.0
"""Values of a YAML document with their place, which note what is wrong with them instead of raising at the first.

All scalars are read as texts: YAML 1.1 itself would take the country `NO` for false, an OID for a number, and a date
for something else than was written. Keys that stand twice are an error, as are keys that nobody knows.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, Self, TypeVar

import yaml

from trust_lists.errors import YamlRefusedError

MAX_SOURCE_BYTES = 10_000_000
MAX_VALUES = 200_000
"""Of one document, those that stand behind aliases counted as often as they are named."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f-\U0010ffff]+")
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,38})){1,40}")
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


@dataclass(frozen=True, slots=True)
class Node:
    """A value, or where one could be: `raw` is None where there is none, or an empty one.

    What is wrong goes to `reasons`, which all nodes of a document share, each with the path of its key
    (`providers[1].services[2].status`, counted from 1) and its line; the value is then an empty one.
    """

    raw: yaml.Node | None
    path: str
    reasons: list[str]

    def __bool__(self) -> bool:
        return self.raw is not None

    @property
    def line_number(self) -> int:
        """Counted from 1; 0 where the value stands on none."""
        return self.raw.start_mark.line + 1 if self.raw is not None and self.raw.start_mark else 0

    def wrong(self, message: str) -> None:
        """Note what is wrong with this value."""
        line = f" (line {self.line_number})" if self.line_number else ""
        self.reasons.append(f"{self.path or 'the source'}{line}: {message}")

    def unknown(self, key: str, known: Collection[str]) -> None:
        """Note that nobody knows this key, and which one may be meant."""
        near = get_close_matches(key, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        self.wrong(f"no such key; {hint}")

    def section(self, *, required: Collection[str] = (), optional: Collection[str] = ()) -> "Section[Self]":
        """The value as a mapping with these keys and no others."""
        known = (*required, *optional)
        pairs: dict[str, yaml.Node] = {}
        if isinstance(self.raw, yaml.MappingNode):
            pairs = self.pairs(self.raw)
        elif self:
            self.wrong(f"a mapping is expected, with keys such as {', '.join(known[:3])}")
        for key in pairs:
            if key not in known:
                self.at(key, pairs[key]).unknown(key, known)
        found = {key: self.at(key, _filled(pairs.get(key))) for key in known}
        if isinstance(self.raw, yaml.MappingNode) or not self:
            for key in required:
                if not found[key]:
                    found[key].wrong("this is missing")
        return Section(self, found)

    def entries(self) -> dict[str, Self]:
        """The value as a mapping with any keys."""
        if not isinstance(self.raw, yaml.MappingNode):
            if self:
                self.wrong("a mapping is expected")
            return {}
        return {key: self.at(key, _filled(value)) for key, value in self.pairs(self.raw).items()}

    def items(self) -> list[Self]:
        """The values of a list; a single value is a list of one."""
        if self.raw is None:
            return []
        if not isinstance(self.raw, yaml.SequenceNode):
            return [self]
        found = [self.item(number, _filled(value)) for number, value in enumerate(self.raw.value, 1)]
        for item in found:
            if not item:
                item.wrong("this is empty")
        return [item for item in found if item]

    @property
    def is_text(self) -> bool:
        """Whether the value is neither a list nor a mapping."""
        return isinstance(self.raw, yaml.ScalarNode)

    @property
    def is_mapping(self) -> bool:
        """Whether the value is a mapping."""
        return isinstance(self.raw, yaml.MappingNode)

    def text(self, default: str = "") -> str:
        """A text without white space around it."""
        if self.raw is None:
            return default
        if not isinstance(self.raw, yaml.ScalarNode):
            self.wrong("a text is expected")
            return default
        value: str = self.raw.value.strip()
        if (strange := _NOT_XML.search(value)) is not None:
            self.wrong(f"the character {strange[0]!r} is not allowed in XML")
            return default
        return value

    def line(self) -> str:
        """A text on one line; runs of white space become one space."""
        return " ".join(self.text().split())

    def uri(self) -> str:
        """An absolute URI in ASCII (RFC 3986)."""
        value = self.text()
        if value and not is_uri(value):
            self.wrong(f"{value!r} is no URI (https://…, mailto:…)")
            return ""
        return value

    def oid(self) -> str:
        """An object identifier, dotted."""
        value = self.text()
        if value and not _OID.fullmatch(value):
            self.wrong(f"{value!r} is no object identifier such as 0.4.0.194112.1.2")
            return ""
        return value

    def boolean(self, *, default: bool) -> bool:
        """`true` or `false`."""
        value = self.text().lower()
        if value in _TRUE or value in _FALSE:
            return value in _TRUE
        if self:
            self.wrong("true or false is expected")
        return default

    def integer(self, *, least: int, most: int, default: int) -> int:
        """A whole number within bounds."""
        if not self:
            return default
        value = self.text()
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            self.wrong(f"a whole number from {least} to {most} is expected")
            return default
        return int(value)

    def at(self, key: str, raw: yaml.Node | None) -> Self:
        """The value of a key of this mapping."""
        return type(self)(raw, self._below(key), self.reasons)

    def item(self, number: int, raw: yaml.Node | None) -> Self:
        """The value at a position of this list, counted from 1."""
        return type(self)(raw, f"{self.path}[{number}]", self.reasons)

    def pairs(self, mapping: yaml.MappingNode) -> dict[str, yaml.Node]:
        """The raw values by key, those of empty ones too; keys that stand twice or are no text are wrong."""
        found: dict[str, yaml.Node] = {}
        for key, value in mapping.value:
            if not isinstance(key, yaml.ScalarNode):
                self.wrong(f"a key is no text (line {key.start_mark.line + 1})")
            elif key.value in found:
                self.at(key.value, value).wrong("this key stands there already")
            else:
                found[key.value] = value
        return found

    def _below(self, key: str) -> str:
        shown = key if re.fullmatch(r"[\w./-]{1,60}", key) else repr(key[:60])
        return f"{self.path}.{shown}" if self.path else shown


_AnyNode = TypeVar("_AnyNode", bound=Node)


@dataclass(frozen=True, slots=True)
class Section(Generic[_AnyNode]):
    """A mapping with known keys; those that aren't there are empty nodes."""

    node: _AnyNode
    nodes: dict[str, _AnyNode]

    def __getitem__(self, key: str) -> _AnyNode:
        return self.nodes[key]

    def given(self, *keys: str) -> list[str]:
        """Which of these keys are there."""
        return [key for key in keys if self.nodes[key]]


def is_uri(text: str) -> bool:
    """Whether the text is an absolute URI in ASCII (RFC 3986)."""
    return _URI.fullmatch(text) is not None


def parse(data: bytes) -> Node:
    """The one document of `data`. Raises YamlRefusedError where it is no YAML, or too large."""
    if len(data) > MAX_SOURCE_BYTES:
        raise YamlRefusedError(f"the source has {len(data)} bytes; {MAX_SOURCE_BYTES} are allowed")
    try:
        raw = yaml.compose(data, Loader=yaml.BaseLoader)
        values = 0 if raw is None else _count(raw, {})
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise YamlRefusedError(f"the source is no YAML: {line}{error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise YamlRefusedError(f"the source is no YAML: {error}") from None
    except RecursionError:
        raise YamlRefusedError("the source is nested too deep, or contains itself") from None
    if values > MAX_VALUES:
        raise YamlRefusedError(f"the source has more than {MAX_VALUES} values")
    return Node(raw, "", [])


def _count(node: yaml.Node, counted: dict[int, int]) -> int:
    """How many values there are, without walking behind an alias twice. Raises RecursionError for one in itself."""
    known = counted.get(id(node))
    if known is None:
        counted[id(node)] = 0
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        inner = [part for pair in parts for part in pair] if isinstance(node, yaml.MappingNode) else parts
        known = counted[id(node)] = 1 + sum(_count(part, counted) for part in inner)
    elif known == 0:
        raise RecursionError
    return known


def _filled(node: yaml.Node | None) -> yaml.Node | None:
    """The node, or None for an empty value, `~` and `null`."""
    if isinstance(node, yaml.ScalarNode):
        empty = not node.value.strip() or (node.style is None and node.value in {"~", "null"})
        return None if empty else node
    return node
