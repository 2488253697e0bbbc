# SPDX-License-Identifier: Apache-2.0
"""The locator client that access points embed: locate, fetch, verify, decide, and say why.

Needs neither a database nor a web framework. Start at `registry.discovery.client.LookupClient`.
"""
