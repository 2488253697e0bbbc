# SPDX-License-Identifier: Apache-2.0
"""Where lists come from: fetched or in a folder, authenticated through the list of lists, kept in snapshots."""
