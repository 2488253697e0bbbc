# SPDX-License-Identifier: Apache-2.0
"""An SMP sees over the publisher API since when DNS shows what is its own."""

import pytest
from cryptography import x509

from registry.demo.pki import DemoPki
from registry.sml.calls import Calls
from registry.sml.errors import SmlError
from registry.sml.model import Publisher
from registry.sml.publisher_api import ApiRequest
from registry.sml.visibility_routes import VisibilityRoutes
from tests.simulators.live import SMP_ID
from tests.simulators.offline import OfflineInstance, participant


@pytest.fixture(scope="module")
def other(pki: DemoPki) -> x509.Certificate:
    """The certificate of another SMP of the same network."""
    own = pki.smp.certificate
    return pki.smp_ca.issue(
        "SMP_OTHER", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    ).certificate


def ask(
    offline: OfflineInstance, path: str, by: x509.Certificate | None = None, **parameters: str
) -> dict[str, object]:
    instance = offline.instance
    routes = VisibilityRoutes(
        instance.database, Calls(instance.database, instance.directory, instance.trust_models.of)
    ).routes
    route = next(route for route in routes if route.path == path)
    found: dict[str, object] = route.handle(ApiRequest(offline.caller(by), parameters))
    return found


def test_own_participant_and_publisher_are_shown(offline: OfflineInstance) -> None:
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant("0088:Abc")])
    text = str(participant("0088:ABC"))
    assert ask(offline, "participants/{participant}/visibility", participant=text)["holds"] is True
    assert ask(offline, "publishers/{smp_id}/visibility", smp_id=SMP_ID)["visible"] is False


def test_what_is_somebody_elses_is_not_shown(offline: OfflineInstance, other: x509.Certificate) -> None:
    offline.instance.sml.create_participants(offline.caller(), SMP_ID, [participant()])
    offline.instance.sml.create_publisher(
        offline.caller(other), Publisher("OTHER", "https://o.example.org/", "1.1.1.1")
    )
    with pytest.raises(SmlError, match="ERR-110"):
        ask(offline, "participants/{participant}/visibility", other, participant=str(participant()))
    with pytest.raises(SmlError, match="ERR-101"):
        ask(offline, "publishers/{smp_id}/visibility", other, smp_id=SMP_ID)
