# SPDX-License-Identifier: Apache-2.0
"""Pages of reports: nothing breaks out of them, numbers stand in line, long words and digests break, colours read."""

import re

import pytest
from lxml import html

from trust_lists.evaluation.html_page import STYLE, Cell, Section, Table, document, report, table, told

DIGEST = "0123456789abcdef" * 4
NASTY = '<script>alert("x")</script>&'


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_a_text_reads_on_what_is_behind_it(scheme: int) -> None:
    block = STYLE.split("@media (prefers-color-scheme: dark)")[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block.split("* {")[0]))
    pairs = [(ink, back) for ink in ("ink", "soft", "link") for back in ("page", "card")]
    for ink, back in (*pairs, ("warn", "warn-back"), ("warn", "card"), ("good", "card"), ("bad", "card")):
        light, dark = sorted((luminance(colours[ink]), luminance(colours[back])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, back)


def test_a_page_fetches_nothing_and_allows_nothing() -> None:
    tree = html.fromstring(document("t", ["<main></main>"]))
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    policy = tree.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_texts_from_elsewhere_are_only_text() -> None:
    rows = Table.of((NASTY, NASTY), [(NASTY, NASTY)])
    found = report(NASTY, (NASTY, NASTY), (Section("one", NASTY, (NASTY,), rows),), NASTY, (NASTY,))
    assert "<script" not in found
    tree = html.fromstring(found)
    assert tree.xpath("string(//h1)") == tree.xpath("string(//td)") == NASTY


def test_links_lead_to_the_sections_which_say_what_they_are_from() -> None:
    sections = (Section("one", "One", ("a",)), Section("two", "Two", ("b",), folded=True))
    tree = html.fromstring(report("t", ("answer",), sections, "the source"))
    assert tree.xpath("//nav//a/@href") == ["#one", "#two"]
    assert tree.xpath("//*[@id]/@id") == ["one", "two"]
    assert [each.text for each in tree.xpath("//main//p[@class='from']")] == ["the source"] * 2


@pytest.mark.parametrize(
    ("column", "right"),
    [
        (("12", "3,325", "-"), True),
        (("0 of 6", "4 of 6 (member: 6 of 6)"), True),
        (("84.12 % (83.89 to 84.34 %)", "0.5k"), True),
        (("0.218 ±0.001", "0.88 to 0.91"), True),
        (("1", "one"), False),
        (("2026-11-20", "1"), False),
        (("T2", "1"), False),
    ],
)
def test_only_columns_of_nothing_but_numbers_are_on_the_right(column: tuple[str, ...], right: bool) -> None:
    tree = html.fromstring("".join(table(Table.of(("name", "value"), [("a", each) for each in column]))))
    assert {each.get("class") for each in tree.xpath("//td | //thead/tr/th[2]")} == {"number" if right else None}
    assert tree.xpath("//thead/tr/th[1]/@class") == tree.xpath("//tbody//th/@class") == []


def test_a_cell_can_lead_to_a_row_and_tell_that_nobody_knows() -> None:
    rows = ((Cell("a", name="row"), Cell("1", link="row")), (Cell("b"), Cell("unknown", unknown=True)))
    tree = html.fromstring("".join(table(Table(("", "value"), rows))))
    assert tree.xpath("//td/a/@href") == ["#row"]
    assert tree.xpath("//tr/@id") == ["row"]
    assert tree.xpath("string(//td[@class='unknown'])") == "unknown"


def test_a_table_without_rows_or_head_is_a_table() -> None:
    assert "<thead>" in "".join(table(Table(("a", "b"), ())))
    assert "<thead>" not in "".join(table(Table.of(("", ""), [("a", "b")])))


def test_digests_stand_in_full_and_long_words_break_where_a_reader_would() -> None:
    assert told(f"model {DIGEST} <") == f"model <code>{DIGEST}</code> &lt;"
    assert told("stores.anchors.ap-ca-g2.trusted") == "stores.<wbr>anchors.<wbr>ap-ca-g2.<wbr>trusted"
    assert told("CN=a,O=b -> 1,000") == "CN=a,O=b → 1,000"
    long = f"{NASTY},{DIGEST}/{'x.' * 30}"
    assert html.fromstring(f"<p>{told(long)}</p>").text_content() == long
