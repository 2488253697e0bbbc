# SPDX-License-Identifier: Apache-2.0
"""Drives every operation of a locator with zeep, a SOAP client that we did not write; prints one JSON line per call.

Run it with the Python of the virtual environment that holds zeep::

    python sml_zeep_calls.py BASE_URL --wsdl FOLDER [--cert smp.pem --key smp.key --ca root.pem]
                             [--other-cert smp2.pem --other-key smp2.key] [--header 'Name: value'] ...

FOLDER holds ManageServiceMetadataService-1.0.wsdl and ManageBusinessIdentifierService-1.0.wsdl; without it the WSDLs
are taken from the locator itself. `--other-…` is the identity of the second publisher, to which a participant
migrates; without it both publishers have the same owner. A line reads::

    {"step": "create twice", "operation": "Create", "status": 500, "fault": "BadRequestFault", "text": "[ERR-106] …",
     "message": "[ERR-106] …", "declared": true, "result": null}

`fault` is the element in the detail (the fault code where there is none), `text` the faultstring, `message` the
FaultMessage as zeep decoded it by the schema; `declared` says whether the WSDL declares this fault for the operation.
The exit status is 0 when all calls got an answer; what the answers should be is for the caller of this script to
judge.
"""

import argparse
import json
import sys
from pathlib import Path

import requests
from lxml import etree
from zeep import Client, Settings
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.transports import Transport

METADATA = ("ManageServiceMetadataService", "manageservicemetadata")
IDENTIFIER = ("ManageBusinessIdentifierService", "manageparticipantidentifier")
KEY = "11AAbb$$11AAbb$$"


class Identity:
    """One caller: a TLS client certificate or a header, and the two services through its eyes."""

    def __init__(self, options, certificate, key, headers):
        session = requests.Session()
        session.trust_env = False
        session.verify = options.ca or True
        session.cert = (certificate, key) if certificate else None
        session.headers.update(dict(header.split(": ", 1) for header in headers))
        session.hooks["response"].append(self._note_status)
        self.status = None
        self._session = session
        self._services = {names[0]: self._connect(options, *names) for names in (METADATA, IDENTIFIER)}

    def _note_status(self, response, **_):
        self.status = response.status_code

    def _connect(self, options, name, path):
        address = f"{options.base_url.rstrip('/')}/{path}"
        wsdl = str(Path(options.wsdl) / f"{name}-1.0.wsdl") if options.wsdl else f"{address}?wsdl"
        client = Client(wsdl, transport=Transport(session=self._session), settings=Settings(strict=True))
        namespace = etree.QName(next(iter(client.wsdl.bindings))).namespace
        if not options.wsdl:
            return client, client.service, client.wsdl.bindings
        binding = f"{{{namespace}}}{name}Soap"
        return client, client.create_service(binding, address), client.wsdl.bindings

    def call(self, step, service, operation, *arguments, **fields):
        client, proxy, bindings = self._services[service[0]]
        line = {"step": step, "operation": operation, "fault": None, "result": None}
        try:
            line["result"] = serialize_object(getattr(proxy, operation)(*arguments, **fields), dict)
        except Fault as fault:
            line |= {"fault": fault.code, "text": fault.message, "message": None, "declared": False}
            for detail in fault.detail if fault.detail is not None else ():
                (binding,) = bindings.values()
                line["fault"] = etree.QName(detail).localname
                line["message"] = client.wsdl.types.deserialize(detail).FaultMessage
                line["declared"] = line["fault"] in binding.port_type.operations[operation].fault_messages
        line["status"] = self.status
        print(json.dumps(line), flush=True)
        return line["result"]


def publisher(smp_id, address):
    endpoint = {"LogicalAddress": address, "PhysicalAddress": "192.0.2.1"}
    return {"PublisherEndpoint": endpoint, "ServiceMetadataPublisherID": smp_id}


