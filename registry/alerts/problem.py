# SPDX-License-Identifier: Apache-2.0
"""A problem: what is the matter, with what, how bad it is, and since when.

It is a value that finders make anew at each look. The same thing has the same key each time, by which the book of
problems (`registry.alerts.book`) knows it again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

MAX_OF_KIND = 100
"""How many problems of one kind are told one by one in a domain; the rest is a number."""
REST = "*"
"""The subject of the problem that tells how many more there are."""


class Severity(StrEnum):
    """From the worst: something doesn't work, something will not before long, or somebody should know."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Severity).index(self)


class ProblemKind(StrEnum):
    """What can be the matter; the values are stable."""

    CERTIFICATE_ENDS = "certificate-ends"
    CERTIFICATE_EARLY = "certificate-early"
    SIGNING_KEY = "signing-key"
    TRUST_ANCHOR_ENDS = "trust-anchor-ends"
    TLS_CERTIFICATE = "tls-certificate"
    CHANGE_DUE = "change-due"
    SUCCESSOR_INVALID = "successor-invalid"
    DOMAIN_LACKS = "domain-lacks"
    PUBLIC_URL = "public-url"
    NO_SML = "no-sml"
    NOTHING_PUBLISHED = "nothing-published"
    TRUST_MODEL = "trust-model"
    TRUST_PLAN_REFUSES = "trust-plan-refuses"
    EVIDENCE_OLD = "evidence-old"
    DNS_LAG = "dns-lag"
    NAME_SERVER = "name-server"
    NAME_SERVER_CONTENT = "name-server-content"
    NOTIFY_UNACKNOWLEDGED = "notify-unacknowledged"
    NAMES_LOCKED = "names-locked"
    LOGINS_FAIL = "logins-fail"
    TOKENS_ENDLESS = "tokens-endless"
    NO_ADMINISTRATOR = "no-administrator"
    MIGRATION_ENDS = "migration-ends"
    REVIEW_WAITS = "review-waits"
    CAMPAIGN_LATE = "campaign-late"
    JOBS_FAILED = "jobs-failed"
    JOBS_WAIT = "jobs-wait"
    AUDIT_LAG = "audit-lag"
    AUDIT_BROKEN = "audit-broken"
    BACKUP_OLD = "backup-old"
    SECRET_OPEN = "secret-open"  # noqa: S105 — a kind
    UNSAFE_SETTING = "unsafe-setting"
    DATABASE = "database"
    DISK = "disk"
    PARTICIPANT_EMPTY = "participant-empty"
    SERVICE_WITHOUT_ENDPOINT = "service-without-endpoint"
    SERVICE_ENDS = "service-ends"
    TRANSPORT_PROFILE = "transport-profile"
    DIRECTORY_LAG = "directory-lag"
    DIRECTORY_FAILED = "directory-failed"
    ALERT_FAILS = "alert-fails"
    CHECK_FAILS = "check-fails"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is the matter. `domain_id` is None where it concerns the whole installation.

    `parameters` are the JSON values of which its text is made (`registry.alerts.words`); `since` is None where nobody
    knows, so that it counts from when it was seen first. `aspect` tells several problems of a subject apart.
    """

    kind: ProblemKind
    severity: Severity
    subject: str = ""
    domain_id: int | None = None
    since: datetime | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    aspect: str = ""

    @property
    def key(self) -> str:
        """The same for the same thing at each look: the kind, and 16 hexadecimal digits of what it is about."""
        told = "\0".join((str(self.domain_id or ""), self.subject, self.aspect))
        return f"{self.kind}:{hashlib.sha256(told.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found, and at which kinds it could not look: whatever is open of these stays open."""

    problems: Sequence[Problem]
    blind: frozenset[ProblemKind] = frozenset()
