# SPDX-License-Identifier: Apache-2.0
"""Trust configurations from what other software keeps."""
