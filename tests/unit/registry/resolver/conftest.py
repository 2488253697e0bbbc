# SPDX-License-Identifier: Apache-2.0
"""A network in memory in which one participant receives invoices, and a resolver that asks it."""

from collections.abc import Iterator

import pytest

from tests.simulators.network import INVOICE, PARTICIPANT, Network
from tests.simulators.resolver import SimulatedResolver, resolver_for


@pytest.fixture
def network() -> Network:
    """Everything is in order."""
    network = Network()
    network.smp.publish(network.metadata())
    network.smp.publish_group(PARTICIPANT, INVOICE)
    return network


@pytest.fixture
def resolver(network: Network) -> Iterator[SimulatedResolver]:
    """A resolver for the network's domain."""
    resolver = resolver_for(network)
    yield resolver
    resolver.lookups.close()
