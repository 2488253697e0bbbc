# SPDX-License-Identifier: Apache-2.0
"""Every route of `/api/v1` with every role at every level: who is let in is what the table of permissions says.

`RULES` says of each route what it is about, written down here once more and by hand: a route that isn't in it fails,
and so does one whose rule is another one. What follows for a caller is worked out from `Action` alone, not by the code
that decides. Requests are made so that whoever is let in changes nothing either: a condition that can't be met, or a
body that is refused.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, get_type_hints

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.accounts import Kind, create_account, disable_account
from registry.accounts.credentials import set_password
from registry.accounts.grants import give_grant
from registry.accounts.groups import create_group, move_participant
from registry.accounts.permissions import ACTIONS, SYSTEM, Level, Role, Scope
from registry.accounts.tokens import create_token
from registry.alerts import book, channels
from registry.alerts.channels import ChannelKind, NewChannel
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.api.v1 import bulk_job
from registry.api.v1.call import Call
from registry.api.v1.models import Model
from registry.api.v1.resources import RESOURCES
from registry.api.v1.routing import Entry, Resource
from registry.app.domain_setup import add_domain
from registry.app.plans import planner_of
from registry.campaigns import desk
from registry.campaigns.model import CampaignKind, NewCampaign
from registry.consistency.orphans import ORPHANS
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.dns.records import RRset
from registry.identifiers.participant import ISO6523
from registry.jobs.queue import enqueue
from registry.jobs.worker import Worker
from registry.metadata import ServiceGroup
from registry.plans.model import PlanKind, PlanOptions
from registry.plans.sources import content_source
from registry.sml.interventions.model import CertificateName, Operator, Wanted
from registry.sml.interventions.model import Kind as InterventionKind
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName
from registry.storage.certificate_rows import certificate_sha256
from registry.storage.queries import directory_entries, impact
from tests.simulators.asgi import Reply
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, offline_instance, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, segment

pytestmark = pytest.mark.slow

MIGRATION_KEY = "Ab12!!cd34-Xy"
PASSWORD = "long enough for a test"
OTHER = {"name": "other", "default": False, "dns": {"zone": "other.example"}}
INSIDE, OUTSIDE = "0088:inside", "0088:outside"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route is about: an action at a place, or who else comes in.

    `place` is of this world (see `World`). `hidden` routes answer 404 to whoever may not, also where the place is seen.
    `seen_by` is the action that is enough to know of the thing. `within` has to be allowed anywhere in the domain.
    """

    action: str = ""
    place: str = ""
    hidden: bool = False
    seen_by: str = ""
    within: str = ""


OPEN, KNOWN = Rule(), Rule("", "self")


def needs(action: str, place: str, **others: Any) -> Rule:
    return Rule(action, place, **others)


def part(action: str) -> Rule:
    """Shows what the caller may see of the domain; refused where that is nothing."""
    return Rule(action, "part")


def everybodys(action: str) -> Rule:
    """Shows what the caller may see anywhere, if only nothing."""
    return Rule(action, "everywhere")


