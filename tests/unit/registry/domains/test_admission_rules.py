# SPDX-License-Identifier: Apache-2.0
"""`sml.admission`: what a domain can say of who may register, and what is no rule."""

from typing import Any

import pytest

from registry.domains.admission_rules import AdmissionRule, OutsideCheck
from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping, load_domain
from registry.domains.section import Section
from registry.identifiers.participant import EBCORE_PREFIX, ISO6523, ParticipantIdentifier


def read(**values: Any) -> tuple[AdmissionRule, list[str]]:
    section = Section(values)
    rule = AdmissionRule.read(section)
    return rule, [*section.problems, *section.unknown()]


def test_rule_says_what_it_covers_and_what_it_asks() -> None:
    ask = {"url": "https://registry.example.org/may?x=1", "timeout_s": 2}
    rule, problems = read(scheme=ISO6523, icds=["0208"], publishers=["SMP-BE"], check_digits=True, ask=ask)
    assert problems == []
    outside = OutsideCheck("https://registry.example.org/may?x=1", 2)
    assert rule == AdmissionRule(ISO6523, ("0208",), frozenset({"smp-be"}), check_digits=True, ask=outside)


def test_empty_list_lets_nobody_in_and_no_list_everybody() -> None:
    assert read(publishers=[])[0].publishers == frozenset()
    assert read(check_digits=True)[0].publishers is None


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "publishers: a rule needs publishers, check_digits or ask"),
        ({"publishers": ["a b"]}, "publishers: "),
        ({"publishers": [], "icds": ["88"]}, "icds: the code of an issuing agency has four digits, not '88'"),
        ({"check_digits": True, "icds": ["0060"]}, "check_digits: no check digits are known for 0060"),
        ({"publishers": [], "icd": ["0208"]}, "icd: unknown; did you mean icds?"),
        ({"ask": {"url": "https://x.example/", "timeout_s": 31}}, "ask.timeout_s: a whole number from 1 to 30"),
    ],
    ids=["says-nothing", "no-smp-id", "no-icd", "no-check-digits", "unknown-key", "too-long"],
)
def test_what_is_no_rule_is_said(values: dict[str, Any], problem: str) -> None:
    assert any(found.startswith(problem) for found in read(**values)[1])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "/path",
        "ftp://x.example/",
        "http://x.example/",
        "http://10.0.0.1/",
        "https://",
        "https://a:b@x.example/",
        "https://x.example/#f",
        "https://x.example/a b",
        "https://x.example:0/",
        "https://x.example:99999/",
        "https://[::1/",
    ],
)
def test_service_outside_is_at_an_https_url(url: str) -> None:
    assert any(problem.startswith("ask.url: ") for problem in read(ask={"url": url, "timeout_s": 1})[1])


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1]/x", "http://localhost:8080/"])
def test_plain_http_does_on_loopback(url: str) -> None:
    assert read(ask={"url": url})[1] == []


@pytest.mark.parametrize(
    ("rule", "covered"),
    [
        (AdmissionRule(), ["a", "b", "c", "*"]),
        (AdmissionRule(ISO6523), ["a", "b", "*"]),
        (AdmissionRule(icds=("0088",)), ["a", "c"]),
        (AdmissionRule(ISO6523, ("0088",)), ["a"]),
        (AdmissionRule(f"{EBCORE_PREFIX}iso6523"), ["c"]),
        (AdmissionRule(f"{EBCORE_PREFIX}iso6523:0088"), ["c"]),
        (AdmissionRule("other"), []),
    ],
    ids=["all", "scheme", "agency", "both", "ebcore", "ebcore-agency", "other"],
)
def test_rule_covers_by_scheme_and_agency_and_wildcards_only_without_an_agency(
    rule: AdmissionRule, covered: list[str]
) -> None:
    participants = {
        "a": ParticipantIdentifier(ISO6523, "0088:1"),
        "b": ParticipantIdentifier(ISO6523, "0208:1"),
        "c": ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0088", "1"),
        "*": ParticipantIdentifier(ISO6523, "*"),
    }
    assert [name for name, participant in participants.items() if rule.covers(participant)] == covered


def test_rules_come_back_from_a_domain_that_is_written_out() -> None:
    ask = {"url": "https://registry.example.org/", "timeout_s": 7}
    rules = [{"publishers": []}, {"icds": ["0208"], "publishers": ["SMP-A"], "check_digits": True, "ask": ask}]
    domain = load_domain("demo", {"sml": {"admission": rules, "repeat_window_s": 60}})
    assert len(domain.sml.admission) == 2
    assert Domain.from_mapping(domain_to_mapping(domain)) == domain
