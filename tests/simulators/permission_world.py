# SPDX-License-Identifier: Apache-2.0
"""Two domains with one thing of everything, and people with each role at each place of them."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, get_type_hints

from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.accounts import Kind, create_account
from registry.accounts.credentials import set_password
from registry.accounts.grants import give_grant
from registry.accounts.groups import create_group, move_participant
from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.accounts.tokens import create_token
from registry.alerts import book, channels
from registry.alerts.channels import ChannelKind, NewChannel
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.api.v1 import bulk_job
from registry.api.v1.models import Model
from registry.api.v1.routing import Entry
from registry.app.code_lists import apply_code_list, plan_code_list
from registry.app.domain_setup import add_domain
from registry.app.plans import planner_of
from registry.campaigns import desk
from registry.campaigns.model import CampaignKind, NewCampaign
from registry.consistency.orphans import ORPHANS
from registry.demo.content import demo_metadata
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
from tests.simulators.code_lists import code_list
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, participant
from tests.simulators.rest_callers import RestCaller, RestOffice, segment

MIGRATION_KEY = "Ab12!!cd34-Xy"
PASSWORD = "long enough for a test"
OTHER = {"name": "other", "default": False, "dns": {"zone": "other.example"}}
INSIDE, OUTSIDE = "0088:inside", "0088:outside"


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
        codes = code_list("1", {"scheme": "s", "value": "v", "state": "active"})
        apply_code_list(instance, ACTOR, "demo", plan_code_list(instance, "demo", codes))
        office.context.directory.refresh()
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
        self.session = self._session()
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
            "kind": "process",
            "name": "0088.sml",
            "type": "CNAME",
        }
        self.people = [Person(office.caller())]
        self.people += [
            Person(office.caller(role, scope), role, place) for place, scope in self.scopes.items() for role in Role
        ]
        for person in self.people:
            office.ask("GET", "/me", person.caller)  # the first use is noted
        # Whoever looks first has the document signed.
        office.ask("GET", f"/domains/demo/participants/{segment(str(people[0]))}/resolution", admin)

    def _session(self) -> str:
        """The cookie of an administrator of the system."""
        database = self.office.database
        visitor = create_account(database, ACTOR, Kind.PERSON, "visitor")
        give_grant(database, ACTOR, visitor.id, Role.ADMIN, SYSTEM)
        set_password(database, ACTOR, visitor.id, PASSWORD, must_change=False)
        return f"registry_session={self.office.context.sessions.login('visitor', PASSWORD).secret}"

    def _newcomer(self) -> str:
        """The session of an administrator who must change the password."""
        database = self.office.database
        new = create_account(database, ACTOR, Kind.PERSON, "newcomer")
        give_grant(database, ACTOR, new.id, Role.ADMIN, SYSTEM)
        set_password(database, ACTOR, new.id, PASSWORD, must_change=True)
        begun = self.office.context.sessions.login("newcomer", PASSWORD)
        assert begun.must_change
        return f"registry_session={begun.secret}"

    def request(self, entry: Entry, by: RestCaller | str | None, *, domain: str = "demo", **sent: str) -> Reply:
        """A request that changes nothing, also where it is let in; `sent` are further headers."""
        path = entry.path.replace("/bulk/{job}", f"/bulk/{self.bulk}")
        for name, value in (self.path | {"domain": domain}).items():
            path = path.replace(f"{{{name}}}", segment(value))
        assert "{" not in path, f"no value for a parameter of {path}"
        query = {
            "/domains/{domain}/zone/changes": "?since=1",
            "/domains/{domain}/zone/names": "?publisher=any",
            "/permissions/explain": "?account=victim&action=job:read",
        }
        headers = sent
        if entry.writes and not (entry.alone and model_of(entry)):
            headers = sent | {"if_match": '"never"'}
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
            case _ if entry.writes and (entry.body or model_of(entry)):
                return {"nobody knows this": 1}
        return None


def model_of(entry: Entry) -> type[Model] | None:
    """The body of a route, where it is a model."""
    hints = {name: hint for name, hint in get_type_hints(entry.handler).items() if name != "return"}
    return next((hint for hint in hints.values() if isinstance(hint, type) and issubclass(hint, Model)), None)
