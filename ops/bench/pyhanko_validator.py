# SPDX-License-Identifier: Apache-2.0
"""What pyHanko's path validator takes for the certificates on standard input; runs in the environment that has it.

JSON: `root`, `between`, `leaves` (DER in base64) and `at`. Answers with CPU seconds and how many it found valid.
"""

import asyncio
import base64
import json
import sys
import time
from datetime import datetime

from asn1crypto import x509  # type: ignore[import-not-found]  # of another environment
from pyhanko_certvalidator import CertificateValidator, ValidationContext  # type: ignore[import-not-found]


async def validate(work: dict[str, list[str]], at: datetime) -> dict[str, float]:
    """Each leaf in a validation of its own."""
    between, roots, leaves = (
        [x509.Certificate.load(base64.b64decode(each)) for each in work[name]] for name in ("between", "root", "leaves")
    )
    valid = 0
    begun = time.process_time()
    for leaf in leaves:
        context = ValidationContext(trust_roots=roots, moment=at, best_signature_time=at, allow_fetching=False)
        validator = CertificateValidator(leaf, intermediate_certs=between, validation_context=context)
        await validator.async_validate_usage({"digital_signature"})
        valid += 1
    return {"cpu_seconds": time.process_time() - begun, "valid": valid}


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(asyncio.run(validate(given, datetime.fromisoformat(given["at"])))))
