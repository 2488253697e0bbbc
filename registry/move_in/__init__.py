# SPDX-License-Identifier: Apache-2.0
"""Moving in from another registry: its data as records, staged, loaded, compared, taken over, and given back."""
