# SPDX-License-Identifier: Apache-2.0
"""A network in memory in which one participant receives invoices."""

import pytest

from tests.simulators.network import INVOICE, PARTICIPANT, Network


@pytest.fixture
def network() -> Network:
    """Everything is in order."""
    network = Network()
    network.smp.publish(network.metadata())
    network.smp.publish_group(PARTICIPANT, INVOICE)
    return network
