# SPDX-License-Identifier: Apache-2.0
"""Participants, document types and processes: their values, rules, keys, URLs and DNS names. Pure functions."""
