# SPDX-License-Identifier: Apache-2.0
"""The figures of a report as SVG: fronts, weighted sums, rank acceptability, weight intervals, value functions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

from trust_lists.evaluation import svg
from trust_lists.evaluation.scoring.assessment import Assessment
from trust_lists.evaluation.scoring.profiles import Profile
from trust_lists.evaluation.scoring.reading import Range
from trust_lists.evaluation.scoring.value_functions import ValueFunction

_COLOURS = 8
_LABELS, _TOP, _ROW = 236, 58, 30
_SIDE, _LEFT = 280, 74
_LETTER = 6.4
_Box = tuple[float, float, float, float]
Place = Callable[[float], float]


def scatters(found: Assessment, by_weight: Sequence[int]) -> tuple[str, ...]:
    """The models by two criteria, for each pair of the three with the greatest weights."""
    return tuple(_scatter(found, x, y) for x, y in combinations(by_weight[:3], 2))


def sums(found: Assessment) -> str:
    """Each model's weighted sum with its range."""
    rows = [
        svg.Interval(_label(found, each.model), float(each.value.low), float(each.value.middle), float(each.value.high))
        for each in found.scores
    ]
    title = "Weighted sum, with the range that unknown values leave"
    first, last = found.scores[0], found.scores[-1]
    told = (
        f"From {first.model} with {float(first.value.middle):.3f} to {last.model} with {float(last.value.middle):.3f}"
    )
    return svg.interval_chart(title, told, rows, x_label="weighted sum (0 worst, 1 best)")


def ranks(found: Assessment) -> str:
    """A bar for each model, in which the rank from first (full colour) to last (pale) takes its share."""
    by = {each.model: each.ranks for each in found.acceptabilities}
    count, right = len(found.scores), svg.WIDTH - 86
    body = []
    for at, score in enumerate(found.scores):
        y, x = _TOP + _ROW * at, float(_LABELS)
        body.append(svg.text_at(_LABELS - 10, y + 16, _label(found, score.model), "chart-end"))
        for rank, share in enumerate(by[score.model], 1):
            width = (right - _LABELS) * share.value
            told = svg.escaped(f"{score.model}, rank {rank}: {100 * share.value:.1f} %")
            body.append(
                f'<rect class="chart-f0" fill-opacity="{_fade(rank, count):.2f}" x="{x:.1f}" y="{y}" '
                f'width="{max(0.0, width - 0.8):.1f}" height="{_ROW - 8}"><title>{told}</title></rect>'
            )
            x += width
        body.append(svg.text_at(right + 8, y + 16, f"{100 * by[score.model][0].value:.1f} % first"))
    bottom = _TOP + _ROW * count + 18
    body.append(svg.text_at(_LABELS - 10, bottom + 1, "rank", "chart-end chart-soft"))
    step = min(34.0, (right - _LABELS) / count)
    for rank in range(1, count + 1):
        x = _LABELS + step * (rank - 1)
        body.append(
            f'<rect class="chart-f0" fill-opacity="{_fade(rank, count):.2f}" x="{x:.1f}" y="{bottom - 9}" width="12" '
            'height="12"/>'
        )
        body.append(svg.text_at(x + 15, bottom + 1, str(rank), "chart-soft"))
    title = "How often each model takes each rank, over all possible weights"
    told = "; ".join(f"{model}: first in {100 * shares[0].value:.1f} %" for model, shares in by.items())
    return svg.chart(title, told, body, bottom + 20)


