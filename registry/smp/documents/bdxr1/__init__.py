# SPDX-License-Identifier: Apache-2.0
"""The bdxr1 dialect: OASIS BDXR SMP 1.0 (OASIS Standard of 1 August 2017, bdx-smp-201605.xsd)."""
