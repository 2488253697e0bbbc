# SPDX-License-Identifier: Apache-2.0
"""What the operator of an SML may do to what others have registered: asked for, approved, applied, undone."""
