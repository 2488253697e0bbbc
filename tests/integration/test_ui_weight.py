# SPDX-License-Identifier: Apache-2.0
"""What a browser gets for a page that it has never seen, with style, icon and script, stays small."""

import re

import pytest

from registry.accounts.permissions import Role
from tests.simulators.offline import OfflineInstance
from tests.simulators.ui_office import UiOffice

pytestmark = pytest.mark.any_database

FIRST_PAGE = 60_000
_PARTS = re.compile(r'(?:href|src)="(/ui/static/[^"]+)"')


@pytest.mark.parametrize("path", ["/ui/login", "/ui/", "/ui/domains/demo/participants"])
def test_first_page_has_few_octets_with_all_that_it_needs(offline: OfflineInstance, path: str) -> None:
    office = UiOffice(offline)
    office.person("anna", Role.ADMIN)
    browser = office.browser(None if path == "/ui/login" else "anna")
    page = browser.get(path)
    assert page.status == 200
    parts = set(_PARTS.findall(page.body.decode()))
    assert any(".css" in part for part in parts)
    answers = [browser.get(part, **{"accept-encoding": "gzip"}) for part in parts]
    assert {answer.status for answer in answers} == {200}
    assert len(page.body) + sum(len(answer.body) for answer in answers) <= FIRST_PAGE
