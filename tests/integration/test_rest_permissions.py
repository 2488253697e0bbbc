# SPDX-License-Identifier: Apache-2.0
"""Every route of `/api/v1` with every role at every level: who is let in is what the table of permissions says.

`RULES` says of each route what it is about, written down here once more and by hand: a route that isn't in it fails,
and so does one whose rule is another one. What follows for a caller is worked out from `Action` alone, not by the code
that decides. Requests are made so that whoever is let in changes nothing either: a condition that can't be met, or a
body that is refused.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from registry.accounts.accounts import disable_account
from registry.accounts.permissions import ACTIONS, Level, Role
from registry.api.v1.call import Call
from registry.api.v1.resources import RESOURCES
from registry.api.v1.routing import Resource
from registry.demo.pki import DemoPki
from tests.simulators.asgi import Reply
from tests.simulators.offline import ACTOR, offline_instance
from tests.simulators.permission_world import Person, World, model_of
from tests.simulators.rest_callers import RestCaller, RestOffice, segment

pytestmark = pytest.mark.slow


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
    f"GET {_DOMAIN}/settings": needs("domain:read", "domain"),
    "GET /profiles": KNOWN,
    f"GET {_DOMAIN}/code-lists": needs("domain:read", "domain"),
    f"GET {_DOMAIN}/code-lists/{{kind}}": needs("domain:read", "domain"),
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
    f"GET {_PUBLISHER}/removal": needs("publisher:read", "domain"),
    f"GET {_PUBLISHER}/certificates": needs("publisher:read", "domain"),
    f"POST {_PUBLISHER}/certificates": needs("publisher:write", "domain"),
    f"GET {_PUBLISHER}/certificates/{{sha256}}": needs("publisher:read", "domain"),
    f"PUT {_PUBLISHER}/certificates/{{sha256}}": needs("publisher:write", "domain"),
    f"DELETE {_PUBLISHER}/certificates/{{sha256}}": needs("publisher:write", "domain"),
    f"GET {_DOMAIN}/registrations": needs("registration:list", "domain"),
    f"POST {_DOMAIN}/registrations": needs("registration:write", "domain"),
    f"POST {_DOMAIN}/registrations/plan": needs("registration:write", "domain"),
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
    "GET /certificate-calendar": everybodys("certificate:read"),
    f"GET {_DOMAIN}/ending-certificates": needs("certificate:read", "domain"),
    "GET /certificates/{sha256}": needs("certificate:read", "domain", hidden=True),
    "GET /certificates/{sha256}/pem": needs("certificate:read", "domain", hidden=True),
    "GET /certificates/{sha256}/uses": needs("certificate:read", "domain", hidden=True),
    f"GET {_DOMAIN}/trust": needs("domain:read", "domain"),
    f"GET {_DOMAIN}/trust/configuration": needs("domain:read", "domain"),
    f"GET {_DOMAIN}/trust/impact": needs("domain:read", "domain"),
    f"POST {_DOMAIN}/trust/decisions": needs("domain:read", "domain"),
    f"GET {_DOMAIN}/trust/sources": needs("domain:read", "domain"),
    f"POST {_DOMAIN}/trust/comparisons": needs("domain:read", "domain"),
    f"POST {_DOMAIN}/trust/impact": needs("domain:change", "domain"),
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


@pytest.mark.parametrize("route", sorted(route for route in RULES if _ENTRIES.get(route) and model_of(_ENTRIES[route])))
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


@pytest.mark.parametrize(
    "route", sorted(route for route in RULES if RULES[route] is not OPEN and not route.startswith("GET "))
)
def test_page_of_somebody_else_changes_nothing_for_its_visitor(route: str, world: World) -> None:
    """With the cookie of an administrator, that a browser sends by itself (cross-site request forgery)."""
    world.office.ask("GET", "/me", world.session)  # when it was used is noted now and then
    entry, before = _ENTRIES[route], world.office.everything()
    foreign = (
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site", "origin": "http://test"},
    )
    for told in (*foreign, {}):
        reply = world.request(entry, None, cookie=world.session, **told)
        assert (reply.status, "not made by a page" in reply.json()["detail"]) == (403, True), told
    assert world.office.everything() == before


@pytest.mark.parametrize(
    "route", sorted(route for route in RULES if route.partition(" ")[2].startswith(f"{_DOMAIN}/") and "}/" in route)
)
def test_thing_of_one_domain_is_not_found_through_another(route: str, world: World) -> None:
    """By who may do everything in both; lists of the other domain are empty, or hold what is its own."""
    entry, before = _ENTRIES[route], world.office.everything()
    if "{" not in entry.path.removeprefix(_DOMAIN):
        return
    reply = world.request(entry, world.people[3].caller, domain="other")
    if route.endswith("/resolution"):
        assert reply.json()["outcome"] == "not-registered"
    else:
        assert reply.status in ({400, 404, 409, 412, 415, 422} if entry.writes else {400, 404}), reply.body
    assert world.office.everything() == before


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
