# SPDX-License-Identifier: Apache-2.0
"""Blast radius and minimal compromise sets: what somebody can do with a key, a list, a database that isn't his."""

from trust_lists.evaluation.blast_radius.goals import Attacker, Goal
from trust_lists.evaluation.blast_radius.network import Network
from trust_lists.evaluation.blast_radius.network_reading import network_schema, read_network
from trust_lists.evaluation.blast_radius.result import BlastRadius, blast_radius, suitable_network

__all__ = [
    "Attacker",
    "BlastRadius",
    "Goal",
    "Network",
    "blast_radius",
    "network_schema",
    "read_network",
    "suitable_network",
]
