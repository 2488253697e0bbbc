# SPDX-License-Identifier: Apache-2.0
"""The REST interface explained on pages: every operation and schema, from its own description, without a script."""

import re
import shlex
from collections.abc import Iterator

import pytest

from registry.accounts.permissions import Role
from registry.api.v1.resources import RESOURCES
from registry.demo.pki import DemoPki
from registry.ui.openapi_view import OpenApi
from tests.simulators.offline import offline_instance
from tests.simulators.ui_office import Browser, UiOffice, links_of, text

pytestmark = pytest.mark.any_database

ENTRIES = [entry for resource in RESOURCES for entry in resource.entries]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[UiOffice]:
    """One for all, since no test changes anything but sessions."""
    with offline_instance(tmp_path_factory.mktemp("ui"), pki) as offline:
        office = UiOffice(offline)
        office.person("anna", Role.VIEWER)
        yield office


@pytest.fixture(scope="module")
def anna(office: UiOffice) -> Browser:
    return office.browser("anna")


def test_list_leads_to_every_operation_and_to_the_description(anna: Browser) -> None:
    reply = anna.get("/ui/api-docs")
    links = links_of(reply)
    assert {f"/ui/api-docs/operations/{entry.handler.__name__}" for entry in ENTRIES} <= links
    assert "/api/v1/openapi.json" in links
    assert "<script" not in text(reply)


def test_operations_are_found_by_words(anna: Browser) -> None:
    found = links_of(anna.get("/ui/api-docs?q=POST+Apply"))
    assert "/ui/api-docs/operations/apply_plan" in found
    assert "/ui/api-docs/operations/read_plan" not in found
    assert "Nothing fits." in text(anna.get("/ui/api-docs?q=nothing-like-it"))


def test_every_operation_has_a_page_with_its_permission_and_an_example(anna: Browser) -> None:
    for entry in ENTRIES:
        page = text(anna.get(f"/ui/api-docs/operations/{entry.handler.__name__}"))
        assert entry.method in page
        assert "$REGISTRY/api/v1/" in page, entry.path
        assert "x-rule" not in page


def test_every_schema_has_a_page(office: UiOffice, anna: Browser) -> None:
    document = office.ask("GET", "/openapi.json").json()
    for name in document["components"]["schemas"]:
        assert f'<h1 class="id">{name}</h1>' in text(anna.get(f"/ui/api-docs/schemas/{name}"))


def test_every_link_of_an_operation_leads_somewhere(anna: Browser) -> None:
    page = anna.get("/ui/api-docs/operations/make_plan")
    for link in sorted(link for link in links_of(page) if link.startswith("/ui/api-docs/")):
        assert anna.get(link).status == 200


def test_examples_are_commands_that_a_shell_takes_and_rest_understands(office: UiOffice) -> None:
    held = OpenApi(office.ask("GET", "/openapi.json").json())
    for operation in (operation for _, each in held.tags() for operation in each):
        words = shlex.split(held.curl(operation).replace("\\\n", ""))
        assert words[0] == "curl"
        address = next(word for word in words if word.startswith("$REGISTRY"))
        assert not re.search(r"[{}\s]", address), address
        assert ("-X" in words) == (operation.method != "GET")


@pytest.mark.parametrize("path", ["operations/nothing", "schemas/nothing", "schemas/%3Cscript%3E"])
def test_what_is_not_described_is_not_there(anna: Browser, path: str) -> None:
    assert anna.get(f"/ui/api-docs/{path}").status == 404


def test_who_is_not_logged_in_logs_in_first(office: UiOffice) -> None:
    assert office.browser().get("/ui/api-docs").headers["location"].startswith("/ui/login")
