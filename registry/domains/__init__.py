# SPDX-License-Identifier: Apache-2.0
"""Policy domains: identifier rules + DNS zone + SMP dialect + trust, read by every other part as one `Domain`."""
