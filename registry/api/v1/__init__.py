# SPDX-License-Identifier: Apache-2.0
"""REST `/api/v1` of the management listener: the use cases of SOAP and command line, as resources in JSON."""
