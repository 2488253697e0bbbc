# SPDX-License-Identifier: Apache-2.0
"""What tests of a running SML share: expecting a fault, asking the zone, and a domain with all of Peppol's policies."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

from registry.app.domain_setup import add_domain
from registry.demo.pki import certificates_pem, new_root
from registry.identifiers.dns_names import participant_name
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.sml.errors import FaultKind, SmlError
from registry.sml.model import Publisher
from tests.interop.identities import write_identity
from tests.simulators.live import ACTOR, LiveInstance

BAD_REQUEST, NOT_FOUND, UNAUTHORIZED = FaultKind.BAD_REQUEST, FaultKind.NOT_FOUND, FaultKind.UNAUTHORIZED
URL = "https://smp.example.org/"


def publisher(smp_id: str, logical: str = URL, physical: str = "192.0.2.1") -> Publisher:
    return Publisher(smp_id, logical, physical)


def participant(value: str, scheme: str = ISO6523) -> ParticipantIdentifier:
    return ParticipantIdentifier(scheme, value)


@contextmanager
def refused(kind: FaultKind, code: int, text: str = "") -> Iterator[None]:
    """The block ends with this fault; `text` is how its message begins behind the code."""
    with pytest.raises(SmlError) as caught:
        yield
    assert (caught.value.kind, caught.value.code) == (kind, code), str(caught.value)
    assert str(caught.value).startswith(f"[ERR-{code}] {text}")


class Zone:
    """What a zone of a running instance serves."""

    def __init__(self, live: LiveInstance, name: str = "sml.test") -> None:
        self._live = live
        self._name = name
        self._resolver = dns.resolver.Resolver(configure=False)
        host, _, port = live.addresses.dns.rpartition(":")
        self._resolver.nameservers, self._resolver.port, self._resolver.lifetime = [host], int(port), 10

    def records(self, owner: str, rdtype: str) -> list[str] | None:
        """The records below the zone, once all that is committed is served; None where the name doesn't exist."""
        self._live.wait_for_dns()
        try:
            answer = self._resolver.resolve(f"{owner}.{self._name}", rdtype, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return None
        return [record.to_text() for record in answer.rrset or ()]

    def url_of(self, which: ParticipantIdentifier) -> str | None:
        """Where the NAPTR of a participant leads; None where there is none."""
        profile = next(s.domain.dns for s in self._live.instance.directory.all() if s.domain.dns.zone == self._name)
        name = participant_name(which, self._name, profile.name_form)
        found = self.records(name.removesuffix(f".{self._name}"), "NAPTR")
        if not found:
            return None
        (record,) = found
        _flags, _service, regexp, _replacement = record.split()[2:]
        return regexp.strip('"').split("!")[2]


def add_sml_domain(live: LiveInstance, folder: Path, profile: str, settings: dict[str, Any]) -> Path:
    """Be the SML of one more domain, with a certification authority of its own; gives the identity of an SMP in it."""
    authority = new_root(datetime.now(UTC), f"{settings['name']} Root TEST CA")
    anchors = {"anchors": [certificates_pem(authority.certificate).decode()]}
    add_domain(live.instance, ACTOR, profile, {**settings, "trust": {"sml-client": anchors}})
    live.run(live.serving.refresh())
    live.wait_for_dns()
    return write_identity(folder, authority, f"SMP_{settings['name'].upper()}")
