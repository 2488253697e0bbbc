# SPDX-License-Identifier: Apache-2.0
"""The dialect of OASIS SMP 2.0.

Identifiers whose case means nothing must be in lower case in its documents and URLs; which ones these are is the
domain's to say, so they are folded before they come here, and everything here takes the model as it is.
"""

from registry.smp.documents.bdxr2.names import PATH_PREFIX, SERVICE_GROUP, SERVICE_METADATA
from registry.smp.documents.bdxr2.reader import read
from registry.smp.documents.bdxr2.rules import check_service_group, check_service_metadata
from registry.smp.documents.bdxr2.writer import write_service_group, write_service_metadata
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.dialects import TITLES
from trust_lists.signatures.profiles import BDXR_2_0

BDXR2 = Dialect(
    name="bdxr2",
    title=TITLES["bdxr2"],
    content_type="application/xml",
    path_prefix=PATH_PREFIX,
    signature=BDXR_2_0,
    signed_roots=frozenset({SERVICE_GROUP, SERVICE_METADATA}),
    signs_service_groups=True,
    folds_case=True,
    read=read,
    check_service_group=check_service_group,
    check_service_metadata=check_service_metadata,
    write_service_group=write_service_group,
    write_service_metadata=write_service_metadata,
)
