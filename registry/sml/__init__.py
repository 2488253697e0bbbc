# SPDX-License-Identifier: Apache-2.0
"""The Service Metadata Locator: who publishes for whom, and what DNS says of it."""
