# SPDX-License-Identifier: Apache-2.0
"""Proposals, where a domain wants somebody else to look at a change before it is published."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.visit import Visit

_REVIEW = "urn:edelivery-registry:problem:review-required"


def is_unreviewed(error: RestError) -> bool:
    """Whether REST has refused since the domain wants a review, which it may have begun to want only now."""
    return error.type == _REVIEW


async def propose(visit: Visit, domain: str, participant: str, wanted: Mapping[str, Any]) -> Response:
    """Make a plan of a change; on to it, where the visitor may see it. Raises RestError."""
    made = await visit.rest.ask("POST", "/domains/{}/participants/{}/proposals", domain, participant, body=wanted)
    plan = str(made.json()["id"])
    if await visit.rest.find("/domains/{}/plans/{}", domain, plan) is not None:
        return visit.go(path_of("/domains/{}/plans/{}", domain, plan), flash="proposed")
    return visit.go(path_of("/domains/{}/participants", domain), flash="proposed")
