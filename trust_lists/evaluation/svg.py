# SPDX-License-Identifier: Apache-2.0
"""Charts as SVG that stands alone or inside a page of HTML: no scripts, nothing fetched, light or dark as its reader.

Each chart has a title and a description that screen readers tell (`role="img"`), and a tooltip on each mark. Series
differ in their dashes, too, since not everybody sees colours. Texts take `currentColor`; all that comes from outside is
escaped. Ids are made from all that is in a chart, so that several charts can stand in one page; class names begin with
`chart-`. A page's Content-Security-Policy must allow inline styles.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from trust_lists.errors import shown

WIDTH, HEIGHT = 760, 430
_LEFT, _TOP, _BOTTOM = 78, 46, 56
_ROW, _LABELS = 26, 200
_TINY = 1e-200
"""What is less is zero; reckoning with still smaller numbers ends in zeros anyway."""
_LIGHT = ("#0b57d0", "#b3541e", "#146c2e", "#8e24aa", "#7a5300", "#00707a", "#b3261e", "#4a5568")
_DARK = ("#8ab4f8", "#f2a772", "#86d39b", "#d7a1e8", "#e8c170", "#6fd0da", "#f5a19b", "#b4bfcc")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 4", "1 3", "10 2 2 2 2 2")


def _colours(palette: Sequence[str]) -> str:
    return "".join(f".chart-s{at}{{stroke:{colour}}}.chart-f{at}{{fill:{colour}}}" for at, colour in enumerate(palette))


_STYLE = (
    ".chart{color:#1b2430;font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
    ".chart-back{fill:#fff}.chart text{fill:currentColor}.chart-title{font-size:15px;font-weight:600}"
    ".chart-soft{opacity:.75}.chart-grid{stroke:currentColor;stroke-opacity:.15}.chart-axis{stroke:currentColor}"
    ".chart-line{fill:none;stroke-width:2}.chart-mid{text-anchor:middle}.chart-end{text-anchor:end}"
    ".chart-halo{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}"
    ".chart-unknown{fill:none;stroke:currentColor;stroke-opacity:.4;stroke-dasharray:3 3}"
    f"{_colours(_LIGHT)}"
    # Programs that turn SVG into pictures don't know `auto`, and pass over media rules.
    "@media screen{.chart{max-width:100%;height:auto}}"
    "@media(prefers-color-scheme:dark){.chart{color:#e6eaf0}.chart-back{fill:#1a212b}.chart-halo{stroke:#1a212b}"
    f"{_colours(_DARK)}}}"
)


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its points (x, y), in the order in which they are joined."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with a name beside it; `strong` ones are filled (those of a Pareto front, for instance)."""

    label: str
    x: float
    y: float
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    """A row with a range and a value within it, `low <= value <= high`; None where nobody knows."""

    label: str
    low: float | None
    value: float | None
    high: float | None


def line_chart(
    title: str,
    description: str,
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
) -> str:
    """Lines over two axes. On a logarithmic axis, points that aren't above zero are left out.

    A series without points stands in the legend alone, without a line.
    """
    kept = [
        Series(
            each.label, tuple((x, y) for x, y in each.points if (x > _TINY or not log_x) and (y > _TINY or not log_y))
        )
        for each in series
    ]
    names = [each.label if each.points else f"{each.label}: none" for each in kept]
    right = WIDTH - _legend_width(names)
    across = _Scale([x for each in kept for x, _y in each.points], _LEFT, right, log_x)
    up = _Scale([y for each in kept for _x, y in each.points], HEIGHT - _BOTTOM, _TOP, log_y, zero=not log_y)
    body = [*_axes(across, up, x_label, y_label, right)]
    # Of lines that cover each other only one would be seen: they are one line with several names.
    lines: dict[tuple[tuple[float, float], ...], list[str]] = {}
    for each in kept:
        if each.points:
            lines.setdefault(each.points, []).append(each.label)
    for at, (points, labels) in enumerate(lines.items()):
        where = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in points)
        body.append(
            f'<polyline class="chart-line chart-s{at % len(_LIGHT)}"{_dash(at)} points="{where}">'
            f"<title>{_text(', '.join(labels))}</title></polyline>"
        )
    looks = {points: at for at, points in enumerate(lines)}
    body += _line_legend([(name, looks.get(each.points)) for name, each in zip(names, kept, strict=True)], right)
    return _document(title, description, body)


