# SPDX-License-Identifier: Apache-2.0
"""SMP documents, from bytes to the neutral model and back: one package per dialect, and the signature."""
