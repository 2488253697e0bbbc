# SPDX-License-Identifier: Apache-2.0
"""Reports as HTML, Markdown, text and JSON: complete, escaped, with sources."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from trust_lists.evaluation.scoring import Assessment, FactsTable, Judgements, assess, read_facts, read_judgements
from trust_lists.evaluation.scoring.page import page
from trust_lists.evaluation.scoring.writing import markdown, text, to_json
from trust_lists.xml import parse_xml

HOSTILE = "<script>alert(1)</script>|`x`\"'&amp;]]>"


class Reader(HTMLParser):
    """What a page consists of."""

    def __init__(self, told: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(told)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src", "xlink:href"}:
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture
def assessment(facts: FactsTable, judgements: Judgements) -> Assessment:
    return assess(facts, judgements, draws=500)


@pytest.fixture
def hostile(files: Any) -> Assessment:
    """Every text that a file may have is an attempt to break out."""
    facts, judgements = files.facts(), files.judgements()
    facts["title"] = judgements["title"] = judgements["who"] = judgements["scale"] = HOSTILE
    facts["models"] = {each: f"{each} {HOSTILE}" for each in facts["models"]}
    facts["criteria"] = {each: f"{each} {HOSTILE}" for each in facts["criteria"]}
    for each in facts["quantities"].values():
        each.update(name=HOSTILE, unit=HOSTILE)
    for each in facts["facts"]:
        each.update(method=HOSTILE, source=HOSTILE)
    for each in (*judgements["values"].values(), *judgements["weights"]["points"].values()):
        each["reason"] = HOSTILE
    table = read_facts(files.bytes(facts))
    return assess(table, read_judgements(files.bytes(judgements), table), draws=50)


def test_the_page_needs_no_script_and_fetches_nothing(assessment: Assessment) -> None:
    found = Reader(page(assessment))
    assert not found.tags & {"script", "link", "img", "iframe", "object"}
    assert all(link.startswith("#") for link in found.links)
    assert not {name for name in found.attributes if name.startswith("on")}


def test_nothing_from_the_files_breaks_out_of_the_page(hostile: Assessment) -> None:
    found = Reader(page(hostile))
    assert "script" not in found.tags
    assert any(HOSTILE in each for each in found.texts)


def test_every_link_of_the_page_leads_somewhere_and_ids_are_unique(assessment: Assessment) -> None:
    found = Reader(page(assessment))
    assert len(found.ids) == len(set(found.ids))
    assert set(found.links) <= {f"#{each}" for each in found.ids}


def test_every_picture_is_well_formed_and_described(hostile: Assessment, assessment: Assessment) -> None:
    for found in (hostile, assessment):
        pictures = re.findall(r"<svg.*?</svg>", page(found), re.DOTALL)
        assert len(pictures) == 9
        for each in pictures:
            parse_xml(each.encode())
        assert sum("<desc" in each for each in pictures) == 6


def test_every_value_of_the_page_leads_to_its_fact_with_source_and_snapshot(assessment: Assessment, files: Any) -> None:
    told = page(assessment)
    for fact in assessment.facts.facts:
        name = f"fact:{fact.model}:{fact.quantity}"
        assert f'href="#{name}"' in told
        row = re.search(f'<tr id="{name}">.*?</tr>', told)
        assert row is not None
        assert fact.source in row[0]
        assert files.snapshot in row[0]


def test_every_section_says_which_files_it_is_from(assessment: Assessment) -> None:
    told = page(assessment)
    source = f"From the facts {assessment.facts.digest[:16]} and the judgements {assessment.judgements.digest[:16]}"
    assert told.count(source) == 1 + told.count("<section ") + told.count("<details ")
    assert assessment.facts.digest in told
    assert assessment.judgements.digest in told


def test_unknown_stays_unknown_in_every_form(assessment: Assessment) -> None:
    assert '<td class="unknown"><a href="#fact:list:qualified">unknown (0 to 1)</a></td>' in page(assessment)
    assert "| unknown (0 to 1) |" in markdown(assessment)
    model = next(each for each in to_json(assessment)["models"] if each["model"] == "list")
    assert model["values"]["law"] == {"from": 0, "to": 1, "unknown": True, "facts": [2]}


def test_a_sum_never_stands_without_its_range(assessment: Assessment) -> None:
    for told in (page(assessment), text(assessment)):
        assert "0.584 (0.484 to 0.684)" in told
        assert "0.282 (exactly known)" in told


def test_warnings_are_shown_in_every_form(files: Any) -> None:
    judgements = files.judgements()
    del judgements["values"]["qualified"]
    table = read_facts(files.bytes(files.facts()))
    found = assess(table, read_judgements(files.bytes(judgements), table), draws=50)
    for told in (page(found), markdown(found), text(found), json.dumps(to_json(found))):
        assert "qualified has no value function" in told


def test_markdown_has_no_html_and_its_tables_keep_their_columns(hostile: Assessment) -> None:
    told = markdown(hostile)
    assert not re.search(r"(?<!\\)<", told)
    tables = re.findall(r"(?:^\|.*\n)+", told, re.MULTILINE)
    assert len(tables) == 9
    for each in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in each.splitlines()}) == 1


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("# no heading", "\\# no heading. The SHA-256"),
        ("- no item", "\\- no item. The SHA-256"),
        ("1. no list", "1\\. no list. The SHA-256"),
        ("a|b *c* [d](e) <f> &amp;", "a\\|b \\*c\\* \\[d\\](e) \\<f\\> \\&amp;. The SHA-256"),
        ("plain (text), 3 - 2 = 1", "plain (text), 3 - 2 = 1. The SHA-256"),
    ],
)
def test_texts_of_the_files_are_no_marks_of_markdown(title: str, line: str, files: Any) -> None:
    judgements = {**files.judgements(), "title": title}
    table = read_facts(files.bytes(files.facts()))
    told = markdown(assess(table, read_judgements(files.bytes(judgements), table), draws=50))
    assert any(each.startswith(line) for each in told.splitlines())


def test_the_json_has_all_figures_and_its_facts_with_their_source(assessment: Assessment, files: Any) -> None:
    found = json.loads(json.dumps(to_json(assessment)))
    assert found["facts_sha256"] == assessment.facts.digest
    assert found["pareto_front"] == ["list", "pki", "pins"]
    for model in found["models"]:
        assert sum(each["share"] for each in model["rank_acceptability"]) == pytest.approx(1)
        for value in model["values"].values():
            assert all(found["facts"]["facts"][row]["snapshot"] == files.snapshot for row in value["facts"])
    assert [each["criterion"] for each in found["weight_intervals"]] == ["effort", "law", "safety"]


def test_compared_weights_are_shown_with_their_matrix(files: Any) -> None:
    judgements = files.judgements()
    rows = [["1", "3", "1/2"], ["1/3", "1", "1/6"], ["2", "6", "1"]]
    judgements["weights"] = {"items": ["safety", "law", "effort"], "rows": rows, "reason": "asked"}
    table = read_facts(files.bytes(files.facts()))
    told = page(assess(table, read_judgements(files.bytes(judgements), table), draws=50))
    assert "Criteria compared" in told
    assert "Consistency ratio 0.000" in told
    assert "<td>1/6</td>" in told
