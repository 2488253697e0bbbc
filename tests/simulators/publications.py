# SPDX-License-Identifier: Apache-2.0
"""Good documents of the demonstration as texts, which tests then spoil."""

import base64
import re
from dataclasses import dataclass

from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.smp.documents.busdox import write_service_group, write_service_metadata


@dataclass(frozen=True, slots=True)
class Published:
    """A published service: its paths, and its document as text without XML declaration."""

    metadata: ServiceMetadata
    document: str
    group: str

    @property
    def group_path(self) -> str:
        return participant_path(self.metadata.participant)

    @property
    def path(self) -> str:
        return service_path(self.metadata.participant, self.metadata.document_type)

    def with_extension(self, content: str) -> str:
        """The document with an extension that has this content."""
        end = "</smp:ServiceInformation>"
        return self.document.replace(end, f"<smp:Extension>{content}</smp:Extension>{end}")

    def with_certificate(self, der: bytes) -> str:
        """The document with another endpoint certificate."""
        text = base64.b64encode(der).decode()
        return re.sub("(<smp:Certificate>).*(</smp:Certificate>)", rf"\g<1>{text}\g<2>", self.document)


def documents(metadata: ServiceMetadata) -> Published:
    group = write_service_group(ServiceGroup(metadata.participant), "https://elsewhere.example.org")
    texts = [data.decode().partition("?>")[2] for data in (write_service_metadata(metadata), group)]
    return Published(metadata, *texts)
