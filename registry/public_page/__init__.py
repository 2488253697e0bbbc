# SPDX-License-Identifier: Apache-2.0
"""A page on the public listener on which everybody can look up a participant; of each domain that wants one."""
