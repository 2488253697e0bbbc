# SPDX-License-Identifier: Apache-2.0
"""Forms that are made of others: lists, mappings, sections with known keys, and one of several."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from trust_lists.evaluation.trust_configuration.forms import Form, Schema, Text, is_null, scalar
from trust_lists.evaluation.trust_configuration.model import Json
from trust_lists.strict_json import canonical_json
from trust_lists.yaml_nodes import Node


@dataclass(frozen=True, slots=True)
class Many(Form):
    """A list, in which nothing stands twice."""

    form: Form
    least: int = 0

    def read(self, node: Node) -> Json:
        if not isinstance(node.raw, yaml.SequenceNode):
            node.wrong("a list is expected")
            return None
        if len(node.raw.value) < self.least:
            node.wrong(f"at least {self.least} of them must stand here" if self.least > 1 else "this is an empty list")
        found: list[Json] = []
        seen: dict[str, int] = {}
        for number, raw in enumerate(node.raw.value, 1):
            item = node.item(number, raw)
            found.append(self.form.read(item))
            first = seen.setdefault(canonical_json(found[-1]), number)
            if found[-1] is not None and first != number:
                item.wrong(f"this is the same as [{first}]")
        return found

    def build(self, tree: Any) -> Any:
        return tuple(self.form.build(each) for each in tree)

    def dump(self, value: Any) -> Json:
        return [self.form.dump(each) for each in value]

    def schema(self) -> Schema:
        found: Schema = {"type": "array", "items": self.form.schema(), "uniqueItems": True}
        return found | ({"minItems": self.least} if self.least else {})


@dataclass(frozen=True, slots=True)
class ByKey(Form):
    """A mapping from keys of a form to values of another."""

    keys: Text
    form: Form
    least: int = 0

    def read(self, node: Node) -> Json:
        if not isinstance(node.raw, yaml.MappingNode):
            node.wrong("a mapping is expected")
            return None
        found: dict[str, Json] = {}
        for key, raw in node.pairs(node.raw).items():
            value = node.at(key, raw)
            if len(key) > self.keys.longest or not re.fullmatch(self.keys.pattern, key):
                value.wrong(f"the key is not what is expected: {self.keys.expected}")
            else:
                found[key] = self.form.read(value)
        if len(node.raw.value) < self.least:
            node.wrong("this is an empty mapping")
        return found

    def build(self, tree: Any) -> Any:
        return {key: self.form.build(each) for key, each in tree.items()}

    def dump(self, value: Any) -> Json:
        return {key: self.form.dump(each) for key, each in value.items()}

    def schema(self) -> Schema:
        return {
            "type": "object",
            "propertyNames": self.keys.schema(),
            "additionalProperties": self.form.schema(),
            "minProperties": self.least,
        }


@dataclass(frozen=True, slots=True)
class Section(Form):
    """A mapping with known keys, made to a value of `made`.

    `names` are those of its fields where they differ from the keys. A key that is `optional` is absent from the tree
    where the field is None; `empty` has the trees of keys that may be left out and are then empty.
    """

    made: Callable[..., Any]
    forms: Mapping[str, Form]
    names: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    empty: Mapping[str, Json] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    """Keys that say what this is; they are no fields."""
    exactly_one: bool = False
    """Whether one key, and only one, must be there; all are optional then."""

    def read(self, node: Node) -> Json:
        if not isinstance(node.raw, yaml.MappingNode):
            node.wrong(f"a mapping is expected, with keys such as {', '.join(list(self.forms)[:3])}")
            return None
        pairs = node.pairs(node.raw)
        found: dict[str, Json] = {}
        for key, raw in pairs.items():
            if key not in self.forms and key not in self.constants:
                node.at(key, raw).unknown(key, (*self.constants, *self.forms))
        for key, text in self.constants.items():
            found[key] = text
            if key not in pairs:
                node.at(key, None).wrong(f"this is missing; it must be {text}")
            elif scalar(value := node.at(key, pairs[key]), text) not in {text, None}:
                value.wrong(f"this must be {text}")
        for key, form in self.forms.items():
            if key in pairs:
                found[key] = form.read(node.at(key, pairs[key]))
            elif key in self.empty:
                found[key] = self.empty[key]
            elif key not in self._omissible:
                node.at(key, None).wrong("this is missing")
        if self.exactly_one and len(pairs) != 1:
            node.wrong(f"exactly one of {', '.join(self.forms)} is expected")
        return found

    @property
    def _omissible(self) -> set[str]:
        return set(self.forms) if self.exactly_one else {*self.optional, *self.empty}

    def _name(self, key: str) -> str:
        return self.names.get(key, key.replace("-", "_"))

    def build(self, tree: Any) -> Any:
        fields = {key: each for key, each in tree.items() if key in self.forms}
        return self.made(**{self._name(key): self.forms[key].build(each) for key, each in fields.items()})

    def dump(self, value: Any) -> Json:
        found = {key: getattr(value, self._name(key)) for key in self.forms}
        omitted = set(self.forms) if self.exactly_one else set(self.optional)
        kept = {key: each for key, each in found.items() if each is not None or key not in omitted}
        return {**self.constants, **{key: self.forms[key].dump(each) for key, each in kept.items()}}

    def schema(self) -> Schema:
        found: Schema = {
            "type": "object",
            "properties": {key: {"const": text} for key, text in self.constants.items()}
            | {key: form.schema() for key, form in self.forms.items()},
            "additionalProperties": False,
        }
        if self.exactly_one:
            return found | {"minProperties": 1, "maxProperties": 1}
        return found | {"required": [*self.constants, *(key for key in self.forms if key not in self._omissible)]}


@dataclass(frozen=True, slots=True)
class Wrapped(Form):
    """Another form, whose value becomes the only field of a value of `made`."""

    made: type
    form: Form
    name: str

    def read(self, node: Node) -> Json:
        return self.form.read(node)

    def build(self, tree: Any) -> Any:
        return self.made(**{self.name: self.form.build(tree)})

    def dump(self, value: Any) -> Json:
        return self.form.dump(getattr(value, self.name))

    def schema(self) -> Schema:
        return self.form.schema()


@dataclass(frozen=True, slots=True)
class OneOf(Form):
    """A mapping with one key, which says what kind of thing its value is."""

    cases: Mapping[str, Section | Wrapped]

    def read(self, node: Node) -> Json:
        if not isinstance(node.raw, yaml.MappingNode) or is_null(node):
            node.wrong(f"a mapping with one of the keys {', '.join(self.cases)} is expected")
            return None
        pairs = node.pairs(node.raw)
        for key, raw in pairs.items():
            if key not in self.cases:
                node.at(key, raw).unknown(key, self.cases)
        if len(pairs) != 1:
            node.wrong(f"exactly one of {', '.join(self.cases)} is expected, and nothing else")
        return {key: self.cases[key].read(node.at(key, raw)) for key, raw in pairs.items() if key in self.cases}

    def build(self, tree: Any) -> Any:
        ((key, each),) = tree.items()
        return self.cases[key].build(each)

    def dump(self, value: Any) -> Json:
        key = next(key for key, form in self.cases.items() if form.made is type(value))
        return {key: self.cases[key].dump(value)}

    def schema(self) -> Schema:
        return {
            "type": "object",
            "properties": {key: form.schema() for key, form in self.cases.items()},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }


@dataclass(frozen=True, slots=True)
class Named(Form):
    """A form by its name, which stands once under `$defs` of the schema; it may hold itself."""

    name: str
    target: Callable[[], Form]

    def read(self, node: Node) -> Json:
        return self.target().read(node)

    def build(self, tree: Any) -> Any:
        return self.target().build(tree)

    def dump(self, value: Any) -> Json:
        return self.target().dump(value)

    def schema(self) -> Schema:
        return {"$ref": f"#/$defs/{self.name}"}
