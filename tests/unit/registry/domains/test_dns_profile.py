# SPDX-License-Identifier: Apache-2.0
"""The name templates of a domain, as settings say them."""

import pytest

from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping, load_domain
from registry.errors import ConfigurationError


@pytest.mark.parametrize(
    ("settings", "template"),
    [
        ({}, "{hash}.{scheme}"),
        ({"scheme_as_label": False}, "{hash}"),
        ({"icd_as_label": True}, "{hash}.{icd}.{scheme}"),
        ({"template": "{hash}.{scheme}.{icd}.iso6523"}, "{hash}.{scheme}.{icd}.iso6523"),
        ({"template": "{hash}.{scheme}.acceptance", "scheme_as_label": False}, "{hash}.{scheme}.acceptance"),
    ],
)
def test_flags_are_short_for_a_template_and_a_template_counts(settings: dict[str, object], template: str) -> None:
    domain = load_domain("demo", {"dns": {"name_form": settings}})
    assert domain.dns.name_form.template == template
    assert Domain.from_mapping(domain_to_mapping(domain)) == domain


@pytest.mark.parametrize("template", ["{scheme}.{hash}", "{hash}..x", "{hash}.{scheme}.publisher", "{hash}.naptr"])
def test_a_template_that_can_not_be_is_reported(template: str) -> None:
    with pytest.raises(ConfigurationError, match=r"dns\.name_form\.template: "):
        load_domain("demo", {"dns": {"name_form": {"template": template}}})
