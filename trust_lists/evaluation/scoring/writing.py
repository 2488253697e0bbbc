# SPDX-License-Identifier: Apache-2.0
"""A report as Markdown (CommonMark with tables), as text for a terminal, and as JSON."""

import re
from collections.abc import Iterator
from itertools import zip_longest
from textwrap import fill
from typing import Any

from trust_lists.evaluation.html_page import Section, Table
from trust_lists.evaluation.scoring.acceptability import Mean, Share
from trust_lists.evaluation.scoring.assessment import Assessment
from trust_lists.evaluation.scoring.contents import findings, provenance, sections
from trust_lists.evaluation.scoring.profiles import Criterion
from trust_lists.evaluation.scoring.reading import UNKNOWN, plain

_MARKS = re.compile(r"[\\`*_\[\]<>|~&]|^[#+=-]|^[0-9]+(?=[.)])")
_WIDTH = 100
_TEXT_SECTIONS = ("sums", "front", "intervals")
"""A terminal has no room for the others: they have a column for each model or criterion."""


def markdown(found: Assessment) -> str:
    """The report as Markdown; whatever comes from files is escaped."""
    lines = [f"# {_escaped(f'Trust models scored: {found.facts.title}')}", ""]
    for each in findings(found):
        lines += [_escaped(each), ""]
    lines += [_escaped(provenance(found)), ""]
    lines += [f"- **Warning:** {_escaped(each)}" for each in found.warnings]
    for section in sections(found):
        lines += ["", *_markdown(section)]
    return "\n".join((*lines, ""))


def text(found: Assessment) -> str:
    """The answer for a terminal: sums, front, and the weights at which the winner changes."""
    lines = [fill(each, _WIDTH) for each in findings(found)]
    for section in sections(found):
        if section.id in _TEXT_SECTIONS and section.table:
            lines += ["", section.title, *_columns(section.table)]
    lines += ["", *(fill(f"Rank acceptability of {line}", _WIDTH) for line in _first_ranks(found))]
    lines += ["", *(fill(f"warning: {each}", _WIDTH) for each in found.warnings)] if found.warnings else []
    return "\n".join((*lines, "", provenance(found)))


def to_json(found: Assessment) -> dict[str, Any]:
    """All figures with their ranges; each value names the facts that it is from, as positions in `facts.facts`."""
    places = {(fact.model, fact.quantity): number for number, fact in enumerate(found.facts.facts)}
    profiles = {each.model: each for each in found.profiles}
    ranks = {each.model: each for each in found.acceptabilities}
    ids = [each.id for each in found.facts.criteria]
    models = []
    for score in found.scores:
        smaa = ranks[score.model]
        models.append(
            {
                "model": score.model,
                "weighted_sum": {"middle": plain(score.value.middle), **score.value.to_json()},
                "first_by_given_weights": _share(found.first_by_weights[score.model]),
                "dominated_by": list(found.dominators[score.model]),
                "rank_acceptability": [_share(each) for each in smaa.ranks],
                "central_weights": smaa.central and dict(zip(ids, map(_mean, smaa.central), strict=True)),
                "confidence": smaa.confidence and _share(smaa.confidence),
                "values": {each.id: _criterion(each, places) for each in profiles[score.model].criteria},
            }
        )
    return {
        "facts_sha256": found.facts.digest,
        "judgements_sha256": found.judgements.digest,
        "draws": found.draws,
        "seed": found.seed,
        "warnings": list(found.warnings),
        "weights": {each: plain(weight) for each, weight in found.weights.items()},
        "pareto_front": list(found.front),
        "models": models,
        "weight_intervals": [
            {
                "criterion": each.criterion,
                "weight": plain(each.weight),
                "winner_stays": each.stays.to_json(),
                "winner_certain": each.certain and each.certain.to_json(),
                "segments": [
                    {"from": plain(part.low), "to": plain(part.high), "first": list(part.winners)}
                    for part in each.segments
                ],
            }
            for each in found.intervals
        ],
        "facts": found.facts.to_json(),
        "judgements": found.judgements.to_json(),
    }


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"share": share.value, "from": low, "to": high}


def _mean(mean: Mean) -> dict[str, float]:
    low, high = mean.interval
    return {"mean": mean.value, "from": low, "to": high}


def _criterion(criterion: Criterion, places: dict[tuple[str, str], int]) -> dict[str, Any]:
    facts = [part.fact for part in criterion.parts if part.fact]
    rows = [places[fact.model, fact.quantity] for fact in facts if (fact.model, fact.quantity) in places]
    known = {UNKNOWN: True} if criterion.unknown else {}
    return {**criterion.value.to_json(), **known, "facts": rows}


def _first_ranks(found: Assessment) -> Iterator[str]:
    by = {each.model: each for each in found.acceptabilities}
    for score in found.scores:
        shares = " ".join(f"{100 * each.value:.0f}" for each in by[score.model].ranks)
        yield f"{score.model}, first to last rank in %: {shares}"


def _markdown(section: Section) -> Iterator[str]:
    yield f"## {_escaped(section.title)}"
    for each in section.sentences:
        yield ""
        yield _escaped(each)
    if section.table:
        yield ""
        yield _row(section.table.head)
        yield f"|{' --- |' * len(section.table.head)}"
        for row in section.table.rows:
            yield _row([cell.text for cell in row])


def _row(texts: "tuple[str, ...] | list[str]") -> str:
    return f"| {' | '.join(map(_escaped, texts))} |"


def _escaped(told: str) -> str:
    return _MARKS.sub(_literally, " ".join(told.split()))


def _literally(mark: re.Match[str]) -> str:
    """A mark of Markdown as a letter; of a number that begins a list, it is the sign after it that counts."""
    return f"{mark[0]}\\" if mark[0].isdigit() else f"\\{mark[0]}"


def _columns(table: Table) -> Iterator[str]:
    rows = [table.head, *(tuple(cell.text for cell in row) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    for row in rows:
        yield "  " + "  ".join(each.ljust(width) for each, width in zip(row, widths, strict=True)).rstrip()
