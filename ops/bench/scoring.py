# SPDX-License-Identifier: Apache-2.0
"""How long it takes to score ten trust models on eight criteria with 100,000 draws: all known, some, nothing known."""

import json
import random
import time
from typing import Any

from trust_lists.evaluation.scoring import assess, read_facts, read_judgements
from trust_lists.evaluation.scoring.facts import KIND as FACTS
from trust_lists.evaluation.scoring.judgements import KIND as JUDGEMENTS

MODELS, CRITERIA = 10, 8


def run() -> dict[str, Any]:
    """CPU seconds of the whole assessment, by the part of the facts that is unknown."""
    return {
        "name": "scoring",
        "models": MODELS,
        "criteria": CRITERIA,
        "cpu_seconds": {"known": _seconds(0.0), "fifth_unknown": _seconds(0.2), "unknown": _seconds(1.0)},
    }


def _seconds(unknown: float) -> float:
    chance = random.Random(1)  # noqa: S311 - facts that are the same in every run
    names = [f"c{number}" for number in range(CRITERIA)]
    facts = {
        "kind": FACTS,
        "title": "Benchmark",
        "criteria": {each: each.upper() for each in names},
        "models": {f"m{number}": f"Model {number}" for number in range(MODELS)},
        "quantities": {f"q-{each}": {"criterion": each, "name": each, "unit": "units"} for each in names},
        "facts": [
            {
                "model": f"m{model}",
                "quantity": f"q-{each}",
                "value": "unknown" if chance.random() < unknown else chance.randrange(101),
                "method": "drawn",
                "source": "benchmark",
                "snapshot": "none",
            }
            for model in range(MODELS)
            for each in names
        ],
    }
    judgements = {
        "kind": JUDGEMENTS,
        "title": "Benchmark",
        "who": "benchmark",
        "when": "2026-11-22",
        "scale": "0 to 1",
        "values": {f"q-{each}": {"points": [[0, 0], [100, 1]], "reason": "benchmark"} for each in names},
        "weights": {"points": {each: {"weight": 1, "reason": "benchmark"} for each in names}},
    }
    table = read_facts(json.dumps(facts).encode())
    judged = read_judgements(json.dumps(judgements).encode(), table)
    begun = time.process_time()
    assess(table, judged)
    return round(time.process_time() - begun, 2)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
