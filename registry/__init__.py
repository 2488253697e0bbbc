# SPDX-License-Identifier: Apache-2.0
"""A registry for European eDelivery networks: SMP, SML with its DNS, and discovery."""

__version__ = "0.1.0"
