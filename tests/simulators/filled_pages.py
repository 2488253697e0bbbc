# SPDX-License-Identifier: Apache-2.0
"""A running instance on which every page has something to show, and what stands for each parameter of their paths."""

import re
from datetime import timedelta
from typing import Any

from registry.accounts.permissions import Role, Scope
from registry.alerts import book
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.app.code_lists import import_code_lists
from registry.app.domain_setup import change_domain
from registry.clock import system_clock
from registry.consistency.orphans import ORPHANS
from registry.demo.content import BILLING, CREDIT_NOTE, INVOICE, PARTICIPANTS, TRANSPORT_PROFILE, demo_metadata
from registry.jobs import queue
from registry.sml.model import Publisher
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName
from registry.storage.queries import directory_entries, jobs
from tests.simulators.certificate_chains import Authority
from tests.simulators.code_lists import code_list, participant_list, written
from tests.simulators.filled_checks import fill_checks
from tests.simulators.impact_world import ImpactWorld, trusting
from tests.simulators.live import ACTOR, LiveInstance
from tests.simulators.offline import MovableClock, OfflineInstance, participant
from tests.simulators.rest_callers import segment
from tests.simulators.ui_office import Browser, UiOffice
from trust_lists.certificates.parsing import fingerprint

ADMIN = "Anna Administrator"
WHO = str(PARTICIPANTS[0][0])
EMPTY = "iso6523-actorid-upis::9915:without-services"
_DEMO = {"domain": "demo"}
_PARAMETER = re.compile(r"([^/]+)/\{(\w+)\}")
_TABLE = f"""participant,property.note
{WHO},reviewed in autumn
iso6523-actorid-upis::0088:7300010000009,new
iso6523-actorid-upis::0088:7300010000010,new
no scheme,
"""


