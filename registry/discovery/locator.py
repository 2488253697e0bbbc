# SPDX-License-Identifier: Apache-2.0
"""NAPTR look-ups: follow aliases, retry, and tell "isn't there" from "couldn't find out".

Only NXDOMAIN, or an answer that denies the NAPTR type, means *not registered*. SERVFAIL, REFUSED, silence, a
loop of aliases, or a server that only refers to other servers are technical failures.
"""

import socket
from dataclasses import dataclass
from typing import Final, Protocol, cast

import dns.exception
import dns.flags
import dns.inet
import dns.message
import dns.name
import dns.nameserver
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.DNAME
import dns.rdtypes.IN.NAPTR
import dns.resolver

from registry.discovery.errors import DiscoveryError, NotRegisteredError, TechnicalFailureError
from registry.discovery.naptr import Naptr
from registry.errors import ConfigurationError

MAX_ALIASES: Final = 8  # longer chains of CNAME and DNAME are taken for a mistake


@dataclass(frozen=True, slots=True)
class NaptrAnswer:
    """The records, never none, and the names of the aliases that led to them, in their order.

    `ttl` is for how many seconds all of it holds, None where that is not known.
    """

    records: tuple[Naptr, ...]
    aliases: tuple[str, ...] = ()
    ttl: int | None = None


class Locator(Protocol):
    """Where NAPTR records come from."""

    def naptr(self, name: str) -> NaptrAnswer:
        """The records of a name. Raises NotRegisteredError or TechnicalFailureError, and nothing else."""
        ...


class DnsLocator:
    """A stub resolver: asks one name server, or those of the system; by UDP, by TCP when an answer is cut.

    `nameserver` is `HOST:PORT`, `[IPV6]:PORT` or a host alone (port 53); None means those of the system.
    `timeout` is for one try, `lifetime` for all tries of one question, in seconds. Raises ConfigurationError.
    Several threads may use it at once.
    """

    def __init__(
        self,
        nameserver: str | dns.nameserver.Nameserver | None = None,
        *,
        timeout: float = 2.0,
        lifetime: float = 6.0,
    ) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=nameserver is None)
        except dns.exception.DNSException as error:
            raise ConfigurationError(f"the system's name servers are unknown: {error}") from error
        if isinstance(nameserver, str):
            nameserver = dns.nameserver.Do53Nameserver(*parse_nameserver(nameserver))
        if nameserver is not None:
            self._resolver.nameservers = [nameserver]
        self._resolver.timeout = timeout
        self._resolver.lifetime = lifetime
        self._resolver.use_edns(0, 0, 1232)

    def naptr(self, name: str) -> NaptrAnswer:
        """See `Locator`."""
        current = _parsed(name)
        seen = [current]
        ttls: list[int] = []
        while True:
            response = self._ask(current)
            ttls += (rrset.ttl for rrset in response.answer)
            while (target := _alias_target(response, current)) is not None:
                _check_chain(seen, target)
                seen.append(target)
                current = target
            records = _records(response, current)
            if records:
                aliases = tuple(alias.to_text(omit_final_dot=True) for alias in seen[1:])
                return NaptrAnswer(records, aliases, min(ttls))
            # A server that doesn't chase aliases leaves the next question to us.
            if not any(current == question.name for question in response.question):
                continue
            _check_not_a_referral(response, current)
            raise NotRegisteredError("dns-no-naptr", f"{_text(current)} exists in DNS without a NAPTR record")

    def alias(self, name: str) -> str:
        """The name to which the aliases at a name lead, as far as servers tell; whether or not that is there.

        Errors as those of `naptr`; a name that is no alias is not registered.
        """
        seen = [_parsed(name)]
        while True:
            try:
                response = self._ask(seen[-1], dns.rdatatype.CNAME)
            except DiscoveryError:
                if len(seen) == 1:
                    raise
                return _text(seen[-1])
            target = _alias_target(response, seen[-1])
            if target is None:
                break
            _check_chain(seen, target)
            seen.append(target)
        if len(seen) == 1:
            _check_not_a_referral(response, seen[0])
            raise NotRegisteredError("dns-no-alias", f"{_text(seen[0])} exists in DNS and is no alias")
        return _text(seen[-1])

    def _ask(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType = dns.rdatatype.NAPTR
    ) -> dns.message.QueryMessage:
        try:
            return self._resolver.resolve(name, rdtype, raise_on_no_answer=False, search=False).response
        except dns.resolver.NXDOMAIN as error:
            response = cast("dict[dns.name.Name, dns.message.QueryMessage]", error.kwargs["responses"])[name]
            raise NotRegisteredError(
                "dns-nxdomain", f"{_text(name)} does not exist in DNS{_denied_by(response)}"
            ) from error
        except dns.resolver.LifetimeTimeout as error:
            raise TechnicalFailureError("dns-timeout", f"no name server answered for {_text(name)} in time") from error
        except dns.resolver.NoNameservers as error:
            errors = cast("list[dns.resolver.ErrorTuple]", error.kwargs["errors"])
            said = ", ".join(dict.fromkeys(f"{server}: {what}" for server, _, _, what, _ in errors))
            raise TechnicalFailureError(
                "dns-server-failure",
                f"no name server could answer for {_text(name)}: {said}",
            ) from error
        except (dns.exception.DNSException, OSError) as error:
            raise TechnicalFailureError("dns-failure", f"the DNS look-up of {_text(name)} failed: {error}") from error


