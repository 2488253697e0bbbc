# SPDX-License-Identifier: Apache-2.0
import pytest
from lxml import etree

from registry.errors import ValidationError
from registry.smp.documents.children import Children, Findings, text_of
from registry.smp.documents.vocabulary import Vocabulary

WORDS = Vocabulary(reasons="X", schema="Spec, x.xsd", namespace="urn:x", prefixes={"urn:x": "x"})


@pytest.fixture
def findings() -> Findings:
    return Findings(WORDS)


def test_children_are_found_in_any_order_in_the_vocabulary_s_namespace_or_the_one_given(findings: Findings) -> None:
    element = etree.fromstring("<p xmlns='urn:x' xmlns:y='urn:y'><y:a>2</y:a><b/><a>1</a><b>3</b></p>")
    with Children(findings, element, "here") as found:
        assert (found.text("a"), found.text("a", "urn:y")) == ("1", "2")
        assert [child.text for child in found.all("b")] == [None, "3"]
        assert (found.one("c"), found.text("c"), found.all("c")) == (None, None, [])
    assert (findings.notes, findings.reasons) == ([], [])


@pytest.mark.parametrize("rest", ["<c>text</c>", "<c><d/></c>", "<c a='1'/>", "<y:c xmlns:y='urn:y'>1</y:c>"])
def test_what_nobody_asked_for_is_noted_when_it_says_something(findings: Findings, rest: str) -> None:
    with Children(findings, etree.fromstring(f"<p xmlns='urn:x'><a/><b> </b>{rest}</p>"), "here") as found:
        found.one("a")
    assert findings.notes == ["here: c was left out"]


def test_a_child_that_is_there_twice_is_refused(findings: Findings) -> None:
    with Children(findings, etree.fromstring("<p xmlns='urn:x'><a>1</a><a>2</a></p>"), "here") as found:
        assert found.text("a") == "1"
    (reason,) = findings.reasons
    assert (reason.id, reason.clause) == ("X-REPEATED", "Spec, x.xsd sequence")
    with pytest.raises(ValidationError, match="a is there 2 times"):
        findings.raise_reasons()


def test_a_clause_of_several_words_is_cited_as_it_is(findings: Findings) -> None:
    findings.raise_reasons()
    findings.refuse("A", "message", "XML 1.0")
    assert findings.reasons[0].clause == "XML 1.0"


def test_reasons_end_at_a_hundred(findings: Findings) -> None:
    for _ in range(99):
        findings.refuse("A", "message", "Type")
    with pytest.raises(ValidationError) as refused:
        findings.refuse("A", "message", "Type")
    assert len(refused.value.reasons) == 100


def test_text_is_read_around_comments_and_instructions() -> None:
    assert text_of(etree.fromstring("<a>1<!-- x -->2<?p i?>3</a>")) == "123"
