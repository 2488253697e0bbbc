# SPDX-License-Identifier: Apache-2.0
"""Pushes zones to primaries of others by dynamic updates (RFC 2136), and remembers how far each of these is."""
