# SPDX-License-Identifier: Apache-2.0
"""A registry to try out: its own test PKI, a domain on loopback, and something to look up."""
