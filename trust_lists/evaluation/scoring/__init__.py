# SPDX-License-Identifier: Apache-2.0
"""Scores of trust models: facts strictly apart from judgements, and never a number without its range."""

from trust_lists.evaluation.scoring.assessment import Assessment, assess
from trust_lists.evaluation.scoring.facts import Fact, FactsTable, read_facts
from trust_lists.evaluation.scoring.judgement_reading import read_judgements
from trust_lists.evaluation.scoring.judgements import Judgements

__all__ = ["Assessment", "Fact", "FactsTable", "Judgements", "assess", "read_facts", "read_judgements"]
