# SPDX-License-Identifier: Apache-2.0
"""Where references and redirects of SMP 1.x lead to: always to one document of one SMP."""

import re

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import SERVICES, parse_service_href, service_path
from registry.metadata import Redirect, ServiceMetadata

# Some SMP written in .NET encodes the slashes around `services`, too.
_ENCODED_SERVICES = re.compile("%2fservices%2f", re.IGNORECASE)
_BASE_URL = re.compile(r"https?://[^/?#\s]+(?:/[^?#\s]*)?", re.IGNORECASE | re.ASCII)


def parse_href(href: str) -> tuple[ParticipantIdentifier, DocumentTypeIdentifier]:
    """The identifiers that an href names. Raises ValidationError."""
    return parse_service_href(_ENCODED_SERVICES.sub("/services/", href))


def redirect_href(metadata: ServiceMetadata, redirect: Redirect) -> str:
    """The href as SMP 1.x has it, which names the document at the other SMP.

    SMP 2.0 gives the other SMP's base URL alone (PublisherURI); here the document's path is added to it, as TAD TA06
    asks. All else stays as it is. Raises ValidationError where the identifiers can't be in a URL.
    """
    try:
        parse_href(redirect.href)
    except ValidationError:
        if _BASE_URL.fullmatch(redirect.href) and f"/{SERVICES}/" not in redirect.href:
            return redirect.href.rstrip("/") + service_path(metadata.participant, metadata.document_type)
    return redirect.href
