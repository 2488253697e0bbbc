# SPDX-License-Identifier: Apache-2.0
"""What pyHanko reads from a signed trusted list; run by the interoperability tests in pyHanko's own environment.

`pyhanko_read_list.py KIND LIST CERTIFICATE...` with KIND `list` or `lotl`; files in XML and DER. Prints JSON: either
`error`, or how many services or pointers were found.
"""

import json
import logging
import sys
from pathlib import Path

from asn1crypto import x509
from pyhanko.sign.validation.qualified import eutl_parse


def main(kind: str, path: str, *certificates: str) -> dict[str, object]:
    xml = Path(path).read_text("utf-8")
    signers = [x509.Certificate.load(Path(each).read_bytes()) for each in certificates]
    try:
        if kind == "lotl":
            found = eutl_parse.validate_and_parse_lotl(xml, signers)
            return {"pointers": sorted(each.territory for each in found.references), "errors": len(found.errors)}
        registry, errors = eutl_parse.trust_list_to_registry(xml, signers)
        return {"authorities": len(list(registry.known_certificate_authorities)), "errors": len(errors)}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is pyHanko's verdict
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    logging.disable()
    print(json.dumps(main(*sys.argv[1:])))
