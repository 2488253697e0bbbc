# SPDX-License-Identifier: Apache-2.0
"""What is personal in each table, how long it is kept, and the purge that ends it (design rule 13).

One table says it for the whole schema; docs/reference/personal-data.md shows it. Days are counted from what the words
of a rule say. A purge works in batches, each a transaction of its own with an event, so it can be broken off at any
time and begun again.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from registry.audit.events import record
from registry.audit.verification import PRUNED
from registry.storage.engine import Actor, Database
from registry.storage.queries import audit, retention
from registry.storage.unit_of_work import UnitOfWork

_BATCH = 5_000
_PURGER = Actor("job:retention")

Purge = Callable[[UnitOfWork, datetime, int], int]


@dataclass(frozen=True, slots=True)
class Policy:
    """How long rows are kept that time makes superfluous; None: for ever."""

    events: timedelta | None = timedelta(days=3650)
    sessions: timedelta | None = timedelta(days=90)
    logins: timedelta | None = timedelta(hours=24)
    answers: timedelta | None = timedelta(hours=24)
    jobs: timedelta | None = timedelta(days=90)
    zone_changes: timedelta | None = timedelta(days=30)
    signed_documents: timedelta | None = timedelta(days=365)
    migrations: timedelta | None = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Rule:
    """A table: what is personal in it (empty: nothing), until when it is kept, and what ends that.

    `period` is the field of the policy that counts, and `purge` deletes what is older.
    """

    table: str
    personal: str
    kept: str
    period: str = ""
    purge: Purge | None = None


def prune_events(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Let the chain begin after its events from before a moment; an event says so, and where. Gives how many went."""
    held = audit.lock_chain(work)
    to = audit.prunable(work.connection, before, limit)
    if to.begin_position == held.begin_position:
        return 0
    gone = audit.prune(work, to)
    record(work, PRUNED, "chain", after={"position": to.begin_position, "hash": to.begin_hash})
    return gone


def plan_pruning(database: Database, before: datetime) -> int:
    """How many events `prune_all` would delete."""
    with database.read() as connection:
        begin = audit.chain(connection).begin_position
        return audit.prunable(connection, before).begin_position - begin


def prune_all(database: Database, actor: Actor, before: datetime) -> int:
    """Delete the events in the chain from before a moment, in batches; gives how many."""
    total = 0
    while True:
        with database.write(actor) as work:
            gone = prune_events(work, before, _BATCH)
        total += gone
        if gone < _BATCH:
            return total


_PARTICIPANT = "identifiers of participants, who may be people"
_WITH_PARTICIPANT = "the participant is removed"
_WITH_ACCOUNT = "the account is erased"
_NEVER = "somebody removes it"
_WITH_CAMPAIGN = "its campaign goes"

