# SPDX-License-Identifier: Apache-2.0
"""A comparison as text, Markdown, HTML and JSON: complete, with its sources, and safe whatever certificates say."""

import json
from functools import cache
from typing import Any

import pytest
from lxml import html

from tests.simulators.certificate_chains import NOW, Authority, dn
from tests.simulators.trust_models import anchor, configuration, path_to, pin, rule
from trust_lists.evaluation.comparison import Asked, Compared, Comparison, Subject, compare
from trust_lists.evaluation.comparison.rendering import markdown, page, text
from trust_lists.evaluation.decisions import Evidence
from trust_lists.evaluation.trust_configuration import content_address
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration

ROOT, OTHER = Authority("root"), Authority("<script>alert(1)</script> | *other*")
MIDDLE = Authority("middle", ROOT)


def made(accept: dict[str, Any], **engine: Any) -> TrustConfiguration:
    stores = {
        "anchors": [anchor("root", ROOT.certificate), anchor("other", OTHER.certificate)],
        "intermediates": [{"sha256": MIDDLE.certificate.sha256}],
        "pins": [pin("gateway", ROOT.issue("pinned"), "ap-sign")],
    }
    certificates = [each.certificate for each in (ROOT, OTHER, MIDDLE)]
    return configuration({"ap-sign": rule(accept)}, stores, certificates, engine)


A, B = made(path_to("root")), made(path_to("root", "other", direct=True), max_path=3)
CORPUS = [
    Subject(each, "corpus.pem")
    for each in (ROOT.issue("one"), OTHER.issue(dn("<b>two</b>")), MIDDLE.issue("three"), MIDDLE.issue("four"))
]


@cache
def whole() -> Comparison:
    evidence = Evidence(digest="ab" * 32)
    asked = Asked(at=NOW, corpus=CORPUS, probes=True, added=10, present=20)
    return compare(Compared("A", A, evidence), Compared("B", B, evidence, effective=True), asked)


def test_json_names_all_that_the_numbers_are_from() -> None:
    found = json.loads(json.dumps(whole().to_json()))
    assert found["A"]["address"] == content_address(A)
    assert found["B"]["address"] == content_address(B)
    assert found["B"]["effective"]
    assert found["A"]["evidence"] == "ab" * 32
    assert found["engine"]
    assert found["asked"]["at"] == NOW.isoformat()
    assert found["corpus"] == {"certificates": 4, "sha256": whole().corpus_digest}
    assert not found["same"]


def test_json_has_every_flip_and_every_probe() -> None:
    found = json.loads(json.dumps(whole().to_json()))
    (decisions,) = found["decisions"]
    flips = [flip for group in decisions["groups"] for flip in group["flips"]]
    assert decisions["flipped"] == len(flips) == 3
    assert {flip["origin"] for flip in flips} == {"corpus.pem"}
    assert found["probes"]["asked"] == len(found["probes"]["probes"])
    assert {each["signature"] for each in found["probes"]["hypotheticals"]["probes"]} == {"assumed"}
    assert [each["model"] for each in found["onboarding"]["A"]] == ["T3"]
    assert [each["model"] for each in found["onboarding"]["B"]] == ["T4"]


def test_the_digest_of_a_corpus_is_that_of_its_certificates_in_whatever_order() -> None:
    def digest(corpus: list[Subject]) -> str:
        asked = Asked(at=NOW, corpus=corpus)
        return compare(Compared("A", A, Evidence()), Compared("B", A, Evidence()), asked).corpus_digest

    assert digest(CORPUS) == digest([*reversed(CORPUS), CORPUS[0]])
    assert digest(CORPUS) != digest(CORPUS[1:])
    assert digest([]) == ""


def test_text_begins_with_what_flips() -> None:
    told = text(whole())
    assert told.startswith("ap-sign: A accepts 3 of 4, B 2 of 4; 3 answers differ.")
    assert told.index("What flips") < told.index("What the configurations say differently") < told.index("What more")
    assert content_address(A)[:16] in told


def test_a_page_stands_alone_and_has_a_matrix_with_its_table() -> None:
    found = page(whole())
    tree = html.fromstring(found)
    assert not tree.xpath("//script | //link | //img | //iframe | //@onload | //*[@src]")
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    (section,) = tree.xpath("//section[@id='decisions-ap-sign']")
    assert section.xpath(".//*[local-name()='svg'][@role='img']")
    assert [cell.text_content() for cell in section.xpath(".//tbody/tr[1]/*")] == ["A ACCEPT", "1", "2", "0"]
    links = {link.removeprefix("#") for link in tree.xpath("//nav//a/@href")}
    assert links == set(tree.xpath("//main/*/@id"))
    assert "prefers-color-scheme:dark" in found.replace(" ", "")


def test_every_section_of_a_page_and_of_markdown_says_what_its_numbers_are_from() -> None:
    tree = html.fromstring(page(whole()))
    sections = tree.xpath("//main/*")
    assert len(tree.xpath("//main/*/p[@class='from']")) == len(sections) > 6
    told = markdown(whole())
    assert told.count(f"A {content_address(A)[:16]}") == told.count("\n## ")


def test_what_certificates_say_is_escaped_everywhere() -> None:
    assert "<script>" not in page(whole())
    assert "<b>two" not in page(whole())
    assert "<script>" not in markdown(whole())
    assert r"\*other\*" in markdown(whole())
    rows = [line for line in markdown(whole()).splitlines() if line.startswith("|")]
    assert rows


def test_tables_of_markdown_have_as_many_cells_in_each_row() -> None:
    widths: set[int] = set()
    for line in [*markdown(whole()).splitlines(), ""]:
        if not line.startswith("|"):
            assert len(widths) <= 1
            widths = set()
            continue
        widths.add(line.replace(r"\|", "").count("|"))


def test_assumptions_stand_where_a_reader_sees_them() -> None:
    asked = Asked(at=NOW, corpus=CORPUS, without_revocation=True)
    found = compare(Compared("A", A, Evidence()), Compared("B", B, Evidence()), asked)
    for told in (text(found), markdown(found), page(found)):
        assert "no role asks whether it is" in told
    assert found.to_json()["asked"]["assumptions"]


@pytest.mark.parametrize("render", [text, markdown, page])
def test_two_that_are_the_same_are_said_to_be(render: Any) -> None:
    found = compare(Compared("A", A, Evidence()), Compared("B", A, Evidence()), Asked(at=NOW, corpus=CORPUS))
    assert found.same
    assert "The configurations say the same." in render(found)


def test_the_same_questions_give_the_same_report() -> None:
    sides = (Compared("A", A, Evidence()), Compared("B", B, Evidence()))
    first, second = (compare(*sides, Asked(at=NOW, corpus=CORPUS, probes=True, added=5)) for _ in range(2))
    assert json.dumps(first.to_json()) == json.dumps(second.to_json())
    assert page(first) == page(second)
