# SPDX-License-Identifier: Apache-2.0
"""Lists of our own: built from a YAML source, signed, verified by ourselves, and only then written out."""
