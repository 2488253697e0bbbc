# SPDX-License-Identifier: Apache-2.0
"""HTTP listeners: sockets, TLS, limits and deadlines around ASGI applications."""
