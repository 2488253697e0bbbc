# SPDX-License-Identifier: Apache-2.0
"""Real authorities and certificates of the corpus, and the shipped models with them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.comparison import Subject
from trust_lists.evaluation.trust_configuration import TrustConfiguration, read_configuration
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

Shipped = Callable[[str], TrustConfiguration]
Named = Callable[[str], ListedCertificate]


@pytest.fixture(scope="session")
def anchors_folder(corpus: Path) -> Path:
    return corpus / "trust_models" / "real_anchors"


@pytest.fixture(scope="session")
def shipped(corpus: Path) -> Shipped:
    """A shipped model with its real certificates."""
    folder = corpus / "trust_models"
    files = {
        each.name: each for each in folder.rglob("*") if each.parent.parent.name in {"real_anchors", "trust_models"}
    }

    def load(name: str) -> TrustConfiguration:
        return read_configuration(shipped_model(name), lambda file: files[file].read_bytes()).configuration

    return load


@pytest.fixture(scope="session")
def real(anchors_folder: Path) -> list[Subject]:
    """The 68 real certificates."""
    found = json.loads((anchors_folder / "real_certs_68.json").read_text(encoding="utf-8"))
    return [Subject(certificates_in(each["pem"].encode())[0], each["sources"][0]) for each in found]


@pytest.fixture(scope="session")
def named(anchors_folder: Path) -> Named:
    """A real authority by the name of its file below the folder."""

    def load(name: str) -> ListedCertificate:
        return certificates_in((anchors_folder / name).read_bytes())[0]

    return load
