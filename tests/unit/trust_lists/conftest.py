# SPDX-License-Identifier: Apache-2.0
"""One test PKI for all tests of the trust service, made when they run."""

from datetime import UTC, datetime

import pytest

from registry.demo.pki import DemoPki, build_demo_pki


@pytest.fixture(scope="session")
def now() -> datetime:
    """The moment at which these tests play."""
    return datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def pki(now: datetime) -> DemoPki:
    return build_demo_pki(now, access_points=1)
