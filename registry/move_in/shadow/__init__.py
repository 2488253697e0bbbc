# SPDX-License-Identifier: Apache-2.0
"""Both systems answer the same questions, and what they say is compared by meaning."""
