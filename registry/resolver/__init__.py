# SPDX-License-Identifier: Apache-2.0
"""The resolver: verified look-ups as a local service, for access points that are not written in Python."""