def parse_nameserver(text: str) -> tuple[str, int]:
    """The address and port of `HOST:PORT`, `[IPV6]:PORT` or a host alone (then port 53).

    Raises ConfigurationError.
    """
    if dns.inet.is_address(text):
        return text, 53
    host, _, port = text.rpartition(":") if ":" in text and not text.endswith("]") else (text, "", "53")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ConfigurationError(f"{text!r} is no name server; give HOST:PORT, as 127.0.0.1:53 or [::1]:53")
    if dns.inet.is_address(host):
        return host, int(port)
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"the name server {host} has no address: {error}") from error
    return str(found[0][4][0]), int(port)


def _parsed(name: str) -> dns.name.Name:
    try:
        return dns.name.from_text(name)
    except dns.exception.DNSException as error:
        raise TechnicalFailureError("dns-name-malformed", f"{name} is no domain name: {error}") from error


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)


def _records(response: dns.message.QueryMessage, name: dns.name.Name) -> tuple[Naptr, ...]:
    rrset = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.NAPTR)
    return tuple(naptr_of(cast("dns.rdtypes.IN.NAPTR.NAPTR", rdata)) for rdata in rrset or ())


def naptr_of(rdata: dns.rdtypes.IN.NAPTR.NAPTR) -> Naptr:
    """Latin-1 keeps each octet as one character; what isn't ASCII is refused where a URL is made of it."""
    return Naptr(
        order=rdata.order,
        preference=rdata.preference,
        flags=rdata.flags.decode("latin-1"),
        service=rdata.service.decode("latin-1"),
        regexp=rdata.regexp.decode("latin-1"),
        replacement=rdata.replacement.to_text(),
    )


def _alias_target(response: dns.message.QueryMessage, name: dns.name.Name) -> dns.name.Name | None:
    """Where an alias in this response leads: a CNAME, or a DNAME above the name that has no CNAME with it."""
    cname = response.get_rrset(response.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
    if cname:
        return cast("dns.rdtypes.ANY.CNAME.CNAME", cname[0]).target
    for rrset in response.answer:
        if rrset.rdtype == dns.rdatatype.DNAME and name.is_subdomain(rrset.name) and name != rrset.name:
            target = cast("dns.rdtypes.ANY.DNAME.DNAME", rrset[0]).target
            try:
                return name.relativize(rrset.name).concatenate(target)
            except dns.name.NameTooLong as error:
                raise TechnicalFailureError(
                    "dns-alias-too-long", f"{_text(name)} becomes too long a name under {_text(target)}"
                ) from error
    return None


def _check_chain(seen: list[dns.name.Name], target: dns.name.Name) -> None:
    path = " → ".join(_text(name) for name in (*seen, target))
    if target in seen:
        raise TechnicalFailureError("dns-alias-loop", f"aliases in DNS form a loop: {path}")
    if len(seen) > MAX_ALIASES:
        raise TechnicalFailureError("dns-alias-chain", f"more than {MAX_ALIASES} aliases in DNS: {path}")


def _check_not_a_referral(response: dns.message.QueryMessage, name: dns.name.Name) -> None:
    """A server that doesn't resolve for others may only say whom else to ask: that is no answer."""
    types = {rrset.rdtype for rrset in response.authority}
    if dns.rdatatype.NS in types and dns.rdatatype.SOA not in types and not response.flags & dns.flags.AA:
        raise TechnicalFailureError(
            "dns-referral",
            f"the name server only refers to others for {_text(name)}; ask one that resolves",
        )


def _denied_by(response: dns.message.QueryMessage) -> str:
    """Which zone says so: the root or a top-level domain hints at a mistyped zone."""
    for rrset in response.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return f" (said by the zone {rrset.name})"
    return ""
