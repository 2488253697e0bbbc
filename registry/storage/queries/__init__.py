# SPDX-License-Identifier: Apache-2.0
"""Every SQL statement of the registry, one module a topic. Functions take a connection and stay in its transaction."""