def intervals(found: Assessment, order: Mapping[str, int]) -> str:
    """A bar from weight 0 to 1 for each criterion: who comes first there, today's weight, and where that is certain."""
    names = {each.id: each.name for each in found.facts.criteria}
    rows = sorted(found.intervals, key=lambda each: order[each.criterion])
    winners = {model: None for each in rows for part in each.segments for model in part.winners}
    colours = {model: at % _COLOURS for at, model in enumerate(sorted(winners))}
    right = svg.WIDTH - 24
    body, height = [], 40
    for at, each in enumerate(rows):
        y = _TOP + height * at
        body.append(svg.text_at(_LABELS - 10, y + 17, _short(names[each.criterion]), "chart-end"))
        today = _LABELS + (right - _LABELS) * float(each.weight)
        for part in each.segments:
            left, end = (_LABELS + (right - _LABELS) * float(place) for place in (part.low, part.high))
            text = ", ".join(part.winners)
            told = svg.escaped(f"{text} from {float(part.low):.3f} to {float(part.high):.3f}")
            body.append(
                f'<rect class="chart-f{colours[part.winners[0]]}" fill-opacity=".38" x="{left:.1f}" y="{y}" '
                f'width="{max(0.0, end - left - 1):.1f}" height="24"><title>{told}</title></rect>'
            )
            body += _inside(left, end, today, y + 16, text)
        if each.certain is not None and not each.certain.exact:
            left, end = (_LABELS + (right - _LABELS) * float(place) for place in (each.certain.low, each.certain.high))
            body.append(
                f'<line class="chart-axis" stroke-width="3" x1="{left:.1f}" x2="{end:.1f}" '
                f'y1="{y + 28}" y2="{y + 28}"/>'
            )
        body.append(
            f'<path class="chart-axis" fill="currentColor" d="M{today - 4:.1f} {y - 7}h8l-4 7z"/>'
            f'<line class="chart-axis" stroke-width="1.5" x1="{today:.1f}" x2="{today:.1f}" y1="{y - 6}" '
            f'y2="{y + 25}"/>'
        )
    bottom = _TOP + height * len(rows) + 4
    for tenth in range(0, 11, 2):
        x = _LABELS + (right - _LABELS) * tenth / 10
        body.append(svg.text_at(x, bottom + 8, f"{tenth / 10:g}", "chart-mid chart-soft"))
    told = f"weight (▼ the given one; a line below a bar: {found.scores[0].model} is the first for certain)"
    body.append(svg.text_at((_LABELS + right) / 2, bottom + 30, told, "chart-mid chart-soft"))
    x = float(_LABELS)
    for model, colour in colours.items():
        body.append(
            f'<rect class="chart-f{colour}" fill-opacity=".38" x="{x:.1f}" y="{bottom + 43}" width="12" height="12"/>'
        )
        body.append(svg.text_at(x + 17, bottom + 53, model))
        x += 34 + _LETTER * len(model)
    first = found.scores[0].model
    parts = (f"{names[each.criterion]}: {float(each.stays.low):.3f} to {float(each.stays.high):.3f}" for each in rows)
    return svg.chart(
        "Which model comes first, by the weight of one criterion",
        f"{first} stays: {'; '.join(parts)}",
        body,
        bottom + 66,
    )


def function(found: ValueFunction) -> str:
    """A value function in miniature; its points stand beside it as text."""
    (first, _), (last, _) = found.points[0], found.points[-1]
    places = " ".join(
        f"{3 + 84 * float((number - first) / (last - first)):.1f},{27 - 24 * float(value):.1f}"
        for number, value in found.points
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="mini" viewBox="0 0 90 30" width="90" height="30" '
        f'aria-hidden="true"><polyline fill="none" stroke="currentColor" stroke-width="2" points="{places}"/></svg>'
    )


def _inside(left: float, end: float, today: float, y: float, text: str) -> list[str]:
    """The name of a segment, in its middle or beside the line of today's weight; none where there is no room."""
    width, middle = _LETTER * len(text) + 6, (left + end) / 2
    places = [middle, *((today + width / 2 + 2, today - width / 2 - 2) if left < today < end else ())]
    fitting = (
        place
        for place in places
        if left <= place - width / 2 and place + width / 2 <= end and abs(place - today) > width / 2
    )
    return [svg.text_at(place, y, text, "chart-mid") for place in list(fitting)[:1]]


