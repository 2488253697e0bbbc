# SPDX-License-Identifier: Apache-2.0
"""What pyHanko's reader of trusted lists takes for the files on standard input; runs in the environment that has it.

A JSON array of [file, signer in DER and base64, validation time]; answers with CPU seconds and what it found. The same
steps as its `trust_list_to_registry`, which knows no time but now.
"""

import base64
import json
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

from asn1crypto import x509  # type: ignore[import-not-found]  # of another environment
from pyhanko.sign.validation.qualified import eutl_parse  # type: ignore[import-not-found]


def main() -> None:
    """Read and verify all of them."""
    work = json.load(sys.stdin)
    services = dropped = failed = 0
    begun = time.process_time()
    for file, signer, at in work:
        text = Path(file).read_text(encoding="utf-8-sig")
        certificate = x509.Certificate.load(base64.b64decode(signer))
        try:
            signed = eutl_parse._validate_and_extract_tl_data(text, certificate, datetime.fromisoformat(at))  # noqa: SLF001
            registry, errors = eutl_parse.trust_list_to_registry_unsafe(signed)
        except Exception:  # noqa: BLE001  # whatever it is, that list is lost to its users
            failed += 1
            continue
        services += len(list(registry.known_certificate_authorities)) + len(list(registry.known_timestamp_authorities))
        dropped += len(errors)
    seconds = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    answer = {"cpu_seconds": seconds, "megabytes": memory, "services": services, "dropped": dropped, "failed": failed}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
