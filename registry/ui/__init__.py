# SPDX-License-Identifier: Apache-2.0
"""The pages for administrators: a client of the REST interface that answers in HTML."""
