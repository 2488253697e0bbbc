# SPDX-License-Identifier: Apache-2.0
"""Old SMPs of each dialect, on each server that they run on, beside ours: nothing differs after a load.

What doesn't depend on the dialect is in `test_shadow_phoss`.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, Engine, create_engine, text

from registry.app import move_in
from registry.app.domain_setup import change_domain
from registry.app.move_in_receivers import Choices
from registry.app.move_in_sources import SourceChoice
from registry.demo.pki import DemoPki
from registry.move_in.model import SourceKind
from registry.move_in.report import Limits
from registry.move_in.shadow.run import Wanted, compare_smps
from registry.move_in.shadow.sides import Place
from registry.move_in.shadow.watch import ShadowReport
from registry.smp.documents.catalogue import DIALECTS
from registry.storage.queries import move_ins
from tests.simulators import domismp_database, phoss_database
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.old_domismp import old_domismp
from tests.simulators.old_phoss import old_phoss

PARTICIPANTS = 12
_EXTENSION2 = (
    '<e:SMPExtension><e:ExtensionContent><x:hint xmlns:x="urn:example"> kept &amp; whole </x:hint>'
    "</e:ExtensionContent></e:SMPExtension>"
)


def _fill_phoss(connection: Connection, certificate: str) -> None:
    phoss_database.create(connection)
    phoss_database.fill(connection, participants=PARTICIPANTS, certificates=[certificate])
    for number in (3, 4):
        said = {"extension": phoss_database.EXTENSION, "value": f"9915:{number:08d}"}
        query = "UPDATE smp_service_group SET extension = :extension WHERE businessIdentifier = :value"
        connection.execute(text(query), said)


def _fill_domismp(connection: Connection, certificate: str) -> None:
    """Participants of SMP 2.0, with two services each."""
    domismp_database.create(connection)
    for number in range(1, PARTICIPANTS + 1):
        value = f"9915:{number:08d}"
        resource = domismp_database.put_resource(connection, value, domismp_database.GROUP2, definition=2)
        extension = _EXTENSION2 if number == 3 else ""
        content = domismp_database.metadata2(f"https://ap{number % 4}.example/as4", certificate, extension)
        for document_type in (phoss_database.INVOICE, phoss_database.CREDIT_NOTE):
            domismp_database.put_subresource(connection, resource, content, document_type)


@dataclass(frozen=True)
class _Kind:
    """An old SMP: the fixture of its database's server, its dialect, and how a URL in it changes."""

    server: str
    dialect: str
    source: SourceKind
    fill: Callable[[Connection, str], None]
    serve: Callable[..., AbstractContextManager[str]]
    change: str


_PHOSS = (SourceKind.PHOSS_SQL, _fill_phoss, old_phoss)
_CHANGE_PHOSS = (
    "UPDATE smp_endpoint SET endpointReference = 'https://new.example' WHERE businessIdentifier = '9915:00000003' "
    "AND documentIdentifier LIKE '%Invoice%'"
)
_CHANGE_DOMISMP = (
    "UPDATE SMP_DOCUMENT_VERSION SET DOCUMENT_CONTENT = "
    "replace(DOCUMENT_CONTENT, 'https://ap3.example/as4', 'https://new.example') "
    "WHERE FK_DOCUMENT_ID = (SELECT min(FK_DOCUMENT_ID) FROM SMP_SUBRESOURCE WHERE FK_RESOURCE_ID = 3)"
)
_KINDS = {
    "phoss-bdxr1": _Kind("mariadb", "bdxr1", *_PHOSS, _CHANGE_PHOSS),
    "phoss-on-postgresql": _Kind("cluster", "busdox", *_PHOSS, _CHANGE_PHOSS),
    "domismp-bdxr2": _Kind("mariadb", "bdxr2", SourceKind.DOMISMP_SQL, _fill_domismp, old_domismp, _CHANGE_DOMISMP),
}


@dataclass
class _Both:
    """An old SMP with its database, and ours beside it."""

    kind: _Kind
    live: LiveInstance
    engine: Engine
    url: str
    old: Place

    def load(self) -> int:
        """How many records that were, none of them refused."""
        source = SourceChoice(self.kind.source, self.url)
        moving = move_in.Moving(source, self.live.stored, Choices(keep_untrusted=True))
        live, limits = self.live, Limits(100, 100)
        report = move_in.load(live.instance, live.settings, ACTOR, moving, limits, lambda _what, _number: None)
        assert report.tally.refused == []
        return report.tally.total

    def compare(self) -> ShadowReport:
        database, stored = self.live.instance.database, self.live.stored
        with database.read() as connection:
            move = move_ins.active_in(connection, stored.id)
        assert move is not None
        dialect, ours = DIALECTS[self.kind.dialect], Place(self.live.addresses.public)
        wanted = Wanted(sample=None, threads=2)
        return compare_smps(database, stored, move.id, dialect, self.old, ours, wanted)


@pytest.fixture(params=list(_KINDS.values()), ids=list(_KINDS))
def both(request: pytest.FixtureRequest, pki: DemoPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Both]:
    kind: _Kind = request.param
    server = request.getfixturevalue(kind.server)
    der = pki.access_points[0].certificate.public_bytes(Encoding.DER)
    with ExitStack() as stack:
        url = server.new_database()
        stack.callback(server.drop, url)
        engine = create_engine(url)
        stack.callback(engine.dispose)
        with engine.connect() as connection:
            kind.fill(connection, base64.b64encode(der).decode())
            connection.commit()
        live = stack.enter_context(live_instance(tmp_path_factory.mktemp("shadow"), pki))
        base_url = stack.enter_context(kind.serve(url, pki.smp, dialect=kind.dialect))
        change_domain(live.instance, ACTOR, "demo", {"smp": {"dialects": [kind.dialect]}})
        live.run(live.serving.refresh())
        live.stored = live.instance.directory.get("demo")
        yield _Both(kind, live, engine, url, Place(base_url))


def test_nothing_differs_after_a_load_and_what_changes_is_found_and_loaded(both: _Both) -> None:
    assert both.load() == PARTICIPANTS + 2  # users
    report = both.compare()
    assert report.to_json()["examples"] == []
    assert report.agrees
    assert report.asked == PARTICIPANTS * 3

    with both.engine.begin() as connection:
        assert connection.execute(text(both.kind.change)).rowcount == 1
    assert dict(both.compare().differences) == {"url": 1}
    assert both.load() == 1
    assert both.compare().agrees
