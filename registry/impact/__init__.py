# SPDX-License-Identifier: Apache-2.0
"""What another trust configuration would do to all that a domain holds, now and in the days to come."""
