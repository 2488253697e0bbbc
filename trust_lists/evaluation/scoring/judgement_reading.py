# SPDX-License-Identifier: Apache-2.0
"""Reads a file of judgements against the facts that they are about.

Who, when and scale may stand once at the head of the file; a reason belongs to every single judgement. Comparisons
with a consistency ratio above 0.10 are refused unless `accept_inconsistency` says why they are used nonetheless::

    kind: trust-model-judgements
    title: What the evaluation group thinks
    who: Evaluation group
    when: 2026-11-22
    scale: points out of 100; values from 0 (worst) to 1 (best)
    values:                 # by quantity; a `share` each where a criterion has several parts
      installs: {points: [[0, 1], [100, 0.8], [1100, 0]], reason: a morning of work is fine}
    comparisons:            # of models, by criterion, for what nobody can measure; optional
      market: {items: [pins, pki], rows: [[1, 1/3], [3, 1]], scale: Saaty's 1 to 9, reason: …}
    weights:                # or `items` and `rows`, to compare the criteria in pairs
      points: {operations: {weight: 60, reason: …}, market: {weight: 40, reason: …}}
"""

from datetime import date
from fractions import Fraction

from trust_lists.errors import ScoringError
from trust_lists.evaluation.scoring.facts import FactsTable
from trust_lists.evaluation.scoring.judgements import KIND, Compared, Judged, Judgements, QuantityValue, Weight
from trust_lists.evaluation.scoring.pairwise import MAX_CR, Comparison
from trust_lists.evaluation.scoring.pairwise import problems as matrix_problems
from trust_lists.evaluation.scoring.reading import Node, Section, parse
from trust_lists.evaluation.scoring.value_functions import ValueFunction
from trust_lists.evaluation.scoring.value_functions import problems as function_problems

MAX_POINTS = 50
_JUDGED = ("who", "when", "scale")


def read_judgements(data: bytes, facts: FactsTable) -> Judgements:
    """The judgements of a file in YAML or JSON about these facts. Raises ScoringError with all that is wrong."""
    root = parse(data, "judgements")
    file = root.section(required=("kind", "title", "weights"), optional=(*_JUDGED, "values", "comparisons"))
    if file["kind"] and file["kind"].text() != KIND:
        file["kind"].wrong(f"{KIND} is expected")
    values = _values(file, facts)
    comparisons = _comparisons(file, facts)
    weights = _weights(file, facts)
    _check_shares(file, facts, values, comparisons)
    title = file["title"].line()
    if root.reasons:
        raise ScoringError(tuple(f"judgements: {reason}" for reason in root.reasons))
    return Judgements(title, values, comparisons, weights)


def _judged(keys: Section, file: Section) -> Judged:
    """What a judgement says of itself, or else the head of the file."""
    who, when, scale = (keys[key] or file[key] for key in _JUDGED)
    for key, found in zip(_JUDGED, (who, when, scale), strict=True):
        if not found:
            keys[key].wrong("this is missing, here and at the head of the file")
    return Judged(who.line(), when.day() or date.min, scale.line(), keys["reason"].line())


def _values(file: Section, facts: FactsTable) -> tuple[QuantityValue, ...]:
    known = {each.id for each in facts.quantities}
    found = []
    for quantity, node in file["values"].identifiers().items():
        if quantity not in known:
            node.wrong(f"the facts have no such quantity; they have {', '.join(sorted(known)) or 'none'}")
        keys = node.section(required=("points", "reason"), optional=("share", *_JUDGED))
        points = _points(keys["points"])
        found.append(QuantityValue(quantity, ValueFunction(points), keys["share"].ratio(), _judged(keys, file)))
    return tuple(found)


def _points(node: Node) -> tuple[tuple[Fraction, Fraction], ...]:
    before = len(node.reasons)
    found = []
    for each in node.items()[: MAX_POINTS + 1]:
        pair = [item.number() for item in each.items()]
        if len(pair) != 2 or pair[0] is None or pair[1] is None:
            each.wrong("a point is [number, value]")
        else:
            found.append((pair[0], pair[1]))
    if len(found) > MAX_POINTS:
        node.wrong(f"there are more than {MAX_POINTS} points")
    if node and len(node.reasons) == before:
        for problem in function_problems(tuple(found)):
            node.wrong(problem)
    return tuple(found)


