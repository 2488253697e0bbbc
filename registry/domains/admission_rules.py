# SPDX-License-Identifier: Apache-2.0
"""Who may register which participants at the SML of a domain (`sml.admission`).

All rules that cover a participant hold together. A wildcard `*` is covered by the rules of its scheme that name no
agency: who may have one is said by `sml.wildcard_owners`.
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from registry.domains.host_name import is_loopback
from registry.domains.section import Section
from registry.identifiers.further_check_digits import has_check_digits
from registry.identifiers.participant import ParticipantIdentifier, is_ebcore
from registry.identifiers.smp_id import validate_smp_id
from registry.identifiers.text import first_unfit

_ICD = re.compile(r"[0-9]{4}")
_SECONDS = range(1, 31)
_CALLERS_WAIT_S = 5


@dataclass(frozen=True, slots=True)
class OutsideCheck:
    """A service that is asked whether an SMP may have participants, by HTTP."""

    url: str
    timeout_s: int = _CALLERS_WAIT_S
    """For the whole answer; whoever registers waits for it."""


@dataclass(frozen=True, slots=True)
class AdmissionRule:
    """What is asked of those who register certain participants."""

    scheme: str = ""
    """Of the participants that it covers; empty: of any. An ebCore scheme may be named without its agency."""
    icds: tuple[str, ...] = ()
    """The issuing agencies of the participants that it covers; empty: all, and numbers without an agency."""
    publishers: frozenset[str] | None = None
    """The ids, in lower case, of the SMPs that may register them; None: any."""
    check_digits: bool = False
    """Whether numbers with wrong check digits are refused, where the agency's rule is known here."""
    ask: OutsideCheck | None = None

    def covers(self, participant: ParticipantIdentifier) -> bool:
        """Whether the rule is about a participant."""
        scheme = participant.scheme
        if self.scheme and self.scheme not in {scheme, scheme.rpartition(":")[0] if is_ebcore(scheme) else scheme}:
            return False
        return not self.icds or (participant.agency is not None and participant.agency[0] in self.icds)

    @classmethod
    def read(cls, section: Section) -> Self:
        """From a section of the list; complains there."""
        icds = section.texts("icds")
        for icd in icds:
            if not _ICD.fullmatch(icd):
                section.complain("icds", f"the code of an issuing agency has four digits, not {icd[:80]!r}")
        check_digits = section.flag("check_digits", default=False)
        if check_digits and icds and not any(map(has_check_digits, icds)):
            section.complain("check_digits", f"no check digits are known for {', '.join(icds)}")
        rule = cls(
            scheme=section.text("scheme"),
            icds=icds,
            publishers=_publishers(section),
            check_digits=check_digits,
            ask=_outside_check(section.section("ask")),
        )
        if rule.publishers is None and not rule.check_digits and rule.ask is None:
            section.complain("publishers", "a rule needs publishers, check_digits or ask")
        return rule


def _publishers(section: Section) -> frozenset[str] | None:
    smp_ids = section.texts("publishers")
    for reason in (reason for smp_id in smp_ids for reason in validate_smp_id(smp_id)):
        section.complain("publishers", str(reason))
    # An empty list lets nobody in; no list lets everybody in.
    return None if section.values.get("publishers") is None else frozenset(smp_id.lower() for smp_id in smp_ids)


def _outside_check(section: Section) -> OutsideCheck | None:
    if not section.values:
        return None
    url = section.text("url")
    if not _is_askable(url):
        section.complain("url", "an absolute https URL without user and fragment is wanted; http only on loopback")
    return OutsideCheck(url, section.number("timeout_s", _CALLERS_WAIT_S, _SECONDS))


def _is_askable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if first_unfit(url) or not host or "@" in parts.netloc or parts.fragment or parts.port == 0:
            return False
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
