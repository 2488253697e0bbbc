# SPDX-License-Identifier: Apache-2.0
"""Domains that take whatever a dialect can say, so that tests of exchange aren't about a network's own rules."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from registry.demo.pki import DemoPki
from tests.simulators.offline import BASE_URL, OfflineInstance, offline_instance


@pytest.fixture
def open_instance(tmp_path: Path, pki: DemoPki) -> Iterator[Callable[..., OfflineInstance]]:
    """Opens any number of empty instances; `dialects` are those of their domain."""
    with ExitStack() as stack:
        opened: list[OfflineInstance] = []

        def make(*dialects: str) -> OfflineInstance:
            instance = offline_instance(
                tmp_path / f"instance-{len(opened)}",
                pki,
                smp={"base_url": BASE_URL, "smp_id": "SMP-X", "dialects": list(dialects or ("busdox",))},
                endpoint_certificates="warn",
                identifiers={"strict": False},
                transport_profiles=[],
                sml={"enabled": False},
            )
            opened.append(stack.enter_context(instance))
            return opened[-1]

        yield make
