# SPDX-License-Identifier: Apache-2.0
"""The services that a participant may be registered for: those of the domain, in its spelling, and no URL."""

from dataclasses import replace

import pytest

from registry.domains.loader import load_domain
from registry.sml.admission.services import check_services
from registry.sml.errors import SmlError

DEMO = load_domain("demo")
DOMAIN = replace(DEMO, dns=replace(DEMO.dns, naptr_services=("Meta:SMP",), optional_services=("Meta:CPPA",)))


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ([], ()),
        (["Meta:SMP"], ("Meta:SMP",)),
        (["meta:smp"], ("Meta:SMP",)),
        ([" META:CPPA ", "Meta:SMP", "meta:cppa"], ("Meta:CPPA", "Meta:SMP")),
    ],
    ids=["none", "own", "case", "several"],
)
def test_services_come_in_the_domains_spelling_once_each(asked: list[str], given: tuple[str, ...]) -> None:
    assert check_services(DOMAIN, asked) == given


@pytest.mark.parametrize("service", ["", "Meta:SMP2", "Meta", "x" * 500, "Meta:SMP|Meta:CPPA"])
def test_any_other_service_is_refused_and_those_allowed_are_named(service: str) -> None:
    with pytest.raises(SmlError, match="none that the domain demo allows: Meta:SMP, Meta:CPPA") as caught:
        check_services(DOMAIN, ["Meta:SMP", service])
    assert caught.value.code == 106
    assert len(str(caught.value)) < 300


def test_url_in_place_of_a_service_is_told_where_it_belongs() -> None:
    with pytest.raises(SmlError, match="the address of an SMP is its LogicalAddress"):
        check_services(DOMAIN, ["https://smp.example.org/"])
