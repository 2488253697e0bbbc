# SPDX-License-Identifier: Apache-2.0
"""Subtrees of names as a configuration writes them, and as RFC 5280 §4.2.1.10 encodes them.

`dns:example.org` has all names below it, `email:` an address, a host or (`.example.org`) all hosts of a domain, `uri:`
a host or such a domain, `ip:` a network, `directory:` a name in the form of RFC 4514 and all that begin with it.
"""

import ipaddress

from cryptography import x509

from trust_lists.certificates.path_extensions import GeneralName
from trust_lists.errors import CertificateError, shown

_KINDS = {"email": 1, "dns": 2, "directory": 4, "uri": 6, "ip": 7}


def subtree(text: str) -> GeneralName:
    """The base of a subtree. Raises CertificateError where the text is none."""
    form, _, name = text.partition(":")
    if form not in _KINDS:
        raise CertificateError(f"{shown(form)!r} is none of {', '.join(_KINDS)}")
    try:
        return GeneralName(_KINDS[form], _encoded(form, name))
    except ValueError as error:
        raise CertificateError(f"{shown(name)!r} is no {form} name: {shown(str(error))}") from None


def _encoded(form: str, name: str) -> bytes:
    if form == "ip":
        network = ipaddress.ip_network(name)
        return network.network_address.packed + network.netmask.packed
    if form == "directory":
        return x509.Name.from_rfc4514_string(name).public_bytes()
    return name.encode("ascii")
