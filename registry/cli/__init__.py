# SPDX-License-Identifier: Apache-2.0
"""The command line: one file per command group. Heavy imports stand inside commands, so that --help is quick."""