def scatter_chart(
    title: str,
    description: str,
    marks: Sequence[Mark],
    *,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
) -> str:
    """Named points over two axes. On a logarithmic axis, points that aren't above zero are left out."""
    kept = [each for each in marks if (each.x > _TINY or not log_x) and (each.y > _TINY or not log_y)]
    right = WIDTH - 90
    across = _Scale([each.x for each in kept], _LEFT, right, log_x)
    up = _Scale([each.y for each in kept], HEIGHT - _BOTTOM, _TOP, log_y)
    body = [*_axes(across, up, x_label, y_label, right)]
    for each in kept:
        x, y = across(each.x), up(each.y)
        fill = 'class="chart-s0 chart-f0"' if each.strong else 'class="chart-s0" fill="none"'
        told = f"{each.label}: {number(each.x)}, {number(each.y)}"
        body.append(
            f'<circle {fill} stroke-width="2" cx="{x:.1f}" cy="{y:.1f}" r="5"><title>{_text(told)}</title></circle>'
        )
        body.append(_at(x + 9, y + 4, each.label, "chart-halo"))
    return _document(title, description, body)


def bar_chart(
    title: str,
    description: str,
    categories: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    y_label: str,
    stacked: bool = False,
) -> str:
    """Bars: for each category one of each series, side by side or stacked. Values are at least 0; None is a "?"."""
    labels = [label for label, _values in series]
    right = WIDTH - _legend_width(labels)
    columns = [[values[at] for _label, values in series] for at in range(len(categories))]
    tops = [sum(filter(None, column)) for column in columns] if stacked else [v for c in columns for v in c if v]
    up = _Scale(tops, HEIGHT - _BOTTOM, _TOP, logarithmic=False, zero=True)
    body = [*_upright(up, y_label, right)]
    slot = (right - _LEFT) / max(len(categories), 1)
    for at, (category, column) in enumerate(zip(categories, columns, strict=True)):
        left = _LEFT + slot * at + slot * 0.1
        width = slot * 0.8 / (1 if stacked else max(len(column), 1))
        below = 0.0
        for which, value in enumerate(column):
            x = left if stacked else left + width * which
            told = f"{category}, {labels[which]}: {'unknown' if value is None else number(value)}"
            if value is None:
                body.append(_at(x + width / 2, up(below) - 4, "?", "chart-mid"))
                continue
            body.append(_bar(x, up(below + value), width, up(below) - up(below + value), which, told))
            below += value if stacked else 0.0
        body.append(_at(_LEFT + slot * (at + 0.5), HEIGHT - _BOTTOM + 18, category, "chart-mid"))
    body += _legend(labels, right)
    return _document(title, description, body)


def interval_chart(
    title: str, description: str, rows: Sequence[Interval], *, x_label: str, logarithmic: bool = False
) -> str:
    """A row for each interval: a bar from `low` to `high`, a dot at `value`; a logarithmic axis leaves out zeros."""
    height = _TOP + _ROW * len(rows) + _BOTTOM
    known = [
        v for row in rows for v in (row.low, row.value, row.high) if v is not None and (v > _TINY or not logarithmic)
    ]
    across = _Scale(known, _LABELS, WIDTH - 24, logarithmic, zero=not logarithmic)
    body = [*_level(across, x_label, _TOP, height - _BOTTOM)]
    for at, row in enumerate(rows):
        y = _TOP + _ROW * (at + 0.5)
        body.append(_at(_LABELS - 10, y + 4, row.label, "chart-end"))
        if row.low is None or row.value is None or row.high is None or (logarithmic and row.low <= _TINY):
            body.append(_at(_LABELS + 6, y + 4, "none or unknown", "chart-soft"))
            continue
        told = _text(f"{row.label}: {number(row.value)} ({number(row.low)} to {number(row.high)})")
        body.append(
            f'<g><title>{told}</title><line class="chart-s0" stroke-width="7" stroke-opacity=".35" '
            f'x1="{across(row.low):.1f}" x2="{across(row.high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<circle class="chart-f0" cx="{across(row.value):.1f}" cy="{y:.1f}" r="5"/></g>'
        )
    return _document(title, description, body, height)


