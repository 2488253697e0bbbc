# SPDX-License-Identifier: Apache-2.0
"""Plans made and applied in an instance whose domain asks little."""

import base64
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from registry.app.plans import apply_handler, planner_of
from registry.jobs.worker import Worker
from registry.plans.applying import KIND, find_plan, request_apply
from registry.plans.model import PlanKind, PlanOptions
from registry.plans.sources import content_source
from registry.smp.exchange import Exporter
from registry.storage.queries import plans
from registry.storage.queries.plans import PlannedRow, PlanRow
from tests.simulators.offline import ACTOR, OfflineInstance

OPEN: dict[str, Any] = {
    "endpoint_certificates": "warn",
    "identifiers": {"strict": False},
    "transport_profiles": [],
    "sml": {"enabled": False},
}
HEAD = "participant,document_type,process,transport_profile,address,certificate"


class PlanWorld:
    """Plans of an instance."""

    def __init__(self, offline: OfflineInstance) -> None:
        self.offline = offline
        self.instance = offline.instance
        self.database = offline.instance.database
        self.stored = offline.stored
        certificate = offline.pki.access_points[0].certificate
        self.certificate = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()

    def row(self, number: int, address: str = "https://ap.example.org/as4") -> str:
        """A line of a table with the columns of `HEAD`."""
        who = f"iso6523-actorid-upis::0088:{7300010000000 + number}"
        return f"{who},busdox-docid-qns::urn:a::b##c::2.1,cenbii-procid-ubl::urn:p,t,{address},{self.certificate}"

    def table(self, *numbers: int, address: str = "https://ap.example.org/as4") -> bytes:
        """A table of these participants."""
        return "\n".join((HEAD, *(self.row(number, address) for number in numbers), "")).encode()

    def plan(self, content: bytes, kind: PlanKind = PlanKind.CSV, *, removes: bool = False, batch: int = 3) -> PlanRow:
        """A plan of a file with that content."""
        planner = planner_of(self.instance, self.stored, batch=batch)
        source = content_source(self.stored.domain, kind, "file", content)
        return self.found(planner.plan(ACTOR, source, PlanOptions(removes)))

    def found(self, plan_id: int) -> PlanRow:
        """A plan as it is stored."""
        return find_plan(self.database, plan_id)

    def rows(self, plan: PlanRow) -> list[PlannedRow]:
        """All rows of a plan."""
        with self.database.read() as connection:
            return plans.rows_page(connection, plan.id, None, 0, 10_000)

    def reasons(self, plan: PlanRow) -> list[str]:
        """The ids of all reasons."""
        return [said[0] for row in self.rows(plan) for said in row.reasons]

    def work(self, batch: int = 3) -> None:
        """Do the jobs that are due."""
        worker = Worker(self.database, {KIND: apply_handler(self.instance, batch=batch)}, "test")
        while worker.run_one():
            pass

    def apply(self, plan: PlanRow, max_percent: float = 100, batch: int = 3) -> PlanRow:
        """A plan once it is applied."""
        request_apply(self.database, ACTOR, plan.id, max_percent)
        self.work(batch)
        return self.found(plan.id)

    def counts(self, plan: PlanRow) -> dict[str, int]:
        """The counts that aren't 0, without those of what was there."""
        return {name: count for name, count in plan.counts.items() if count and name not in ("held", "done")}

    def exported(self, kind: PlanKind) -> bytes:
        """The export of the domain; nothing may be left out of it."""
        path = self.offline.folder / "export"
        exporter = Exporter(self.database, self.instance.signer, self.stored)
        run = exporter.run_table if kind is PlanKind.CSV else exporter.run_json_lines
        assert [item.reasons for item in run(path) if item.reasons] == []
        return Path(path).read_bytes()
