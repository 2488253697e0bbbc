# SPDX-License-Identifier: Apache-2.0
"""How the things of two configurations are called when people are told about them."""

from collections.abc import Mapping
from typing import Any

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import COMMON_NAME
from trust_lists.errors import shown
from trust_lists.evaluation.trust_configuration.forms import ANY
from trust_lists.evaluation.trust_configuration.model import CertificateReference, Json, TrustConfiguration
from trust_lists.strict_json import canonical_json

_STORES = {
    "anchors": "anchor",
    "lists": "list",
    "saml_metadata": "SAML metadata",
    "openid_federation": "federation",
    "pins": "pin",
    "intermediates": "intermediate",
}
_UNBOUNDED = {"path_len", "max_path_length", "from", "until", "for_certs_issued_before"}
"""Keys at which null stands for no bound."""


def certificate_name(certificate: ListedCertificate | None) -> str:
    """The common name of the subject, or all of it; "" where there is no certificate."""
    if certificate is None:
        return ""
    return shown(next(iter(certificate.subject_values(COMMON_NAME)), "") or certificate.subject_text)


class Names:
    """The names of what stands in A or B."""

    def __init__(self, a: TrustConfiguration, b: TrustConfiguration, renamed: Mapping[tuple[str, str], str]) -> None:
        self._certificates: dict[str, str] = {}
        for reference in (*a.certificates(), *b.certificates()):
            if name := reference_name(reference):
                self._certificates.setdefault(reference.sha256, name)
        old_ids = {new: old for (store, old), new in renamed.items() if store == "anchors"}
        self._anchors: dict[str, list[str]] = {}
        self._parties: dict[str, str] = {}
        for configuration in (a, b):
            for anchor in configuration.stores.anchors:
                names = self._anchors.setdefault(old_ids.get(anchor.id, anchor.id), [])
                name = self.certificate(anchor.cert.sha256)
                if name not in names:
                    names.append(name)
            self._parties |= {pin.id: pin.party or ANY for pin in configuration.stores.pins}

    def certificate(self, digest: str) -> str:
        """Whose certificate it is; the beginning of its digest where nobody says."""
        return self._certificates.get(digest, f"{digest[:12]}…")

    def owner(self, path: tuple[str, ...]) -> str:
        """The thing that a key path is about: `anchor ap-ca-g3 (PEPPOL ACCESS POINT CA - G3)`."""
        match path:
            case ("stores", "anchors", name, *_):
                return f"anchor {name} ({' -> '.join(self._anchors.get(name, []))})"
            case ("stores", "intermediates", digest, *_):
                return f"intermediate {self.certificate(digest)}"
            case ("stores", "pins", name, *_):
                return f"pin {name} (party {self._parties.get(name, ANY)})"
            case ("stores", "deny", *_):
                return "deny list"
            case ("stores", store, name, *_):
                return f"{_STORES.get(store, store)} {name}"
            case ("roles", role, *_):
                return f"role {role}"
            case ("effective", "deviations", name, *_):
                return f"deviation {name}"
            case ("engine", *_):
                return "engine"
        return ""

    def change(self, path: tuple[str, ...], before: Json, after: Json) -> str:
        """From a value to another; of lists, what comes and goes."""
        if isinstance(before, list) and isinstance(after, list):
            known = {canonical_json(each) for each in before}, {canonical_json(each) for each in after}
            come = [each for each in after if canonical_json(each) not in known[0]]
            gone = [each for each in before if canonical_json(each) not in known[1]]
            told = [f"+ {self.value(path, each)}" for each in come] + [f"- {self.value(path, each)}" for each in gone]
            return ", ".join(told)
        return f"{self.value(path, before)} -> {self.value(path, after)}"

    def value(self, path: tuple[str, ...], value: Any) -> str:
        """A value for people, on one line."""
        key = path[-1]
        match value:
            case None:
                return "no bound" if key in _UNBOUNDED else "nothing"
            case bool():
                return "yes" if value else "no"
            case str() if key in ("cert", "signers"):
                return f"{self.certificate(value)} ({value[:12]}…)"
            case str() if key == "to" and value in self._anchors:
                return f"{value} ({' -> '.join(self._anchors[value])})"
            case list():
                return ", ".join(self.value(path, each) for each in value) or "nothing"
            case dict() if value:
                return shown("; ".join(f"{name}: {self.value((*path, name), each)}" for name, each in value.items()))
            case dict():
                return "nothing"
        return shown(str(value))

    def expression(self, tree: Any) -> str:
        """An expression over sources: `any_of(path to ap-ca-g2; pin any)`."""
        ((key, inner),) = tree.items()
        match key, inner:
            case ("path", {"to": to, "issuer_must_be_anchor": direct}):
                return f"path to {', '.join(to)}{', issued by it' if direct else ''}"
            case ("list", {"in": lists}):
                return f"list {', '.join(lists)}"
            case (("any_of" | "all_of"), list()):
                return f"{key}({'; '.join(map(self.expression, inner))})"
            case ("quorum", {"least": least, "of": parts}):
                return f"{least} of ({'; '.join(map(self.expression, parts))})"
            case ("not", _):
                return f"not {self.expression(inner)}"
            case (_, list()):
                return f"{key} {', '.join(inner)}"
        return f"{key} {self.value((key,), inner)}"


def reference_name(reference: CertificateReference) -> str:
    """Whose certificate a reference is: by the certificate, or as the configuration says; "" where nobody says."""
    return certificate_name(reference.certificate) or shown((reference.origin or "").partition(",")[0])
