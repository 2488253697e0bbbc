# SPDX-License-Identifier: Apache-2.0
"""Simulation of a million participants behind 400 access points, ten years, under the models that count.

Models of one simulation are run one after the other in this process, each through one history and all drills.
"""

import time
from typing import Any

from trust_lists.evaluation.simulation import COUNTED_ON, MODELS, Settings, simulate
from trust_lists.evaluation.simulation.engine import run as run_model
from trust_lists.evaluation.simulation.parameters import Parameters


def run() -> dict[str, Any]:
    """CPU seconds: of the histories alone, by model; and with drills and summaries, as the command runs them."""
    models = [model for model in MODELS if model.id in COUNTED_ON]
    settings = Settings()
    by_model: dict[str, float] = {}
    participants = 0
    for model in models:
        begun = time.process_time()
        _ledger, population = run_model(model, settings, Parameters())
        by_model[model.id] = round(time.process_time() - begun, 2)
        participants = sum(population.counts)
    begun = time.process_time()
    for model in models:
        simulate(model, settings)
    return {
        "name": "simulation",
        "participants": participants,
        "years": settings.years,
        "models": len(models),
        "by_model": by_model,
        "histories_cpu_seconds": round(sum(by_model.values()), 2),
        "cpu_seconds": round(time.process_time() - begun, 2),
    }
