# SPDX-License-Identifier: Apache-2.0
"""Campaigns: a migration of a network as a project. Who has to move, how far it is, who is late, who is reminded."""
