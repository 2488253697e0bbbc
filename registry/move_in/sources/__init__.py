# SPDX-License-Identifier: Apache-2.0
"""Reads the data of old systems as records: from their databases, their exports, and what they serve."""
