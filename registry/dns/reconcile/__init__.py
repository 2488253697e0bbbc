# SPDX-License-Identifier: Apache-2.0
"""What name servers really serve, compared with what the zone journal says that they should, and put right."""
