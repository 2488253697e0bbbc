# SPDX-License-Identifier: Apache-2.0
"""An old phoss SMP and ours are asked the same: nothing differs after a load, and what does is found."""

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine, create_engine, text

from registry.app import move_in
from registry.app.move_in_receivers import Choices
from registry.app.move_in_sources import SourceChoice
from registry.demo.pki import DemoPki
from registry.move_in.model import SourceKind
from registry.move_in.report import Limits
from registry.move_in.shadow.run import Wanted, compare_smps, keep_report
from registry.move_in.shadow.sides import Place
from registry.move_in.shadow.watch import ShadowReport
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.storage.queries import move_ins
from tests.simulators import phoss_database
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.mariadb import MariaDb
from tests.simulators.old_phoss import old_phoss

PARTICIPANTS = 12
_SCHEME = phoss_database.SCHEME


@dataclass
class _Both:
    """An old SMP with its database, and ours, which has loaded it."""

    live: LiveInstance
    engine: Engine
    url: str
    old: Place

    def load(self) -> None:
        moving = move_in.Moving(
            SourceChoice(SourceKind.PHOSS_SQL, self.url), self.live.stored, Choices(keep_untrusted=True)
        )
        move_in.load(
            self.live.instance, self.live.settings, ACTOR, moving, Limits(100, 100), lambda _what, _number: None
        )

    def change(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement))

    def compare(self, **wanted: object) -> ShadowReport:
        live = self.live
        with live.instance.database.read() as connection:
            move = move_ins.active_in(connection, live.stored.id)
        assert move is not None
        ours = Place(live.addresses.public)
        report = compare_smps(
            live.instance.database,
            live.stored,
            move.id,
            BUSDOX,
            self.old,
            ours,
            Wanted(sample=None, threads=2, **wanted),  # type: ignore[arg-type]
        )
        keep_report(live.instance.database, ACTOR, move.id, live.stored, report)
        return report


@pytest.fixture
def both(mariadb: MariaDb, pki: DemoPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Both]:
    """A phoss SMP with a dozen participants, two document types each."""
    url = mariadb.new_database("latin1")
    engine = create_engine(url)
    der = pki.access_points[0].certificate.public_bytes(Encoding.DER)
    with engine.connect() as connection:
        phoss_database.create(connection)
        phoss_database.fill(connection, participants=PARTICIPANTS, certificates=[base64.b64encode(der).decode()])
        phoss_database.put_redirect(connection, "9915:00000005", phoss_database.INVOICE.replace("Invoice", "Order"))
        connection.commit()
    folder: Path = tmp_path_factory.mktemp("shadow")
    with ExitStack() as stack:
        live = stack.enter_context(live_instance(folder, pki))
        base_url = stack.enter_context(old_phoss(url, pki.smp))
        made = _Both(live, engine, url, Place(base_url))
        made.load()
        yield made
    engine.dispose()


def test_nothing_differs_after_a_load(both: _Both) -> None:
    report = both.compare()

    assert report.to_json()["examples"] == []
    assert report.agrees
    assert report.asked == PARTICIPANTS * 3 + 1
    assert [each.question.partition(" ")[0] for each in report.harmless_examples] == [f"{_SCHEME}::9915:00000005"]
    assert dict(report.harmless) == {"completed-redirect": 1}


_WHERE = "businessIdentifier = '9915:00000003' AND documentIdentifier LIKE '%Invoice%'"
_CHANGES = {
    "url": (f"UPDATE smp_endpoint SET endpointReference = 'https://new.example' WHERE {_WHERE}", "url"),  # noqa: S608
    "certificate": (
        f"UPDATE smp_endpoint SET certificate = '{phoss_database.certificate('other')}' WHERE {_WHERE}",  # noqa: S608
        "certificate",
    ),
    "dates": (f"UPDATE smp_endpoint SET serviceExpirationDate = '2031-01-01' WHERE {_WHERE}", "dates"),  # noqa: S608
    "description": (f"UPDATE smp_endpoint SET serviceDescription = 'x' WHERE {_WHERE}", "details"),  # noqa: S608
    "process": (f"UPDATE smp_process SET extension = '<a/>' WHERE {_WHERE}", "extension"),  # noqa: S608
    "extra document type": (f"DELETE FROM smp_service_metadata WHERE {_WHERE}", "extra-document-type"),  # noqa: S608
    "extra participant": (
        "DELETE FROM smp_service_group WHERE businessIdentifier = '9915:00000003'",
        "extra-participant",
    ),
    "redirect": ("UPDATE smp_service_metadata_red SET redirectionUrl = 'https://new.example/x'", "redirect"),
    "redirect's certificate": ("UPDATE smp_service_metadata_red SET certificateUID = 'CN=x'", "redirect"),
}


@pytest.mark.parametrize(("statement", "kind"), _CHANGES.values(), ids=_CHANGES)
def test_a_change_at_the_old_smp_is_found_and_gone_after_the_next_load(both: _Both, statement: str, kind: str) -> None:
    both.change(statement)

    report = both.compare()
    assert list(report.differences) == [kind]
    assert not report.agrees

    both.load()
    assert both.compare().agrees
