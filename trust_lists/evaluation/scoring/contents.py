# SPDX-License-Identifier: Apache-2.0
"""What a report says, in sections of sentences, figures and tables: the same for text, Markdown and HTML.

No number stands without its range, and each section names the digests of the facts and judgements that it is from.
"""

from collections.abc import Iterable
from fractions import Fraction

from trust_lists.evaluation.html_page import Cell, Section, Table
from trust_lists.evaluation.scoring import plots
from trust_lists.evaluation.scoring.acceptability import Mean, Share
from trust_lists.evaluation.scoring.assessment import Assessment
from trust_lists.evaluation.scoring.facts import Fact
from trust_lists.evaluation.scoring.judgements import Compared, Judged
from trust_lists.evaluation.scoring.profiles import Criterion
from trust_lists.evaluation.scoring.reading import UNKNOWN, Range, plain

NOT_ONCE = "never"


def sections(found: Assessment) -> tuple[Section, ...]:
    """All sections after the first one, which is `findings`."""
    return (
        _front(found),
        _sums(found),
        _ranks(found),
        _central(found),
        _intervals(found),
        _values(found),
        _facts(found),
        _weights(found),
        _functions(found),
        *_comparisons(found),
    )


def findings(found: Assessment) -> tuple[str, ...]:
    """The answer in a few sentences."""
    first = found.scores[0]
    front = found.front
    shares = {each.model: each.ranks[0] for each in found.acceptabilities}
    often = max(shares, key=lambda model: (shares[model].value, model))
    count = sum(1 for profile in found.profiles for each in profile.criteria for part in each.parts if not part.known)
    count += sum(1 for profile in found.profiles for each in profile.criteria if not each.parts)
    dominated = len(found.profiles) - len(front)
    by_weights = (
        f"By the given weights, {named(found, first.model)} comes first with {scored(first.value)}; over all that is "
        f"unknown, it is the first in {shared(found.first_by_weights[first.model])}."
    )
    by_all = f"By all possible weights, {named(found, often)} is the first most often: in {shared(shares[often])}."
    worse = f"{dominated} are worse than another one by any weights" if dominated else "none is worse by any weights"
    on_front = f"{len(front)} of {len(found.profiles)} models are on the Pareto front; {worse}."
    if not count:
        return by_weights, by_all, on_front, "No value is unknown."
    return by_weights, by_all, on_front, f"{count} values are unknown: they count as anything from worst to best."


def provenance(found: Assessment) -> str:
    """What all numbers are from."""
    return (
        f"From the facts {found.facts.digest[:16]} and the judgements {found.judgements.digest[:16]}; "
        f"{found.draws:,} draws, seed {found.seed}."
    )


def named(found: Assessment, model: str) -> str:
    """A model by id and name."""
    return f"{model} ({next(each.name for each in found.facts.models if each.id == model)})"


def scored(value: Range) -> str:
    """A value from 0 to 1 with its range."""
    if value.exact:
        return f"{float(value.low):.3f} (exactly known)"
    return f"{float(value.middle):.3f} ({float(value.low):.3f} to {float(value.high):.3f})"


def shared(share: Share) -> str:
    """A share with its 95 % interval."""
    low, high = ("under 0.01" if 0 < each < 0.0001 else f"{100 * each:.2f}" for each in share.interval)
    return f"{100 * share.value:.2f} %" + (" (exactly)" if not share.draws else f" ({low} to {high} %)")


def numbered(number: Fraction) -> str:
    """A number of a fact."""
    found = plain(number)
    return f"{found:,}" if isinstance(found, int) else f"{found:,.6g}"


def fact_name(fact: Fact) -> str:
    """The name of the row of a fact."""
    return f"fact:{fact.model}:{fact.quantity}"


def _models(found: Assessment) -> Iterable[tuple[str, Cell]]:
    names = {each.id: each.name for each in found.facts.models}
    for score in found.scores:
        yield score.model, Cell(f"{score.model}: {names[score.model]}")


def _by_weight(found: Assessment) -> list[int]:
    """The criteria's numbers, the heaviest first."""
    weights = [found.weights[each.id] for each in found.facts.criteria]
    return sorted(range(len(weights)), key=lambda number: (-weights[number], number))


def _criteria(found: Assessment) -> tuple[str, ...]:
    return tuple(found.facts.criteria[number].name for number in _by_weight(found))


def _front(found: Assessment) -> Section:
    rows = []
    for model, name in _models(found):
        by = found.dominators[model]
        rows.append((name, Cell("no" if by else "yes"), Cell(", ".join(by) or "nobody")))
    sentence = (
        "A model that is dominated is nowhere better and somewhere worse than another one, for certain. No weights can "
        "make it the first. Whoever is on the front may be the right one for somebody."
    )
    table = Table(("Model", "On the front", "Dominated by"), tuple(rows))
    return Section("front", "Pareto front", (sentence,), table, plots.scatters(found, _by_weight(found)))


