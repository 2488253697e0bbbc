# SPDX-License-Identifier: Apache-2.0
"""The ways in which real clients spell the paths of one participant and one document type (interop.md §5.4)."""

from tests.conformance.smp_busdox.http_client import DOCUMENT_SCHEME, INVOICE, SCHEME, metadata_path

VALUE = "9915:Mixed-Case"
ENCODED_VALUE = "9915%3AMixed-Case"
ENCODED_INVOICE = metadata_path(VALUE).rpartition("/")[2]

GROUP_PATHS = {
    "encoded": f"/{SCHEME}%3A%3A{ENCODED_VALUE}",
    "encoded in lower-case hex": f"/{SCHEME}%3a%3a9915%3aMixed-Case",
    "not encoded": f"/{SCHEME}::{VALUE}",
    "half encoded": f"/{SCHEME}%3A%3A{VALUE}",
    "half encoded otherwise": f"/{SCHEME}::{ENCODED_VALUE}",
    "all encoded, hyphens and letters too": "/" + "".join(f"%{byte:02X}" for byte in f"{SCHEME}::{VALUE}".encode()),
    "slash at the end": f"/{SCHEME}%3A%3A{ENCODED_VALUE}/",
}

METADATA_PATHS = {
    "encoded": f"/{SCHEME}%3A%3A{ENCODED_VALUE}/services/{ENCODED_INVOICE}",
    "encoded in lower-case hex": f"/{SCHEME}%3a%3a{ENCODED_VALUE}/services/" + ENCODED_INVOICE.replace("%3A", "%3a"),
    "colons not encoded": f"/{SCHEME}::{VALUE}/services/{DOCUMENT_SCHEME}::{INVOICE.replace('#', '%23')}",
    "number signs not encoded": f"/{SCHEME}::{VALUE}/services/{DOCUMENT_SCHEME}::{INVOICE}",
    "half encoded": f"/{SCHEME}::{VALUE}/services/{ENCODED_INVOICE}",
    "services encoded": f"/{SCHEME}::{VALUE}/%73ervices/{ENCODED_INVOICE}",
    "slash at the end": f"/{SCHEME}::{VALUE}/services/{ENCODED_INVOICE}/",
}
