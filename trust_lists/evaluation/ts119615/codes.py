# SPDX-License-Identifier: Apache-2.0
"""The values that TS 119 615 V1.3.1 gives out, byte for byte, and ours, which start with `OWN_`.

Trap: the standard prints one sub-status with a blank inside (`..._Status_ Non-compliance_...`, 4.4.4-10A); it stands
here without. Names of Annex B are the new ones. `Tk` of a code is made `T1`, `T2` or `T3` here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from trust_lists.documents.vocabulary import INFORMATION, STATUS

D0 = datetime(2016, 6, 30, 22, tzinfo=UTC)
"""When Regulation (EU) 910/2014 replaced Directive 1999/93/EC."""


class Status(StrEnum):
    """How a procedure ended; nothing is said by it about the certificate."""

    PASSED = "PROCESS_PASSED"
    PASSED_WITH_WARNING = "PROCESS_PASSED_WITH_WARNING"
    FAILED = "PROCESS_FAILED"


class QcResult(StrEnum):
    """The values of QC-Results (4.4)."""

    NOT_QUALIFIED = "Not_Qualified"
    INDETERMINATE = "INDETERMINATE"
    QC_FOR_ESIG = "QC_For_eSig"
    NOT_QUALIFIED_FOR_ESIG = "Not_Qualified_For_eSig"
    INDET_QC_FOR_ESIG = "INDET_QC_For_eSig"
    QC_FOR_ESEAL = "QC_For_eSeal"
    NOT_QUALIFIED_FOR_ESEAL = "Not_Qualified_For_eSeal"
    INDET_QC_FOR_ESEAL = "INDET_QC_For_eSeal"
    QWAC = "QWAC"
    NOT_QWAC = "Not_QWAC"
    INDET_QWAC = "INDET_QWAC"


class QscdResult(StrEnum):
    """The values of QSCD-Results (4.5)."""

    YES = "QSCD_YES"
    NO = "QSCD_NO"
    INDETERMINATE = "QSCD_INDETERMINATE"


class IssuerResult(StrEnum):
    """The values of the results of 4.6, 4.7 and 4.10 to 4.13."""

    QUALIFIED = "Qualified"
    NOT_QUALIFIED = "Not_Qualified"
    INDETERMINATE = "Indeterminate"


class SignatureServiceResult(StrEnum):
    """The values of the results of 4.8 and 4.9."""

    QUALIFIED_FOR_ESIG = "Qualified_For_eSig"
    NOT_QUALIFIED_FOR_ESIG = "Not_Qualified_For_eSig"
    QUALIFIED_FOR_ESEAL = "Qualified_For_eSeal"
    NOT_QUALIFIED_FOR_ESEAL = "Not_Qualified_For_eSeal"
    INDETERMINATE = "Indeterminate"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One of the three things that a qualified certificate can be for, with its number `k` in the standard."""

    number: int
    name: str
    information: str
    """URI of its AdditionalServiceInformation."""
    qualifier: str
    """URI of its own qualifier."""
    positive: QcResult
    negative: QcResult
    indeterminate: QcResult


E_SIG = Purpose(
    1,
    "eSig",
    f"{INFORMATION}ForeSignatures",
    f"{INFORMATION}QCForESig",
    QcResult.QC_FOR_ESIG,
    QcResult.NOT_QUALIFIED_FOR_ESIG,
    QcResult.INDET_QC_FOR_ESIG,
)
E_SEAL = Purpose(
    2,
    "eSeal",
    f"{INFORMATION}ForeSeals",
    f"{INFORMATION}QCForESeal",
    QcResult.QC_FOR_ESEAL,
    QcResult.NOT_QUALIFIED_FOR_ESEAL,
    QcResult.INDET_QC_FOR_ESEAL,
)
WEB = Purpose(
    3,
    "web",
    f"{INFORMATION}ForWebSiteAuthentication",
    f"{INFORMATION}QCForWSA",
    QcResult.QWAC,
    QcResult.NOT_QWAC,
    QcResult.INDET_QWAC,
)
PURPOSES = (E_SIG, E_SEAL, WEB)

# Qualifiers (TS 119 612 §5.5.9.2.3)
QC_STATEMENT = f"{INFORMATION}QCStatement"
NOT_QUALIFIED = f"{INFORMATION}NotQualified"
QC_FOR_LEGAL_PERSON = f"{INFORMATION}QCForLegalPerson"
QC_WITH_SSCD = f"{INFORMATION}QCWithSSCD"
QC_NO_SSCD = f"{INFORMATION}QCNoSSCD"
QC_SSCD_AS_IN_CERT = f"{INFORMATION}QCSSCDStatusAsInCert"
QC_WITH_QSCD = f"{INFORMATION}QCWithQSCD"
QC_NO_QSCD = f"{INFORMATION}QCNoQSCD"
QC_QSCD_AS_IN_CERT = f"{INFORMATION}QCQSCDStatusAsInCert"
QC_QSCD_MANAGED = f"{INFORMATION}QCQSCDManagedOnBehalf"

TYPE_QUALIFIERS = frozenset(
    {QC_STATEMENT, NOT_QUALIFIED, QC_FOR_LEGAL_PERSON, *(purpose.qualifier for purpose in PURPOSES)}
)
"""Those that 4.4 reads; 4.5 reads the others."""
KNOWN_QUALIFIERS = TYPE_QUALIFIERS | {
    QC_WITH_SSCD,
    QC_NO_SSCD,
    QC_SSCD_AS_IN_CERT,
    QC_WITH_QSCD,
    QC_NO_QSCD,
    QC_QSCD_AS_IN_CERT,
    QC_QSCD_MANAGED,
}

