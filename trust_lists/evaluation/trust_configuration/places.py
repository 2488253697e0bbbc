# SPDX-License-Identifier: Apache-2.0
"""Values of a tree with their key path, for checks that must not stumble over what is missing or wrong already."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from trust_lists.evaluation.trust_configuration.model import Json
from trust_lists.yaml_nodes import Node


@dataclass(frozen=True, slots=True)
class Place:
    """A value, or None where there is none; its path is that of the node it was read from."""

    value: Json
    path: str

    def __bool__(self) -> bool:
        return self.value is not None

    def at(self, key: str) -> "Place":
        """The value of a key."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return Place(found, f"{self.path}.{key}" if self.path else key)

    def items(self) -> "list[Place]":
        """The values of a list."""
        values = self.value if isinstance(self.value, list) else []
        return [Place(each, f"{self.path}[{number}]") for number, each in enumerate(values, 1)]

    def entries(self) -> "dict[str, Place]":
        """The values of a mapping by key."""
        return {key: self.at(key) for key in self.value} if isinstance(self.value, dict) else {}

    @property
    def text(self) -> str:
        """The text; "" where there is none."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int:
        """The number; 0 where there is none."""
        return self.value if isinstance(self.value, int) else 0


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong, or questionable, at a key path."""

    path: str
    message: str


def line_numbers(node: Node) -> dict[str, int]:
    """The lines of all values by path."""
    return dict(_lines(node))


def _lines(node: Node) -> Iterator[tuple[str, int]]:
    yield node.path, node.line_number
    quiet = Node(node.raw, node.path, [])
    match node.raw:
        case yaml.MappingNode():
            for key, raw in quiet.pairs(node.raw).items():
                yield from _lines(quiet.at(key, raw))
        case yaml.SequenceNode():
            for number, raw in enumerate(node.raw.value, 1):
                yield from _lines(quiet.item(number, raw))
