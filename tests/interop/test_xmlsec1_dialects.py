# SPDX-License-Identifier: Apache-2.0
"""Every dialect up to our root by xmlsec1; and what a running SMP serves in those of OASIS, by xmllint, too.

xmllint has the official schemas. What a running SMP serves in Peppol's dialect is in test_xmlsec1_live.
"""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.demo.content import CREDIT_NOTE, PARTICIPANTS, demo_metadata
from registry.demo.pki import DemoPki, certificates_pem, new_root
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ProcessMetadata, Redirect, ServiceMetadata
from tests.interop.identities import write_identity
from tests.interop.signed_documents import signed_documents
from tests.simulators.live import ACTOR, LiveInstance, demo_trust
from trust_lists.certificates.parsing import subject_text

pytestmark = pytest.mark.any_database

Accepts = Callable[..., bool]
Complaints = Callable[[bytes], str]
DIALECTS = ("busdox", "bdxr1", "bdxr2")
XMLDSIG = "http://www.w3.org/TR/xmldsig-core/xmldsig-core-schema.xsd"
SCHEMAS = {  # root as it is written -> schema, below the folder of schemas
    b"<smp:SignedServiceMetadata xmlns:smp=": "bdxr1/bdx-smp-201605.xsd",
    b"<smp:ServiceGroup xmlns:smp=": "bdxr1/bdx-smp-201605.xsd",
    b"<sm:ServiceMetadata ": "bdxr2/xsdrt/ServiceMetadata-2.0.xsd",
    b"<sg:ServiceGroup ": "bdxr2/xsdrt/ServiceGroup-2.0.xsd",
}


@pytest.fixture(scope="module")
def signed(pki: DemoPki) -> dict[str, bytes]:
    """What xmlsec1 1.2 can judge: it knows no Ed25519 (the JDK does, see test_jdk_signatures)."""
    return {name: document for name, document in signed_documents(pki).items() if not name.endswith("/ed25519")}


@pytest.fixture
def xmlsec1(pki: DemoPki, tool: Any, tmp_path: Path) -> Accepts:
    """Whether xmlsec1 accepts a document whose signer leads to a root; by default to the right one."""
    program = tool.path("xmlsec1")
    files = pki.write(tmp_path / "pki")

    def accepts(document: bytes, root: Path = files.root) -> bool:
        path = tmp_path / "document.xml"
        path.write_bytes(document)
        # An extension may hold another signature, which is none of our business.
        own = ["--node-xpath", "/*/*[local-name()='Signature']"]
        chain = ["--trusted-pem", str(root), "--untrusted-pem", str(files.smp_ca)]
        command = [program, "--verify", "--enabled-key-data", "x509", *own, *chain, str(path)]
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0

    return accepts