def heat_map(
    title: str,
    description: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[float | None]],
    *,
    texts: Sequence[Sequence[str]] | None = None,
) -> str:
    """A matrix: the greater a value, the fuller its colour; each cell shows its number, or its text from `texts`.

    `cells[row][column]`; None is drawn as unknown.
    """
    known = [value for row in cells for value in row if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    wide = (WIDTH - _LABELS - 12) / max(len(columns), 1)
    height = _TOP + 28 + _ROW * 1.2 * len(rows) + 16
    body = [
        _at(_LABELS + wide * (at + 0.5), _TOP + 16, column, "chart-mid chart-soft") for at, column in enumerate(columns)
    ]
    for down, row in enumerate(rows):
        y = _TOP + 26 + _ROW * 1.2 * down
        body.append(_at(_LABELS - 10, y + _ROW * 0.75, row, "chart-end"))
        for at, value in enumerate(cells[down]):
            told = texts[down][at] if texts else "?" if value is None else number(value)
            # Never fuller than this, so that the text keeps its contrast in both schemes.
            fullness = 0.06 + 0.5 * ((value - low) / (high - low) if value is not None and high > low else 0.0)
            look = 'class="chart-unknown"' if value is None else f'class="chart-f0" fill-opacity="{fullness:.2f}"'
            x = _LABELS + wide * at
            body.append(
                f'<rect {look} x="{x + 1:.1f}" y="{y:.1f}" width="{wide - 2:.1f}" height="{_ROW * 1.2 - 2:.1f}">'
                f"<title>{_text(f'{row}, {columns[at]}: {told}')}</title></rect>"
            )
            body.append(_at(x + wide / 2, y + _ROW * 0.75, told, "chart-mid"))
    return _document(title, description, body, height)


def chart(title: str, description: str, body: Iterable[str], height: float = HEIGHT, width: float = WIDTH) -> str:
    """A chart whose marks are drawn elsewhere, with the classes of this module, below a title of 40 units."""
    return _document(title, description, body, height, width)


def text_at(x: float, y: float, text: str, look: str = "") -> str:
    """A text for the body of such a chart, escaped."""
    return _at(x, y, text, look)


def escaped(text: str) -> str:
    """A text fit for an element or an attribute in double quotes: escaped, on one line, of bounded length."""
    return _text(text)


def number(value: float) -> str:
    """A number for people: three significant digits, and thousands, millions and so on by their letters (12.5k, 3M)."""
    for factor, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{value / factor:.3g}{letter}" if abs(value) < 999.5 * factor else f"{value:.3g}"
    return f"{value:.3g}"


class _Scale:
    """From values to places between `start` and `end`; with `ticks` at round values."""

    def __init__(
        self, values: Iterable[float], start: float, end: float, logarithmic: bool = False, *, zero: bool = False
    ) -> None:
        found = list(values) or [1.0]
        self._start, self._end, self._logarithmic = start, end, logarithmic
        low, high = min(found), max(found)
        if logarithmic:
            first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
            last = max(last, first + 1)
            step = max(1, math.ceil((last - first) / 8))
            self.ticks = [10.0**power for power in range(first, last + 1, step)]
            self._low, self._high = float(first), float(last)
        else:
            low = min(low, 0.0) if zero else low
            apart = high - low > max(_TINY, 1e-9 * max(abs(low), abs(high)))
            self.ticks = _round_ticks(low, high if apart else low + max(1.0, abs(low)))
            self._low, self._high = self.ticks[0], self.ticks[-1]

    def __call__(self, value: float) -> float:
        at = math.log10(value) if self._logarithmic else value
        return self._start + (self._end - self._start) * (at - self._low) / (self._high - self._low)


def _round_ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return [at * step for at in range(first, max(last, first + 1) + 1)]


def _axes(across: _Scale, up: _Scale, x_label: str, y_label: str, right: float) -> list[str]:
    return [*_upright(up, y_label, right), *_level(across, x_label, _TOP, HEIGHT - _BOTTOM)]


def _upright(up: _Scale, label: str, right: float) -> list[str]:
    body = [f'<line class="chart-axis" x1="{_LEFT}" x2="{_LEFT}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>']
    for tick in up.ticks:
        y = up(tick)
        body.append(f'<line class="chart-grid" x1="{_LEFT}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
        body.append(_at(_LEFT - 7, y + 4, number(tick), "chart-end"))
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    turned = f'transform="rotate(-90 18 {middle:.1f})"'
    return [*body, f'<text class="chart-mid chart-soft" x="18" y="{middle:.1f}" {turned}>{_text(label)}</text>']


def _level(across: _Scale, label: str, top: float, bottom: float) -> list[str]:
    first, last = across(across.ticks[0]), across(across.ticks[-1])
    body = [f'<line class="chart-axis" x1="{first:.1f}" x2="{last:.1f}" y1="{bottom:.1f}" y2="{bottom:.1f}"/>']
    for tick in across.ticks:
        x = across(tick)
        body.append(f'<line class="chart-grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom:.1f}"/>')
        body.append(_at(x, bottom + 18, number(tick), "chart-mid"))
    return [*body, _at((first + last) / 2, bottom + 40, label, "chart-mid chart-soft")]


def _bar(x: float, y: float, width: float, height: float, which: int, told: str) -> str:
    return (
        f'<rect class="chart-f{which % len(_LIGHT)}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"><title>{_text(told)}</title></rect>'
    )


def _legend_width(labels: Sequence[str]) -> float:
    return min(260.0, 56.0 + 6.6 * max(map(len, labels), default=0))


def _legend(labels: Sequence[str], right: float) -> list[str]:
    body = []
    for at, label in enumerate(labels):
        x, y = right + 14, _TOP + 10 + 20 * at
        body.append(f'<rect class="chart-f{at % len(_LIGHT)}" x="{x + 8:.1f}" y="{y - 6}" width="12" height="12"/>')
        body.append(_at(x + 32, y + 4, label))
    return body


def _line_legend(labels: Sequence[tuple[str, int | None]], right: float) -> list[str]:
    """Names with the number of their line, which is its look; None where there is no line."""
    body = []
    for row, (label, at) in enumerate(labels):
        x, y = right + 14, _TOP + 10 + 20 * row
        if at is not None:
            body.append(
                f'<line class="chart-line chart-s{at % len(_LIGHT)}"{_dash(at)} x1="{x:.1f}" x2="{x + 26:.1f}" '
                f'y1="{y}" y2="{y}"/>'
            )
        body.append(_at(x + 32, y + 4, label))
    return body


def _dash(at: int) -> str:
    # Where colours begin again, dashes don't: no two of the first 64 lines are alike.
    dash = _DASHES[(at + at // len(_LIGHT)) % len(_DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""


def _at(x: float, y: float, text: str, look: str = "") -> str:
    return f'<text{f" class={chr(34)}{look}{chr(34)}" if look else ""} x="{x:.1f}" y="{y:.1f}">{_text(text)}</text>'


def _text(text: str) -> str:
    return escape(shown(text))


def _document(title: str, description: str, body: Iterable[str], height: float = HEIGHT, width: float = WIDTH) -> str:
    drawn = "\n".join(body)
    name = f"chart-{sha256(f'{title}|{description}|{drawn}'.encode()).hexdigest()[:12]}"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" '
        f'aria-labelledby="{name}-title {name}-text">'
    )
    lines = (
        opening,
        f'<title id="{name}-title">{_text(title)}</title>',
        f'<desc id="{name}-text">{_text(description)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="chart-back" width="{width:.0f}" height="{height:.0f}"/>',
        f'<text class="chart-title" x="16" y="26">{_text(title)}</text>',
        drawn,
        "</svg>",
        "",
    )
    return "\n".join(lines)
