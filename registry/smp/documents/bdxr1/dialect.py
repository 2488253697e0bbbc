# SPDX-License-Identifier: Apache-2.0
"""The bdxr1 dialect as one object."""

from registry.smp.documents.bdxr1.names import DRAFT, VOCABULARY
from registry.smp.documents.smp1.dialect import smp1_dialect
from trust_lists.signatures.profiles import BDXR_1_0

BDXR1 = smp1_dialect("bdxr1", VOCABULARY, DRAFT, signature=BDXR_1_0)
