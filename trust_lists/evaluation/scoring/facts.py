# SPDX-License-Identifier: Apache-2.0
"""The facts about trust models: what was measured or looked up, with its method and source, and no opinion.

A fact is a row (model, quantity): a number with its unit, a range of it, or `unknown`. What it is worth is said in
the judgements, a file of its own, so that two evaluators who disagree can share one table. A row that is missing is
unknown too; rows that say `unknown` tell where somebody has looked. As YAML (or the same as JSON)::

    kind: trust-model-facts
    title: A network of 33 access points
    criteria: {operations: Operational effort}
    models: {pins: Mutual exchange, pki: Dedicated domain PKI}
    quantities:
      installs: {criterion: operations, name: Installs before the first message, unit: installs}
    facts:
      - {model: pins, quantity: installs, value: 1056, method: "A(A-1), A = 33", source: the catalogue, snapshot: none}
      - {model: pki, quantity: installs, value: {from: 66, to: 99}, method: …, source: …, snapshot: a SHA-256}
"""

import hashlib
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from trust_lists.errors import ScoringError
from trust_lists.evaluation.scoring.reading import UNKNOWN, Node, Range, parse
from trust_lists.strict_json import canonical_json

KIND = "trust-model-facts"
MAX_MODELS, MAX_CRITERIA, MAX_QUANTITIES = 20, 12, 30
"""So many can be scored within two minutes even where nothing is known of them."""


@dataclass(frozen=True, slots=True)
class Named:
    """A trust model or a criterion: a short id, and the name that people read."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is measured for a criterion, and in which unit."""

    id: str
    criterion: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a quantity of a model, how it was found and where.

    `snapshot` is the SHA-256 of the evidence that it was measured on, or empty where there is none: formulas, texts.
    """

    model: str
    quantity: str
    value: Range | None
    method: str
    source: str
    snapshot: str

    def to_json(self) -> dict[str, Any]:
        """The row as a file has it."""
        value = self.value
        number = UNKNOWN if value is None else value.to_json()["from"] if value.exact else value.to_json()
        return {
            "model": self.model,
            "quantity": self.quantity,
            "value": number,
            "method": self.method,
            "source": self.source,
            "snapshot": self.snapshot or "none",
        }


@dataclass(frozen=True, slots=True)
class FactsTable:
    """All facts. The order in which they are given says nothing: tables with the same rows are equal."""

    title: str
    criteria: tuple[Named, ...]
    models: tuple[Named, ...]
    quantities: tuple[Quantity, ...]
    facts: tuple[Fact, ...]

    def __post_init__(self) -> None:
        for field in ("criteria", "models", "quantities"):
            object.__setattr__(self, field, tuple(sorted(getattr(self, field), key=lambda each: each.id)))
        object.__setattr__(self, "facts", tuple(sorted(self.facts, key=_key)))

    def fact(self, model: str, quantity: str) -> Fact:
        """What is known; a missing row is unknown."""
        place = bisect_left(self.facts, (model, quantity), key=_key)
        if place < len(self.facts) and _key(self.facts[place]) == (model, quantity):
            return self.facts[place]
        return Fact(model, quantity, None, "no row in the table", "none", "")

    def without(self, model: str) -> "FactsTable":
        """The same table as if nobody had thought of this model."""
        models = tuple(each for each in self.models if each.id != model)
        facts = tuple(fact for fact in self.facts if fact.model != model)
        return FactsTable(self.title, self.criteria, models, self.quantities, facts)

    def to_json(self) -> dict[str, Any]:
        """The table in the form that `read_facts` takes."""
        return {
            "kind": KIND,
            "title": self.title,
            "criteria": {each.id: each.name for each in self.criteria},
            "models": {each.id: each.name for each in self.models},
            "quantities": {
                each.id: {"criterion": each.criterion, "name": each.name, "unit": each.unit} for each in self.quantities
            },
            "facts": [fact.to_json() for fact in self.facts],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the contents: of the canonical JSON, whether they came as YAML or JSON, and in which order."""
        return hashlib.sha256(canonical_json(self.to_json()).encode()).hexdigest()


def _key(fact: Fact) -> tuple[str, str]:
    return fact.model, fact.quantity


def read_facts(data: bytes) -> FactsTable:
    """The facts of a file in YAML or JSON. Raises ScoringError with all that is wrong."""
    root = parse(data, "facts")
    file = root.section(required=("kind", "title", "criteria", "models", "quantities", "facts"))
    if file["kind"] and file["kind"].text() != KIND:
        file["kind"].wrong(f"{KIND} is expected")
    criteria = _names(file["criteria"], MAX_CRITERIA)
    models = _names(file["models"], MAX_MODELS)
    quantities = _quantities(file["quantities"], {each.id for each in criteria})
    facts = _facts(file["facts"], {each.id for each in models}, {each.id for each in quantities})
    if len(models) == 1:
        file["models"].wrong("there is only one model; an evaluation compares at least two")
    title = file["title"].line()
    if root.reasons:
        raise ScoringError(tuple(f"facts: {reason}" for reason in root.reasons))
    return FactsTable(title, criteria, models, quantities, facts)


def _names(node: Node, most: int) -> tuple[Named, ...]:
    found = node.identifiers()
    if len(found) > most:
        node.wrong(f"there are {len(found)}; {most} are allowed")
    names: set[str] = set()
    for each in found.values():
        if not each:
            each.wrong("a name is missing")
        elif each.line() in names:
            each.wrong("another one has this name")
        names.add(each.line() if each.is_text else "")
    return tuple(Named(key, each.line()) for key, each in found.items())


def _quantities(node: Node, criteria: Collection[str]) -> tuple[Quantity, ...]:
    found = node.identifiers()
    if len(found) > MAX_QUANTITIES:
        node.wrong(f"there are {len(found)}; {MAX_QUANTITIES} are allowed")
    quantities = []
    for key, each in found.items():
        keys = each.section(required=("criterion", "name", "unit"))
        criterion = keys["criterion"].one_of(criteria, "criterion")
        quantities.append(Quantity(key, criterion, keys["name"].line(), keys["unit"].line()))
    return tuple(quantities)


def _facts(node: Node, models: Collection[str], quantities: Collection[str]) -> tuple[Fact, ...]:
    found: dict[tuple[str, str], Fact] = {}
    for each in node.items()[: MAX_MODELS * MAX_QUANTITIES + 1]:
        keys = each.section(required=("model", "quantity", "value", "method", "source", "snapshot"))
        fact = Fact(
            keys["model"].one_of(models, "model"),
            keys["quantity"].one_of(quantities, "quantity"),
            keys["value"].range(),
            keys["method"].line(),
            keys["source"].line(),
            keys["snapshot"].digest(),
        )
        if (fact.model, fact.quantity) in found:
            each.wrong(f"there is another fact about {fact.quantity} of {fact.model}")
        found[fact.model, fact.quantity] = fact
    return tuple(found.values())
