# SPDX-License-Identifier: Apache-2.0
"""Trust configurations: whom a network trusts, in one declarative format."""

from trust_lists.evaluation.trust_configuration.canonical import canonical_form, content_address, to_json, to_yaml
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration
from trust_lists.evaluation.trust_configuration.reading import (
    Reading,
    effective_configuration,
    read_configuration,
    read_tree,
)

__all__ = [
    "Reading",
    "Role",
    "TrustConfiguration",
    "canonical_form",
    "content_address",
    "effective_configuration",
    "read_configuration",
    "read_tree",
    "to_json",
    "to_yaml",
]
