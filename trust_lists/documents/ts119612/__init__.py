# SPDX-License-Identifier: Apache-2.0
"""TS 119 612: trusted lists in XML, read and written."""
