# SPDX-License-Identifier: Apache-2.0
"""SMP 1.x: all that Peppol's SMP and OASIS SMP 1.0 have in common, which is nearly everything.

A dialect of this family is a vocabulary (`Vocabulary1`) and a signature profile.
"""
