# SPDX-License-Identifier: Apache-2.0
"""A running instance: what is registered becomes visible in DNS, and what its name server answers is compared."""

from sqlalchemy import update

from registry.app.domain_setup import change_domain
from registry.consistency.checking import Area, check
from registry.consistency.findings import Kind
from registry.dns.observation import observe
from registry.identifiers.dns_names import participant_owner
from registry.sml.visibility import VisibilityReader
from registry.storage.domain_directory import StoredDomain
from registry.storage.tables import zone_rrset
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance
from tests.simulators.offline import participant

DEAD = "127.0.0.1:1"


def observing(live: LiveInstance, *servers: str) -> StoredDomain:
    return change_domain(live.instance, ACTOR, "demo", {"dns": {"observed_servers": list(servers)}})


def test_registration_becomes_visible_at_the_name_server(live: LiveInstance) -> None:
    stored = observing(live, live.addresses.dns)
    reader = VisibilityReader(live.instance.database)
    with live.sml_client() as client:
        client.create_participants(SMP_ID, [participant()])
    live.wait_for_dns()
    observe(live.instance.database, [stored])
    found = reader.participant(stored, participant())
    (server,) = found.servers
    assert (found.holds, found.visible, server.failure) == (True, True, None)
    assert found.since == server.since is not None
    (view,) = reader.servers(stored)
    assert view.serial == found.serial


def test_server_that_does_not_answer_is_told(live: LiveInstance) -> None:
    stored = observing(live, DEAD)
    observe(live.instance.database, [stored])
    (view,) = VisibilityReader(live.instance.database).servers(stored)
    assert view.serial is None
    assert view.failure is not None
    with check(live.instance.database, stored, areas=[Area.SERVERS]) as findings:
        assert [(item.kind, item.key) for item in findings] == [(Kind.SERVER_DIFFERS, (DEAD,))]


def test_answers_are_compared_with_what_the_zone_holds(live: LiveInstance) -> None:
    stored, database = observing(live, live.addresses.dns), live.instance.database
    values = [f"0088:{number}" for number in range(5)]
    with live.sml_client() as client:
        client.create_participants(SMP_ID, [participant(value) for value in values])
    live.wait_for_dns()
    with check(database, stored, areas=[Area.SERVERS], samples=50) as findings:
        assert findings.summary.consistent
        assert findings.summary.compared == {Kind.SERVER_DIFFERS: 5}
    # Behind the back of the journal, so that nobody hears of it.
    wrong = '60 100 10 "U" "Meta:SMP" "!.*!https://elsewhere.example!" .'
    owner = participant_owner(participant(values[0]))
    with database.write(ACTOR) as work:
        work.connection.execute(update(zone_rrset).where(zone_rrset.c.owner == owner).values(content=wrong))
    with check(database, stored, areas=[Area.SERVERS], samples=50) as findings:
        (finding,) = findings
    assert (finding.kind, finding.key) == (Kind.SERVER_DIFFERS, (live.addresses.dns, owner))
    assert "elsewhere" in (finding.wanted or "")
    assert "elsewhere" not in (finding.found or "")
