# SPDX-License-Identifier: Apache-2.0
"""Look-ups of our own participants as access points make them, from what we hold or over the network; explained."""
