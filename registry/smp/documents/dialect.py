# SPDX-License-Identifier: Apache-2.0
"""What a dialect of SMP documents is: one object for each, with everything in which they differ.

Whoever publishes, serves, imports or looks up works with these objects and knows no dialect by its name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from registry.errors import Reason
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.smp.documents.parsed import ParsedDocument
from trust_lists.signatures.profiles import SignatureProfile


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect. `read`, `check_*` and `write_*` are pure; they raise ValidationError with every reason."""

    name: str
    title: str
    content_type: str
    """The media type of its documents, without the charset."""
    path_prefix: str
    """What stands between the base URL and `/{participant}`: empty, or one path segment."""
    signature: SignatureProfile
    signed_roots: frozenset[str]
    """The tags (`{namespace}name`) of the roots whose documents carry a signature."""
    signs_service_groups: bool
    read: Callable[[bytes], ParsedDocument]
    check_service_group: Callable[[ServiceGroup], tuple[Reason, ...]]
    check_service_metadata: Callable[[ServiceMetadata], tuple[Reason, ...]]
    write_service_group: Callable[[ServiceGroup, str], bytes]
    """Takes the base URL, too, which SMP 2.0 has no use for."""
    write_service_metadata: Callable[[ServiceMetadata], bytes]
    """Everything but the signature, whose place is right before the end tag of the root."""
    folds_case: bool = False
    """Whether identifiers whose case means nothing are written in lower case."""
