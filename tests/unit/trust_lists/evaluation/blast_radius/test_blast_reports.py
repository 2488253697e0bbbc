# SPDX-License-Identifier: Apache-2.0
"""Reports: what matters most first, every number with its source, pages that stand alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from tests.simulators.certificate_chains import NOW, Authority
from trust_lists.evaluation.blast_radius import BlastRadius, blast_radius
from trust_lists.evaluation.blast_radius.components import Component, Kind
from trust_lists.evaluation.blast_radius.goals import Attacker, Goal
from trust_lists.evaluation.blast_radius.network import Network
from trust_lists.evaluation.blast_radius.page import page, standing_page
from trust_lists.evaluation.blast_radius.standing import Standing
from trust_lists.evaluation.blast_radius.text import as_text, standing_text
from trust_lists.evaluation.blast_radius.wording import NEVER, NOTHING, patterns
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration

Configure = Callable[..., TrustConfiguration]
Describe = Callable[..., Network]
STANDING = Standing("names", ("CN=a", "CN=b", "CN=c"), (("CN=a", ("CN=a", "CN=b")), ("CN=<c>", ("CN=c",))))


def path_to(*anchors: str) -> dict[str, Any]:
    return {"path": {"to": list(anchors), "issuer_must_be_anchor": False}}


@pytest.fixture
def found(configure: Configure, describe: Describe) -> BlastRadius:
    anchors = {"ap": Authority("<script>alert(1)</script>").certificate, "smp": Authority("smp").certificate}
    roles = {"ap-sign": path_to("ap"), "ap-encrypt": path_to("ap"), "smp-sign": path_to("smp")}
    bound = {"ap-sign": {"match": {}, "bind": {"CN": "context.party"}}}
    return blast_radius(configure(anchors, roles, subject=bound), describe(4, 2), (), NOW)


def test_the_text_begins_with_what_most_depends_on(found: BlastRadius) -> None:
    text = as_text(found)
    assert text.startswith("Most depends on anchor:ap")
    assert text.index("\nanchor:ap") < text.index("\nsmp-key:smp-1") < text.index("\nanchor:smp")
    assert "100% (12/12)" in text
    assert found.source in text
    for goal in Goal:
        assert f"{goal.value} {goal.wish}" in text


def test_what_is_reached_without_any_compromise_is_the_first_thing_told(
    configure: Configure, describe: Describe
) -> None:
    loose = configure({"ap": Authority("ap").certificate}, {"ap-sign": path_to("ap")})
    text = as_text(blast_radius(loose, describe(3, 0), (), NOW))
    assert text.startswith("Without any compromise, a member can already impersonate")
    assert f"against anybody:  {NOTHING}" in text
    assert NEVER in text


def test_components_without_reach_are_counted_and_shown_only_where_all_are_asked_for(
    configure: Configure, describe: Describe
) -> None:
    stranger = Authority("stranger")
    configuration = configure({"ap": Authority("ap").certificate}, {"ap-sign": path_to("ap")})
    network = describe(3, 0, delivery={"locator": "static"})
    result = blast_radius(configuration, network, [stranger.certificate], NOW)
    assert "1 components reach nothing alone" in as_text(result)
    assert "CN=stranger" not in as_text(result)
    assert "CN=stranger" in as_text(result, everything=True)
    assert "CN=stranger" in page(result, everything=True)


def test_names_are_told_where_they_are_asked_for(found: BlastRadius) -> None:
    assert "ap-1, ap-2, ap-3, ap-4" not in as_text(found)
    assert "ap-sign: ap-1, ap-2, ap-3, ap-4" in as_text(found, names=True)


def test_json_has_addresses_digests_and_every_minimal_set(found: BlastRadius) -> None:
    told = json.loads(json.dumps(found.to_json()))
    assert told["configuration"]["address"] == found.address
    assert told["engine"]
    assert told["network"]["digest"] == found.network.digest
    assert set(told["minimal_sets"]) == {each.value for each in Attacker}
    for who in told["minimal_sets"].values():
        for goal in Goal:
            assert who[goal.value]["against_anybody"]["complete"] is True
    first = told["blast_radius"][0]
    assert first["component"]["id"] == "anchor:ap"
    assert first["ordered_pairs"] == {"count": 12, "of": 12, "fraction": 1.0}


def test_the_page_stands_alone_and_escapes_what_it_is_given(found: BlastRadius) -> None:
    html = page(found)
    tree = etree.fromstring(
        html.replace("<!doctype html>", "").replace('<meta charset="utf-8">', "").encode(), etree.HTMLParser()
    )
    assert tree.findall(".//script") == []
    assert "<script>" not in html
    assert "default-src 'none'" in html
    assert "&lt;script" in html
    assert len(tree.findall(".//svg")) == 2
    bars = tree.findall(".//svg//rect")
    assert len(bars) > len(found.components)
    assert found.source in "".join(tree.itertext())


def test_sets_that_differ_only_in_which_smp_it_is_become_one_line() -> None:
    components = {f"smp-key:{n}": Component(f"smp-key:{n}", Kind.SMP_KEY, "", party=str(n)) for n in range(5)}
    components["dns-zone"] = Component("dns-zone", Kind.DNS_ZONE, "")
    found = patterns([(name, "dns-zone") for name in components if name != "dns-zone"], components)
    assert [(each.text, each.sets) for each in found] == [("an SMP key + dns-zone", 5)]
    few = patterns([("smp-key:1", "dns-zone"), ("smp-key:2",)], components)
    assert [each.text for each in few] == ["smp-key:1 + dns-zone", "smp-key:2"]
    all_keys = tuple(name for name in components if name != "dns-zone")
    assert patterns([all_keys] * 4, components)[0].text == "5 SMP keys"
    assert patterns([()], components)[0].text == NOTHING


def test_what_is_lost_without_an_authority_comes_before_the_table_of_all() -> None:
    text = standing_text([STANDING], "CN=a")
    assert text.startswith("Without CN=a: 2 of 3 authorities are lost (names).\n\nLost by names:\n  CN=a\n  CN=b")
    assert text.index("Without CN=a") < text.index("What is lost without each authority")
    assert "Without" not in standing_text([STANDING])


def test_the_page_of_what_is_lost_is_escaped_too() -> None:
    html = standing_page([replace(STANDING, measure="<b>")], "CN=a", "model", "source")
    assert "CN=&lt;c&gt;" in html
    assert "<b>" not in html
    assert "2 of 3 authorities are lost" in html


def test_the_page_of_all_authorities_begins_with_the_one_on_which_most_stands() -> None:
    tree = etree.fromstring(standing_page([STANDING], "", "model", "source").encode(), etree.HTMLParser())
    assert "".join(tree.xpath("//p[@class='answer']//text()")).startswith("Most stands on CN=a: without it, 2 of 3")
    assert tree.xpath("//thead//th//text()") == ["without", "lost, of 3"]
    assert "nothing but themselves" in "".join(tree.xpath("//details/summary/text()"))
