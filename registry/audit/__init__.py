# SPDX-License-Identifier: Apache-2.0
"""The audit: every write leaves an event, in the transaction that it describes."""
