# SPDX-License-Identifier: Apache-2.0
"""The ways in which programs speak to the management listener: our own, and those of other SMPs."""