class FilledPages:
    """What was put on an instance.

    `values` are what the parameters of paths stand for, as text that is not encoded: by their names, or where that
    says too little by what is before them as well. `cookies` are those of an administrator's browser.
    """

    def __init__(self, live: LiveInstance) -> None:
        self.live = live
        clock = MovableClock(system_clock().replace(microsecond=0))
        self.offline = OfflineInstance(live.instance, live.stored, clock, live.pki, live.settings.data_dir)
        self.office = UiOffice(self.offline)
        self.account = self.office.person(ADMIN, Role.ADMIN)
        here = Scope(live.stored.id)
        for name, role in (("edda.editor@example.org", Role.EDITOR), ("victor", Role.VIEWER)):
            self.office.person(name, role, here)
        self.program = self.office.caller(Role.ADMIN, lasts=timedelta(days=30))
        self.values = {"domain": "demo", "participant": WHO, "account": str(self.account), "smp_id": "SMP-A"}
        self.values |= {"operations/name": "put_participant", "schemas/name": "ParticipantModel"}
        self._publish()
        self._share()
        self._migrate()
        anna = self.office.browser(ADMIN)
        self._plan(anna)
        self._jobs()
        self._problems()
        self._tell()
        self._intervene()
        self._keep_out()
        self._compare()
        self._plan_changes()
        self._list()
        self.values |= fill_checks(live, self.ask)
        self.cookies = {name: value for name, value in anna.cookies.items() if name == "registry_session"}
        (session, *_) = self.ask("GET", "/me/sessions", _cookies(anna))["items"]
        self.values["session"] = str(session["id"])

    def ask(self, method: str, path: str, by: Any = None, body: Any = None) -> Any:
        """Call REST, by default as a program, and give what it answers."""
        reply = self.office.ask(method, path, by or self.program, body)
        assert reply.status < 300, reply.body
        return reply.json() if reply.body else None

    def path(self, route: str) -> str:
        """The path of a page below /ui, from its route."""

        def stands_for(found: re.Match[str]) -> str:
            value = self.values.get(f"{found[1]}/{found[2]}") or self.values.get(found[2])
            assert value is not None, f"tests/simulators/filled_pages.py must say what {found[2]} stands for in {route}"
            return f"{found[1]}/{segment(value)}"

        return f"/ui{_PARAMETER.sub(stands_for, route)}"

    def _publish(self) -> None:
        for metadata in demo_metadata(self.live.pki.access_points):
            self.live.instance.publishing.put_service_metadata(ACTOR, self.live.stored, metadata, create_group=True)
        self.ask("PUT", f"/domains/demo/participants/{segment(EMPTY)}", body={})
        self.values["document_type"] = str(INVOICE)
        card = BusinessCard(PARTICIPANTS[0][0], (BusinessEntity((EntityName("Demonstration Ltd", "en"),), "BE"),))
        self.live.instance.business_cards.publish(ACTOR, self.live.stored, card)

    def _share(self) -> None:
        """A group with somebody in it, roles for it and for a participant, and a list of codes."""
        self.ask("PUT", "/domains/demo/groups/clinics", body={"description": "In town,\nand outside of it."})
        self.ask("PUT", f"/domains/demo/participants/{segment(EMPTY)}", body={"group": "clinics"})
        for place in ({"group": "clinics"}, {"participant": WHO}):
            made = self.ask("POST", "/grants", body={"account": "victor", "role": "editor", "place": place | _DEMO})
        self.values |= {"group": "clinics", "grant": str(made["id"]), "code-lists/kind": "participant"}
        rows: list[dict[str, object]] = [
            {"scheme": each.scheme, "value": each.value, "name": name, "state": state, "abstract": False}
            for each, name, state in (
                (INVOICE, "Peppol BIS Billing UBL Invoice V3", "active"),
                (CREDIT_NOTE, "Peppol BIS Billing UBL CreditNote V3", "deprecated"),
            )
        ]
        profile: dict[str, object] = {"profile-id": TRANSPORT_PROFILE, "protocol": "AS4", "state": "deprecated"}
        process: dict[str, object] = {"scheme": "cenbii-procid-ubl", "value": BILLING, "state": "active"}
        files = written(
            self.live.settings.data_dir,
            participant_list("9.8", i0088="active", i9915="deprecated"),
            *(code_list("9.8", *each) for each in (rows, [profile], [process])),
        )
        import_code_lists(self.live.instance, ACTOR, "demo", files)

    def _migrate(self) -> None:
        """A campaign, which is counted while the rest is made."""
        target = {"old": str(CREDIT_NOTE), "new": str(INVOICE)}
        deadline = (self.offline.clock.now + timedelta(days=90)).isoformat()
        wanted = {"name": "credit-notes", "kind": "document-type", "target": target, "deadline": deadline}
        self.ask("POST", "/domains/demo/campaigns", body=wanted)
        self.values["campaign"] = "credit-notes"

    def _plan(self, anna: Browser) -> None:
        reply = anna.upload("/ui/domains/demo/new-plan", "participants.csv", _TABLE.encode(), removes="1")
        assert reply.status == 303, reply.body
        self.values["plan"] = reply.headers["location"].rpartition("/")[2]

    def _jobs(self) -> None:
        """One that nobody knows how to do, so that it waits as long as it is looked at; and one that was cancelled."""
        with self.live.instance.database.write(ACTOR) as work:
            made = [queue.enqueue(work, "of-nobody", {}, total=1200, domain_id=self.live.stored.id) for _ in range(2)]
            queue.cancel(work, made[0])
        self.values["job"] = str(made[1])

    def _problems(self) -> None:
        remedy = {"what": "There is little room for the database.", "remedy": "Make some, or move it."}
        found = [
            Problem(ProblemKind.PARTICIPANT_EMPTY, Severity.HINT, EMPTY, self.live.stored.id),
            Problem(ProblemKind.DISK, Severity.WARNING, parameters=remedy),
        ]
        with self.live.instance.database.write(ACTOR) as work:
            book.keep(work, Look(found))
        self.values["problem"] = found[1].key

    def _tell(self) -> None:
        for name, kind, target in (
            ("on-call", "mail", "oncall@example.org"),
            ("chat", "webhook", "https://chat.example/hook"),
        ):
            self.ask("POST", "/alert-channels", body={"name": name, "kind": kind, "target": target})
        self.values["channel"] = "on-call"

    def _intervene(self) -> None:
        own, ca = self.live.pki.smp.certificate, self.live.pki.smp_ca
        for smp_id in ("SMP-A", "SMP-B"):
            shown = ca.issue(
                smp_id.replace("-", "_"),
                "PEPPOL TEST SMP",
                not_before=own.not_valid_before_utc,
                not_after=own.not_valid_after_utc,
            )
            registered = Publisher(smp_id, f"https://{smp_id.lower()}.example/smp", "192.0.2.1")
            caller = self.offline.caller(shown.certificate)
            self.live.instance.sml.create_publisher(caller, registered)
            who = [participant(f"0088:{smp_id.lower()}-{number}") for number in range(3)]
            self.live.instance.sml.create_participants(caller, smp_id, who)
            if smp_id == "SMP-A":
                self.values |= {"certificate": fingerprint(shown.certificate), "migrations/participant": str(who[0])}
                for each in who[:2]:
                    self.live.instance.sml.prepare_migration(caller, smp_id, each, "Ab12!!cd34-Xy")
        change_domain(self.live.instance, ACTOR, "demo", {"sml": {"four_eyes": ["transfer"]}, "public_page": True})
        self.live.run(self.live.serving.refresh())
        wanted = {"kind": "transfer", "smp_id": "SMP-A", "to_smp_id": "SMP-B", "order_reference": "court 12/2026"}
        made = self.ask("POST", "/domains/demo/interventions", body=wanted)
        self.values["number"] = str(made["number"])

    def _keep_out(self) -> None:
        """A participant in quarantine, a certificate that is blocked, a migration that has ended, all by operators."""
        change_domain(self.live.instance, ACTOR, "demo", {"sml": {"quarantine_days": 30, "undo_hours": 24}})
        self.live.run(self.live.serving.refresh())
        self.ask("DELETE", f"/domains/demo/registrations/{segment(str(participant('0088:smp-b-2')))}")
        self.ask("DELETE", f"/domains/demo/migrations/{segment(str(participant('0088:smp-a-1')))}")
        stolen = {
            "issuer": "CN=PEPPOL SERVICE METADATA PUBLISHER TEST CA - G3,O=OpenPEPPOL AISBL,C=BE",
            "serial": "1f00",
        }
        wanted = {"kind": "block-certificate", "certificates": [stolen], "reason": "Its key was stolen."}
        self.values["applied"] = str(self.ask("POST", "/domains/demo/interventions", body=wanted)["number"])

    def _compare(self) -> None:
        old, new = Authority("old root"), Authority("new root")
        world = ImpactWorld(self.offline)
        world.access_point("access-point-of-a-hospital", old.issue("as4.hospital.example"), participants=2)
        world.access_point("access-point-of-a-town", new.issue("as4.town.example"), participants=1)
        world.compare(trusting(old, new), trusting(new)).run(ACTOR)

    def _plan_changes(self) -> None:
        points = self.ask("GET", "/domains/demo/access-points")["items"]
        point = next(each for each in points if "ap1.demo" in each["address"])
        at = (self.offline.clock.now + timedelta(days=7)).isoformat()
        body = {"address": "https://ap3.demo.example/as4", "at": at}
        self.ask("PATCH", f"/domains/demo/access-points/{segment(point['name'])}", body=body)
        self.values["access_point"] = point["name"]
        (held, *_) = self.ask("GET", "/certificates")["items"]
        self.values["sha256"] = held["sha256"]

    def _list(self) -> None:
        """What a directory was told and has refused, and a report of orphans, as jobs leave them."""
        domain_id = self.live.stored.id
        who = [(each.scheme, each.value) for each, *_ in PARTICIPANTS]
        findings = [
            {"kind": kind, "subject": str(PARTICIPANTS[0][0]), "wanted": None, "found": None}
            for kind in ("directory-missing", "name-missing", "directory-surplus")
        ]
        counts = dict.fromkeys((str(each["kind"]) for each in findings), 1)
        report = {"counts": counts, "compared": dict.fromkeys(counts, 1204), "in_progress": 0, "corrected": None}
        with self.live.instance.database.write(ACTOR) as work:
            directory_entries.correct(work, domain_id, [(scheme, value, value) for scheme, value in who])
            for number, row in enumerate(directory_entries.page(work.connection, domain_id, None, 0, 10)):
                if number:
                    directory_entries.note_failure(work, row, "the directory answers PUT with status 400", 400, None)
                else:
                    directory_entries.note_told(work, row, "digest")
            job = queue.enqueue(work, ORPHANS, {}, domain_id=domain_id)
            jobs.claim(work, "filled", [ORPHANS], timedelta(minutes=1))
            jobs.finish(work, job, "filled", jobs.JobState.DONE, result=report | {"findings": findings})


def _cookies(browser: Browser) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
