# SPDX-License-Identifier: Apache-2.0
"""Asks pyHanko, which we did not write, whether certificates are qualified by certain lists.

Run it with the Python of the virtual environment that holds pyHanko; it reads a JSON array of objects with `list` and
`certificate` (paths) and `at` (ISO 8601) from standard input, and prints as many objects with `qualified`, `type`
(`qct_esign`, `qct_eseal`, `qct_web`) and `device`, or null where no authority of the list issued the certificate.
Signatures of lists are not verified, and of paths only the last step is.
"""

import json
import sys
from datetime import datetime
from functools import cache
from pathlib import Path

from asn1crypto import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate
from pyhanko.sign.validation.qualified.assess import QualificationAssessor
from pyhanko.sign.validation.qualified.eutl_parse import trust_list_to_registry_unsafe
from pyhanko.sign.validation.qualified.tsp import TSPTrustManager
from pyhanko_certvalidator.path import ValidationPath


@cache
def registry(path):
    """The services of a list, as far as the client takes them."""
    found, _errors = trust_list_to_registry_unsafe(Path(path).read_text(encoding="utf-8-sig"))
    return found


def answer(question):
    """What the client says; None where it finds no issuer."""
    data = Path(question["certificate"]).read_bytes()
    leaf = x509.Certificate.load(data)
    services = registry(question["list"])
    for anchor in TSPTrustManager(services).find_potential_issuers(leaf):
        if not issued(anchor.authority.certificate.dump(), data):
            continue
        path = ValidationPath(anchor, [], leaf)
        found = QualificationAssessor(services).check_entity_cert_qualified(
            path, datetime.fromisoformat(question["at"])
        )
        status = found.status
        return {
            "qualified": status.qualified,
            "type": status.qc_type.value,
            "device": status.qc_key_security.is_qscd,
        }
    return None


def issued(issuer, subject):
    """Whether the key of one certificate signed the other."""
    try:
        load_der_x509_certificate(subject).verify_directly_issued_by(load_der_x509_certificate(issuer))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


if __name__ == "__main__":
    print(json.dumps([answer(question) for question in json.load(sys.stdin)]))
