# SPDX-License-Identifier: Apache-2.0
"""A certification authority for TLS servers, and clients that tell which certificate a server showed them."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.demo.pki import Authority, certificates_pem, new_ec_key, new_root, private_key_pem
from trust_lists.certificates.parsing import SigningKey

_DAY = timedelta(days=1)


class ServerAuthority:
    """Issues certificates that are valid now, and writes them as operators have them."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        start, end = self.now - 60 * _DAY, self.now + 60 * _DAY
        self._root = new_root(start)
        usage = ("key_cert_sign", "crl_sign")
        self._issuer = Authority(
            self._root.issue(
                "TLS CA",
                not_before=start,
                not_after=end,
                key=new_ec_key(),
                key_usage=usage,
                extended_key_usage=(),
                path_length=0,
            )
        )

    @property
    def pem(self) -> str:
        """The root certificate, which servers don't send; they send that of the authority between."""
        return certificates_pem(self._root.certificate).decode()

    def issue(self, *hosts: str, ends: timedelta = _DAY) -> SigningKey:
        """A certificate for these DNS names and IP addresses."""
        return self._issuer.issue(
            "TLS server",
            not_before=self.now - 30 * _DAY,
            not_after=self.now + ends,
            key=new_ec_key(),
            extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
            host_names=hosts,
        )

    def write(self, folder: Path, name: str, *hosts: str, ends: timedelta = _DAY) -> int:
        """A new pair as NAME.crt and NAME.key; returns its serial number."""
        issued = self.issue(*hosts, ends=ends)
        write_pair(issued, folder / f"{name}.crt", folder / f"{name}.key")
        return issued.certificate.serial_number


def write_pair(issued: SigningKey, certificate: Path, key: Path) -> None:
    """Both files in PEM, the certificate with its issuer; in one if the paths are the same."""
    pem = certificates_pem(issued.certificate, issued.chain[0])
    if certificate == key:
        key.write_bytes(private_key_pem(issued.private_key) + pem)
    else:
        certificate.write_bytes(pem)
        key.write_bytes(private_key_pem(issued.private_key))


def serial_shown(port: int, name: str | None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> int:
    """The serial number of the certificate that a server shows a client who asks for `name`, or for none; raises what
    the client's handshake raises.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        der = connection.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der).serial_number
