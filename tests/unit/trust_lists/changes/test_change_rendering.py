# SPDX-License-Identifier: Apache-2.0
"""Changes as text, JSON and a page: all three say all of it, and a page holds nothing that a list could smuggle in."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from tests.simulators.checked_lists import ISSUED
from trust_lists.changes import Change, Issue, Kind, ListChanges, SnapshotChanges
from trust_lists.changes.model import counts
from trust_lists.changes.page import list_page, snapshot_page
from trust_lists.changes.style import STYLE
from trust_lists.changes.text import NOTHING, list_text, snapshot_text
from trust_lists.documents import vocabulary

BEFORE = Issue("BE", 7, ISSUED, datetime(2027, 5, 1, tzinfo=UTC), 2, 5)
AFTER = replace(BEFORE, sequence=8, next_update=None, services=3, version=6)
STATUS = Change(
    Kind.STATUS,
    ("granted", "2020-01-01T00:00:00Z"),
    ("withdrawn", "2026-11-22T08:00:00Z"),
    "Provider",
    "Service",
    vocabulary.CA_QC,
    "ab" * 32,
    note="it began before the former issue",
)
EVERY_KIND = tuple(
    STATUS if kind is Kind.STATUS else Change(kind, ("old", ""), ("new", "newer"), what=f"what {kind.name}")
    for kind in Kind
)
FOUND = ListChanges(BEFORE, AFTER, EVERY_KIND)
SNAPSHOTS = SnapshotChanges("1" * 64, "2" * 64, ISSUED, ISSUED, EVERY_KIND[:3], (FOUND, replace(FOUND, changes=())))


def parsed(page: str) -> etree._Element:
    return html.fromstring(page)  # type: ignore[no-any-return]


def test_text_has_a_heading_and_every_change() -> None:
    text = list_text(FOUND)
    assert text.startswith("BE: issue 7 of 2026-11-02T08:00:00Z -> 8 of 2026-11-02T08:00:00Z, 2 -> 3 services\n")
    assert "    Provider > Service (CA/QC, key abababababab)\n" in text
    assert "      granted since 2020-01-01T00:00:00Z -> withdrawn since 2026-11-22T08:00:00Z\n" in text
    assert "      (it began before the former issue)\n" in text
    for kind in Kind:
        assert f"  {kind.value} (1)\n" in text
    assert text.count("+ newer") == len(Kind) - 3


def test_text_of_one_value_is_one_line() -> None:
    found = replace(FOUND, changes=(Change(Kind.SCHEME, ("a",), ("b",), what="type"), Change(Kind.SCHEME, (), ("c",))))
    assert "type\n      a -> b\n" in list_text(found)
    assert list_text(found).endswith("(nothing) -> c")


def test_text_says_where_territories_differ() -> None:
    assert list_text(replace(FOUND, after=replace(AFTER, territory="NL"))).startswith("BE -> NL: issue")


def test_nothing_is_said_to_be_nothing() -> None:
    nothing = replace(FOUND, changes=())
    assert list_text(nothing).endswith(NOTHING)
    assert NOTHING in list_page(nothing)
    empty = replace(SNAPSHOTS, changes=(), lists=())
    assert snapshot_text(empty).endswith(NOTHING)
    assert NOTHING in snapshot_page(empty)


def test_text_of_snapshots_has_every_list() -> None:
    text = snapshot_text(SNAPSHOTS)
    assert text.startswith("Snapshot 111111111111 of 2026-11-02T08:00:00Z -> 222222222222 of")
    assert text.count("BE: issue 7") == 2


def test_json_has_counts_and_every_change() -> None:
    found = json.loads(json.dumps(FOUND.to_json()))
    assert found["counts"] == {kind.value: 1 for kind in Kind}
    assert len(found["changes"]) == len(Kind)
    assert found["before"]["next_update"] == "2027-05-01T00:00:00Z"
    assert found["after"]["next_update"] is None
    status = next(each for each in found["changes"] if each["kind"] == "status changed")
    assert status["type"] == vocabulary.CA_QC
    assert status["before"] == ["granted", "2020-01-01T00:00:00Z"]
    assert "what" not in status


def test_json_of_snapshots_counts_what_is_in_lists_too() -> None:
    found = json.loads(json.dumps(SNAPSHOTS.to_json()))
    assert found["counts"]["sequence anomaly"] == 2
    assert found["before"] == {"digest": "1" * 64, "at": "2026-11-02T08:00:00Z"}
    assert len(found["lists"]) == 2


def test_counts_are_in_the_order_of_the_kinds() -> None:
    assert list(counts(EVERY_KIND[::-1])) == [kind.value for kind in Kind]


@pytest.mark.parametrize("page", [list_page(FOUND), snapshot_page(SNAPSHOTS)], ids=["list", "snapshots"])
def test_a_page_fetches_nothing_and_runs_nothing(page: str) -> None:
    root = parsed(page)
    assert root.xpath("//script | //link | //img | //iframe | //form | //object") == []
    assert root.xpath("//@src | //@style | //@*[starts-with(name(), 'on')]") == []
    assert all(each.startswith("#") for each in root.xpath("//@href"))
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    policy = root.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize("page", [list_page(FOUND), snapshot_page(SNAPSHOTS)], ids=["list", "snapshots"])
def test_links_in_a_page_lead_somewhere(page: str) -> None:
    root = parsed(page)
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {each[1:] for each in root.xpath("//@href")} <= set(ids)


def test_a_page_shows_every_change_and_colours_statuses_by_what_they_mean() -> None:
    root = parsed(list_page(FOUND))
    text = " ".join(root.text_content().split())
    for change in EVERY_KIND:
        assert change.kind.value in text
        for value in (*change.before, *change.after, change.note, change.what):
            assert value in text
    assert root.xpath("string(//div[@class='values']/span[@class='good'])").startswith("granted")
    assert root.xpath("string(//div[@class='values']/span[@class='bad'])").startswith("withdrawn")
    assert "Version" in text
    assert "closed" in text


def test_what_decides_nothing_is_folded() -> None:
    root = parsed(list_page(FOUND))
    folded = {each.get("id") for each in root.xpath("//details[not(@open)]")}
    assert folded == {"service", "provider", "pointer", "scheme", "certificates"}


def test_a_page_reads_in_light_and_dark() -> None:
    assert "prefers-color-scheme: dark" in STYLE
    pairs = re.findall(r"--(page|card|ink|soft|bad|bad-back|good|good-back|other): (#[0-9a-f]{6})", STYLE)
    for scheme in (dict(pairs[:9]), dict(pairs[9:])):
        for ink, paper in (
            *(("ink", "page"), ("ink", "card"), ("soft", "card"), ("soft", "page")),
            *(("bad", "bad-back"), ("good", "good-back"), ("bad", "card"), ("good", "card"), ("other", "card")),
        ):
            assert contrast(scheme[ink], scheme[paper]) >= 4.5, (ink, paper)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


HOSTILE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"))


@given(HOSTILE, st.sampled_from(list(Kind)))
def test_no_text_of_a_list_becomes_markup(text: str, kind: Kind) -> None:
    hostile = f'"><script>{text}</script><b onclick=x>'
    change = Change(kind, (hostile, ""), (hostile, ""), hostile, hostile, hostile, hostile, hostile, hostile)
    issue = replace(BEFORE, territory=hostile)
    found = ListChanges(issue, issue, (change,))
    for page in (
        list_page(found),
        snapshot_page(SnapshotChanges(hostile, hostile, ISSUED, ISSUED, (change,), (found,))),
    ):
        root = parsed(page)
        assert root.xpath("//script | //*[@onclick]") == []
        assert hostile in unescape(page)
