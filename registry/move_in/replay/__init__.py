# SPDX-License-Identifier: Apache-2.0
"""What is written here after the cutover, written to the old system too, so that it can take over again."""