@pytest.fixture
def valid(corpus: Path, tool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Complaints:
    """What xmllint says against the official schema; empty when the document is valid."""
    program = tool.path("xmllint")
    folder = corpus / "smp" / "xsd"
    catalog = tmp_path / "catalog.xml"
    local = (folder / "bdxr1" / "xmldsig-core-schema.xsd").resolve().as_uri()
    catalog.write_text(
        '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
        f'<system systemId="{XMLDSIG}" uri="{local}"/><uri name="{XMLDSIG}" uri="{local}"/></catalog>'
    )
    monkeypatch.setenv("XML_CATALOG_FILES", str(catalog))

    def complaints(document: bytes) -> str:
        (schema,) = (schema for root, schema in SCHEMAS.items() if root in document)
        path = tmp_path / "document.xml"
        path.write_bytes(document)
        command = [program, "--noout", "--nonet", "--schema", str(folder / schema), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        return "" if done.returncode == 0 else done.stderr

    return complaints


def test_xmlsec1_verifies_every_dialect_and_kind_of_key_up_to_our_root(
    signed: dict[str, bytes], xmlsec1: Accepts
) -> None:
    assert {name.partition("/")[0] for name in signed} == set(DIALECTS)
    assert {name for name, document in signed.items() if xmlsec1(document)} == signed.keys()


def test_xmlsec1_refuses_them_under_another_root(signed: dict[str, bytes], xmlsec1: Accepts, tmp_path: Path) -> None:
    other = tmp_path / "other-root.pem"
    other.write_bytes(certificates_pem(new_root(datetime.now(UTC)).certificate))
    for name, document in signed.items():
        assert not xmlsec1(document, other), name


# What is served


def redirect(pki: DemoPki) -> ServiceMetadata:
    """Metadata that is at another SMP: SMP 1.0 names the signer there, SMP 2.0 has its certificate."""
    signer = pki.smp.certificate
    elsewhere = Redirect(
        "https://smp.elsewhere.example",
        certificate_uid=subject_text(signer),
        certificate=signer.public_bytes(Encoding.DER),
    )
    return ServiceMetadata(PARTICIPANTS[1][0], CREDIT_NOTE, (ProcessMetadata(redirect=elsewhere),))


@pytest.fixture(scope="module", params=["rsa", "ec"])
def served(request: pytest.FixtureRequest, shared_live: LiveInstance) -> dict[str, bytes]:
    """Path -> what a domain serves: OASIS SMP 1.0 and 2.0 by an RSA key, or SMP 2.0 alone by an EC key."""
    live, kind = shared_live, request.param
    key = live.files.smp
    dialects = {"dialects": ["bdxr1", "bdxr2"]}
    if kind == "ec":
        key = write_identity(live.settings.data_dir, live.pki.smp_ca, "SMP_EC00000001")
        dialects = {"dialects": ["bdxr2"], "signature_algorithms": ["ecdsa-sha256"]}
    settings = {
        "name": kind,
        "default": False,
        "smp": {"base_url": f"{live.addresses.public}/{kind}", "smp_id": f"SMP-{kind}"} | dialects,
        "dns": {"zone": f"{kind}.test", "naptr_services": ["oasis-bdxr-smp-2" if kind == "ec" else "Meta:SMP"]},
        "trust": demo_trust(live.pki),
    }
    stored = add_domain(live.instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(key))
    live.run(live.serving.refresh())
    published = [*demo_metadata(live.pki.access_points), redirect(live.pki)]
    for metadata in published:
        live.instance.publishing.put_service_metadata(ACTOR, stored, metadata, create_group=True)
    paths = {participant_path(item.participant) for item in published}
    paths |= {service_path(item.participant, item.document_type) for item in published}
    prefixes = [f"/{kind}/bdxr-smp-2", *([f"/{kind}"] if kind == "rsa" else [])]
    found = {}
    for path in (prefix + path for prefix in prefixes for path in paths):
        answer = httpx2.get(live.addresses.public + path)
        assert answer.status_code == 200, answer.text
        found[path] = answer.content
    return found


def test_xmllint_finds_all_that_is_served_valid_by_the_official_schemas(
    served: dict[str, bytes], valid: Complaints
) -> None:
    assert any(b"Redirect" in document for document in served.values())
    for path, document in served.items():
        assert valid(document) == "", path


def test_xmlsec1_verifies_all_that_is_served_up_to_the_root(served: dict[str, bytes], xmlsec1: Accepts) -> None:
    groups_of_1 = [path for path in served if "services" not in path and "bdxr-smp-2" not in path]
    assert all(b"<ds:Signature" not in served[path] for path in groups_of_1)
    for path in served.keys() - set(groups_of_1):
        assert xmlsec1(served[path]), path


def test_xmllint_refuses_what_it_should(served: dict[str, bytes], valid: Complaints) -> None:
    """The judge judges: none of these documents may begin with another element."""
    for path, document in served.items():
        begin = document.index(b">", document.index(b"?>") + 2) + 1
        assert valid(document[:begin] + b"<another/>" + document[begin:]), path
