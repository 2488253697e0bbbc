# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an installation, and what to do about it; looks only, and changes nothing."""
