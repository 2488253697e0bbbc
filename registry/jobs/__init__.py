# SPDX-License-Identifier: Apache-2.0
"""Work that is done later: an outbox in the database, and the workers that empty it."""
