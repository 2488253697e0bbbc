# SPDX-License-Identifier: Apache-2.0
"""Who may register which participants: rules of the domain, somebody outside who is asked, quotas, services."""
