# SPDX-License-Identifier: Apache-2.0
"""Certificates, signatures and trust decisions for eDelivery networks; usable without the registry."""
