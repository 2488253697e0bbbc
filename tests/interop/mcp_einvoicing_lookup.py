# SPDX-License-Identifier: Apache-2.0
"""Looks participants up with mcp-einvoicing-core, a client that we did not write; prints a JSON object for each.

Run it with the Python of the virtual environment that holds it::

    python mcp_einvoicing_lookup.py DOH_URL ZONE < questions

A question is a line of JSON: `participant`, a value of iso6523-actorid-upis; `document_type`, with its scheme; and
`trusted`, the folder whose subfolder `test` holds the PEM files of authorities. Instead of a participant it may have
`document`, a file that the client then reads as if it had come from an SMP. Many questions take one process, since the
client takes seconds to load.

The client knows the zones of the European Commission only, so its resolver and its zone are replaced, as its own
subclasses would. It accepts an SMP by the environment variable EINVOICING_SMP_ALLOWLIST (suffixes of host:port) and
servers by SSL_CERT_FILE.
"""

import asyncio
import dataclasses
import json
import os
import sys
from pathlib import Path

from mcp_einvoicing_core.exceptions import PlatformError
from mcp_einvoicing_core.peppol import PeppolEnvironment, PeppolParticipantId, PeppolSMPClient


class Client(PeppolSMPClient):
    """The client, with signature verification on."""

    def __init__(self, doh_url, zone):
        super().__init__(PeppolEnvironment.TEST, verify_smp_signatures=True)
        self._doh_url = doh_url
        self._sml_domain = zone

    def answer(self, question):
        os.environ["EINVOICING_PEPPOL_PKI_DIR"] = question["trusted"]
        document_type = question["document_type"]
        if "document" in question:
            return dataclasses.asdict(
                self._parse_service_metadata(Path(question["document"]).read_bytes(), document_type)
            )
        participant = PeppolParticipantId.parse(question["participant"])
        try:
            return dataclasses.asdict(asyncio.run(self.get_service_endpoint(participant, document_type)))
        except PlatformError as error:
            return {"error": error.status_code, "text": str(error)}


def main():
    client = Client(*sys.argv[1:])
    for line in sys.stdin:
        print(json.dumps(client.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
