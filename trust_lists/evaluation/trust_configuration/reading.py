# SPDX-License-Identifier: Apache-2.0
"""From YAML or JSON to a trust configuration, with all reasons at once where that can't be.

A text that begins with `{` is JSON, and read by the strict reader; all else is YAML, in which aliases are allowed and
merge keys (`<<`) are not. Files are asked of a port, by their names; what they hold is checked against its digest.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

import yaml

from trust_lists.errors import ConfigurationError, JsonRefusedError, YamlRefusedError
from trust_lists.evaluation.trust_configuration.canonical import to_json
from trust_lists.evaluation.trust_configuration.certificates import Files, denied, doubtful, hold, with_certificates
from trust_lists.evaluation.trust_configuration.contradictions import contradictions, questionable
from trust_lists.evaluation.trust_configuration.format import CONFIGURATION, DEVIATION
from trust_lists.evaluation.trust_configuration.forms import TEXT_TAG
from trust_lists.evaluation.trust_configuration.model import Deviation, Effective, Json, TrustConfiguration
from trust_lists.evaluation.trust_configuration.places import Complaint, Place, line_numbers
from trust_lists.strict_json import parse_json
from trust_lists.yaml_nodes import Node, parse

MAX_BYTES = 10_000_000
MAX_DEPTH = 60

_TAGS = {bool: "bool", int: "int", float: "float", type(None): "null"}
_FIXED = {"effective", "apiVersion", "kind", "id"}
"""What a deviation can't change."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration, and what should be looked at in it, each with its key path."""

    configuration: TrustConfiguration
    warnings: tuple[str, ...] = ()


def read_configuration(data: bytes, files: Files | None = None) -> Reading:
    """The configuration in a text, with the bytes of its certificates where `files` is given.

    Raises ConfigurationError with all reasons, each with the path of its key, and its line in YAML.
    """
    return _read(_root(data), files)


def read_tree(tree: Json, files: Files | None = None) -> Reading:
    """The same of what JSON has."""
    return _read(node_of(tree), files)


def effective_configuration(
    configuration: TrustConfiguration, ids: Collection[str] | None = None
) -> TrustConfiguration:
    """What really happens: the configuration with its deviations, or those with these ids, put into force.

    Raises ConfigurationError where there is no such deviation, or where what comes out contradicts itself.
    """
    deviations = configuration.effective.deviations
    unknown = sorted(set(ids or ()) - {each.id for each in deviations})
    if unknown:
        raise ConfigurationError(tuple(f"effective.deviations: there is no {each}" for each in unknown))
    chosen = [each for each in deviations if ids is None or each.id in ids]
    if not chosen:
        return replace(configuration, effective=Effective())
    held = {each.sha256: each.certificate for each in configuration.certificates() if each.certificate}
    return with_certificates(_deviating(to_json(configuration), chosen), held)


def node_of(tree: Json) -> Node:
    """What JSON has as nodes, which stand on no line."""
    return Node(_raw(tree), "", [])


def _root(data: bytes) -> Node:
    if len(data) > MAX_BYTES:
        raise ConfigurationError((f"the configuration has {len(data)} bytes; {MAX_BYTES} are allowed",))
    try:
        if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
            tree: Any = parse_json(data, max_bytes=MAX_BYTES)
            return node_of(tree)
        root = parse(data)
    except (JsonRefusedError, YamlRefusedError) as error:
        raise ConfigurationError((str(error),)) from None
    if _depth(root.raw) > MAX_DEPTH:
        raise ConfigurationError((f"the configuration is nested more than {MAX_DEPTH} levels deep",))
    return root


def _read(root: Node, files: Files | None) -> Reading:
    if not root:
        raise ConfigurationError(("the configuration is empty",))
    tree = CONFIGURATION.read(root)
    place = Place(tree, "")
    held, missing = hold(place, files)
    found = [*contradictions(place), *denied(place, held), *missing]
    deviations = [] if root.reasons or found else list(_wrong_deviations(tree))
    reasons = [*root.reasons, *_told(root, [*found, *deviations])]
    if reasons:
        raise ConfigurationError(tuple(dict.fromkeys(reasons)))
    configuration = with_certificates(CONFIGURATION.build(tree), held)
    return Reading(configuration, tuple(_told(root, [*questionable(place), *doubtful(place, held)])))


def _told(root: Node, complaints: Collection[Complaint]) -> list[str]:
    lines = line_numbers(root) if complaints else {}
    return [
        f"{each.path}{f' (line {lines[each.path]})' if lines.get(each.path) else ''}: {each.message}"
        for each in complaints
    ]


def _wrong_deviations(tree: Any) -> Iterable[Complaint]:
    """Deviations whose overrides make no configuration, each looked at alone."""
    deviations: list[Any] = tree["effective"]["deviations"]
    for number, deviation in enumerate(deviations, 1):
        try:
            _deviating(tree, [DEVIATION.build(deviation)])
        except ConfigurationError as error:
            path = f"effective.deviations[{number}].overrides"
            yield from (Complaint(path, reason) for reason in error.reasons)


def _deviating(tree: dict[str, Json], deviations: Iterable[Deviation]) -> TrustConfiguration:
    changed: dict[str, Any] = {key: each for key, each in tree.items() if key != "effective"}
    for deviation in deviations:
        for path, value in deviation.overrides.items():
            changed = _put(changed, path.split("."), value, path)
    return read_tree(changed).configuration


def _put(tree: Any, keys: list[str], value: Json, path: str) -> dict[str, Any]:
    """The tree with another value at a path that leads through mappings and is there."""
    if not isinstance(tree, dict) or keys[0] not in tree or keys[0] in _FIXED:
        raise ConfigurationError((f"{path}: there is no such value to override",))
    return tree | {keys[0]: value if len(keys) == 1 else _put(tree[keys[0]], keys[1:], value, path)}


def _raw(tree: Json) -> yaml.Node:
    match tree:
        case dict():
            pairs = [(yaml.ScalarNode(TEXT_TAG, key, style='"'), _raw(each)) for key, each in tree.items()]
            return yaml.MappingNode("tag:yaml.org,2002:map", pairs)
        case list():
            return yaml.SequenceNode("tag:yaml.org,2002:seq", [_raw(each) for each in tree])
        case str():
            return yaml.ScalarNode(TEXT_TAG, tree, style='"')
    text = "null" if tree is None else str(tree).lower() if isinstance(tree, bool) else str(tree)
    return yaml.ScalarNode(f"tag:yaml.org,2002:{_TAGS[type(tree)]}", text)


def _depth(raw: yaml.Node | None) -> int:
    """How deep the values are nested, no deeper than one needs to know."""
    level: list[yaml.Node] = [raw] if raw is not None else []
    depth = 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        inner = {id(child): child for each in level for child in _children(each)}
        level = list(inner.values())
    return depth


def _children(raw: yaml.Node) -> list[yaml.Node]:
    match raw:
        case yaml.MappingNode():
            return [value for _key, value in raw.value]
        case yaml.SequenceNode():
            return list(raw.value)
    return []
