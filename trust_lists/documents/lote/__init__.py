# SPDX-License-Identifier: Apache-2.0
"""Lists of trusted entities as ETSI TS 119 602 V1.1.1 writes them: JSON and XML into the one model, and back."""