_DOMAIN = "/domains/{domain}"
_PARTICIPANT = f"{_DOMAIN}/participants/{{participant}}"
_SERVICE = f"{_PARTICIPANT}/services/{{document_type}}"
_PUBLISHER = f"{_DOMAIN}/publishers/{{smp_id}}"
_ACCOUNT = "/accounts/{account}"
RULES: dict[str, Rule] = {
    "GET /domains": everybodys("domain:read"),
    "POST /domains": needs("domain:create", "system"),
    f"GET {_DOMAIN}": needs("domain:read", "domain"),
    f"PATCH {_DOMAIN}": needs("domain:change", "domain"),
    f"GET {_DOMAIN}/code-lists": needs("domain:read", "domain"),
    f"GET {_DOMAIN}/groups": part("group:read"),
    f"GET {_DOMAIN}/groups/{{group}}": needs("group:read", "group"),
    f"PUT {_DOMAIN}/groups/{{group}}": needs("group:write", "domain"),
    f"PATCH {_DOMAIN}/groups/{{group}}": needs("group:write", "domain"),
    f"DELETE {_DOMAIN}/groups/{{group}}": needs("group:write", "domain"),
    f"GET {_DOMAIN}/participants": part("participant:read"),
    f"GET {_PARTICIPANT}": needs("participant:read", "participant"),
    f"PUT {_PARTICIPANT}": needs("service:write", "participant", within="service:write"),
    f"DELETE {_PARTICIPANT}": needs("participant:delete", "participant"),
    f"POST {_DOMAIN}/participants/bulk": part("service:write"),
    f"GET {_DOMAIN}/participants/bulk/{{job}}": needs("job:read", "domain", hidden=True, within="service:write"),
    f"GET {_DOMAIN}/plans": needs("plan:read", "domain"),
    f"POST {_DOMAIN}/plans": needs("plan:write", "domain"),
    f"GET {_DOMAIN}/plans/{{plan}}": needs("plan:read", "domain"),
    f"GET {_DOMAIN}/plans/{{plan}}/rows": needs("plan:read", "domain"),
    f"POST {_DOMAIN}/plans/{{plan}}/apply": needs("plan:write", "domain"),
    f"DELETE {_DOMAIN}/plans/{{plan}}": needs("plan:write", "domain"),
    f"POST {_DOMAIN}/plans/{{plan}}/submit": needs("plan:write", "domain"),
    f"POST {_DOMAIN}/plans/{{plan}}/approve": needs("plan:approve", "domain"),
    f"POST {_DOMAIN}/plans/{{plan}}/reject": needs("plan:approve", "domain"),
    f"POST {_PARTICIPANT}/proposals": needs("service:write", "participant", within="service:write"),
    f"GET {_DOMAIN}/campaigns": needs("campaign:read", "domain"),
    f"POST {_DOMAIN}/campaigns": needs("campaign:write", "domain"),
    f"GET {_DOMAIN}/campaigns/{{campaign}}": needs("campaign:read", "domain"),
    f"GET {_DOMAIN}/campaigns/{{campaign}}/members": needs("campaign:read", "domain"),
    f"GET {_DOMAIN}/campaigns/{{campaign}}/members.csv": needs("campaign:read", "domain"),
    f"GET {_DOMAIN}/campaigns/{{campaign}}/progress": needs("campaign:read", "domain"),
    f"GET {_DOMAIN}/campaigns/{{campaign}}/reminders": needs("campaign:write", "domain"),
    f"POST {_DOMAIN}/campaigns/{{campaign}}/reminders": needs("campaign:write", "domain"),
    f"POST {_DOMAIN}/campaigns/{{campaign}}/count": needs("campaign:write", "domain"),
    f"POST {_DOMAIN}/campaigns/{{campaign}}/close": needs("campaign:write", "domain"),
    f"GET {_PARTICIPANT}/services": needs("service:read", "participant"),
    f"GET {_SERVICE}": needs("service:read", "participant"),
    f"PUT {_SERVICE}": needs("service:write", "participant"),
    f"PATCH {_SERVICE}": needs("service:write", "participant"),
    f"DELETE {_SERVICE}": needs("service:write", "participant"),
    f"GET {_PARTICIPANT}/business-card": needs("participant:read", "participant"),
    f"PUT {_PARTICIPANT}/business-card": needs("service:write", "participant"),
    f"DELETE {_PARTICIPANT}/business-card": needs("service:write", "participant"),
    f"GET {_DOMAIN}/access-points": needs("access-point:read", "domain"),
    f"GET {_DOMAIN}/access-points/{{access_point}}": needs("access-point:read", "domain"),
    f"PATCH {_DOMAIN}/access-points/{{access_point}}": needs("access-point:write", "domain"),
    f"GET {_DOMAIN}/publishers": needs("publisher:read", "domain"),
    f"GET {_PUBLISHER}": needs("publisher:read", "domain"),
    f"PUT {_PUBLISHER}": needs("publisher:write", "domain"),
    f"DELETE {_PUBLISHER}": needs("publisher:write", "domain"),
    f"GET {_PUBLISHER}/certificates": needs("publisher:read", "domain"),
    f"POST {_PUBLISHER}/certificates": needs("publisher:write", "domain"),
    f"GET {_PUBLISHER}/certificates/{{sha256}}": needs("publisher:read", "domain"),
    f"PUT {_PUBLISHER}/certificates/{{sha256}}": needs("publisher:write", "domain"),
    f"DELETE {_PUBLISHER}/certificates/{{sha256}}": needs("publisher:write", "domain"),
    f"GET {_DOMAIN}/registrations": needs("registration:list", "domain"),
    f"POST {_DOMAIN}/registrations": needs("registration:write", "domain"),
    f"POST {_DOMAIN}/registrations/move": needs("registration:write", "domain"),
    f"POST {_DOMAIN}/registrations/remove": needs("registration:write", "domain"),
    f"GET {_DOMAIN}/registrations/{{participant}}": needs("registration:read", "participant"),
    f"PUT {_DOMAIN}/registrations/{{participant}}": needs("registration:write", "domain"),
    f"DELETE {_DOMAIN}/registrations/{{participant}}": needs("registration:write", "domain"),
    f"GET {_DOMAIN}/migrations": needs("registration:list", "domain"),
    f"POST {_DOMAIN}/migrations": needs("registration:write", "domain"),
    f"GET {_DOMAIN}/migrations/{{participant}}": needs("registration:list", "domain"),
    f"DELETE {_DOMAIN}/migrations/{{participant}}": needs("registration:write", "domain"),
    f"POST {_DOMAIN}/migrations/{{participant}}/complete": needs("registration:write", "domain"),
    f"GET {_DOMAIN}/ended-migrations": needs("registration:list", "domain"),
    "GET /zones": everybodys("zone:read"),
    "GET /name-servers": everybodys("zone:read"),
    f"GET {_DOMAIN}/zone": needs("zone:read", "domain"),
    f"GET {_PARTICIPANT}/resolution": needs("participant:read", "participant"),
    f"GET {_DOMAIN}/zone/names": needs("zone:read", "domain"),
    f"POST {_DOMAIN}/zone/answers": needs("consistency:check", "domain"),
    f"GET {_DOMAIN}/zone/records": needs("zone:read", "domain"),
    f"GET {_DOMAIN}/zone/changes": needs("zone:read", "domain"),
    f"GET {_DOMAIN}/interventions": needs("intervention:read", "domain"),
    f"POST {_DOMAIN}/interventions": needs("intervention:ask", "domain"),
    f"GET {_DOMAIN}/interventions/{{intervention}}": needs("intervention:read", "domain"),
    f"POST {_DOMAIN}/interventions/{{intervention}}/approve": needs("intervention:approve", "domain"),
    f"POST {_DOMAIN}/interventions/{{intervention}}/refuse": needs("intervention:approve", "domain"),
    f"POST {_DOMAIN}/interventions/{{intervention}}/undo": needs("intervention:ask", "domain"),
    f"GET {_DOMAIN}/quarantine": needs("registration:list", "domain"),
    f"GET {_DOMAIN}/blocked-certificates": needs("registration:list", "domain"),
    f"GET {_DOMAIN}/zone-records": needs("zone:read", "domain"),
    f"GET {_DOMAIN}/zone-records/{{name}}/{{type}}": needs("zone:read", "domain"),
    f"PUT {_DOMAIN}/zone-records/{{name}}/{{type}}": needs("zone:write", "domain"),
    f"DELETE {_DOMAIN}/zone-records/{{name}}/{{type}}": needs("zone:write", "domain"),
    f"POST {_DOMAIN}/consistency": needs("consistency:check", "domain"),
    f"POST {_DOMAIN}/consistency/repair": needs("consistency:repair", "domain"),
    f"POST {_DOMAIN}/name-servers/check": needs("consistency:check", "domain"),
    f"POST {_DOMAIN}/name-servers/repair": needs("consistency:repair", "domain"),
    f"GET {_DOMAIN}/directory": needs("directory:read", "domain"),
    f"GET {_DOMAIN}/directory/plan": needs("directory:read", "domain"),
    f"GET {_DOMAIN}/directory/entries": needs("directory:read", "domain"),
    f"GET {_PARTICIPANT}/directory": needs("participant:read", "participant"),
    f"POST {_DOMAIN}/directory/push": needs("directory:write", "domain"),
    f"POST {_DOMAIN}/directory/retry": needs("directory:write", "domain"),
    f"POST {_DOMAIN}/directory/orphans": needs("directory:write", "domain"),
    f"GET {_DOMAIN}/directory/orphans": needs("directory:read", "domain"),
    f"GET {_DOMAIN}/directory/orphans.csv": needs("directory:read", "domain"),
    f"GET {_DOMAIN}/name-servers": needs("zone:read", "domain"),
    f"GET {_DOMAIN}/zone/transfers": needs("zone:read", "domain"),
    f"GET {_DOMAIN}/registrations/{{participant}}/visibility": needs("registration:read", "participant"),
    f"GET {_PUBLISHER}/visibility": needs("publisher:read", "domain"),
    "GET /certificates": everybodys("certificate:read"),
    f"GET {_DOMAIN}/ending-certificates": needs("certificate:read", "domain"),
    "GET /certificates/{sha256}": needs("certificate:read", "domain", hidden=True),
    "GET /certificates/{sha256}/pem": needs("certificate:read", "domain", hidden=True),
    "GET /certificates/{sha256}/uses": needs("certificate:read", "domain", hidden=True),
    f"GET {_DOMAIN}/trust": needs("domain:read", "domain"),
    f"GET {_DOMAIN}/trust/configuration": needs("domain:read", "domain"),
    f"GET {_DOMAIN}/trust/impact": needs("domain:read", "domain"),
    f"POST {_DOMAIN}/trust/decisions": needs("domain:read", "domain"),
    "GET /trust/configurations/{digest}": needs("domain:read", "system"),
    "GET /problems": everybodys("problem:read"),
    "GET /problems/{problem}": needs("problem:read", "domain", hidden=True),
    "POST /problems/{problem}/acknowledge": needs("problem:acknowledge", "domain", hidden=True, seen_by="problem:read"),
    "GET /alert-channels": needs("alert:read", "system"),
    "POST /alert-channels": needs("alert:write", "system"),
    "GET /alert-channels/{channel}": needs("alert:read", "system"),
    "PATCH /alert-channels/{channel}": needs("alert:write", "system"),
    "DELETE /alert-channels/{channel}": needs("alert:write", "system"),
    "POST /alert-channels/{channel}/test": needs("alert:write", "system"),
    "GET /alert-channels/{channel}/deliveries": needs("alert:read", "system"),
    "GET /jobs": everybodys("job:read"),
    "GET /jobs/{job}": needs("job:read", "domain", hidden=True),
    "POST /jobs/{job}/cancel": needs("job:cancel", "domain", hidden=True, seen_by="job:read"),
    "POST /jobs/{job}/retry": needs("job:cancel", "domain", hidden=True, seen_by="job:read"),
    "GET /audit/events": everybodys("audit:read"),
    "GET /audit/events/{sequence}": needs("audit:read", "domain", hidden=True),
    "GET /audit/chain": needs("audit:read", "system"),
    "POST /audit/verifications": needs("audit:read", "system"),
    "POST /audit/exports": needs("audit:read", "system"),
    "GET /me": KNOWN,
    "GET /me/grants": KNOWN,
    "GET /me/permissions": KNOWN,
    "PUT /me/password": KNOWN,
    "GET /me/sessions": KNOWN,
    "DELETE /me/sessions/{session}": needs("account:read", "nowhere", hidden=True),
    "POST /session": OPEN,
    "DELETE /session": KNOWN,
    "GET /session/oidc": OPEN,
    "GET /session/oidc/callback": OPEN,
    "GET /accounts": needs("account:read", "system"),
    "POST /accounts": needs("account:write", "system"),
    f"GET {_ACCOUNT}": needs("account:read", "system"),
    f"PATCH {_ACCOUNT}": needs("account:write", "system"),
    f"DELETE {_ACCOUNT}": needs("account:write", "system"),
    f"POST {_ACCOUNT}/disable": needs("account:write", "system"),
    f"POST {_ACCOUNT}/enable": needs("account:write", "system"),
    f"POST {_ACCOUNT}/unlock": needs("account:write", "system"),
    f"GET {_ACCOUNT}/credentials": needs("account:read", "system"),
    f"GET {_ACCOUNT}/credentials/{{credential}}": needs("account:read", "system"),
    f"DELETE {_ACCOUNT}/credentials/{{credential}}": needs("account:write", "system"),
    f"PUT {_ACCOUNT}/password": needs("account:write", "system"),
    f"POST {_ACCOUNT}/password/reset": needs("account:write", "system"),
    f"POST {_ACCOUNT}/certificates": needs("account:write", "system"),
    f"GET {_ACCOUNT}/sessions": needs("account:read", "system"),
    f"DELETE {_ACCOUNT}/sessions": needs("account:write", "system"),
    f"DELETE {_ACCOUNT}/sessions/{{session}}": needs("account:write", "system"),
    "GET /grants": needs("grant:read", "system"),
    f"GET {_DOMAIN}/grants": part("grant:read"),
    "GET /grants/{grant}": needs("grant:read", "domain"),
    "POST /grants": needs("grant:write", "domain"),
    "DELETE /grants/{grant}": needs("grant:write", "domain"),
    "GET /tokens": everybodys("account:read"),
    "GET /tokens/{token}": needs("account:read", "system", hidden=True),
    "POST /tokens": needs("account:write", "system", hidden=True),
    "POST /tokens/{token}/rotate": needs("account:write", "system", hidden=True),
    "DELETE /tokens/{token}": needs("account:write", "system", hidden=True),
    "GET /permissions": KNOWN,
    "GET /settings": needs("setting:read", "system"),
    "GET /permissions/explain": needs("account:read", "system"),
}
_ENTRIES = {f"{entry.method} {entry.path}": entry for resource in RESOURCES for entry in resource.entries}


