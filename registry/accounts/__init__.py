# SPDX-License-Identifier: Apache-2.0
"""Who may do what: people and programs, how they prove who they are, and their roles."""
