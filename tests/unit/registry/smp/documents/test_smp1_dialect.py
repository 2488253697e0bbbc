# SPDX-License-Identifier: Apache-2.0
import pytest

from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.dialects import TITLES, identify


@pytest.mark.parametrize("dialect", [BUSDOX, BDXR1])
def test_the_dialects_of_smp_1_x_are_served_alike(dialect: Dialect) -> None:
    assert (dialect.content_type, dialect.path_prefix, dialect.signs_service_groups) == ("text/xml", "", False)
    assert dialect.title == TITLES[dialect.name]


@pytest.mark.parametrize("dialect", [BUSDOX, BDXR1])
def test_only_their_own_signed_service_metadata_carries_a_signature(dialect: Dialect) -> None:
    for tag in dialect.signed_roots:
        assert tag.endswith("}SignedServiceMetadata")
        assert identify(tag).dialect == dialect.name


def test_signatures_on_the_draft_of_2014_can_be_verified() -> None:
    assert "{http://docs.oasis-open.org/bdxr/ns/SMP/2014/07}SignedServiceMetadata" in BDXR1.signed_roots
