# SPDX-License-Identifier: Apache-2.0
"""The Service Metadata Publisher: documents, publishing, HTTP."""
