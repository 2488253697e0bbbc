# SPDX-License-Identifier: Apache-2.0
"""`python -m registry` is the program `registry`."""

from registry.cli.main import main

main()
