# SPDX-License-Identifier: Apache-2.0
"""Who may do what: for now, programs with tokens."""
