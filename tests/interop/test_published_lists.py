# SPDX-License-Identifier: Apache-2.0
"""Lists of our own as others see them: xmlsec1, pyHanko, and the schemas of ETSI."""

import base64
import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.demo.pki import certificates_pem
from tests.simulators.own_lists import AT, PROVIDER, OwnNetwork, content, own_network, published, services_of
from trust_lists.documents.schemas import Schemas
from trust_lists.xml import parse_xml

SCRIPT = Path(__file__).with_name("published_list_readers.py")
Reading = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> OwnNetwork:
    network = own_network(tmp_path_factory.mktemp("network"))
    (network.folder / "tlso.pem").write_bytes(certificates_pem(network.tlso.certificate))
    return network


@pytest.fixture
def issues(network: OwnNetwork, tmp_path: Path) -> Callable[[list[dict[str, Any]]], list[Path]]:
    """Publishes one source after the other, a month between them; the files of the last issue."""

    def publishes(sources: list[dict[str, Any]]) -> list[Path]:
        files: list[Path] = []
        for number, said in enumerate(sources):
            files = published(network, tmp_path, said, AT + timedelta(days=30 * number), again=number > 0)
        return files

    return publishes


@pytest.fixture
def foreign(tool: Any) -> Reading:
    def run(*arguments: str | Path) -> dict[str, Any]:
        done = subprocess.run(
            [tool.interop_python(), "-W", "ignore", str(SCRIPT), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return run


def xmlsec1_accepts(tool: Any, path: Path, signer: Path) -> bool:
    done = subprocess.run(
        [
            *(tool.path("xmlsec1"), "--verify", "--trusted-pem", str(signer)),
            *("--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", str(path)),
        ],
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0


def edelivery_issues() -> list[dict[str, Any]]:
    """A network whose first authority is withdrawn by the second issue."""
    first, second = content(), content()
    services_of(second)[0]["status"] = "withdrawn"
    return [first, second]


def qualified() -> dict[str, Any]:
    """A list of the kind that Member States publish, which is what pyHanko reads."""
    said = content() | {"profile": "standard", "files": {"trusted_list": "be.xml"}}
    del said["base_uri"]
    said["scheme"] |= {
        "territory": "BE",
        "list_type": "EUgeneric",
        "rules": [f"http://uri.etsi.org/TrstSvc/TrustedList/schemerules/{name}" for name in ("EUcommon", "BE")],
        "operator": said["scheme"]["operator"] | {"name": {"en": "Example Network Authority", "fr": "Autorité"}},
        "pointers": [
            {
                "location": "https://ec.europa.eu/tools/lotl/eu-lotl.xml",
                "list_type": "EUlistofthelists",
                "territory": "EU",
                "operator": "European Commission",
                "rules": "http://uri.etsi.org/TrstSvc/TrustedList/schemerules/EUlistofthelists",
                "certificates": "smp-ca.pem",
            }
        ],
    }
    services_of(said)[:] = [
        {
            "type": "CA/QC",
            "name": "Qualified seals",
            "certificates": "ap-ca.pem",
            "supply_points": [{"uri": "http://ca.example.org/crl", "type": "Certstatus/CRL/QC"}],
            "extensions": {
                "additional_information": [{"uri": "ForeSeals", "critical": True}],
                "expired_certificates_since": "2020-01-01T00:00:00Z",
                "taken_over_by": {"uri": "https://example.org/", "name": "New", "operator": "Op", "territory": "FR"},
                "qualifications": [
                    {
                        "qualifiers": ["QCWithQSCD"],
                        "criteria": {
                            "all": [
                                {"policies": "1.3.6.1.4.1.1"},
                                {"key_usage": {"nonRepudiation": True}},
                                {"any": [{"extended_key_usage": "1.3.6.1.5.5.7.3.4"}]},
                                {"subject_attributes": "2.5.4.97"},
                            ]
                        },
                    }
                ],
            },
        }
    ]
    return said


def test_xmlsec1_verifies_our_list_and_refuses_a_changed_one(
    issues: Callable[..., list[Path]], network: OwnNetwork, tool: Any
) -> None:
    xml = issues(edelivery_issues())[0]
    signer = network.folder / "tlso.pem"
    assert xmlsec1_accepts(tool, xml, signer)
    assert not xmlsec1_accepts(tool, xml, network.folder / "ap-ca.pem")
    xml.write_bytes(xml.read_bytes().replace(b"withdrawn<", b"granted<", 1))
    assert not xmlsec1_accepts(tool, xml, signer)


@pytest.mark.parametrize("said", [edelivery_issues(), [qualified()]], ids=["edelivery", "qualified"])
def test_our_list_is_valid_by_the_schemas_of_etsi(
    said: list[dict[str, Any]], issues: Callable[..., list[Path]], corpus: Path
) -> None:
    schemas = Schemas(corpus / "trust_lists" / "xsd" / "119612" / "v2.4.1-offline-set")
    assert schemas.check(parse_xml(issues(said)[0].read_bytes())) == []


def test_pyhanko_verifies_our_list(issues: Callable[..., list[Path]], network: OwnNetwork, foreign: Reading) -> None:
    xml = issues(edelivery_issues())[0]
    signer = network.folder / "tlso.pem"
    assert foreign("pyhanko", xml, signer) == {"verified": True, "errors": [], "services": []}
    assert not foreign("pyhanko", xml, network.folder / "ap-ca.pem")["verified"]
    xml.write_bytes(xml.read_bytes().replace(b"withdrawn<", b"granted<", 1))
    assert not foreign("pyhanko", xml, signer)["verified"]


def test_pyhanko_reads_the_qualified_services_of_our_list(
    issues: Callable[..., list[Path]], network: OwnNetwork, foreign: Reading
) -> None:
    (xml,) = issues([qualified(), qualified()])
    found = foreign("pyhanko", xml, network.folder / "tlso.pem")
    (service,) = found.pop("services")
    assert found == {"verified": True, "errors": []}
    assert PROVIDER in service["authority"]
    assert service["valid_from"] == AT.isoformat()
    assert service["service"] == "Qualified seals"
    assert len(service["qualifiers"]) == 1


def test_our_lote_is_valid_by_the_schema_of_etsi(
    issues: Callable[..., list[Path]], foreign: Reading, corpus: Path, tmp_path: Path
) -> None:
    said = edelivery_issues()
    for source in said:
        source["scheme"] |= {
            "pointers": qualified()["scheme"]["pointers"],
            "distribution_points": ["https://trust.example.org/example-lote.json"],
        }
    payload = issues(said)[1].read_bytes().split(b".")[1]
    document = tmp_path / "payload.json"
    document.write_bytes(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    schemas = corpus / "trust_lists" / "lote" / "schema-json"
    assert foreign("schema", document, schemas) == {"errors": []}

    broken = json.loads(document.read_bytes())
    del broken["LoTE"]["ListAndSchemeInformation"]["NextUpdate"]
    document.write_text(json.dumps(broken))
    assert foreign("schema", document, schemas)["errors"]