RETENTION = (
    Rule("access_point", "contacts of an access point's operator", "no participant's endpoint refers to it"),
    Rule("access_point_certificate", "names in certificates", "its access point is removed"),
    Rule("account", "name and mail address of a person", "the account is erased; then only its number stays"),
    Rule("alert_channel", "the address that alerts are mailed to", _NEVER),
    Rule("alert_delivery", "", "its problem or its channel is removed"),
    Rule("audit_chain", "", "for ever"),
    Rule("blocked_certificate", "names in certificates", "the block is lifted"),
    Rule("business_card", "names and contacts of a participant", "it is withdrawn, or the participant removed"),
    Rule(
        "campaign",
        "who made it and closed it, by number",
        "the period after it was closed",
        "jobs",
        retention.campaigns,
    ),
    Rule("campaign_member", "names of owner groups, SMPs and access points", _WITH_CAMPAIGN),
    Rule("campaign_progress", "", _WITH_CAMPAIGN),
    Rule("campaign_reminder", "who was told, by number; what a mail server said of an address", _WITH_CAMPAIGN),
    Rule("certificate", "names in certificates", _NEVER),
    Rule(
        "certificate_reminder",
        "",
        "the period after its certificate ended",
        "migrations",
        retention.certificate_reminders,
    ),
    Rule("code_list", "", "a newer one comes in force"),
    Rule("credential", "hashes of passwords, certificates and names at a provider", _WITH_ACCOUNT),
    Rule(
        "directory_entry",
        "identifiers of participants, who may be people",
        "the directory has forgotten the participant",
    ),
    Rule("directory_standing", "", _NEVER),
    Rule("domain", "contacts that the operator has set", _NEVER),
    Rule(
        "ended_migration",
        _PARTICIPANT,
        "the period after it ended",
        "migrations",
        retention.ended_migrations,
    ),
    Rule("endpoint", "", _WITH_PARTICIPANT),
    Rule(
        "event",
        "actors by number; of people and participants all else is sealed with a key of their own",
        "its age reaches the period; what is sealed can be read until its subject is erased",
        "events",
        prune_events,
    ),
    Rule(
        "event_batch",
        _PARTICIPANT + ", sealed with a key of the list that they came in",
        "its event is pruned; of a subject until it is erased",
    ),
    Rule(
        "event_subject",
        "keyed hash of the name of a person or participant, and the salt of their key",
        "the subject is erased; the row goes when no event is about it any more",
        "events",
        audit.drop_subjects_without_events,
    ),
    Rule(
        "idempotent_answer",
        "what a request was answered, which may name participants and people",
        "the period after the request",
        "answers",
        retention.answers,
    ),
    Rule("installation", "", "for ever"),
    Rule(
        "intervention",
        _PARTICIPANT + "; who asked and approved, by number",
        "the period after it was asked for; a block of a certificate until that is lifted",
        "events",
        retention.interventions,
    ),
    Rule(
        "job",
        "what is to be done, which may name participants; who asked, by number",
        "the period after its end",
        "jobs",
        retention.jobs,
    ),
    Rule("job_schedule", "", "for ever"),
    Rule(
        "login_failure",
        "hash of a name that somebody tried",
        "the period after the last try",
        "logins",
        retention.login_failures,
    ),
    Rule(
        "migration",
        "hash of a migration key, for a participant",
        "the period after it expired",
        "migrations",
        retention.migrations,
    ),
    Rule("move_in", "", "for ever: it tells where a domain came from"),
    Rule("move_in_domain", "", "for ever: it tells where a domain came from"),
    Rule("moved_part", "", "for ever"),
    Rule("moved_record", _PARTICIPANT, "the period after the move ended", "migrations", retention.moved_records),
    Rule("name_server", "", "the zone is removed"),
    Rule("oidc_login", "", "the period after it could be finished", "logins", retention.oidc_logins),
    Rule("owner_group", "", _NEVER),
    Rule(
        "plan",
        "names of files; who made, submitted and decided it, by number, and what they said",
        "the period after it was made, and its rows have gone",
        "jobs",
        retention.plans,
    ),
    Rule(
        "plan_row",
        _PARTICIPANT + "; what is published of them, and what was to be",
        "the period after its plan was made",
        "jobs",
        retention.plan_rows,
    ),
    Rule(
        "problem",
        _PARTICIPANT + "; who acknowledged it, by number",
        "the period after it ended",
        "jobs",
        retention.problems,
    ),
    Rule("process", "", _WITH_PARTICIPANT),
    Rule("process_metadata", "", _WITH_PARTICIPANT),
    Rule("publisher", "", "it is removed"),
    Rule("publisher_certificate", "names in certificates", "its publisher is removed"),
    Rule("quarantine", _PARTICIPANT, "the period after it ended", "migrations", retention.quarantines),
    Rule("redirect", "", _WITH_PARTICIPANT),
    Rule("registration", _PARTICIPANT, "its publisher ends it"),
    Rule("role_grant", "who may do what; " + _PARTICIPANT, "it is taken back, or the account erased"),
    Rule("service", "", _WITH_PARTICIPANT),
    Rule("service_group", _PARTICIPANT, _WITH_PARTICIPANT),
    Rule(
        "session",
        "address and program from which a person logged in",
        "the period after its end, or the account is erased",
        "sessions",
        retention.sessions,
    ),
    Rule(
        "signed_document",
        _PARTICIPANT,
        "the period after it was signed, if it isn't served any more; or the participant is removed",
        "signed_documents",
        retention.signed_documents,
    ),
    Rule(
        "signed_service_group",
        _PARTICIPANT,
        "the period after it was signed, if it isn't served any more; or the participant is removed",
        "signed_documents",
        retention.signed_service_groups,
    ),
    Rule("signing_key", "", _NEVER),
    Rule("token", "", "for ever: its name isn't used twice"),
    Rule("trust_configuration", "", "for ever: decisions cite it"),
    Rule(
        "trust_impact_run",
        "names of access points and SMPs",
        "the period after it began",
        "jobs",
        retention.impact_runs,
    ),
    Rule("trust_plan", "names in certificates", "it is in force, or somebody forgets it"),
    Rule(
        "trust_timeline",
        "names in certificates",
        "the period after it was decided, or there is newer evidence",
        "jobs",
        retention.timelines,
    ),
    Rule("zone", "", "for ever"),
    Rule(
        "zone_change",
        "DNS names, which are hashes of participants",
        "the period after the change, and all primaries that it is pushed to have it",
        "zone_changes",
        retention.zone_changes,
    ),
    Rule("zone_push", "", "the zone is removed"),
    Rule("zone_record", "", _NEVER),
    Rule("zone_rrset", "DNS names, which are hashes of participants", "the registration ends"),
    Rule(
        "zone_serial",
        "",
        "the period after it was seen; after a day, one of each minute",
        "zone_changes",
        retention.zone_serials,
    ),
    Rule("zone_transfer", "", "the zone is removed"),
)
"""Every table of the schema, by name."""

PERIODS = tuple(field.name for field in fields(Policy))
"""What can be set."""


def purge(database: Database, policy: Policy, *, batch: int = _BATCH) -> dict[str, int]:
    """Delete what has been kept long enough; gives how many rows of which tables went.

    Raises TechnicalError, as every write; what was done until then stays done.
    """
    return {
        rule.table: _purge(database, rule, kept, batch)
        for rule in RETENTION
        if rule.purge is not None and (kept := getattr(policy, rule.period)) is not None
    }


def _purge(database: Database, rule: Rule, kept: timedelta, batch: int) -> int:
    assert rule.purge is not None  # noqa: S101  # of those that have one
    total = 0
    while True:
        with database.write(_PURGER) as work:
            gone = rule.purge(work, work.now - kept, batch)
            if gone and rule.table != "event":  # which has an event of its own
                record(work, "audit:retention:purge", f"table:{rule.table}", after={"rows": gone})
        total += gone
        if gone < batch:
            return total
