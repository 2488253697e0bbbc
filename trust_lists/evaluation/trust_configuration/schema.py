# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema (2020-12) of trust configurations, made from the description that the reader uses.

It says what is well formed, not what contradicts itself: references, periods and digests are the reader's to check.
"""

from trust_lists.evaluation.trust_configuration.format import CONFIGURATION, DEFINITIONS
from trust_lists.evaluation.trust_configuration.forms import Schema

SCHEMA_ID = "urn:edelivery-registry:trust-configuration:v1"


def json_schema() -> Schema:
    """The schema, as JSON has it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "TrustConfiguration",
        **CONFIGURATION.schema(),
        "$defs": {name: form.schema() for name, form in DEFINITIONS.items()},
    }
