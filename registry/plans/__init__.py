# SPDX-License-Identifier: Apache-2.0
"""Plans: what a file would change in a domain, said before it is done, and then done in batches."""
