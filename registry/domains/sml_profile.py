# SPDX-License-Identifier: Apache-2.0
"""How a domain's participants are registered, and what publishers may register."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from registry.domains.admission_rules import AdmissionRule
from registry.domains.section import Section
from registry.identifiers.smp_id import validate_smp_id

URL_SCHEMES = ("http", "https")
Identity = Literal["certificate", "issuer+subject"]
INTERVENTIONS = (
    "suspend-publisher",
    "resume-publisher",
    "suspend-participant",
    "resume-participant",
    "transfer",
    "lift-quarantine",
    "block-certificate",
    "unblock-certificate",
)
"""The powers of an operator over what others have registered."""
_IDENTITIES: tuple[Identity, ...] = ("certificate", "issuer+subject")
_DAYS = range(3_651)
_REPEAT_SECONDS = range(86_401)
_ANY = range(1_000_000_001)


@dataclass(frozen=True, slots=True)
class SmlProfile:
    """The SML of a domain; `enabled` where this instance is it."""

    enabled: bool = False
    url_schemes: frozenset[str] = frozenset({"https"})
    """Schemes that the URL of an SMP may have in this domain."""
    max_list: int = 100
    """The most participants in one CreateList or DeleteList (ICD 1.30)."""
    page_size: int = 100
    """Participants in one page of List."""
    wildcard_owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a participant scheme, the SMP ids that may register its `*`; nobody where none is named."""
    identity: Identity = "certificate"
    """What makes a caller the owner of an SMP: a registered certificate, or any that has the issuer and the subject of
    a registered one, so that a renewal needs no call."""
    migration_days: int = 90
    """How long a migration stays open."""
    quarantine_days: int = 0
    """How long nobody but its former SMP may register a participant again."""
    four_eyes: tuple[str, ...] = ()
    """The interventions that a second person has to approve."""
    undo_hours: int = 24
    """How long an intervention can be undone."""
    max_participants: int = 0
    """The most participants of the domain; 0 means any number."""
    max_participants_per_publisher: int = 0
    """The most participants of each SMP; 0 means any number."""
    admission: tuple[AdmissionRule, ...] = ()
    """Who may register which participants."""
    repeat_window_s: int = 0
    """For how long a request that is sent again is answered as the first time, if what it did still stands; 0: its
    sender is told that it is done already, as SMPs expect."""

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section `sml`; complains there."""
        default = cls()
        url_schemes = section.choices("url_schemes", URL_SCHEMES, tuple(sorted(default.url_schemes)))
        if not url_schemes:
            section.complain("url_schemes", "at least one is needed")
        return cls(
            enabled=section.flag("enabled", default=default.enabled),
            url_schemes=frozenset(url_schemes),
            max_list=section.number("max_list", default.max_list, range(1, 101)),
            page_size=section.number("page_size", default.page_size, range(1, 1001)),
            wildcard_owners=_wildcard_owners(section.section("wildcard_owners")),
            identity=section.choice("identity", default.identity, _IDENTITIES),
            migration_days=section.number("migration_days", default.migration_days, _DAYS[1:]),
            quarantine_days=section.number("quarantine_days", default.quarantine_days, _DAYS),
            four_eyes=section.choices("four_eyes", INTERVENTIONS),
            undo_hours=section.number("undo_hours", default.undo_hours, range(24 * 366)),
            max_participants=section.number("max_participants", 0, _ANY),
            max_participants_per_publisher=section.number("max_participants_per_publisher", 0, _ANY),
            admission=tuple(AdmissionRule.read(rule) for rule in section.listed("admission")),
            repeat_window_s=section.number("repeat_window_s", default.repeat_window_s, _REPEAT_SECONDS),
        )


def _wildcard_owners(section: Section) -> dict[str, tuple[str, ...]]:
    owners = {scheme: section.texts(scheme) for scheme in section.values}
    for scheme, smp_ids in owners.items():
        for reason in (reason for smp_id in smp_ids for reason in validate_smp_id(smp_id)):
            section.complain(scheme, str(reason))
    return owners
