# SPDX-License-Identifier: Apache-2.0
from registry.smp.documents.bdxr2.dialect import BDXR2
from registry.smp.documents.dialects import TITLES
from trust_lists.signatures.profiles import BDXR_2_0


def test_smp_2_signs_both_of_its_documents_and_serves_them_as_application_xml_under_its_own_path() -> None:
    """OASIS SMP 2.0 §3: `/bdxr-smp-2/{participant}`, application/xml."""
    assert (BDXR2.name, BDXR2.title) == ("bdxr2", TITLES["bdxr2"])
    assert (BDXR2.content_type, BDXR2.path_prefix) == ("application/xml", "bdxr-smp-2")
    assert BDXR2.signs_service_groups
    assert BDXR2.signature is BDXR_2_0
    assert {tag.rpartition("}")[2] for tag in BDXR2.signed_roots} == {"ServiceGroup", "ServiceMetadata"}
