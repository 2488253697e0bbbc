# SPDX-License-Identifier: Apache-2.0
"""The pages, one module for each kind of thing."""
