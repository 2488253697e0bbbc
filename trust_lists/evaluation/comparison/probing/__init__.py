# SPDX-License-Identifier: Apache-2.0
"""Generated certificates at the edges of the rules of two configurations, below twins of their authorities."""
