# SPDX-License-Identifier: Apache-2.0
"""What lists of trusted entities say: ETSI TS 119 612 (XML) and TS 119 602 (JSON, XML), one model for all."""
