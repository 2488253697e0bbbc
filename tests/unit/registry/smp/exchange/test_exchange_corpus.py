# SPDX-License-Identifier: Apache-2.0
"""Each sample of the corpus is taken into a domain of its dialect, or refused for the reason that it was made for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry.errors import ValidationError
from registry.smp.documents.catalogue import dialect_of
from registry.smp.exchange import TAKEN, Verdict
from tests.simulators.exchange import import_into
from tests.simulators.offline import OfflineInstance

SIGNATURE = "the Reference must be to the whole document"
NOT_DIALECTS = {"simpleGroupExampleFailSyntax.xml", "peppol-business-card-v3.xml"}
REFUSED = {
    "busdox": {
        "peppol-smp/invalid.xml": "BUSDOX-PARTICIPANT",
        "peppol-smp/no_docid.xml": "BUSDOX-DOCUMENT-TYPE",
        "peppol-smp/no_ep_tprofile.xml": "BUSDOX-TRANSPORT-PROFILE",
        "peppol-smp/no_partid.xml": "BUSDOX-PARTICIPANT",
        "peppol-smp/noprocess.xml": "SMP-NO-CERTIFICATE",
        "peppol-smp/redirection.xml": "BUSDOX-REDIRECT-HREF",
        "peppol-smp/signedsmd.xml": SIGNATURE,
        "peppol-smp/unsignedsmd.xml": "SMP-NO-CERTIFICATE",
        "phoss-rest-files/peppol-service-metadata.xml": "BUSDOX-CERTIFICATE",
    },
    "bdxr1": {
        "oasis-smp/invalid.xml": "BDXR1-PARTICIPANT",
        "oasis-smp/no_docid.xml": "BDXR1-DOCUMENT-TYPE",
        "oasis-smp/no_ep_tprofile.xml": "BDXR1-TRANSPORT-PROFILE",
        "oasis-smp/no_partid.xml": "BDXR1-PARTICIPANT",
        "oasis-smp/noprocess.xml": "SMP-NO-CERTIFICATE",
        "oasis-smp/redirection.xml": "BDXR1-REDIRECT-HREF",
        "oasis-smp/signedsmd.xml": SIGNATURE,
        "oasis-smp/unsignedsmd.xml": "SMP-NO-CERTIFICATE",
        "phoss-cef-conformance/Redirect-template.xml": "Signature",
        "phoss-cef-conformance/ServiceGroup-template.xml": "BDXR1-EXTENSION",
        "phoss-cef-conformance/SignedServiceMetadata-template.xml": "BDXR1-CERTIFICATE",
        "phoss-rest-files/bdxr1-service-metadata.xml": "BDXR1-CERTIFICATE",
    },
    # Beside redirections.xml, which comes later and can be published, what is about the same is superseded.
    "bdxr2": {
        "generic-client/inv_signed_result.xml": "BDXR2-VERSION",
        "generic-client/signed_result.xml": "BDXR2-VERSION",
        "generic-client/unsigned_result.xml": "BDXR2-VERSION",
        "oasis-smp2-group/invalid.xml": "BDXR2-VERSION",
        "oasis-smp2-group/no_partid.xml": "BDXR2-PARTICIPANT",
        "oasis-smp2-group/no_procid.xml": "BDXR2-PROCESS",
        "oasis-smp2-group/no_roleid.xml": "BDXR2-ROLE",
        "oasis-smp2-group/no_serviceid.xml": "BDXR2-DOCUMENT-TYPE",
        "oasis-smp2-metadata/both_ep_redirect.xml": "BDXR2-CONTENT",
        "oasis-smp2-metadata/invalid.xml": "BDXR2-CERTIFICATE",
        "oasis-smp2-metadata/minimal.xml": SIGNATURE,
        "oasis-smp2-metadata/no_partid.xml": "BDXR2-PARTICIPANT",
        "oasis-smp2-metadata/no_procid.xml": "BDXR2-PROCESS",
        "oasis-smp2-metadata/no_roleid.xml": "BDXR2-ROLE",
        "oasis-smp2-metadata/no_serviceid.xml": "BDXR2-DOCUMENT-TYPE",
        "oasis-smp2-metadata/no_transport_id.xml": "BDXR2-TRANSPORT-PROFILE",
        "oasis-smp2-metadata/repetition.xml": "BDXR2-DATE",
        "oasis-smp2-os-examples/simpleGroupExampleFailModel.xml": "BDXR2-VERSION",
    },
}


def samples(corpus: Path) -> list[Path]:
    return [
        file for folder in ("samples", "samples-generated") for file in sorted((corpus / "smp" / folder).rglob("*.xml"))
    ]


@pytest.mark.parametrize("dialect", REFUSED)
def test_samples_of_a_dialect_are_taken_or_refused_for_their_reason(
    corpus: Path, open_instance: Callable[..., OfflineInstance], dialect: str
) -> None:
    files = [file for file in samples(corpus) if file.name not in NOT_DIALECTS and name_of(file) == dialect]
    results = import_into(open_instance(dialect), *files)
    assert len(results) == len(files)
    refused = {
        "/".join(Path(result.source).parts[-2:]): result.reasons
        for result in results
        if result.verdict is Verdict.REFUSED
    }
    assert refused.keys() == REFUSED[dialect].keys()
    for name, expected in REFUSED[dialect].items():
        assert any(expected in reason for reason in refused[name]), (name, refused[name])
    assert sum(result.verdict in TAKEN for result in results) >= 5


def name_of(file: Path) -> str:
    return dialect_of(file.read_bytes()).name


def test_samples_of_no_dialect_are_refused_as_such(corpus: Path, open_instance: Callable[..., OfflineInstance]) -> None:
    files = [file for file in samples(corpus) if file.name in NOT_DIALECTS]
    for file in files:
        with pytest.raises(ValidationError):
            dialect_of(file.read_bytes())
    broken, card = import_into(open_instance(), *files)
    assert "XML_NOT_WELL_FORMED" in broken.reasons[0]
    assert card.reasons == ("iso6523-actorid-upis::9915:xxx has no service group",)


def test_samples_of_other_dialects_say_what_the_domain_s_dialect_can_t(
    corpus: Path, open_instance: Callable[..., OfflineInstance]
) -> None:
    file = corpus / "smp" / "samples" / "bdxr-smp-client" / "oasis-smp2-metadata" / "detailed.xml"
    (result,) = import_into(open_instance("busdox"), file)
    assert result.verdict is Verdict.REFUSED
    assert any("BUSDOX-ROLES" in reason for reason in result.reasons)