def _comparisons(file: Section, facts: FactsTable) -> tuple[Compared, ...]:
    criteria, models = {each.id for each in facts.criteria}, {each.id for each in facts.models}
    found = []
    for criterion, node in file["comparisons"].identifiers().items():
        if criterion not in criteria:
            node.wrong(f"the facts have no such criterion; they have {', '.join(sorted(criteria)) or 'none'}")
        keys = node.section(required=("items", "rows", "reason"), optional=("share", "accept_inconsistency", *_JUDGED))
        if (compared := _compared(criterion, keys, file, models, "model")) is not None:
            found.append(compared)
    return tuple(found)


def _compared(criterion: str, keys: Section, file: Section, known: set[str], what: str) -> Compared | None:
    node = keys["rows"]
    before = len(node.reasons)
    items = [each.one_of(known, what) for each in keys["items"].items()]
    rows = [[entry.ratio() or Fraction(1) for entry in row.items()] for row in node.items()[: len(items) + 1]]
    judged, accepted = _judged(keys, file), keys["accept_inconsistency"].line()
    share = keys["share"].ratio()
    if len(node.reasons) > before or not node:
        return None
    for problem in matrix_problems(items, rows):
        node.wrong(problem)
    if len(node.reasons) > before:
        return None
    comparison = Comparison(tuple(items), tuple(map(tuple, rows)))
    ratio = comparison.consistency_ratio()
    if ratio > MAX_CR and not accepted:
        first, second, third = comparison.worst_triple()
        node.wrong(
            f"the consistency ratio is {ratio:.2f}, above {MAX_CR:.2f}: {first}, {second} and {third} contradict each "
            "other most; revise the comparisons, or say under `accept_inconsistency` why they are used nonetheless"
        )
    return Compared(criterion, comparison, share, accepted, judged)


def _weights(file: Section, facts: FactsTable) -> tuple[Weight, ...] | Compared:
    node = file["weights"]
    criteria = {each.id for each in facts.criteria}
    keys = node.section(optional=("points", "items", "rows", "reason", "accept_inconsistency", "share", *_JUDGED))
    if not node or not (keys["points"] or keys.given("items", "rows")):
        node.wrong("`points` of each criterion are expected, or `items` and `rows` that compare the criteria")
        return ()
    for key in ("share", *(("items", "rows", "reason", "accept_inconsistency", *_JUDGED) if keys["points"] else ())):
        if keys[key]:
            keys[key].wrong("this doesn't belong here")
    if not keys["points"]:
        for key in ("items", "rows", "reason"):
            if not keys[key]:
                keys[key].wrong("this is missing")
        compared = _compared("", keys, file, criteria, "criterion")
        for missing in sorted(criteria - set(compared.comparison.items if compared else criteria)):
            keys["items"].wrong(f"the criterion {missing} is missing")
        return compared or ()
    found = [_weight(criterion, each, file) for criterion, each in keys["points"].identifiers().items()]
    given = {each.criterion for each in found}
    for unknown in sorted(given - criteria):
        keys["points"].wrong(f"the facts have no criterion {unknown}; they have {', '.join(sorted(criteria))}")
    for missing in sorted(criteria - given):
        keys["points"].wrong(f"the criterion {missing} has no weight; 0 can be written")
    if found and not any(each.points for each in found):
        keys["points"].wrong("at least one weight must be above 0")
    return tuple(found)


def _weight(criterion: str, node: Node, file: Section) -> Weight:
    keys = node.section(required=("weight", "reason"), optional=_JUDGED)
    points = keys["weight"].number()
    if points is not None and points < 0:
        keys["weight"].wrong("a weight is not below 0")
    return Weight(criterion, points or Fraction(0), _judged(keys, file))


def _check_shares(
    file: Section, facts: FactsTable, values: tuple[QuantityValue, ...], comparisons: tuple[Compared, ...]
) -> None:
    """Where a criterion has several parts, each of them says its share of it: equal ones would be a judgement too."""
    of = {each.id: each.criterion for each in facts.quantities}
    parts: dict[str, list[tuple[str, Fraction | None]]] = {}
    for value in values:
        parts.setdefault(of.get(value.quantity, ""), []).append((f"values.{value.quantity}", value.share))
    for each in comparisons:
        parts.setdefault(each.criterion, []).append((f"comparisons.{each.criterion}", each.share))
    for criterion, found in parts.items():
        for place, share in found:
            if len(found) > 1 and share is None:
                file.node.reasons.append(f"{place}.share: this is missing; {criterion} consists of {len(found)} parts")
