# SPDX-License-Identifier: Apache-2.0
"""A report as a page of HTML that stands alone (trust_lists.evaluation.html_page)."""

from trust_lists.evaluation.html_page import report
from trust_lists.evaluation.scoring.assessment import Assessment
from trust_lists.evaluation.scoring.contents import findings, provenance, sections


def page(found: Assessment) -> str:
    """The whole page."""
    title = f"Trust models scored: {found.facts.title}"
    return report(title, findings(found), sections(found), provenance(found), found.warnings)
