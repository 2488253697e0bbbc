# SPDX-License-Identifier: Apache-2.0
"""Finds the domain that a request is for, by the host and the path of the domains' base URLs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from registry.domains.base_url import DEFAULT_PORTS, parse_base_url
from registry.domains.domain import Domain
from registry.errors import ConfigurationError
from registry.identifiers.text import ascii_lower


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a domain's base URL points: the Host headers that name it, and the path before the identifiers."""

    domain: Domain
    authorities: frozenset[str]
    prefix: bytes

    @classmethod
    def of(cls, domain: Domain) -> "_Place":
        url = parse_base_url(domain.smp.base_url)
        names = {url.authority}
        if url.port is None:
            names.add(f"{url.authority}:{DEFAULT_PORTS[url.scheme]}")
        return cls(domain, frozenset(names), url.path.encode())

    def rest(self, raw_path: bytes) -> bytes | None:
        """What follows the prefix, with its slash; None where the path is not below it."""
        if raw_path == self.prefix:
            return b"/"
        return raw_path[len(self.prefix) :] if raw_path.startswith(self.prefix + b"/") else None


class DomainRouter:
    """Base URLs may differ by host, or share a host and differ by path; one domain may be the default."""

    def __init__(self, domains: Iterable[Domain], default: Domain | None = None) -> None:
        """`default` is, where not given, the domain that is set up as the default.

        Raises ConfigurationError where there are two of those, or two domains have the same base URL, or one is of a
        network that an instance can't be the SMP or SML of.
        """
        domains = tuple(domains)
        for domain in domains:
            domain.require_discovery()
        defaults = [domain for domain in domains if domain.default]
        if default is None and len(defaults) > 1:
            names = " and ".join(domain.name for domain in defaults)
            raise ConfigurationError(f"only one domain can be the default, not {names}")
        urls = Counter(domain.smp.base_url for domain in domains if domain.smp.base_url)
        if shared := [url for url, count in urls.items() if count > 1]:
            raise ConfigurationError(f"several domains have the base URL {', '.join(shared)}")
        self._default = default or (defaults[0] if defaults else None)
        # The longest path first, so that the first match is the most specific one.
        self._places = sorted(
            (_Place.of(domain) for domain in domains if domain.smp.base_url),
            key=lambda place: len(place.prefix),
            reverse=True,
        )

    def match(self, host: str | None, raw_path: bytes) -> tuple[Domain, bytes] | None:
        """The domain, and the raw path below its base URL; None where none can be told. Never raises.

        `host` is the Host header as it came. One that no base URL has (a proxy's inner name, an IP address) says
        nothing: then the path decides if only one domain can be meant, then the default, then the only domain
        that is at a root.
        """
        authority = ascii_lower((host or "").strip())
        claimed = [place for place in self._places if authority in place.authorities]
        for place in claimed:
            if (rest := place.rest(raw_path)) is not None:
                return place.domain, rest
        if not claimed and (found := self._only_match(raw_path, [p for p in self._places if p.prefix])):
            return found
        if self._default is not None:
            return self._default, raw_path
        if not claimed:
            return self._only_match(raw_path, [p for p in self._places if not p.prefix])
        return None

    @staticmethod
    def _only_match(raw_path: bytes, places: list[_Place]) -> tuple[Domain, bytes] | None:
        """The most specific match, unless two domains are equally specific."""
        matches = [(place, rest) for place in places if (rest := place.rest(raw_path)) is not None]
        if not matches or (len(matches) > 1 and matches[0][0].prefix == matches[1][0].prefix):
            return None
        place, rest = matches[0]
        return place.domain, rest
