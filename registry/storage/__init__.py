# SPDX-License-Identifier: Apache-2.0
"""Tables, engine, unit of work and every SQL statement of the registry."""
