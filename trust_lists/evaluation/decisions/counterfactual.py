# SPDX-License-Identifier: Apache-2.0
"""What would have to be otherwise for a certificate to be accepted: the smallest sets of changes that flip the answer.

Each set is decided anew by the engine itself, so it is what would happen, not what a reason suggests.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case, Decision
from trust_lists.evaluation.decisions.relaxations import Relaxation, Situation, pinned, relaxations
from trust_lists.evaluation.trust_configuration.model import Json

MOST_CHANGES = 5
"""That a set has."""
MOST_SETS = 5
"""That are told, of one size."""
MOST_DECISIONS = 300


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Changes that together, and none of them without the others, lead to ACCEPT."""

    ids: tuple[str, ...]
    """What is changed: `time`, `context`, `asserted`, `leaf.<rule>`, `revocation`, `deny`, `path`, `anchor`, `pin`."""
    changes: tuple[str, ...]
    """The same in words, each to be read after "if"."""

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        return {"ids": list(self.ids), "changes": list(self.changes)}

    def __str__(self) -> str:
        return f"would be accepted if {', and '.join(self.changes)}"


def counterfactuals(
    engine: DecisionEngine,
    case: Case,
    evidence: Evidence = Evidence(),  # noqa: B008 - immutable
) -> tuple[Counterfactual, ...]:
    """The smallest sets, all of one size; () where it is accepted already, or no set of `MOST_CHANGES` will do."""
    decision = engine.decide(case, evidence)
    situation = Situation(engine.configuration, case, evidence)
    if decision.accepted:
        return ()
    # whoever vouched for it, more would be asked of it than is asked now
    vouched = _decision(pinned(situation))
    known = relaxations(situation, (*decision.checks, *vouched.checks))
    left = MOST_DECISIONS
    needed = tuple(each for each in known if each.needed)
    others = tuple(each for each in known if not each.needed)
    for size in range(max(1, len(needed)), min(MOST_CHANGES, len(known)) + 1):
        found: list[Counterfactual] = []
        for chosen in _sets(needed, others, size):
            if not left or len(found) == MOST_SETS:
                break
            ids = tuple(each.id for each in chosen)
            if any(each.ids == ids for each in found):
                continue  # the nearest time, or authority, is told already
            left -= 1
            if _accepted(situation, chosen):
                found.append(Counterfactual(ids, tuple(each.words for each in chosen)))
        if found:
            return tuple(found)
    return ()


def _sets(
    needed: tuple[Relaxation, ...], others: tuple[Relaxation, ...], size: int
) -> Iterator[tuple[Relaxation, ...]]:
    """Those with all that is needed, and no two changes of the same input: one time, one anchor."""
    for more in combinations(others, size - len(needed)):
        if len({each.id for each in more}) == len(more):
            yield (*needed, *more)


def _accepted(situation: Situation, chosen: tuple[Relaxation, ...]) -> bool:
    for each in chosen:
        situation = each.apply(situation)
    return _decision(situation).accepted


def _decision(situation: Situation) -> Decision:
    return DecisionEngine(situation.configuration).decide(situation.case, situation.evidence)
