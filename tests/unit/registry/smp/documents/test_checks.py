# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta, timezone

import pytest

from registry.metadata import Extension
from registry.smp.documents.checks import Checks
from registry.smp.documents.vocabulary import Vocabulary

WORDS = Vocabulary(reasons="X", schema="Spec, x.xsd", namespace="urn:x", prefixes={"urn:x": "x"})


@pytest.fixture
def checks() -> Checks[Vocabulary]:
    return Checks(WORDS)


def _ids(checks: Checks[Vocabulary]) -> list[str]:
    return [reason.id for reason in checks.reasons]


@pytest.mark.parametrize(
    ("text", "ids"),
    [("a\u00a0", []), ("", ["X-A"]), (" a", ["X-WHITE-SPACE"]), ("\x00", ["X-CHARACTER"]), ("\ud800", ["X-CHARACTER"])],
)
def test_a_required_text_is_there_trimmed_and_of_xml(checks: Checks[Vocabulary], text: str, ids: list[str]) -> None:
    checks.required(text, "it", "A", "Type")
    assert _ids(checks) == ids


def test_other_texts_may_be_empty_and_padded(checks: Checks[Vocabulary]) -> None:
    checks.text("", "it")
    checks.text(" a\n", "it")
    assert _ids(checks) == []


@pytest.mark.parametrize(
    ("uri", "ids"), [("urn:a", []), ("sander at example.org", []), (" urn:a", ["X-U"]), ("a b:c", ["X-U"]), ("", [])]
)
def test_uris_are_those_that_validators_accept(checks: Checks[Vocabulary], uri: str, ids: list[str]) -> None:
    checks.uri(uri, "it", "U", "Type")
    assert _ids(checks) == ids


def test_a_required_uri_is_there(checks: Checks[Vocabulary]) -> None:
    checks.uri("", "it", "U", "Type", required=True)
    assert _ids(checks) == ["X-U"]
    assert checks.reasons[0].clause == "Spec, x.xsd Type"


def test_moments_are_in_utc(checks: Checks[Vocabulary]) -> None:
    checks.utc(None, "it", "Type")
    checks.utc(datetime(2026, 1, 1, tzinfo=UTC), "it", "Type")
    assert _ids(checks) == []
    checks.utc(datetime(2026, 1, 1), "it", "Type")  # noqa: DTZ001
    checks.utc(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))), "it", "Type")
    assert _ids(checks) == ["X-DATE", "X-DATE"]


def test_an_extension_holds_one_element_of_an_allowed_namespace(checks: Checks[Vocabulary]) -> None:
    checks.extension_content(Extension(b"<e/>"), "here", "Type")
    checks.extension_content(Extension(b"<e xmlns='urn:e'/>"), "here", "Type", frozenset({"", "urn:x"}))
    assert _ids(checks) == []
    checks.extension_content(Extension(b"<e/>"), "here", "Type", frozenset({"", "urn:x"}))
    checks.extension_content(Extension(b"<x:e/>", (("x", "urn:x"),)), "here", "Type", frozenset({"", "urn:x"}))
    checks.extension_content(Extension(b"<e/><e/>"), "here", "Type")
    assert _ids(checks) == ["X-EXTENSION"] * 3
