# SPDX-License-Identifier: Apache-2.0
"""pyHanko, which we did not write, calls the same real certificates qualified, but for two rules that it doesn't have.

It knows neither the rule about the provider's name (TS 119 615 4.4.4-06) nor the second run at notBefore (-34).
"""

import csv
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.reading import read_unverified
from trust_lists.evaluation.authenticated import AuthenticatedList, AuthenticatedLists
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.evaluation.ts119615 import ListEvidence, qualified_device
from trust_lists.evaluation.ts119615.services import issuer_territory

SCRIPT = Path(__file__).with_name("pyhanko_qualified.py")
GENERATIONS = {
    "gen-2019-09": datetime(2019, 9, 20, tzinfo=UTC),
    "gen-2023-10": datetime(2023, 10, 20, tzinfo=UTC),
    "gen-2026": datetime(2026, 6, 1, tzinfo=UTC),
}
TYPES = {"qct_esign": "eSig", "qct_eseal": "eSeal", "qct_web": "web"}
OWN_RULES = ("ERROR_TSP_NAME_INCONSISTENCY_BETWEEN_CERT_AND_TL", "OWN_ERROR_RESULTS_DIFFER_")
Question = tuple[Path, Path, datetime]


def questions(folder: Path) -> list[Question]:
    """List, certificate and instant, wherever the list of the issuer's country is there and the certificate valid."""
    found = []
    with (folder / "ee-certs" / "index.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            path = folder / "ee-certs" / row["file"]
            territory = issuer_territory(ListedCertificate(path.read_bytes()))
            start, end = (datetime.fromisoformat(row[each]) for each in ("not_before", "not_after"))
            for name, moment in GENERATIONS.items():
                lists = sorted((folder / name).glob(f"{territory}_sn*.xml"))
                if lists and start <= moment <= end:
                    found.append((lists[-1], path, moment))
    return found


def our_answer(question: Question, evidence: dict[Path, ListEvidence]) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    """What it is qualified for, whether in a device, and the sub-statuses."""
    path, certificate, moment = question
    if path not in evidence:
        document = read_unverified(path.read_bytes())
        territory = document.scheme.territory
        found = AuthenticatedList(territory, "EUTL_VERIFICATION_PASSED", (), document)
        evidence[path] = ListEvidence(AuthenticatedLists({territory: found}), ServiceIndex([(territory, document)]))
    outcome = qualified_device(ListedCertificate(certificate.read_bytes()), moment, evidence[path])
    return outcome.qualified.qualified_for, outcome.result == "QSCD_YES", outcome.qualified.sub_status


@pytest.mark.slow
def test_pyhanko_gives_the_same_answers(corpus: Path, tool: Any) -> None:
    asked = questions(corpus / "trust_lists")
    told = [{"list": str(path), "certificate": str(leaf), "at": moment.isoformat()} for path, leaf, moment in asked]
    done = subprocess.run(
        [tool.interop_python(), str(SCRIPT)],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    agreed, differ = {True: 0, False: 0}, 0
    evidence: dict[Path, ListEvidence] = {}
    for question, theirs in zip(asked, json.loads(done.stdout), strict=True):
        purposes, device, codes = our_answer(question, evidence)
        said = (TYPES[theirs["type"]],) if theirs and theirs["qualified"] else ()
        if purposes == said and (not said or device == theirs["device"]):
            agreed[bool(said)] += 1
        else:
            differ += 1
            assert purposes == ()
            assert any(code.startswith(OWN_RULES) for code in codes), (question, theirs, codes)
    assert (agreed, differ) == ({True: 28, False: 36}, 6)