@dataclass(frozen=True, slots=True)
class Person:
    """A caller with one role at one level and place, or with none."""

    caller: RestCaller
    role: Role | None = None
    place: str = ""
    """`system`, `domain`, `group`, `participant`; those of another domain or group begin with `other `."""

    def __str__(self) -> str:
        return f"{self.role} of {self.place}" if self.role else "nobody"


class World:
    """Two domains; a participant in a group, one outside of it; of everything one thing that belongs to the first."""

    def __init__(self, office: RestOffice) -> None:
        self.office = office
        offline, instance = office.offline, office.offline.instance
        database, stored = office.database, offline.stored

        other = add_domain(instance, ACTOR, "demo", OTHER)
        people = [participant(INSIDE), participant(OUTSIDE)]
        for who in people:
            instance.publishing.put_service_group(ACTOR, stored, ServiceGroup(who))
        metadata = replace(demo_metadata(offline.pki.access_points)[0], participant=people[0])
        instance.publishing.put_service_metadata(ACTOR, stored, metadata)
        group = create_group(database, ACTOR, stored.id, "ours")
        other_group = create_group(database, ACTOR, stored.id, "theirs")
        move_participant(database, ACTOR, stored.id, ISO6523, INSIDE, group.id)
        victim = create_account(database, ACTOR, Kind.PERSON, "victim")
        set_password(database, ACTOR, victim.id, PASSWORD, must_change=False)
        session = office.context.sessions.login("victim", PASSWORD).id
        grant = give_grant(database, ACTOR, victim.id, Role.VIEWER, Scope(stored.id))
        create_token(database, ACTOR, "victims", account_id=victim.id)
        card = BusinessCard(people[0], (BusinessEntity((EntityName("Inside"),), "BE"),))
        instance.business_cards.publish(ACTOR, stored, card)
        instance.sml.prepare_migration(offline.caller(), SMP_ID, people[0], MIGRATION_KEY)
        alias = RRset("0088.sml", "CNAME", 60, ("sml.example.",))
        office.context.zone_records.put(ACTOR, stored, [alias])
        blocked = Wanted(InterventionKind.BLOCK_CERTIFICATE, certificates=(CertificateName("CN=Some CA", "1f"),))
        intervention = office.context.interventions.ask(Operator(ACTOR), stored, blocked).row.id
        with database.write(ACTOR) as work:
            job = enqueue(work, "sign-documents", {}, domain_id=stored.id)
            bulk = enqueue(work, bulk_job.KIND, {"items": [], "plan": False}, domain_id=stored.id)
        source = content_source(stored.domain, PlanKind.CSV, "t.csv", b"participant\n")
        plan = planner_of(instance, stored).plan(ACTOR, source, PlanOptions())
        digest = instance.trust_models.of(stored.domain).address
        problem = Problem(ProblemKind.REVIEW_WAITS, Severity.WARNING, "somebody", stored.id)
        with database.write(ACTOR) as work:
            book.keep(work, Look([problem]))
            channels.add(work, NewChannel("on-call", ChannelKind.MAIL, "oncall@example.org"))
            target = {"zone": "next.example"}
            desk.add(work, stored, NewCampaign("move", CampaignKind.ZONE, target, work.now + timedelta(days=9)))
        with database.write(ACTOR) as work:
            run = impact.begin(work, impact.NewRun(stored.id, digest, digest, "", work.now, work.now))
            impact.finish(work, run, {"domain": "demo"})
            directory_entries.mark(work, stored.id, [(ISO6523, INSIDE)])
            enqueue(work, ORPHANS, {}, domain_id=stored.id)
        report = {"counts": {}, "compared": {}, "in_progress": 0, "corrected": None, "findings": []}
        Worker(database, {ORPHANS: lambda _: report}, "test").run_one()
        self.scopes = {
            "system": SYSTEM,
            "domain": Scope(stored.id),
            "other domain": Scope(other.id),
            "group": Scope(stored.id, group.id),
            "other group": Scope(stored.id, other_group.id),
            "participant": Scope(stored.id, None, (ISO6523, INSIDE)),
            "other participant": Scope(stored.id, None, (ISO6523, OUTSIDE)),
        }
        admin = office.caller(Role.ADMIN)
        access_point = office.items("/domains/demo/access-points", admin)[0]
        event = next(item for item in office.items("/audit/events?limit=500", admin) if item["domain"] == "demo")
        credential = office.items(f"/accounts/{victim.id}/credentials", admin)[0]["id"]
        token = next(item["id"] for item in office.items("/tokens", admin) if item["name"] == "victims")
        self.victim, self.bulk = victim.id, bulk
        self.newcomer = self._newcomer()
        self.path = {
            "domain": "demo",
            "participant": str(people[0]),
            "document_type": str(metadata.document_type),
            "group": "ours",
            "access_point": str(access_point.get("id", access_point.get("name"))),
            "smp_id": SMP_ID,
            "sha256": certificate_sha256(offline.pki.smp.certificate.public_bytes(Encoding.DER)),
            "job": str(job),
            "sequence": str(event["sequence"]),
            "account": str(victim.id),
            "credential": str(credential),
            "session": str(session),
            "grant": str(grant.id),
            "token": str(token),
            "digest": digest,
            "plan": str(plan),
            "problem": problem.key,
            "channel": "on-call",
            "campaign": "move",
            "intervention": str(intervention),
            "name": "0088.sml",
            "type": "CNAME",
        }
        self.people = [Person(office.caller())]
        self.people += [
            Person(office.caller(role, scope), role, place) for place, scope in self.scopes.items() for role in Role
        ]
        for person in self.people:
            office.ask("GET", "/me", person.caller)  # the first use is noted

    def _newcomer(self) -> str:
        """The session of an administrator who must change the password."""
        database = self.office.database
        new = create_account(database, ACTOR, Kind.PERSON, "newcomer")
        give_grant(database, ACTOR, new.id, Role.ADMIN, SYSTEM)
        set_password(database, ACTOR, new.id, PASSWORD, must_change=True)
        begun = self.office.context.sessions.login("newcomer", PASSWORD)
        assert begun.must_change
        return f"registry_session={begun.secret}"

    def request(self, entry: Entry, by: RestCaller | str | None) -> Reply:
        """A request that changes nothing, also where it is let in."""
        path = entry.path.replace("/bulk/{job}", f"/bulk/{self.bulk}")
        for name, value in self.path.items():
            path = path.replace(f"{{{name}}}", segment(value))
        assert "{" not in path, f"no value for a parameter of {path}"
        query = {
            "/domains/{domain}/zone/changes": "?since=1",
            "/domains/{domain}/zone/names": "?publisher=any",
            "/permissions/explain": "?account=victim&action=job:read",
        }
        headers = {}
        if entry.writes and not (entry.alone and _model(entry)):
            headers = {"if_match": '"never"'}
        return self.office.ask(entry.method, path + query.get(entry.path, ""), by, self.body(entry), **headers)

    def body(self, entry: Entry) -> Any:
        """A body that is good enough to come to the permission, and not good enough to change anything."""
        match f"{entry.method} {entry.path}":
            case "POST /grants":
                return {"account": self.victim, "role": "viewer", "place": {"domain": "demo"}}
            case "POST /tokens":
                return {"name": "made", "account": self.victim, "expires_at": "2000-01-01T00:00:00Z"}
            case "POST /tokens/{token}/rotate":
                return {"expires_at": "2000-01-01T00:00:00Z"}
            case "POST /problems/{problem}/acknowledge" | "PUT /domains/{domain}/participants/{participant}":
                return {}
            case "POST /domains/{domain}/participants/{participant}/proposals":
                return {}  # nothing would change, so there is no plan
            case "POST /domains/{domain}/participants/bulk":
                return []
            case _ if entry.writes and (entry.body or _model(entry)):
                return {"nobody knows this": 1}
        return None


