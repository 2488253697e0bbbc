# SPDX-License-Identifier: Apache-2.0
"""The command `trust-lists`, one file for each command or group of commands; heavy imports are inside commands."""
