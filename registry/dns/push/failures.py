# SPDX-License-Identifier: Apache-2.0
"""What a primary says where it doesn't take an update (RFC 2136 §2.2, RFC 8945 §5.3), as words that tell what to do."""

from dataclasses import dataclass

import dns.rcode

from registry.dns.tsig import TsigError, TsigRecord
from registry.errors import ConflictError, RegistryError, TechnicalError

_OVERTAKEN = {dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN}


class OvertakenError(ConflictError):
    """The zone isn't as it has to be there: somebody else has changed it.

    `accepted` is how many messages had been carried out before.
    """

    accepted = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where updates go: the server as `HOST:PORT`, the zone as it is called there, and the name of the key."""

    server: str
    zone: str
    key: str


def refusal(place: Place, rcode: int, *, signed: bool = True) -> RegistryError:
    """What an answer other than NOERROR means; `signed`: it is known to be from the server."""
    name = dns.rcode.to_text(dns.rcode.Rcode.make(rcode))
    if signed and rcode in _OVERTAKEN:
        return OvertakenError(f"{place.server} answers {name}: somebody else has changed the zone {place.zone} there")
    advice = {
        dns.rcode.REFUSED: f"let the key {place.key} update every name of the zone there, its SOA included",
        dns.rcode.NOTAUTH: f"it doesn't serve {place.zone} as a primary, or doesn't know the key {place.key} there",
        dns.rcode.NOTZONE: f"a name lies outside of the zone {place.zone} there; compare dns.push_to with its zones",
        dns.rcode.NOTIMP: "it takes no updates at all: switch dynamic updates on there",
        dns.rcode.FORMERR: "it doesn't understand our messages; its log may say why",
        dns.rcode.SERVFAIL: "it failed by itself; its log says why (a full disk, a journal at its limit)",
    }.get(dns.rcode.Rcode.make(rcode), "its log may say why")
    doubt = "" if signed else ", without a signature"
    return TechnicalError(f"{place.server} answers {name}{doubt}: {advice}")


def signature_refused(place: Place, record: TsigRecord, now: int) -> TechnicalError:
    """What the error in a TSIG record of an answer means."""
    if record.error == TsigError.BADTIME:
        ahead = int.from_bytes(record.other) - now if len(record.other) == 6 else None
        much = "" if ahead is None else f" by {abs(ahead)} s, it is {'ahead' if ahead > 0 else 'behind'}"
        return TechnicalError(
            f"the clocks of {place.server} and of this machine differ{much} (BADTIME): set both by NTP, and look at "
            "the times of the key there"
        )
    advice = {
        TsigError.BADKEY: f"it doesn't know a key {place.key} of this algorithm: give it the key, or name another one",
        TsigError.BADSIG: f"its key {place.key} has another secret than ours",
        TsigError.BADTRUNC: f"it wants signatures of another length for the key {place.key}",
    }
    try:
        error = TsigError(record.error)
    except ValueError:
        return TechnicalError(f"{place.server} refuses our signature with the error {record.error}")
    return TechnicalError(
        f"{place.server} refuses our signature ({error.name}): {advice.get(error, 'nobody knows why')}"
    )