def _model(entry: Entry) -> type[Model] | None:
    """The body of a route, where it is a model."""
    hints = {name: hint for name, hint in get_type_hints(entry.handler).items() if name != "return"}
    return next((hint for hint in hints.values() if isinstance(hint, type) and issubclass(hint, Model)), None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[World]:
    with offline_instance(tmp_path_factory.mktemp("rest"), pki) as offline:
        yield World(RestOffice(offline))


# What follows from the table of permissions, worked out anew.

_CHAIN = {
    "system": ("system",),
    "domain": ("system", "domain"),
    "group": ("system", "domain", "group"),
    "participant": ("system", "domain", "group", "participant"),
}
_BELOW_DOMAIN = ("domain", "group", "participant", "other group", "other participant")


def enough(person: Person, action: str) -> bool:
    """Whether a role is enough for an action at the place that it is for."""
    if person.role is None:
        return False
    wanted, level = ACTIONS[action], Level(person.place.removeprefix("other "))
    strong = list(Role).index(person.role) >= list(Role).index(wanted.role)
    return strong and list(Level).index(level) <= list(Level).index(wanted.level)


def allowed(person: Person, action: str, place: str) -> bool:
    """Whether one role at one place is enough for an action at a place."""
    return place != "nowhere" and person.place in _CHAIN[place] and enough(person, action)


def expected(person: Person, rule: Rule, path: str) -> set[int]:
    """Which statuses an answer may have, where the caller isn't let in; empty where they are."""
    in_domain = person.place in {"system", *_BELOW_DOMAIN}
    if rule.place in {"", "self", "everywhere"}:
        return set()
    if "{domain}" in path and not in_domain:
        return {404}
    if rule.place == "part":
        return set() if enough(person, rule.action) else {403}
    if rule.within and not enough(person, rule.within):
        return {403}
    if allowed(person, rule.action, rule.place):
        return set()
    if rule.hidden:
        return {403} if rule.seen_by and allowed(person, rule.seen_by, rule.place) else {404}
    return {403} if _sees(person, rule.place) else {404}


def _sees(person: Person, place: str) -> bool:
    if place == "system":
        return True
    if person.role is None:
        return False
    if place == "domain":
        return person.place == "system" or person.place in _BELOW_DOMAIN
    return person.place in _CHAIN[place]


def test_every_route_is_known_here() -> None:
    assert set(_ENTRIES) == set(RULES)


@pytest.mark.parametrize("route", sorted(RULES))
def test_route_lets_in_whom_the_table_lets_in(route: str, world: World) -> None:
    rule, entry = RULES[route], _ENTRIES[route]
    before = world.office.everything()
    surprises = []
    for person in world.people:
        reply = world.request(entry, person.caller)
        refused = expected(person, rule, entry.path)
        good = reply.status in refused if refused else reply.status not in {401, 403} and not _is_missing(reply, rule)
        if not good:
            surprises.append(f"{person}: {reply.status}, expected {refused or 'in'}: {reply.body.decode()[:200]}")
    assert surprises == []
    assert world.office.everything() == before, "who is refused changes nothing, and neither does such a request"


def _is_missing(reply: Reply, rule: Rule) -> bool:
    return reply.status == 404 and rule is not KNOWN and rule is not OPEN


@pytest.mark.parametrize("route", sorted(RULES))
def test_who_is_not_known_comes_in_nowhere(route: str, world: World) -> None:
    if RULES[route] is OPEN:
        return
    office, database = world.office, world.office.database
    disabled = office.caller(Role.ADMIN)
    disable_account(database, ACTOR, disabled.account_id)
    late = office.caller(Role.ADMIN, lasts=timedelta(seconds=1))
    office.offline.clock.forward(seconds=2)
    for caller in (None, disabled, late, RestCaller(0, "", "edr_unknown"), RestCaller(0, "", "")):
        reply = world.request(_ENTRIES[route], caller)
        assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("route", sorted(RULES))
def test_who_must_change_the_password_can_do_nothing_else(route: str, world: World) -> None:
    free = {"GET /me", "PUT /me/password", "DELETE /session"}
    if RULES[route] is OPEN or route in free:
        return
    assert world.request(_ENTRIES[route], world.newcomer).status == 403


@pytest.mark.parametrize("route", sorted(RULES))
def test_token_is_for_no_more_than_it_says(route: str, world: World) -> None:
    """Of an administrator of the system a token that only reads, and one for another domain."""
    rule, entry, office = RULES[route], _ENTRIES[route], world.office
    reader = Person(office.caller(Role.ADMIN, limit=Role.VIEWER), Role.VIEWER, "system")
    elsewhere = office.caller(Role.ADMIN, domain_id=world.scopes["other domain"].domain_id)
    for person in (reader, Person(elsewhere, Role.ADMIN, "other domain")):
        refused = expected(person, rule, entry.path)
        status = world.request(entry, person.caller).status
        assert status in refused if refused else status not in {401, 403}, person


@pytest.mark.parametrize("route", sorted(route for route in RULES if _ENTRIES.get(route) and _model(_ENTRIES[route])))
def test_member_that_nobody_knows_is_refused(route: str, world: World) -> None:
    """Who may change one thing can't set another along with it."""
    entry = _ENTRIES[route]
    path = entry.path
    for name, value in world.path.items():
        path = path.replace(f"{{{name}}}", segment(value))
    admin = world.people[3].caller
    reply = world.office.ask(entry.method, path, admin, {"id": 1, "account_id": 1, "role_": "admin"})
    assert reply.status == 400
    assert {"#/id", "#/account_id", "#/role_"} <= {reason.get("pointer") for reason in reply.json()["reasons"]}


def test_route_without_a_rule_can_not_be_declared() -> None:
    resource = Resource("things", "Things.")

    def read_things(call: Call) -> None:
        """Read things."""

    with pytest.raises(TypeError):
        resource.get("/things", None, {204: None})(read_things)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        resource.get("/things")  # type: ignore[call-arg]


def test_document_says_the_rule_of_each_route(world: World) -> None:
    """Readers of the OpenAPI document see the same action as this table."""
    document = json.loads(world.office.app.openapi)
    for route, rule in RULES.items():
        method, path = route.split(" ")
        said = document["paths"][path][method.lower()]["x-rule"]
        if rule.action and rule.place != "nowhere":
            assert said["action"] == (rule.within or rule.action), route
