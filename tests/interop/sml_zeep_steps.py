# SPDX-License-Identifier: Apache-2.0
"""Calls any operation of any service of a locator with zeep, a SOAP client that we did not write, one at a time.

Run it with the Python of the virtual environment that holds zeep::

    python sml_zeep_steps.py --wsdl FOLDER --ca root.pem

It reads one JSON object a line::

    {"url": "https://…/edelivery-sml/bdmslservice", "wsdl": "BDMSLService-1.0.wsdl", "operation": "IsAlive",
     "identity": "smp.pem", "fields": {…}}

`wsdl` is a file in FOLDER, or a URL; `identity` a PEM file, or null; a field `{"base64": "…"}` is bytes. A
request that is a text has it in the field `_value_1`. Each is answered by one line: `fault`, `text`, `message`,
`declared`, `status`, `result` as sml_zeep_calls.py does, and `error` where no answer came. `declared` goes by the port
type.
"""

import argparse
import base64
import functools
import json
import sys
from datetime import date
from pathlib import Path

import requests
from lxml import etree
from zeep import Client, Settings
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.transports import Transport


def plain(value):
    """Fields as zeep wants them: bytes and days are no JSON."""
    if isinstance(value, dict):
        if value.keys() == {"base64"}:
            return base64.b64decode(value["base64"])
        if value.keys() == {"day"}:
            return date.fromisoformat(value["day"])
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def shown(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


class Caller:
    """The services through the eyes of one identity."""

    def __init__(self, options, identity):
        session = requests.Session()
        session.trust_env = False
        session.verify = options.ca
        session.cert = identity
        session.hooks["response"].append(self._note_status)
        self._session = session
        self._folder = Path(options.wsdl)
        self.status = None

    def _note_status(self, response, **_):
        self.status = response.status_code

    @functools.cache  # noqa: B019 - lives as long as the program
    def service(self, wsdl, url):
        source = wsdl if "://" in wsdl else str(self._folder / wsdl)
        client = Client(source, transport=Transport(session=self._session), settings=Settings(strict=True))
        ((name, binding),) = client.wsdl.bindings.items()
        return client, client.create_service(name, url), binding

    def call(self, step):
        client, proxy, binding = self.service(step["wsdl"], step["url"])
        line = {"fault": None, "result": None}
        try:
            fields = plain(step["fields"])
            alone = fields.pop("_value_1", None)
            answer = getattr(proxy, step["operation"])(*([] if alone is None else [alone]), **fields)
            line["result"] = serialize_object(answer, dict)
        except Fault as fault:
            line |= {"fault": fault.code, "text": fault.message, "message": None, "declared": False}
            for detail in fault.detail if fault.detail is not None else ():
                line["fault"] = etree.QName(detail).localname
                line["message"] = client.wsdl.types.deserialize(detail).FaultMessage
                operation = binding.port_type.operations[step["operation"]]
                line["declared"] = line["fault"] in operation.fault_messages
        line["status"] = self.status
        return line


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wsdl", required=True, help="folder of the WSDLs")
    parser.add_argument("--ca", required=True, help="PEM file of the server's anchors")
    options = parser.parse_args()
    callers = {}
    for text in sys.stdin:
        step = json.loads(text)
        caller = callers.setdefault(step["identity"], None) or Caller(options, step["identity"])
        callers[step["identity"]] = caller
        try:
            line = caller.call(step)
        except requests.RequestException as error:
            line = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(line, default=shown), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
