# SPDX-License-Identifier: Apache-2.0
"""What templates are given: paths, instants, and text that is never markup."""

import re

import pytest
from jinja2 import UndefinedError

from registry.ui.rendering import day, local, make_environment, moment, path_of
from tests.simulators.ui_messages import ROOT

HOSTILE = "<script>alert('x')</script>\"&"


@pytest.mark.parametrize("path", ["/ui", "/ui/", "/ui/zones", "/ui/domains/demo/participants?q=0088%3A1"])
def test_pages_of_ours_may_be_gone_back_to(path: str) -> None:
    assert local(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/ui/\\evil.example",
        "/ui//evil.example",
        "/uincorn",
        "javascript:alert(1)",
        "/api/v1/session/oidc",
        "/ui/\r\nset-cookie: a=b",
        "/ui/\u2028",
        " /ui/",
    ],
)
def test_everything_else_leads_to_the_first_page(path: str | None) -> None:
    assert local(path) == "/ui/"


def test_identifiers_are_one_segment_of_a_path_and_empty_questions_are_left_out() -> None:
    assert path_of("/domains/{}/x/{}", "d", "a::b/c#d?") == "/ui/domains/d/x/a%3A%3Ab%2Fc%23d%3F"
    assert path_of("/audit", tag="a:*", actor="", subject=None) == "/ui/audit?tag=a%3A%2A"


def test_instants_are_in_utc_for_people_and_machines() -> None:
    assert moment("2027-01-31T06:00:00.5+02:00") == (
        '<time datetime="2027-01-31T04:00:00+00:00">2027-01-31 04:00:00 UTC</time>'
    )
    assert ">2027-01-31</time>" in day("2027-01-31T06:00:00Z")
    assert "<" not in moment(None)


def test_text_is_escaped_also_inside_of_translated_sentences() -> None:
    environment = make_environment(lambda name: name)
    template = environment.from_string('{{ text }}|{{ _("Domain %(name)s", name=text) }}|<p title="{{ text }}">')
    shown = template.render(text=HOSTILE, language="de")
    assert "<script" not in shown
    assert "Domäne &lt;script&gt;" in shown
    assert 'title="&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&#34;&amp;"' in shown


def test_percent_signs_in_what_rest_says_are_shown_as_they_are() -> None:
    environment = make_environment(lambda name: name)
    assert environment.from_string("{{ text|translate }}").render(text="100%s %", language="fr") == "100%s %"


def test_name_that_nobody_has_set_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        make_environment(lambda name: name).from_string("{{ nobody }}").render(language="en")


@pytest.mark.parametrize("path", sorted((ROOT / "templates").iterdir()), ids=lambda path: path.name)
def test_no_template_has_script_or_style_of_its_own_or_switches_escaping_off(path: object) -> None:
    text = (ROOT / "templates" / getattr(path, "name", "")).read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|\|\s*safe\b|autoescape|<script(?! src=)", text)
