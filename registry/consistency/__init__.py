# SPDX-License-Identifier: Apache-2.0
"""SMP, SML and DNS compared, as a plan, and brought together again."""