def _sums(found: Assessment) -> Section:
    names = dict(_models(found))
    rows = tuple(
        (names[each.model], Cell(scored(each.value)), Cell(shared(found.first_by_weights[each.model])))
        for each in found.scores
    )
    sentence = (
        "Values by the given weights, 0 at worst and 1 at best. A range goes from all unknown values at their worst to "
        "all of them at their best; the number before it has them in the middle."
    )
    head = ("Model", "Weighted sum", "First, over all that is unknown")
    return Section("sums", "Weighted sum", (sentence,), Table(head, rows), (plots.sums(found),))


def _ranks(found: Assessment) -> Section:
    by = {each.model: each for each in found.acceptabilities}
    rows = []
    for model, name in _models(found):
        first, *others = by[model].ranks
        cells = (Cell(f"{100 * each.value:.1f} %", fullness=each.value) for each in others)
        rows.append((name, Cell(shared(first), fullness=first.value), *cells))
    half = 100 * max((each.interval[1] - each.interval[0]) / 2 for one in found.acceptabilities for each in one.ranks)
    meant = (
        "How often a model takes a rank when the weights are drawn uniformly from all that are possible, and what is "
        "unknown from its whole range: the answer of somebody who has no opinion on the weights."
    )
    sentences = (meant, f"Each share is within ±{half:.2f} percentage points in 19 experiments of 20.")
    head = ("Model", *(f"Rank {rank}" for rank in range(1, len(rows) + 1)))
    return Section("ranks", "Rank acceptability", sentences, Table(head, tuple(rows)), (plots.ranks(found),))


def _central(found: Assessment) -> Section:
    order = _by_weight(found)
    by = {each.model: each for each in found.acceptabilities}
    rows = []
    for model, name in _models(found):
        weights, confidence = by[model].central, by[model].confidence
        if weights is None or confidence is None:
            rows.append((name, Cell(NOT_ONCE), *(Cell("none") for _ in order)))
            continue
        cells = (Cell(_mean(weights[number]), fullness=weights[number].value) for number in order)
        rows.append((name, Cell(shared(confidence)), *cells))
    sentence = (
        "The mean of all weights by which a model comes first: what somebody typically values who prefers it. The "
        "confidence is how often it comes first by exactly these weights, over all that is unknown. A model that "
        "needs extreme weights, or has low confidence even so, is a weak choice."
    )
    table = Table(("Model", "Confidence", *_criteria(found)), tuple(rows))
    return Section("central", "Central weights", (sentence,), table)


def _mean(mean: Mean) -> str:
    return f"{mean.value:.3f} ±{mean.half_width:.3f}"


def _intervals(found: Assessment) -> Section:
    names = {each.id: each.name for each in found.facts.criteria}
    order = {found.facts.criteria[number].id: place for place, number in enumerate(_by_weight(found))}
    rows = []
    for each in sorted(found.intervals, key=lambda interval: order[interval.criterion]):
        segments = "; ".join(
            f"{float(part.low):.3f} to {float(part.high):.3f} {' and '.join(part.winners)}" for part in each.segments
        )
        certain = "nowhere" if each.certain is None else _interval(each.certain)
        rows.append(
            (
                Cell(names[each.criterion]),
                Cell(f"{float(each.weight):.3f}"),
                Cell(_interval(each.stays)),
                Cell(certain),
                Cell(segments),
            )
        )
    first = found.scores[0].model
    sentence = (
        f"One weight at a time, the others in their proportions: between which weights {first} stays the first with "
        "unknown values in the middle of their ranges, and between which it does whatever they are. Computed exactly."
    )
    if not rows:
        return Section("intervals", "When the winner changes", ("There is only one criterion: its weight is 1.",))
    head = ("Criterion", "Weight", f"{first} stays first", "for certain", "First, from weight 0 to 1")
    title = "When the winner changes"
    return Section("intervals", title, (sentence,), Table(head, tuple(rows)), (plots.intervals(found, order),))


def _interval(found: Range) -> str:
    return f"{float(found.low):.3f} to {float(found.high):.3f}"


def _values(found: Assessment) -> Section:
    order = _by_weight(found)
    by = {each.model: each for each in found.profiles}
    rows = tuple((name, *(_value(by[model].criteria[number]) for number in order)) for model, name in _models(found))
    sentence = "What the facts are worth by the value functions, from 0 (worst) to 1 (best)."
    return Section("values", "Values by criterion", (sentence,), Table(("Model", *_criteria(found)), rows))


