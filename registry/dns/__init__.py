# SPDX-License-Identifier: Apache-2.0
"""The DNS side of a locator: records, the zone journal and the embedded authoritative server."""
