# SPDX-License-Identifier: Apache-2.0
"""The composition root: settings become a database, use cases and listeners here and nowhere else."""