def _value(criterion: Criterion) -> Cell:
    facts = [part.fact for part in criterion.parts if part.fact]
    link = fact_name(facts[0]) if facts else ""
    value = criterion.value
    if criterion.unknown:
        return Cell(f"{UNKNOWN} (0 to 1)", link, unknown=True)
    if value.exact:
        return Cell(f"{float(value.low):.2f}", link, fullness=float(value.low))
    return Cell(f"{float(value.low):.2f} to {float(value.high):.2f}", link, fullness=float(value.middle))


def _facts(found: Assessment) -> Section:
    criteria = {each.id: each.name for each in found.facts.criteria}
    rows = []
    for quantity in found.facts.quantities:
        for model in found.facts.models:
            fact = found.facts.fact(model.id, quantity.id)
            known = fact.value
            number = UNKNOWN if known is None else numbered(known.low)
            if known is not None and not known.exact:
                number = f"{number} to {numbered(known.high)}"
            texts = (criteria[quantity.criterion], quantity.name, number, quantity.unit, fact.method, fact.source)
            cells = (Cell(text) for text in (*texts, fact.snapshot or "none"))
            rows.append((Cell(model.id, name=fact_name(fact)), *cells))
    sentence = f"{found.facts.title}. No opinion is in these; the SHA-256 of all of them is {found.facts.digest}."
    head = ("Model", "Criterion", "Quantity", "Value", "Unit", "Method", "Source", "Snapshot (SHA-256)")
    return Section("facts", "Facts", (sentence,), Table(head, tuple(rows)), folded=True)


def _weights(found: Assessment) -> Section:
    names = {each.id: each.name for each in found.facts.criteria}
    given = found.judgements.weights
    title = found.judgements.title
    sentence = f"{title}. The SHA-256 of all judgements is {found.judgements.digest}."
    order = [found.facts.criteria[number].id for number in _by_weight(found)]
    if isinstance(given, Compared):
        priorities = tuple((Cell(names[each]), Cell(f"{float(found.weights[each]):.3f}")) for each in order)
        return Section(
            "weights", "Weights", (sentence, *_told(given)), Table(("Criterion", "Weight"), priorities), folded=True
        )
    by = {each.criterion: each for each in given}
    rows = [
        (
            Cell(names[each]),
            Cell(f"{float(found.weights[each]):.3f}"),
            Cell(numbered(by[each].points)),
            *_judged(by[each].judged),
        )
        for each in order
    ]
    head = ("Criterion", "Weight", "Points", "Reason", "Scale", "Who", "When")
    return Section("weights", "Weights", (sentence,), Table(head, tuple(rows)), folded=True)


def _functions(found: Assessment) -> Section:
    quantities = {each.id: each for each in found.facts.quantities}
    rows = []
    for each in found.judgements.values:
        quantity = quantities[each.quantity]
        points = ", ".join(f"{numbered(number)} → {numbered(value)}" for number, value in each.function.points)
        share = "all of it" if each.share is None else numbered(each.share)
        rows.append(
            (
                Cell(quantity.name),
                Cell(f"{points} ({quantity.unit})", picture=plots.function(each.function)),
                Cell(share),
                *_judged(each.judged),
            )
        )
    sentence = "What the numbers are worth: straight lines between these points, and as at the ends beyond them."
    head = ("Quantity", "Number → value", "Share of its criterion", "Reason", "Scale", "Who", "When")
    return Section("functions", "Value functions", (sentence,), Table(head, tuple(rows)), folded=True)


def _comparisons(found: Assessment) -> Iterable[Section]:
    names = {each.id: each.name for each in found.facts.criteria}
    own = [found.judgements.weights] if isinstance(found.judgements.weights, Compared) else []
    for each in (*own, *found.judgements.comparisons):
        rows = tuple(
            (Cell(item), *(Cell(str(entry)) for entry in row))
            for item, row in zip(each.comparison.items, each.comparison.rows, strict=True)
        )
        what = f"Models compared by: {names[each.criterion]}" if each.criterion else "Criteria compared"
        table = Table(("How many times more", *each.comparison.items), rows)
        yield Section(f"compared-{each.criterion}", what, _told(each), table, folded=True)


def _told(each: Compared) -> tuple[str, ...]:
    judged = each.judged
    sentences = [
        f"{judged.reason} ({judged.who}, {judged.when}; {judged.scale}).",
        f"Consistency ratio {each.comparison.consistency_ratio():.3f} (0 is consistent; refused above 0.10).",
    ]
    return (*sentences, *([f"Used although inconsistent: {each.accepted}."] if each.accepted else []))


def _judged(judged: Judged) -> tuple[Cell, ...]:
    return Cell(judged.reason), Cell(judged.scale), Cell(judged.who), Cell(judged.when.isoformat())
