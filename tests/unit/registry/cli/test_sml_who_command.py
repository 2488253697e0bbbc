# SPDX-License-Identifier: Apache-2.0
"""`registry sml who`: what a client certificate is at the SMLs of an instance."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import insert
from typer.testing import CliRunner

from registry.app.domain_setup import change_domain
from registry.cli.sml_who import EPILOG, who
from registry.storage.queries import publishers
from registry.storage.queries.callers import Bearer
from registry.storage.tables import blocked_certificate
from tests.interop.identities import write_identity
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance
from trust_lists.certificates.parsing import fingerprint


@pytest.fixture
def own(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate of the instance's own SMP, in a file."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(offline.folder))
    url = offline.instance.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("REGISTRY_DATABASE_URL", url)
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    file = offline.folder / "own.der"
    file.write_bytes(offline.pki.smp.certificate.public_bytes(Encoding.DER))
    return file


def run(*words: str, code: int = 0) -> str:
    app = typer.Typer()
    app.command(epilog=EPILOG)(who)
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def told(file: Path, code: int = 0) -> Any:
    (found,) = json.loads(run(str(file), "--json", code=code))["domains"]
    return found


def test_owner_is_told_with_his_smp(own: Path, offline: OfflineInstance) -> None:
    text = run(str(own))
    assert fingerprint(offline.pki.smp.certificate) in text
    assert "demo: accepted: by stores.anchors." in text
    assert f"owns     {SMP_ID}\tby certificate" in text
    assert told(own)["owns"] == [{"smp_id": SMP_ID, "by": "certificate", "suspended": False, "refusal": ""}]


def test_a_suspended_smp_is_told_as_that(own: Path, offline: OfflineInstance) -> None:
    with offline.instance.database.write(ACTOR) as work:
        (row,) = publishers.find(work.connection, [offline.stored.id], SMP_ID)
        publishers.set_suspended(work, row.id, suspended=True)
    assert "by certificate; suspended" in run(str(own))


def test_a_namesake_owns_it_only_where_names_are_enough(own: Path, offline: OfflineInstance, tmp_path: Path) -> None:
    (name,) = offline.pki.smp.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    namesake = write_identity(tmp_path, offline.pki.smp_ca, str(name.value))
    certificate = tmp_path / "namesake.crt"
    text = namesake.read_text()
    certificate.write_text(
        text[text.index("-----BEGIN CERT") :].split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    )
    assert (told(certificate)["outcome"], told(certificate)["owns"]) == ("accepted", [])
    change_domain(offline.instance, ACTOR, "demo", {"sml": {"identity": "issuer+subject"}})
    assert [(each["smp_id"], each["by"]) for each in told(certificate)["owns"]] == [(SMP_ID, "issuer+subject")]
    assert told(own)["owns"][0]["by"] == "certificate"


def test_who_is_refused_is_told_why_and_ends_with_1(own: Path, offline: OfflineInstance) -> None:
    file = own.with_name("ap.der")
    file.write_bytes(offline.pki.access_points[0].certificate.public_bytes(Encoding.DER))
    found = told(file, code=1)
    assert found["outcome"] == "refused"
    assert "NO_PATH" in found["reason"] or "SUBJECT_MISMATCH" in found["reason"]


def test_who_is_blocked_is_told_as_that(own: Path, offline: OfflineInstance) -> None:
    bearer = Bearer.of(offline.pki.smp.certificate)
    with offline.instance.database.write(ACTOR) as work:
        values = {"domain_id": offline.stored.id, "issuer": bearer.issuer, "serial": bearer.serial}
        work.connection.execute(insert(blocked_certificate).values(**values, blocked_at=work.now))
    assert told(own, code=1)["outcome"] == "blocked"


def test_a_file_that_is_no_certificate_is_a_usage_error(own: Path) -> None:
    own.write_text("nothing")
    assert "CERT.pem" in run(str(own), code=2)
