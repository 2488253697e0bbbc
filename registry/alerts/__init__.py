# SPDX-License-Identifier: Apache-2.0
"""Problems: what somebody has to look at, found again and again; and alerts, which tell people of them."""
