# SPDX-License-Identifier: Apache-2.0
"""The hidden primary: zones as they go to name servers, whole (RFC 5936) or as differences (RFC 1995)."""
