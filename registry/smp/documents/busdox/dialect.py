# SPDX-License-Identifier: Apache-2.0
"""The busdox dialect as one object."""

from registry.smp.documents.busdox.names import VOCABULARY
from registry.smp.documents.smp1.dialect import smp1_dialect
from trust_lists.signatures.profiles import PEPPOL_1_4

BUSDOX = smp1_dialect("busdox", VOCABULARY, signature=PEPPOL_1_4)
