# SPDX-License-Identifier: Apache-2.0
"""Pages of HTML that stand alone, and what reports on them consist of: no scripts, light or dark as the reader has it.

Nothing is fetched: a Content-Security-Policy in each page allows nothing but its own styles. All texts are escaped
here; pictures are markup already. Colours have a contrast of at least 4.5:1 in both schemes. Ids come from callers, who
restrict their letters.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

_DIGEST = re.compile(r"\b[0-9a-f]{40,}\b", re.ASCII)
_LONG_WORD = re.compile(r"\S{20,}")
_BREAK = re.compile(r"(?<=[,;:/._])(?=[^\W\d])")
_ONE = r"[<±+-]?\d[\d.,]*( ?[%kMGT])?"
_NUMBER = re.compile(rf"{_ONE}( (of|to) {_ONE})?( ±{_ONE})?( \([^()]*\))?|[-·]?", re.ASCII)

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #566273; --line: #dde2e8;
  --shade: rgba(27, 36, 48, .22); --link: #0b57d0; --warn: #7a5300; --warn-back: #fdf3dc; --full: 11, 87, 208;
  --good: #146c2e; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --page: #11161d; --card: #1a212b; --ink: #e6eaf0; --soft: #a3afbe; --line: #303a47;
    --shade: rgba(0, 0, 0, .6); --link: #8ab4f8; --warn: #e8c170; --warn-back: #352a12; --full: 138, 180, 248;
    --good: #86d39b; --bad: #f5a19b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 84rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; }
h2 { margin: 0 0 .5rem; font-size: 1.2rem; line-height: 1.3; }
h3 { margin: .75rem 0 .25rem; font-size: 1rem; }
summary h2 { display: inline; }
a { color: var(--link); }
header p { margin: .35rem 0; max-width: 60rem; }
header .answer { font-size: 1.1rem; font-weight: 600; }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1.25rem 0 0; padding: 0; list-style: none; }
nav a { display: block; padding: .15rem .7rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1rem; font-size: .875rem; color: inherit; text-decoration: none; }
nav a:hover, nav a:focus { text-decoration: underline; }
.warnings { margin: 1.25rem 0 0; padding: .6rem .9rem .6rem 2rem; background: var(--warn-back); color: var(--warn);
  border-radius: .6rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.5rem 0 0;
  padding: 0; list-style: none; }
.figures li { display: flex; flex-direction: column; padding: .9rem 1.1rem; background: var(--card);
  border: 1px solid var(--line); border-left: .35rem solid currentColor; border-radius: .7rem; }
.figures b { font-size: 2rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
.figures span { color: var(--ink); font-size: .9rem; }
.good { color: var(--good); } .soon { color: var(--warn); } .bad { color: var(--bad); }
section, details { margin: 1.5rem 0 0; padding: 1rem 1.1rem 1.1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .7rem; scroll-margin-top: 1rem; }
summary { cursor: pointer; }
section section, section details { margin: .5rem 0 0; padding: .4rem .8rem; font-size: .9rem; }
section > p, details > p { margin: .5rem 0 .75rem; color: var(--soft); max-width: 60rem; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; margin: 0 0 .75rem; overflow-x: auto; }
.pictures .chart { display: block; flex: 0 1 auto; }
.wide { overflow-x: auto; margin: 0 0 .6rem; background: linear-gradient(to right, var(--card) 40%, transparent) left,
  linear-gradient(to left, var(--card) 40%, transparent) right,
  linear-gradient(to right, var(--shade), transparent) left,
  linear-gradient(to left, var(--shade), transparent) right; background-size: 3rem 100%, 3rem 100%, .8rem 100%,
  .8rem 100%; background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .3rem .55rem; border: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 600; min-width: 9rem; }
td { min-width: 3.5rem; }
.number, .unknown { text-align: right; }
td.number { white-space: nowrap; }
td a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .15em; }
.names { columns: 26rem; font-size: .875rem; }
td ul { margin: 0; padding: 0 0 0 1rem; }
tr:target th, tr:target td { outline: 2px solid var(--link); outline-offset: -2px; }
code { display: inline-block; min-width: 17ch; font-family: ui-monospace, "Cascadia Code", Menlo, Consolas, monospace;
  font-size: .9em; overflow-wrap: anywhere; }
.unknown { font-style: italic; background: repeating-linear-gradient(135deg, transparent 0 6px,
  rgba(var(--full), .12) 6px 8px); }
.mini { display: block; color: var(--link); }
.from { margin: .6rem 0 0; font-size: .8rem; color: var(--soft); }
@media (max-width: 48rem) {
  body { padding: 1.25rem .75rem 3rem; }
  h1 { font-size: 1.4rem; }
  /* It scrolls anyway: columns of single words would only make it long. */
  td:not(.number) { min-width: 8rem; }
  section, details { padding: .8rem .75rem; }
  /* Drawn smaller, nobody could read them. */
  .pictures .chart { flex: none; max-width: none; } }
@media print { body { max-width: none; background: #fff; } section, details { break-inside: avoid-page; } }
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table; `link` leads to a row's `name`; `fullness` (0 to 1) may colour it; `picture` is an SVG.

    `unknown` says that the text stands for a number that nobody knows.
    """

    text: str
    link: str = ""
    name: str = ""
    fullness: float | None = None
    picture: str = ""
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a head; the first cell of a row names it."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @classmethod
    def of(cls, head: Sequence[str], rows: Iterable[Sequence[str]]) -> "Table":
        """A table of nothing but texts."""
        return cls(tuple(head), tuple(tuple(map(Cell, row)) for row in rows))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report; `pictures` are SVGs, which other formats leave out as the table has their numbers."""

    id: str
    title: str
    sentences: tuple[str, ...]
    table: Table | None = None
    pictures: tuple[str, ...] = ()
    folded: bool = False


def document(title: str, body: Iterable[str], style: str = STYLE) -> str:
    """The whole page; `body` is markup, of which one header comes first."""
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        )
    )


def header(title: str, findings: Sequence[str], source: str = "") -> Iterator[str]:
    """The heading, the answer (the first finding), the others, and what all is from."""
    yield f"<header><h1>{_prose(title)}</h1>"
    for number, each in enumerate(findings):
        yield f"<p>{_prose(each)}</p>" if number else f'<p class="answer">{_prose(each)}</p>'
    yield f'<p class="from">{escape(source)}</p></header>' if source else "</header>"


def report(
    title: str, findings: Sequence[str], sections: Sequence[Section], source: str, warnings: Sequence[str] = ()
) -> str:
    """A page of sections, with links to them."""
    body = [*header(title, findings, source), "<nav><ul>"]
    body += [f'<li><a href="#{escape(each.id)}">{_prose(each.title)}</a></li>' for each in sections]
    body.append("</ul></nav>")
    if warnings:
        body += ['<ul class="warnings">', *(f"<li>{_prose(each)}</li>" for each in warnings), "</ul>"]
    lines = (line for each in sections for line in _section(each, source))
    return document(title, [*body, "<main>", *lines, "</main>"])


def pictures(drawn: Iterable[str]) -> Iterator[str]:
    """Charts side by side where there is room."""
    yield '<div class="pictures">'
    yield from drawn
    yield "</div>"


def table(found: Table) -> Iterator[str]:
    """A table that scrolls by itself where it is too wide; columns of numbers are on the right of their cells."""
    numbers = [
        at > 0 and all(each.unknown or _NUMBER.fullmatch(each.text) for each in column)
        for at, column in enumerate(zip(*found.rows, strict=True))
    ]
    yield '<div class="wide"><table>'
    if any(found.head):
        yield "<thead><tr>"
        for text, number in zip(found.head, numbers or [False] * len(found.head), strict=True):
            yield f'<th scope="col"{_class("number" if number else "")}>{_prose(text)}</th>'
        yield "</tr></thead>"
    yield "<tbody>"
    for first, *others in found.rows:
        name = f' id="{escape(first.name)}"' if first.name else ""
        cells = "".join(_cell(cell, number) for cell, number in zip(others, numbers[1:], strict=True))
        yield f'<tr{name}><th scope="row">{told(first.text)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def told(text: str) -> str:
    """A text for a narrow place: escaped, with places to break long words."""
    parts = _DIGEST.split(text)
    digests = [f"<code>{each}</code>" for each in _DIGEST.findall(text)]
    texts = ["<wbr>".join(map(_prose, _pieces(each))) for each in parts]
    return "".join(each for pair in zip(texts, [*digests, ""], strict=True) for each in pair)


def _section(section: Section, source: str) -> Iterator[str]:
    heading = f"<h2>{_prose(section.title)}</h2>"
    name = escape(section.id)
    yield f'<details id="{name}"><summary>{heading}</summary>' if section.folded else f'<section id="{name}">{heading}'
    yield from (f"<p>{_prose(each)}</p>" for each in section.sentences)
    if section.pictures:
        yield from pictures(section.pictures)
    if section.table:
        yield from table(section.table)
    yield f'<p class="from">{escape(source)}</p>'
    yield "</details>" if section.folded else "</section>"


def _cell(cell: Cell, number: bool) -> str:
    text = told(cell.text)
    if cell.link:
        text = f'<a href="#{escape(cell.link)}">{text}</a>'
    # Never fuller than this, so that the text keeps its contrast in both schemes.
    colour = "" if cell.fullness is None else f' style="background:rgba(var(--full),{0.4 * cell.fullness:.3f})"'
    look = "unknown" if cell.unknown else "number" if number else ""
    return f"<td{_class(look)}{colour}>{cell.picture}{text}</td>"


def _prose(text: str) -> str:
    """A text escaped, with arrows that are one letter, as a line could end within others."""
    return escape(text.replace(" -> ", " → "))


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _pieces(text: str) -> list[str]:
    """The text, cut where its long words may be broken."""
    cuts = [0]
    for word in _LONG_WORD.finditer(text):
        cuts += [word.start() + each.start() for each in _BREAK.finditer(word[0])]
    return [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]
