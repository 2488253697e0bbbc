# SPDX-License-Identifier: Apache-2.0
"""A running resolver on a free loopback port, in an event loop of its own thread."""

import contextlib
from collections.abc import Iterator
from typing import Any

from registry.app.resolving import Resolving, fixed
from registry.domains.domain import Domain
from registry.settings import load_settings
from tests.simulators.live import LiveInstance
from tests.simulators.own_loop import in_own_loop


@contextlib.contextmanager
def live_resolver(live: LiveInstance, domain: Domain | None = None, **settings: Any) -> Iterator[str]:
    """The URL of a resolver that asks the instance's DNS server, and may ask SMPs on this machine."""
    options = load_settings(
        **{
            "resolver_bind": "127.0.0.1:0",
            "resolver_dns": live.addresses.dns,
            "resolver_allowed_networks": "127.0.0.0/8",
            "shutdown_grace_s": 1,
        }
        | settings
    )
    chosen = domain or live.instance.directory.get(live.stored.domain.name).domain

    with in_own_loop("live-resolver", lambda: Resolving(options, fixed([chosen])).running()) as url:
        yield url
