# SPDX-License-Identifier: Apache-2.0
"""Zones as master files (RFC 1035 §5): written in canonical order, and read with a plan."""
