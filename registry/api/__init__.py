# SPDX-License-Identifier: Apache-2.0
"""The management listener: writing what the SMP publishes, and how the instance is."""