def scenario(one, other, options):
    """Two publishers and some participants come, change and go; each step says what it does."""
    first, second = options.smp_id, f"{options.smp_id}-2"
    ids = [
        {"_value_1": f"{options.participant_prefix}{number:05d}", "scheme": options.scheme} for number in range(1, 102)
    ]

    def single(identity, step, operation, smp_id, participant, **fields):
        fields = {"ServiceMetadataPublisherID": smp_id, "ParticipantIdentifier": participant, **fields}
        return identity.call(step, IDENTIFIER, operation, **fields)

    def several(step, operation, participants, smp_id=None):
        fields = {"ParticipantIdentifier": participants}
        if smp_id:
            fields["ServiceMetadataPublisherID"] = smp_id
        return one.call(step, IDENTIFIER, operation, **fields)

    def pages(step):
        """All pages; the first one is asked for with an empty NextPageIdentifier, as existing callers do."""
        page = ""
        while page is not None:
            fields = {"ServiceMetadataPublisherID": first, "NextPageIdentifier": page}
            answer = one.call(step, IDENTIFIER, "List", **fields)
            page = answer and answer["NextPageIdentifier"]

    one.call("delete unknown publisher", METADATA, "Delete", first)
    one.call("create publisher", METADATA, "Create", **publisher(first, options.address))
    one.call("create publisher twice", METADATA, "Create", **publisher(first, options.address))
    one.call("read publisher", METADATA, "Read", **publisher(first, ""))
    one.call("update publisher", METADATA, "Update", **publisher(first, f"{options.address}moved/"))
    one.call("read updated publisher", METADATA, "Read", **publisher(first, ""))
    other.call("create second publisher", METADATA, "Create", **publisher(second, options.address))

    single(one, "create participant", "Create", first, ids[0])
    single(one, "create participant twice", "Create", first, ids[0])
    several("create list", "CreateList", ids[1:6], first)
    several("create too long list", "CreateList", ids, first)
    several("create empty list", "CreateList", [], first)
    pages("list")

    single(one, "prepare migration", "PrepareToMigrate", first, ids[0], MigrationKey=KEY)
    single(one, "delete during migration", "Delete", first, ids[0])
    single(other, "migrate with wrong key", "Migrate", second, ids[0], MigrationKey=KEY.swapcase())
    single(other, "migrate", "Migrate", second, ids[0], MigrationKey=KEY)
    single(other, "migrate twice", "Migrate", second, ids[0], MigrationKey=KEY)
    single(one, "delete what was given away", "Delete", first, ids[0])
    single(other, "delete participant", "Delete", second, ids[0])

    several("delete list", "DeleteList", ids[1:3], first)
    several("delete list twice", "DeleteList", ids[1:3], first)
    several("delete list without publisher", "DeleteList", ids[3:5])
    pages("list what is left")
    if options.probe:
        one.call("probe", METADATA, "Read", **publisher(options.probe, ""))
    other.call("delete second publisher", METADATA, "Delete", second)
    one.call("delete publisher", METADATA, "Delete", first)
    one.call("delete publisher twice", METADATA, "Delete", first)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("--wsdl", help="folder of the WSDLs; without it they come from the locator")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--ca", help="PEM file of the server's anchors")
    parser.add_argument("--other-cert")
    parser.add_argument("--other-key")
    parser.add_argument("--header", action="append", default=[], help="sent by the first caller")
    parser.add_argument("--other-header", action="append", default=[], help="sent by the second caller")
    parser.add_argument("--smp-id", default="SMP-ZEEP-1")
    parser.add_argument("--address", default="https://smp.example.org/")
    parser.add_argument("--scheme", default="iso6523-actorid-upis")
    parser.add_argument("--participant-prefix", default="0088:57980000")
    parser.add_argument("--probe", help="one more publisher to read")
    options = parser.parse_args()
    one = Identity(options, options.cert, options.key, options.header)
    other = one
    if options.other_cert or options.other_header:
        other = Identity(options, options.other_cert, options.other_key, options.other_header)
    scenario(one, other, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
