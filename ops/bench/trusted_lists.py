# SPDX-License-Identifier: Apache-2.0
"""Trusted lists of the corpus: reading a whole generation, beside pyHanko; matching a certificate; comparing two.

`python ops/bench/trusted_lists.py --read` reads and verifies in a process of its own, whose memory is then its figure.
"""

import base64
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from measuring import cpu_milliseconds
from processes import ROOT

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.changes.lists import compare_lists
from trust_lists.documents.model import TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.sources.verifying import VerifiedList, verify_list

CORPUS = Path(os.environ.get("REGISTRY_CORPUS", ROOT.parent / "shared" / "corpus")) / "trust_lists"
OLDER, NEWER = "gen-2019-09", "gen-2023-10"
PYHANKO = ROOT / ".venv-interop" / "bin" / "python"
ROUNDS = 3


def run() -> dict[str, Any]:
    """All figures. Raises RuntimeError without the corpus or pyHanko."""
    if not CORPUS.is_dir() or not PYHANKO.exists():
        raise RuntimeError("this benchmark needs the corpus (REGISTRY_CORPUS) and pyHanko (make interop-venv)")
    ours = [_ours() for _ in range(ROUNDS)]
    theirs = _pyhanko()
    best = min(ours, key=lambda each: each["cpu_seconds"])
    return {
        "name": "trusted_lists",
        "read": best | {"pyhanko": theirs, "times_faster_than_pyhanko": _ratio(theirs, best)},
        "matching": matching(),
        "difference": difference(),
    }


def _ratio(slower: dict[str, Any], faster: dict[str, Any]) -> float:
    return round(float(slower["cpu_seconds"]) / float(faster["cpu_seconds"]), 1)


def _files(generation: str) -> list[Path]:
    return sorted((CORPUS / generation).glob("*.xml"))


def _ours() -> dict[str, Any]:
    command = [sys.executable, __file__, "--read"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def read() -> dict[str, Any]:
    """Parse, verify and extract every list of a generation; certificates are fingerprinted, as pyHanko does it."""
    services = 0
    begun = time.process_time()
    kept: list[VerifiedList] = []
    for file in _files(NEWER):
        verified = verify_list(file.read_bytes(), signers=None)
        for service in verified.document.services:
            services += 1
            _ = [(each.sha256, each.certificate) for each in service.current.identity.certificates]
        kept.append(verified)
    seconds = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"cpu_seconds": round(seconds, 2), "megabytes": memory, "services": services, "lists": len(kept)}


def _pyhanko() -> dict[str, Any]:
    work = []
    for file in _files(NEWER):
        verified = verify_list(file.read_bytes(), signers=None)
        signer = verified.signer.certificate
        if signer is None:
            raise RuntimeError(f"the signer of {file.name} can't be read")
        # Any moment within the signer's life: whether it was the right one isn't measured.
        at = signer.not_valid_before_utc + timedelta(days=1)
        work.append([str(file), base64.b64encode(verified.signer.der).decode(), at.isoformat()])
    script = Path(__file__).with_name("pyhanko_reader.py")
    done = subprocess.run(
        [str(PYHANKO), str(script)], input=json.dumps(work), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"cpu_seconds": round(found["cpu_seconds"], 2)}


def _documents(generation: str) -> list[tuple[str, TrustedList]]:
    documents = (read_unverified(file.read_bytes()) for file in _files(generation))
    return [(document.scheme.territory, document) for document in documents]


def matching() -> dict[str, Any]:
    """Milliseconds of CPU to find a certificate's services in a loaded index of a whole generation."""
    documents = _documents(NEWER)
    begun = time.process_time()
    index = ServiceIndex(documents)
    made = time.process_time() - begun
    certificates = [ListedCertificate(file.read_bytes()) for file in sorted((CORPUS / "ee-certs").glob("*.cer"))]
    begun = time.process_time()
    found = sum(len(index.services_of(each)) for each in certificates)
    first = (time.process_time() - begun) / len(certificates) * 1e3
    each_ms = [cpu_milliseconds(0.05, partial(index.services_of, one))[0] for one in certificates[:40]]
    return {
        "index_seconds": round(made, 2),
        "anchors": index.anchors,
        "certificates": len(certificates),
        "matches": found,
        "first_milliseconds": round(first, 3),
        "milliseconds": round(statistics.median(each_ms), 3),
        "slowest_milliseconds": round(max(each_ms), 3),
    }


def difference() -> dict[str, Any]:
    """Seconds of CPU to compare every list of one generation with its successor in the next, once they are read."""
    before, after = dict(_documents(OLDER)), dict(_documents(NEWER))
    pairs = [(before[name], after[name]) for name in sorted(before.keys() & after.keys())]
    begun = time.process_time()
    changes = [compare_lists(old, new) for old, new in pairs]
    return {"pairs": len(changes), "cpu_seconds": round(time.process_time() - begun, 2)}


if __name__ == "__main__":
    print(json.dumps(read() if sys.argv[1:] == ["--read"] else run(), indent=2))
