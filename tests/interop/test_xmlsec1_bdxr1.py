# SPDX-License-Identifier: Apache-2.0
"""Documents of OASIS SMP 1.0 against xmlsec1, with extensions that white space or a prefix would break."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, Extension, Process, ProcessMetadata, ServiceMetadata
from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.signing import sign_document
from tests.simulators.smp_models import endpoint_certificates, new_signing_key
from trust_lists.certificates.parsing import SigningKey
from trust_lists.signatures.profiles import PEPPOL_1_4
from trust_lists.signatures.xmldsig import sign_enveloped

EXTENSIONS = {
    "none": (),
    "several and described": (
        Extension(b"<x:e  a='1'/>", (("x", "urn:x"),), (("ExtensionID", "1"), ("ExtensionReason", "<r>"))),
        Extension(b"\n\t<e xmlns='urn:e'>a\r\nb&#13;<![CDATA[&]]><!-- c --></e>\n"),
    ),
    "our prefix taken": (Extension(b"<smp:e/>", (("smp", "urn:x"),)),),
    "another default namespace": (Extension(b"<e><f xmlns=''/></e>", (("", "urn:e"),)),),
}


@pytest.fixture(scope="module")
def signing_key() -> SigningKey:
    return new_signing_key()


@pytest.fixture(scope="module")
def metadata() -> ServiceMetadata:
    endpoint = Endpoint("bdxr-transport-ebms3-as4-v1p0", "https://ap.example.org/as4", (endpoint_certificates()[0],))
    process = Process(ProcessIdentifier("bdx-procid-transport", "bdx:noprocess"))
    return ServiceMetadata(
        ParticipantIdentifier("urn:oasis:names:tc:ebcore:partyid-type:iso6523:9915", "test"),
        DocumentTypeIdentifier("bdx-docid-qns", "urn:a::Invoice##urn:b::2.1"),
        (ProcessMetadata((process,), (endpoint,)),),
    )


def _verifies(program: str, path: Path, node: str) -> bool:
    command = (program, "--verify", "--insecure", "--enabled-key-data", "x509", "--node-xpath", node, path)
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0


@pytest.mark.parametrize("name", EXTENSIONS)
def test_xmlsec1_verifies_signed_documents_of_smp_1_0(
    name: str, metadata: ServiceMetadata, signing_key: SigningKey, tool: "type[object]", tmp_path: Path
) -> None:
    program = tool.path("xmlsec1")  # type: ignore[attr-defined]
    extended = replace(metadata, extensions=EXTENSIONS[name])
    signed = sign_document(BDXR1.write_service_metadata(extended), signing_key, BDXR1)
    path = tmp_path / "signed.xml"
    path.write_bytes(signed)
    assert _verifies(program, path, "/*/*[local-name()='Signature']")
    path.write_bytes(signed.replace(b"bdx:noprocess", b"bdx:process"))
    assert not _verifies(program, path, "/*/*[local-name()='Signature']")


def test_xmlsec1_verifies_the_national_signature_as_it_leaves_with_the_extension(
    metadata: ServiceMetadata, signing_key: SigningKey, tool: "type[object]", tmp_path: Path
) -> None:
    program = tool.path("xmlsec1")  # type: ignore[attr-defined]
    approval = sign_enveloped(
        b"<n:Approval xmlns:n='urn:n'>\n\t<n:No  a='1' >7</n:No>\r\n</n:Approval>", signing_key, PEPPOL_1_4
    )
    content = b"\n  " + approval[approval.index(b"<n:Approval") :]
    extended = replace(metadata, extensions=(Extension(content, properties=(("ExtensionName", "approval"),)),))
    signed = sign_document(BDXR1.write_service_metadata(extended), signing_key, BDXR1)
    outer, inner = tmp_path / "outer.xml", tmp_path / "inner.xml"
    outer.write_bytes(signed)
    assert _verifies(program, outer, "/*/*[local-name()='Signature']")
    parsed = BDXR1.read(signed).metadata
    assert parsed is not None
    inner.write_bytes(parsed.extensions[0].content.strip())
    assert _verifies(program, inner, "/*/*[local-name()='Signature']")
