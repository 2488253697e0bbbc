# SPDX-License-Identifier: Apache-2.0
"""The reference of the publisher API names each of its routes, and no others."""

import re

from registry.app.publisher_api import publisher_api_routes
from tests.conftest import ROOT
from tests.simulators.offline import OfflineInstance


def test_page_has_every_route_of_the_publisher_api_and_no_others(offline: OfflineInstance) -> None:
    page = (ROOT / "docs/reference/publisher-api.md").read_text()
    told = set(re.findall(r"^\| `([A-Z]+ [^`?]+)", page, re.MULTILINE))
    assert told == {f"{route.method} {route.path}" for route in publisher_api_routes(offline.instance)}
