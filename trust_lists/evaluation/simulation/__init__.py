# SPDX-License-Identifier: Apache-2.0
"""Networks of up to a million participants through years, under each trust model: what it costs, and what goes wrong.

Pure: the same settings, assumptions and seed give the same result, whatever the machine.
"""

from trust_lists.evaluation.simulation.catalogue import COUNTED_ON, MODELS
from trust_lists.evaluation.simulation.events import Event, Scheduled, Settings
from trust_lists.evaluation.simulation.models import Model
from trust_lists.evaluation.simulation.parameters import CATALOGUE, Assumptions, Parameters, read_assumptions
from trust_lists.evaluation.simulation.results import ModelResult, SimulationResult, simulate, writes_of_joining

__all__ = [
    "CATALOGUE",
    "COUNTED_ON",
    "MODELS",
    "Assumptions",
    "Event",
    "Model",
    "ModelResult",
    "Parameters",
    "Scheduled",
    "Settings",
    "SimulationResult",
    "read_assumptions",
    "simulate",
    "writes_of_joining",
]
