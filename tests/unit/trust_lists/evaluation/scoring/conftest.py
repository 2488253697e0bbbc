# SPDX-License-Identifier: Apache-2.0
"""Small files of facts and judgements: three models, three criteria, one unknown and one range."""

import json
from typing import Any

import pytest

from trust_lists.evaluation.scoring import FactsTable, Judgements, read_facts, read_judgements

SNAPSHOT = "5e" * 32
HEAD = {"who": "Group <A>", "when": "2026-11-22", "scale": "0 to 1"}


def fact(model: str, quantity: str, value: object) -> dict[str, object]:
    return {
        "model": model,
        "quantity": quantity,
        "value": value,
        "method": "counted",
        "source": "corpus",
        "snapshot": SNAPSHOT,
    }


def facts_value() -> dict[str, Any]:
    return {
        "kind": "trust-model-facts",
        "title": "Three models",
        "criteria": {"effort": "Effort", "law": "Law", "safety": "Safety"},
        "models": {"pins": "Pins", "pki": "PKI", "list": "List"},
        "quantities": {
            "installs": {"criterion": "effort", "name": "Installs", "unit": "installs"},
            "qualified": {"criterion": "law", "name": "Qualified", "unit": "share"},
            "blast": {"criterion": "safety", "name": "Blast radius", "unit": "share"},
        },
        "facts": [
            fact("pins", "installs", 1056),
            fact("pki", "installs", 66),
            fact("list", "installs", 33),
            fact("pins", "qualified", 0),
            fact("pki", "qualified", 0),
            fact("list", "qualified", "unknown"),
            fact("pins", "blast", 0.06),
            fact("pki", "blast", {"from": 0.5, "to": 0.75}),
            fact("list", "blast", 1),
        ],
    }


def judgements_value() -> dict[str, Any]:
    return {
        "kind": "trust-model-judgements",
        "title": "Ours",
        **HEAD,
        "values": {
            "installs": {"points": [[0, 1], [1056, 0]], "reason": "work"},
            "qualified": {"points": [[0, 0], [1, 1]], "reason": "law"},
            "blast": {"points": [[0, 1], [1, 0]], "reason": "loss"},
        },
        "weights": {
            "points": {
                "effort": {"weight": 50, "reason": "few people"},
                "law": {"weight": 20, "reason": "no duty"},
                "safety": {"weight": 30, "reason": "health"},
            }
        },
    }


def as_bytes(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture
def facts() -> FactsTable:
    return read_facts(as_bytes(facts_value()))


@pytest.fixture
def judgements(facts: FactsTable) -> Judgements:
    return read_judgements(as_bytes(judgements_value()), facts)


class Files:
    """The files as values that a test changes before it writes them as JSON."""

    facts = staticmethod(facts_value)
    judgements = staticmethod(judgements_value)
    fact = staticmethod(fact)
    bytes = staticmethod(as_bytes)
    snapshot = SNAPSHOT


@pytest.fixture
def files() -> type[Files]:
    return Files
