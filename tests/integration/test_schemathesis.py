# SPDX-License-Identifier: Apache-2.0
"""Whatever schemathesis makes of the OpenAPI document is answered as the document says: no 5xx, no surprise.

The interface runs in this process. The caller administers the system, so every route is reached.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from registry.accounts.permissions import Role
from registry.api.v1.resources import RESOURCES
from registry.api.v1.routing import Entry
from registry.demo.pki import DemoPki
from tests.simulators.offline import offline_instance
from tests.simulators.rest_callers import RestOffice

pytestmark = pytest.mark.slow
load_all_checks()
_LEFT_OUT = {
    # What a schema can't say (an SMP id is a DNS name, a participant is well-formed) is refused with 400 all the same.
    "positive_data_acceptance",
    # These compare several requests of a scenario.
    "use_after_free",
    "ensure_resource_availability",
    "object_level_authorization",
}
_EXAMPLES = int(os.environ.get("REGISTRY_TEST_EXAMPLES", "3"))
"""Of each route and kind; the same at each run. More of them take longer and find more."""
_ENTRIES = [entry for resource in RESOURCES for entry in resource.entries]
_CHECKS = [check for check in CHECKS.get_all() if check.__name__ not in _LEFT_OUT]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[RestOffice]:
    with offline_instance(tmp_path_factory.mktemp("rest"), pki) as offline:
        yield RestOffice(offline)


@pytest.fixture(scope="module")
def api_schema(office: RestOffice) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await office.app(scope, receive, send)

    schema = schemathesis.openapi.from_dict(json.loads(office.app.openapi))
    schema.app = app
    schema.config.generation.with_security_parameters = False  # the caller is known
    return schema


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize("entry", _ENTRIES, ids=lambda entry: f"{entry.method} {entry.path}")
def test_route_answers_as_documented(entry: Entry, mode: GenerationMode, api_schema: Any, office: RestOffice) -> None:
    operation = api_schema[entry.path][entry.method]
    admin = office.caller(Role.ADMIN)  # its own, since it may be erased

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {admin.secret}"}, checks=_CHECKS)

    try:
        answers()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "there is nothing that could be wrong with such a request"
