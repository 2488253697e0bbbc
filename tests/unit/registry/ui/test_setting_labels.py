# SPDX-License-Identifier: Apache-2.0
"""Words for settings of domains: none for what there isn't, and each setting in one section."""

from typing import Any

import pytest

from registry.domains.differences import from_profile
from registry.domains.loader import load_domain, profile_names
from registry.domains.trust_settings import ENFORCEMENTS
from registry.identifiers.code_lists import Kind
from registry.ui.pages.domain_changes import CHOSEN, FLAGS, LINES, NUMBERS, TEXTS
from registry.ui.setting_labels import LABELS, SECTIONS, SETTINGS, in_sections

ABSENT_BY_DEFAULT = {"smp.smp_id", "directory.key"}


def told(name: str) -> list[dict[str, Any]]:
    """As REST tells the settings of a domain that is made from a profile and nothing else."""
    return [
        {"setting": item.setting, "value": item.after, "source": "profile"} for item in from_profile(load_domain(name))
    ]


def test_every_word_is_for_a_setting_that_there_is() -> None:
    known = {item["setting"] for name in profile_names() for item in told(name)} | ABSENT_BY_DEFAULT
    assert set(SETTINGS) - known == set()


@pytest.mark.parametrize("name", profile_names())
def test_every_setting_is_shown_once_and_in_a_section_that_has_a_title(name: str) -> None:
    items = told(name)
    sections = in_sections(items)
    shown = [item["setting"] for section in sections for item in section.items]
    assert sorted(shown) == sorted(item["setting"] for item in items if item["setting"] not in {"name", "profile"})
    assert [section.code for section in sections] == [code for code in SECTIONS if code in {s.code for s in sections}]
    general = next(section for section in sections if section.code == "general")
    assert {item["setting"].partition(".")[0] for item in general.items} <= {
        *("title", "kind", "default", "public_page", "transport_profiles", "endpoint_certificates"),
        *("review", "visibility"),
    }


def test_what_is_laid_over_is_counted() -> None:
    items = [{"setting": "dns.ttl", "source": "domain"}, {"setting": "dns.zone", "source": "profile"}]
    (section,) = in_sections(items)
    assert (section.code, section.own) == ("dns", 1)


def test_every_field_of_the_form_has_a_word() -> None:
    assert set(SETTINGS) >= {*TEXTS, *LINES, *NUMBERS, *FLAGS, *CHOSEN}


def test_there_is_a_word_for_every_choice() -> None:
    assert set(LABELS["enforcement"]) == set(ENFORCEMENTS)
    assert set(LABELS["code-list"]) == {kind.value.replace(" ", "-") for kind in Kind}
