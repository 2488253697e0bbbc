# SPDX-License-Identifier: Apache-2.0
"""The directory in which participants are found by name: what it is told of whom, and how it takes it."""
