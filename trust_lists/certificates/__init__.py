# SPDX-License-Identifier: Apache-2.0
"""X.509: reading certificates and keys, and paths from a certificate to an anchor."""
