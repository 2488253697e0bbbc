# SPDX-License-Identifier: Apache-2.0
"""The dialect of OASIS SMP 2.0 (OASIS Standard, 14 February 2021): roots that carry their signature themselves."""