# Statuses of services that end a service under the Directive (4.4.4-33 f1)
ENDED_BEFORE_D0 = frozenset(
    f"{STATUS}{name}"
    for name in ("supervisionceased", "supervisionrevoked", "accreditationceased", "accreditationrevoked")
)

# Sub-statuses, 4.2 and 4.3
LIST_EXPIRED = "WARNING_EUTL_NEXTUPDATE_PASSED"
COUNTRY_NOT_EU = "Provided_country_code_not_representing_an_EU_MS"
TSP_CONFLICT = "ERROR_TSP_CONFLICT"

# 4.4
NO_CONFIRMATION = "No_confirmation_found_in_EUMSTL_CC"
NAME_INCONSISTENCY = "ERROR_TSP_NAME_INCONSISTENCY_BETWEEN_CERT_AND_TL"
STATUS_NON_COMPLIANCE = "ERROR_Service_Status_Non-compliance_with_TS119612"
SEVERAL_QC_TYPES = "WARNING_CERT_Inconsistency_in_QcType_qualifiers_Non-compliance_with_EN319412-5"
ENTRY_DUPLICATION = "WARNING_TL-SERVICE-ENTRY-SDI_DUPLICATION"
ENTRY_STATUS_CONFLICT = "ERROR_TL-SERVICE-ENTRY-SDI_DUPLICATION_STATUS_CONFLICT"
DIRECTIVE_QUALIFIERS = "ERROR_T1_TL_Inconsistency_in_applying_qualifiers"

# 4.5
SSCD_QUALIFIERS = "WARNING_Inconsistency_in_applying_qualifiers_for_SSCD_status"
QSCD_QUALIFIERS = "WARNING_Inconsistency_in_applying_qualifiers_for_QSCD_status"
UNKNOWN_CRITICAL_QUALIFIERS = "ERROR_Unknown_critical_qualifiers_for_QSCD_status"
UNKNOWN_QUALIFIERS = "WARNING_Unknown_qualifiers_for_QSCD_status"

# 4.6, 4.10, 4.12
ISSUER_STATUS_INCONSISTENCY = "ERROR_INCONSISTENCY_IN_TL_ON_TSTO-CERT_STATUS"
ISSUER_DUPLICATION = "WARNING_DUPLICATION_OF_SERVICE_INFORMATION_IN_TL_REGARDING_TSTO-CERT"
ISSUER_NAME_INCONSISTENCY = "ERROR_TSP_NAME_INCONSISTENCY_BETWEEN_TSTO-CERT_AND_TL"
NO_QEAA_INDICATION = "ERROR_NO_ETSI_QEAA_TYPE_INDICATION_FOUND"

# Ours, where the standard gives none
OWN_NO_POINTER = "OWN_NO_POINTER_TO_TERRITORY"
"""The one of §4.2 here."""
OWN_HISTORY_ORDER = "OWN_ERROR_SERVICE_HISTORY_NOT_DESCENDING"
OWN_TOO_MANY_PATHS = "OWN_ERROR_TOO_MANY_PATHS"
OWN_CRITICAL_EXTENSION = "OWN_ERROR_UNKNOWN_CRITICAL_EXTENSION_OF_SERVICE"
OWN_CERTIFICATE_UNREADABLE = "OWN_ERROR_CERT_UNREADABLE"
OWN_STATEMENTS_UNREADABLE = "OWN_WARNING_CERT_QCSTATEMENTS_UNREADABLE"
OWN_UNKNOWN_QC_TYPE = "OWN_WARNING_CERT_QCTYPE_UNKNOWN"
OWN_POLICIES_UNREADABLE = "OWN_WARNING_CERT_POLICIES_UNREADABLE"
OWN_CRITERIA_UNDECIDED = "OWN_WARNING_CRITERIA_UNDECIDED"
OWN_CONFLICT = "OWN_ERROR_CONFLICT_{one}_AND_{other}"
OWN_UNCERTAIN = "OWN_WARNING_UNCERTAIN_{one}_AND_{other}"
OWN_RESULTS_DIFFER = "OWN_ERROR_RESULTS_DIFFER_{then}_AT_NOTBEFORE_{now}_AT_DATE_TIME"
OWN_TIME_STAMP_DIFFERS = "OWN_ERROR_RESULTS_DIFFER_{then}_AT_GENTIME_{now}_AT_DATE_TIME"


def duplication(purpose: Purpose, *, conflict: bool) -> str:
    """4.3.4-05 to -10: several services for one purpose, with different statuses or with one."""
    return f"{'ERROR' if conflict else 'WARNING'}_T{purpose.number}_DUPLICATION"


def inconsistent_qualifiers(purpose: Purpose) -> str:
    """4.4.4-12, -20, -28."""
    return f"WARNING_T{purpose.number}_TL_Inconsistency_in_applying_qualifiers"


def not_enough_on_type(purpose: Purpose) -> str:
    """4.4.4-15, -23, -31, in row 8 and column 3 of the table."""
    return f"WARNING_T{purpose.number}_Not_Enough_Info_on_QC_Type"
