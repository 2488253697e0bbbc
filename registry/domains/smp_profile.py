# SPDX-License-Identifier: Apache-2.0
"""How a domain's service metadata are published by this instance."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from registry.domains.base_url import check_https_443, parse_base_url
from registry.domains.section import Section
from registry.errors import ValidationError
from registry.identifiers.smp_id import validate_smp_id

BDXR2 = "bdxr2"
DIALECTS = ("busdox", "bdxr1", BDXR2)
SIGNATURE_ALGORITHMS = (
    "rsa-sha256",
    "rsa-sha384",
    "rsa-sha512",
    "ecdsa-sha256",
    "ecdsa-sha384",
    "ecdsa-sha512",
    "ed25519",
)
_ALGORITHMS_OF_1_X = ("rsa-sha256",)
"""Peppol SMP 1.4.0 "Message signature"; OASIS BDXR SMP 1.0 §3.6. SMP 2.0 leaves it to the network (§3.6.2)."""


@dataclass(frozen=True, slots=True)
class SmpProfile:
    """The SMP of a domain."""

    dialects: tuple[str, ...] = ("busdox",)
    """What it speaks: one of the 1.x dialects, SMP 2.0, or both of the same data."""
    base_url: str = ""
    """What identifiers are appended to, without a slash at its end; empty where this instance has no SMP."""
    smp_id: str | None = None
    """The id under which the SML knows this SMP."""
    signature_algorithms: tuple[str, ...] = _ALGORITHMS_OF_1_X
    """What documents may be signed with; each dialect of the domain must know each of them."""
    https_443_only: bool = False
    """Whether SMPs of the domain must be at a host name, by https, on port 443 (Peppol SMP 1.4.0 §3.1)."""
    endpoints_per_process: int = 0
    """The most endpoints that a process may have; 0 means any number."""

    @classmethod
    def read(cls, section: Section, url_schemes: Collection[str]) -> Self:
        """From the section `smp`; complains there."""
        default = cls()
        https_443_only = section.flag("https_443_only", default=default.https_443_only)
        smp_id = section.text("smp_id") or None
        for reason in validate_smp_id(smp_id) if smp_id else ():
            section.complain("smp_id", str(reason))
        dialects = _dialects(section)
        return cls(
            dialects=dialects,
            base_url=_base_url(section, url_schemes, https_443_only=https_443_only),
            smp_id=smp_id,
            signature_algorithms=_algorithms(section, dialects),
            https_443_only=https_443_only,
            endpoints_per_process=section.number("endpoints_per_process", 0, range(1000)),
        )


def _dialects(section: Section) -> tuple[str, ...]:
    dialects = section.choices("dialects", DIALECTS, SmpProfile().dialects)
    if not dialects or len(dialects) > len({dialect == BDXR2 for dialect in dialects}):
        section.complain("dialects", f"one of busdox and bdxr1, {BDXR2}, or one of each is wanted")
    return dialects


def _algorithms(section: Section, dialects: Collection[str]) -> tuple[str, ...]:
    algorithms = section.choices("signature_algorithms", SIGNATURE_ALGORITHMS, SmpProfile().signature_algorithms)
    if not algorithms:
        section.complain("signature_algorithms", "at least one is needed")
    for dialect in dialects:
        for algorithm in algorithms:
            if dialect != BDXR2 and algorithm not in _ALGORITHMS_OF_1_X:
                section.complain("signature_algorithms", f"{dialect} does not allow to sign with {algorithm}")
    return algorithms


def _base_url(section: Section, url_schemes: Collection[str], *, https_443_only: bool) -> str:
    text = section.text("base_url")
    if not text:
        return ""
    try:
        url = str(parse_base_url(text, url_schemes))
    except ValidationError as error:
        section.complain("base_url", str(error))
        return text
    if https_443_only and (reason := check_https_443(url)):
        section.complain("base_url", str(reason))
    return url