def _scatter(found: Assessment, x: int, y: int) -> str:
    criteria = found.facts.criteria
    top, bottom, left, right = 46.0, 46.0 + _SIDE, float(_LEFT), float(_LEFT + _SIDE)

    def across(value: float) -> float:
        return left + (right - left) * value

    def up(value: float) -> float:
        return bottom - (bottom - top) * value

    body, labels = list(_frame(top, bottom, left, right)), []
    places: dict[tuple[float, float], list[Profile]] = {}
    for profile in found.profiles:
        one, other = profile.values[x], profile.values[y]
        places.setdefault((float(one.middle), float(other.middle)), []).append(profile)
    taken: list[_Box] = [(across(px) - 6, up(py) - 6, across(px) + 6, up(py) + 6) for px, py in places]
    for (px, py), profiles in sorted(places.items()):
        cx, cy = across(px), up(py)
        for profile in profiles:
            body += _cross(profile.values[x], profile.values[y], across, up)
        fill = (
            '"chart-s0 chart-f0"' if any(not found.dominators[p.model] for p in profiles) else '"chart-s0 chart-back"'
        )
        text = ", ".join(profile.model for profile in profiles)
        told = svg.escaped(f"{text}: {criteria[x].name} {px:.2f}, {criteria[y].name} {py:.2f}")
        body.append(
            f'<circle class={fill} stroke-width="2" cx="{cx:.1f}" cy="{cy:.1f}" r="5"><title>{told}</title></circle>'
        )
        lx, ly = _free(cx, cy, _LETTER * len(text), taken)
        labels.append(svg.text_at(lx, ly, text, "chart-halo"))
    middle = (left + right) / 2
    body.append(svg.text_at(middle, bottom + 38, f"{criteria[x].name} →", "chart-mid chart-soft"))
    turned = f'transform="rotate(-90 24 {(top + bottom) / 2:.1f})"'
    label = svg.escaped(f"{criteria[y].name} →")
    body.append(f'<text class="chart-mid chart-soft" x="24" y="{(top + bottom) / 2:.1f}" {turned}>{label}</text>')
    title = f"{_short(criteria[x].name, 19)} and {_short(criteria[y].name, 19)}"
    told = (
        f"{criteria[x].name} to the right, {criteria[y].name} upwards; 1 is best. Bars are ranges; filled dots are "
        "on the front of all criteria."
    )
    return svg.chart(title, told, [*body, *labels], bottom + 56, right + 92)


def _frame(top: float, bottom: float, left: float, right: float) -> Iterator[str]:
    for fifth in range(6):
        x, y = left + (right - left) * fifth / 5, bottom - (bottom - top) * fifth / 5
        yield f'<line class="chart-grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
        yield f'<line class="chart-grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield svg.text_at(x, bottom + 18, f"{fifth / 5:g}", "chart-mid")
        yield svg.text_at(left - 8, y + 4, f"{fifth / 5:g}", "chart-end")


def _cross(x: Range, y: Range, across: Place, up: Place) -> Iterator[str]:
    look = 'class="chart-s0" stroke-opacity=".4" stroke-width="2"'
    cx, cy = across(float(x.middle)), up(float(y.middle))
    if not x.exact:
        ends = f'x1="{across(float(x.low)):.1f}" x2="{across(float(x.high)):.1f}"'
        yield f'<line {look} {ends} y1="{cy:.1f}" y2="{cy:.1f}"/>'
    if not y.exact:
        ends = f'y1="{up(float(y.low)):.1f}" y2="{up(float(y.high)):.1f}"'
        yield f'<line {look} x1="{cx:.1f}" x2="{cx:.1f}" {ends}/>'


def _free(cx: float, cy: float, width: float, taken: list[_Box]) -> tuple[float, float]:
    """Where a label fits beside its dot without touching others, if anywhere."""
    sides = (cx + 9, cx - 9 - width)
    choices = [
        (x, cy + down) for down in (4, -9, 18, -22, 30) for x in (*sides, cx - width / 2) if down != 4 or x in sides
    ]

    def box(place: tuple[float, float]) -> _Box:
        return place[0], place[1] - 10, place[0] + width, place[1] + 3

    def apart(one: _Box, other: _Box) -> bool:
        return one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]

    own = (cx - 6, cy - 6, cx + 6, cy + 6)
    place = next((p for p in choices if all(apart(box(p), each) for each in taken if each != own)), choices[0])
    taken.append(box(place))
    return place


def _fade(rank: int, count: int) -> float:
    return 1.0 - 0.92 * (rank - 1) / max(1, count - 1)


def _label(found: Assessment, model: str) -> str:
    return _short(f"{model}: {next(each.name for each in found.facts.models if each.id == model)}", 27)


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
