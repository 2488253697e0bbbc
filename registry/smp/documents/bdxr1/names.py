# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of OASIS BDXR SMP 1.0, and of its draft of July 2014, which differs in the namespace alone.

Everything is in one namespace. An extension may be there any number of times, described by elements of its own, and
its foreign element must be in a foreign namespace (`xs:any ##other`: neither in ours nor in none).
"""

from dataclasses import replace

from registry.smp.documents.smp1.vocabulary import Vocabulary1

SMP = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
DRAFT_SMP = "http://docs.oasis-open.org/bdxr/ns/SMP/2014/07"

SPECIFICATION = "OASIS BDXR SMP 1.0"


def _vocabulary(namespace: str) -> Vocabulary1:
    return Vocabulary1(
        reasons="BDXR1",
        schema=f"{SPECIFICATION}, bdx-smp-201605.xsd",
        namespace=namespace,
        prefixes={namespace: "smp"},
        ids=namespace,
        address=(("EndpointURI", namespace),),
        url_clause=f"{SPECIFICATION} §2.4.3",
        signature_flag_required=False,
        several_extensions=True,
        extension_properties=(
            "ExtensionID",
            "ExtensionName",
            "ExtensionAgencyID",
            "ExtensionAgencyName",
            "ExtensionAgencyURI",
            "ExtensionVersionID",
            "ExtensionURI",
            "ExtensionReasonCode",
            "ExtensionReason",
        ),
        barred_content=frozenset({namespace, ""}),
    )


VOCABULARY = _vocabulary(SMP)
DRAFT = replace(_vocabulary(DRAFT_SMP), note=f"the document is of the draft 2014/07 of {SPECIFICATION}")
