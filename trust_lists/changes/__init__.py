# SPDX-License-Identifier: Apache-2.0
"""What changed between two issues of a list, or between two snapshots."""
