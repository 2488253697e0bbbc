# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.smp.documents.dialects import DetectedDocument, detect, expect

OASIS = "http://docs.oasis-open.org/bdxr/ns/SMP"
BUSDOX = "http://busdox.org/serviceMetadata/publishing/1.0/"


@pytest.mark.parametrize(
    ("namespace", "name", "dialect", "kind"),
    [
        (BUSDOX, "ServiceGroup", "busdox", "service_group"),
        (BUSDOX, "ServiceMetadata", "busdox", "service_metadata"),
        (BUSDOX, "SignedServiceMetadata", "busdox", "service_metadata"),
        (f"{OASIS}/2014/07", "SignedServiceMetadata", "bdxr1", "service_metadata"),
        (f"{OASIS}/2016/05", "ServiceGroup", "bdxr1", "service_group"),
        (f"{OASIS}/2/ServiceGroup", "ServiceGroup", "bdxr2", "service_group"),
        (f"{OASIS}/2/ServiceMetadata", "ServiceMetadata", "bdxr2", "service_metadata"),
    ],
)
def test_the_root_element_tells_dialect_and_kind(namespace: str, name: str, dialect: str, kind: str) -> None:
    detected = detect(f'<x:{name} xmlns:x="{namespace}"/>'.encode())
    assert (detected.dialect, detected.kind) == (dialect, kind)


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("", "ServiceGroup"),
        (BUSDOX, "CompleteServiceGroup"),
        (f"{OASIS}/2/ServiceGroup", "ServiceMetadata"),
        ("urn:other", "ServiceMetadata"),
    ],
)
def test_other_roots_are_of_no_smp_document(namespace: str, name: str) -> None:
    with pytest.raises(ValidationError, match="no SMP document") as refused:
        detect(f'<{name} xmlns="{namespace}"/>'.encode())
    assert refused.value.reasons[0].id == "SMP-DIALECT"


def test_another_dialect_is_refused_by_its_name() -> None:
    with pytest.raises(ValidationError, match=r"OASIS BDXR SMP 1\.0 draft 2014/07: not a Peppol document"):
        expect(f"{{{OASIS}/2014/07}}ServiceGroup", "busdox")
    assert expect(f"{{{BUSDOX}}}ServiceGroup", "busdox") == DetectedDocument("busdox", "service_group", BUSDOX)


def test_any_of_several_dialects_may_be_expected() -> None:
    group = f"{{{OASIS}/2016/05}}ServiceGroup"
    assert expect(group, "busdox", "bdxr1").dialect == "bdxr1"
    with pytest.raises(ValidationError, match=r"OASIS BDXR SMP 1\.0: not a Peppol or OASIS SMP 2\.0 document"):
        expect(group, "busdox", "bdxr2")


@given(st.binary())
def test_any_bytes_are_detected_or_refused(data: bytes) -> None:
    with pytest.raises(ValidationError):
        detect(data)
