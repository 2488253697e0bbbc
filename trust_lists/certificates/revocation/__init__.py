# SPDX-License-Identifier: Apache-2.0
"""Whether a certificate was revoked: CRLs (RFC 5280 §6.3) and OCSP responses (RFC 6960), given as bytes."""
