# SPDX-License-Identifier: Apache-2.0
"""Looks a participant up with peppol-py, a client that we did not write; prints one JSON object.

Run it with the Python of the virtual environment that holds peppol-py::

    python peppol_py_lookup.py DNS_HOST DNS_PORT ZONE PARTICIPANT [DOCUMENT_TYPE]

PARTICIPANT is a value of iso6523-actorid-upis, DOCUMENT_TYPE is without its scheme. The client knows Peppol's own
zones only and asks the system's resolver, so the one thing that is replaced is the resolver: it asks our server, and
our zone instead of Peppol's. Printed are the service group's URL, its references, whether the client takes the
participant for one who receives invoices and credit notes, and the endpoint for DOCUMENT_TYPE; or the client's error
with exit status 1.
"""

import argparse
import json
import sys

import dns.resolver
from peppol_py import SendPeppolError, smp, validate_peppol_receiver

PEPPOL_ZONE = "participant.sml.test.tech.peppol.org"
AGENT = "peppol-py"
TIMEOUT = 20


def resolver_of(host, port, zone):
    """A class to take the place of `dns.resolver.Resolver`."""

    class OurResolver(dns.resolver.Resolver):
        def __init__(self):
            super().__init__(configure=False)
            self.nameservers = [host]
            self.port = port
            self.lifetime = TIMEOUT

        def resolve(self, name, *arguments, **options):
            if not name.endswith(PEPPOL_ZONE):
                raise ValueError(f"the client asks for {name}, which is outside its zone")
            return super().resolve(name.removesuffix(PEPPOL_ZONE) + zone, *arguments, **options)

    return OurResolver


def receives_bis_billing(participant):
    try:
        validate_peppol_receiver(participant, test_environment=True, timeout=TIMEOUT)
    except SendPeppolError as error:
        return str(error)
    return True


def look_up(participant, document_type):
    asked = (participant, True, TIMEOUT, AGENT)
    found = {
        "group_url": smp.get_smp_url_from_dns(participant, True),
        "references": smp.get_service_urls_for_participant_from_smp(*asked),
        "receives_bis_billing": receives_bis_billing(participant),
    }
    if document_type:
        profile, address, certificate = smp.get_service_info_for_participant_from_smp(
            participant, document_type, True, TIMEOUT, AGENT
        )
        found |= {"transport_profile": profile, "address": address, "certificate": certificate.decode()}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("zone")
    parser.add_argument("participant")
    parser.add_argument("document_type", nargs="?")
    options = parser.parse_args()
    dns.resolver.Resolver = resolver_of(options.host, options.port, options.zone)
    try:
        print(json.dumps(look_up(options.participant, options.document_type)))
    except SendPeppolError as error:
        print(json.dumps({"error": error.code, "temporary": error.temporary, "text": str(error)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
