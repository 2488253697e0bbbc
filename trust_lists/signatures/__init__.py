# SPDX-License-Identifier: Apache-2.0
"""XML signatures: made and verified here only, in one module that wraps signxml."""
