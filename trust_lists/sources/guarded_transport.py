# SPDX-License-Identifier: Apache-2.0
"""Connections to those addresses only that a policy allows, below all that is fetched.

TLS checks the certificate against the name, as ever. Requests that go over a proxy of the environment aren't judged
here: the proxy resolves the name by itself.
"""

import ssl
from collections.abc import Iterable
from urllib.request import getproxies

import httpcore2
import httpx2

from trust_lists.sources.addresses import AddressPolicy

_MAX_TRIES = 3
"""Addresses of one name; each may take the whole timeout."""


class GuardedTransport(httpx2.HTTPTransport):
    """For `httpx2.Client(transport=…)`. Raises what the policy raises (FETCH_ADDRESS) besides the errors of httpx2."""

    def __init__(self, policy: AddressPolicy, tls: ssl.SSLContext, limits: httpx2.Limits) -> None:
        super().__init__(verify=tls, limits=limits)
        # the one thing of a transport that httpx2 gives no argument for
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_GuardedBackend(policy),
        )


class _GuardedBackend(httpcore2.NetworkBackend):
    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            allowed = self._policy.addresses(host.strip("[]"), port)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from None
        *others, last = allowed[:_MAX_TRIES]
        for address in others:
            try:
                return self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._sockets.connect_tcp(last, port, timeout, local_address, socket_options)


def proxies(tls: ssl.SSLContext, limits: httpx2.Limits) -> dict[str, httpx2.BaseTransport | None]:
    """For `httpx2.Client(mounts=…)`: what the environment says; None for hosts that are asked without a proxy."""
    told = getproxies()
    found: dict[str, httpx2.BaseTransport | None] = {}
    for host in filter(None, (each.strip() for each in told.get("no", "").split(","))):
        if host == "*":
            return {}
        found[f"all://{_host_pattern(host)}"] = None
    for scheme in ("http", "https"):
        if proxy := told.get(scheme) or told.get("all"):
            url = proxy if "://" in proxy else f"http://{proxy}"
            found[f"{scheme}://"] = httpx2.HTTPTransport(verify=tls, limits=limits, proxy=url)
    return found


def _host_pattern(host: str) -> str:
    """As httpx2 writes it: a name stands for its subdomains too."""
    if ":" in host:
        return f"[{host.strip('[]')}]"
    return host if host[-1].isdigit() or host == "localhost" else f"*{host.lstrip('*')}"
