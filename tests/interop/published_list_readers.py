# SPDX-License-Identifier: Apache-2.0
"""What programs that we did not write make of our lists; prints one JSON object.

Run it with the Python of the virtual environment that holds them::

    python published_list_readers.py pyhanko LIST.xml SIGNER.pem
    python published_list_readers.py schema DOCUMENT.json FOLDER_OF_SCHEMAS

`pyhanko` verifies a trusted list with its signer pinned and tells the qualified services that it found. `schema`
validates a list of trusted entities (without its signature) by the JSON schemas of TS 119 602, none of which is
fetched.
"""

import json
import sys
from pathlib import Path


def pyhanko(document, signer):
    """The errors that pyHanko met, and the authorities it takes for qualified with what it knows of them."""
    from asn1crypto import pem, x509
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.qualified.eutl_parse import trust_list_to_registry

    _, _, der = pem.unarmor(signer.read_bytes())
    try:
        registry, errors = trust_list_to_registry(document.read_text(encoding="utf-8"), [x509.Certificate.load(der)])
    except SignatureValidationError as error:
        return {"verified": False, "message": str(error)}
    services = []
    for authority in registry.known_certificate_authorities:
        for service in registry.applicable_service_definitions(authority, None):
            services.append(
                {
                    "authority": authority.name.human_friendly,
                    "service": service.base_info.service_name,
                    "valid_from": service.base_info.valid_from.isoformat(),
                    "qualifiers": sorted(
                        qualifier.value for each in service.qualifications for qualifier in each.qualifiers
                    ),
                }
            )
    return {"verified": True, "errors": [str(error) for error in errors], "services": services}


def schema(document, folder):
    """What is not valid."""
    from jsonschema import Draft7Validator, FormatChecker
    from referencing import Registry
    from referencing.jsonschema import DRAFT7

    main, keys = (
        json.loads((folder / name).read_text(encoding="utf-8")) for name in ("1960201_json_schema.json", "rfc7517.json")
    )
    registry = Registry().with_resource("rfcs/rfc7517.json", DRAFT7.create_resource(keys))
    validator = Draft7Validator(main, registry=registry, format_checker=FormatChecker())
    found = validator.iter_errors(json.loads(document.read_text(encoding="utf-8")))
    return {"errors": [f"{error.json_path}: {error.message}" for error in found]}


if __name__ == "__main__":
    kind, *paths = sys.argv[1:]
    print(json.dumps({"pyhanko": pyhanko, "schema": schema}[kind](*map(Path, paths))))
