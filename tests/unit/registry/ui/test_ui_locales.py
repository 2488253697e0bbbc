# SPDX-License-Identifier: Apache-2.0
"""Pages in several languages: every text is there in each, and each visitor gets theirs."""

import re

import pytest
from babel.messages.pofile import read_po

from registry.ui.labels import ERRORS, FLASHES, LABELS
from registry.ui.locales import LANGUAGES, SOURCE, read_catalogues, wanted_language
from tests.simulators.ui_messages import ROOT, messages

OTHERS = sorted(set(LANGUAGES) - {SOURCE})
_PLACEHOLDER = re.compile(r"%\(\w+\)s")


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_none_is_fuzzy(language: str) -> None:
    catalogue = read_catalogues()[language]
    assert sorted({message for _, message in messages()} - set(catalogue)) == []


@pytest.mark.parametrize("language", OTHERS)
def test_catalogue_holds_nothing_that_no_page_says(language: str) -> None:
    assert sorted(set(read_catalogues()[language]) - {message for _, message in messages()}) == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_placeholders_of_their_text(language: str) -> None:
    for message, text in read_catalogues()[language].items():
        assert sorted(_PLACEHOLDER.findall(text)) == sorted(_PLACEHOLDER.findall(message)), message
        assert text.count("%") == len(_PLACEHOLDER.findall(text)), f"{message}: a percent sign must be doubled"


@pytest.mark.parametrize("language", OTHERS)
def test_catalogue_is_a_file_that_gettext_reads(language: str) -> None:
    with (ROOT / "locale" / f"{language}.po").open("rb") as file:
        assert not [entry.id for entry in read_po(file, locale=language, abort_invalid=True) if entry.fuzzy]


def test_texts_that_code_looks_up_are_marked_for_translation() -> None:
    marked = {message for _, message in messages()}
    looked_up = {text for pair in ERRORS.values() for text in pair} | set(FLASHES.values())
    looked_up |= {text for labels in LABELS.values() for text in labels.values()}
    assert looked_up <= marked


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "de", "de"),
        ("", "fr-CA,en;q=0.5", "fr"),
        ("", "de-CH;q=0.3,fr;q=0.8", "fr"),
        ("", "fr;q=0,de;q=0.1", "de"),
        ("", "es, *;q=0.5", "en"),
        ("", "de;q=broken,,;;,fr;q=0.1", "fr"),
        ("fr", "de", "fr"),
        ("../de", "de", "de"),
    ],
)
def test_choice_counts_before_what_the_browser_accepts(chosen: str, accepted: str, language: str) -> None:
    assert wanted_language(chosen, accepted) == language
