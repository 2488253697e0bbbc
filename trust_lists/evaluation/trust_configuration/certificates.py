# SPDX-License-Identifier: Apache-2.0
"""The certificates that a configuration names by their digest: found, compared with what it says, put into place."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.errors import CertificateError, shown
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.model import CertificateReference, TrustConfiguration
from trust_lists.evaluation.trust_configuration.places import Complaint, Place

Files: TypeAlias = Callable[[str], bytes | None]
"""The bytes of a file by its name, which has no folder; None where there is none. Raises nothing."""
Held: TypeAlias = dict[str, ListedCertificate]
"""Certificates by digest."""


def certificate_places(root: Place) -> Iterator[Place]:
    """Where a configuration has certificates."""
    stores = root.at("stores")
    yield from (entry.at("cert") for entry in stores.at("anchors").items())
    yield from stores.at("intermediates").items()
    for store in ("lists", "saml_metadata"):
        for entry in stores.at(store).items():
            yield from entry.at("signers").items()


def hold(root: Place, files: Files | None) -> tuple[Held, list[Complaint]]:
    """The certificates of a configuration, and what is wrong with the places where they should be.

    Without `files` only those that stand in the configuration itself. Each file is asked for and read once.
    """
    held: Held = {}
    complaints: list[Complaint] = []
    bundles: dict[str, _Bundle] = {}
    for place in certificate_places(root):
        digest, pem = place.at("sha256").text, place.at("pem").text
        name = place.at("file").text or f"{digest}.der"
        if not digest or (not pem and files is None):
            continue
        if pem:
            bundle = _bundle(pem.encode(), "this text")
        else:
            bundle = bundles.get(name) or _bundle(files(name) if files else None, f"the file {name}")
            bundles[name] = bundle
        if digest in bundle.certificates:
            held[digest] = bundle.certificates[digest]
        else:
            complaints.append(Complaint(place.path, bundle.without(digest)))
    return held, complaints


@dataclass(frozen=True, slots=True)
class _Bundle:
    """The certificates of a file, or why there are none."""

    where: str
    certificates: Held
    problem: str = ""

    def without(self, digest: str) -> str:
        """That it doesn't hold a certificate, and what it has instead."""
        if self.problem:
            return f"{self.where} {self.problem}; it should hold the certificate {digest}"
        found = list(self.certificates.values())[:3]
        names = "; ".join(f"{each.sha256} ({shown(each.subject_text)})" for each in found)
        return f"{self.where} doesn't hold the certificate {digest}, but {names}"


def _bundle(data: bytes | None, where: str) -> _Bundle:
    if data is None:
        return _Bundle(where, {}, "is missing")
    try:
        return _Bundle(where, {each.sha256: each for each in certificates_in(data)})
    except CertificateError as error:
        return _Bundle(where, {}, f"can't be read ({error})")


def denied(root: Place, held: Held) -> Iterator[Complaint]:
    """Anchors that are denied by their key, or by issuer and serial number."""
    deny = root.at("stores").at("deny")
    keys = {each.text: each for each in deny.at("spki_sha256").items()}
    serials = {(each.at("issuer").text, each.at("serial").text): each for each in deny.at("issuer_serial").items()}
    for entry in root.at("stores").at("anchors").items():
        place = entry.at("cert").at("sha256")
        certificate = held.get(place.text)
        if certificate is None:
            continue
        found = keys.get(key_digest(certificate)) or serials.get((certificate.issuer_text, serial_text(certificate)))
        if found is not None:
            yield Complaint(place.path, f"{entry.at('id').text} is also denied, at {found.path}")


def doubtful(root: Place, held: Held) -> Iterator[Complaint]:
    """Anchors whose certificates aren't what the configuration takes them for."""
    for entry in root.at("stores").at("anchors").items():
        certificate = held.get(entry.at("cert").at("sha256").text)
        if certificate is not None and entry.at("as").text == "ca" and not path_extensions(certificate.der).authority:
            yield Complaint(entry.at("as").path, f"{certificate.subject_text} is no authority (basicConstraints)")


def key_digest(certificate: ListedCertificate) -> str:
    """The SHA-256 of the SubjectPublicKeyInfo."""
    return hashlib.sha256(certificate.key).hexdigest()


def serial_text(certificate: ListedCertificate) -> str:
    """The serial number as `issuer_serial` has it; "" where it can't be found."""
    slices = certificate.slices
    return f"{int.from_bytes(slices.serial, 'big'):x}" if slices else ""


def with_certificates(configuration: TrustConfiguration, held: Mapping[str, ListedCertificate]) -> TrustConfiguration:
    """The same with the bytes of its certificates."""

    def put(reference: CertificateReference) -> CertificateReference:
        return replace(reference, certificate=held.get(reference.sha256, reference.certificate))

    stores = configuration.stores
    return replace(
        configuration,
        stores=replace(
            stores,
            anchors=tuple(replace(each, cert=put(each.cert)) for each in stores.anchors),
            intermediates=tuple(map(put, stores.intermediates)),
            lists=tuple(replace(each, signers=tuple(map(put, each.signers))) for each in stores.lists),
            saml_metadata=tuple(replace(each, signers=tuple(map(put, each.signers))) for each in stores.saml_metadata),
        ),
    )
