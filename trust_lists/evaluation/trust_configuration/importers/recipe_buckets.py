# SPDX-License-Identifier: Apache-2.0
"""The certificate buckets of a `ValidatorRecipe`: certificates in it, and those of key stores in it, by alias."""

import base64
import binascii
from dataclasses import dataclass

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import CertificateError, shown
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.importers.building import Draft
from trust_lists.evaluation.trust_configuration.importers.key_stores import StoreEntry, read_key_store

DEFAULT = "default"


def tag(element: etree._Element) -> str:
    """The local name; "" for a processing instruction."""
    name: object = element.tag
    return etree.QName(name).localname if isinstance(name, str) else ""


def place(element: etree._Element) -> str:
    """Where an element stands, for people: its names from the validator down, and its line."""
    names = [shown(tag(each)) for each in (*reversed(list(element.iterancestors())), element)]
    named = shown(element.get("name") or "")
    return f"{'/'.join(names[1:]) or names[0]}{f'[{named}]' if named else ''} (line {element.sourceline})"


@dataclass(frozen=True, slots=True)
class Buckets:
    """Certificates by the name of their bucket."""

    draft: Draft
    certificates: dict[str, list[ListedCertificate]]

    @classmethod
    def of(cls, root: etree._Element, draft: Draft) -> "Buckets":
        """All of a recipe. What can't be read is refused in `draft`."""
        stores = {each.get("name") or DEFAULT: _store(each, draft) for each in root if tag(each) == "KeyStore"}
        found = {
            each.get("name") or "": [certificate for child in each for certificate in _read(child, stores, draft)]
            for each in root
            if tag(each) == "CertificateBucket"
        }
        return cls(draft, found)

    def get(self, reference: etree._Element) -> list[ListedCertificate]:
        """The certificates of the bucket that the element names; none where there is no such bucket, which is noted."""
        name = (reference.text or "").strip()
        if name not in self.certificates:
            self.draft.refused.append(f"{place(reference)}: there is no bucket {shown(name)}")
        return self.certificates.get(name, [])


def _store(element: etree._Element, draft: Draft) -> tuple[StoreEntry, ...]:
    try:
        data = base64.b64decode("".join((element.text or "").split()), validate=True)
        return read_key_store(data, element.get("password"))
    except (binascii.Error, ValueError):
        draft.refused.append(f"{place(element)}: this is no base64")
    except CertificateError as error:
        draft.refused.append(f"{place(element)}: {error}")
    return ()


def _read(
    element: etree._Element, stores: dict[str, tuple[StoreEntry, ...]], draft: Draft
) -> tuple[ListedCertificate, ...]:
    text = (element.text or "").strip()
    if tag(element) == "Certificate":
        try:
            return certificates_in(text.encode())
        except CertificateError as error:
            draft.refused.append(f"{place(element)}: {error}")
            return ()
    if tag(element) not in {"CertificateReference", "CertificateStartsWith"}:
        draft.refused.append(f"{place(element)}: this can't be said in the format")
        return ()
    store = element.get("keyStore") or DEFAULT
    if store not in stores:
        draft.refused.append(f"{place(element)}: there is no key store {shown(store)}")
        return ()
    whole = tag(element) == "CertificateReference"
    found = [
        each.certificates[0]
        for each in stores[store]
        if each.certificates and (each.alias == text if whole else each.alias.startswith(text))
    ]
    if not found:
        draft.refused.append(f"{place(element)}: the key store {shown(store)} has no entry {shown(text)}")
    return tuple(found)
