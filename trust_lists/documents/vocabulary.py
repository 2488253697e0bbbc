# SPDX-License-Identifier: Apache-2.0
"""The URIs of TS 119 612 V2.4.1, by the names that the standard gives them (§5.5.1, §5.5.4, §5.5.9, D.5, Annex J)."""

TSL = "http://uri.etsi.org/02231/v2#"
SIE = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
TSLX = "http://uri.etsi.org/02231/v2/additionaltypes#"
LOTE = "http://uri.etsi.org/019602/v1#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
MRA = "http://ec.europa.eu/tools/lotl/mra/schema/v2#"
"""Of the Commission, for agreements on mutual recognition."""

SERVICE_TYPE = "http://uri.etsi.org/TrstSvc/Svctype/"
STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
INFORMATION = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/"
LIST_TYPE = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/"
RULES = "http://uri.etsi.org/TrstSvc/TrustedList/schemerules/"

CA_QC = f"{SERVICE_TYPE}CA/QC"
GRANTED = f"{STATUS}granted"
WITHDRAWN = f"{STATUS}withdrawn"
EU_LIST = f"{LIST_TYPE}EUgeneric"
EU_LIST_OF_LISTS = f"{LIST_TYPE}EUlistofthelists"
XML_MIME_TYPE = "application/vnd.etsi.tsl+xml"
PDF_MIME_TYPE = "application/pdf"
TERRITORY_GROUPS = ("EU", "AP", "GCC", "ASEAN")
"""Territories that are no country (§5.3.10); who signs for one is from some country all the same."""
LIST_TAG = "http://uri.etsi.org/19612/TSLTag"
DETERMINATION = "http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/"

QUALIFIED_TYPES = frozenset(
    f"{SERVICE_TYPE}{name}"
    for name in (
        *("CA/QC", "Certstatus/OCSP/QC", "Certstatus/CRL/QC", "TSA/QTST", "EDS/Q", "EDS/REM/Q", "PSES/Q"),
        *("QESValidation/Q", "RemoteQSigCDManagement/Q", "RemoteQSealCDManagement/Q", "EAA/Q"),
        *("ElectronicArchiving/Q", "Ledgers/Q"),
    )
)
"""Types of qualified services (§5.5.1.1)."""
OTHER_TYPES = frozenset(
    f"{SERVICE_TYPE}{name}"
    for name in (
        *("CA/PKC", "Certstatus/OCSP", "Certstatus/CRL", "TSA", "TSA/TSS-QC", "TSA/TSS-AdESQCandQES", "EDS"),
        *("EDS/REM", "PSES", "AdESValidation", "AdESGeneration", "RemoteSigCDManagement", "RemoteSealCDManagement"),
        *("EAA", "ElectronicArchiving", "Ledgers", "PKCValidation", "PKCPreservation", "EAAValidation"),
        *("TSTValidation", "EDSValidation", "EAA/Pub-EAA", "CA/PKC/CertsforOtherTypesOfTS"),
        "PKCValidation/CertsforOtherTypesOfTS",
    )
)
"""Types of services that aren't qualified (§5.5.1.2)."""
NATIONAL_TYPES = frozenset(
    f"{SERVICE_TYPE}{name}"
    for name in (
        *("RA", "RA/nothavingPKIid", "ACA", "SignaturePolicyAuthority", "Archiv", "Archiv/nothavingPKIid", "IdV"),
        *("IdV/nothavingPKIid", "KEscrow", "KEscrow/nothavingPKIid", "PPwd", "PPwd/nothavingPKIid", "TLIssuer"),
        *("NationalRootCA-QC", "unspecified"),
    )
)
"""Types of services that are defined on national level (§5.5.1.3)."""

RECOGNISED = f"{STATUS}recognisedatnationallevel"
DEPRECATED = f"{STATUS}deprecatedatnationallevel"
STATUS_SUCCESSORS = {
    f"{STATUS}{former}": (f"{STATUS}{qualified}", f"{STATUS}{other}")
    for former, qualified, other in (
        ("undersupervision", "granted", "recognisedatnationallevel"),
        ("supervisionincessation", "granted", "recognisedatnationallevel"),
        ("accredited", "granted", "recognisedatnationallevel"),
        ("setbynationallaw", "granted", "recognisedatnationallevel"),
        ("supervisionceased", "withdrawn", "deprecatedatnationallevel"),
        ("supervisionrevoked", "withdrawn", "deprecatedatnationallevel"),
        ("accreditationceased", "withdrawn", "deprecatedatnationallevel"),
        ("accreditationrevoked", "withdrawn", "deprecatedatnationallevel"),
        ("deprecatedbynationallaw", "withdrawn", "deprecatedatnationallevel"),
    )
}
"""What followed on the statuses of the Directive (Annex J): for qualified services, and for others."""

QUALIFIERS = frozenset(
    f"{INFORMATION}{name}"
    for name in (
        *("QCStatement", "NotQualified", "QCForESig", "QCForESeal", "QCForWSA", "QCForLegalPerson", "QCWithQSCD"),
        *("QCNoQSCD", "QCQSCDStatusAsInCert", "QCQSCDManagedOnBehalf", "QCWithSSCD", "QCNoSSCD"),
        "QCSSCDStatusAsInCert",
    )
)
"""What a Qualifications extension may say of certificates (§5.5.9.2.3)."""
FOR_SIGNATURES = f"{INFORMATION}ForeSignatures"
FOR_SEALS = f"{INFORMATION}ForeSeals"
FOR_WEB_SITES = f"{INFORMATION}ForWebSiteAuthentication"
ROOT_CA_QC = f"{INFORMATION}RootCA-QC"
"""What a service is for (§5.5.9.4)."""


def short(uri: str) -> str:
    """A service type, status, qualifier or list type without what all of its kind begin with: `CA/QC`, `granted`."""
    for prefix in (SERVICE_TYPE, STATUS, INFORMATION, LIST_TYPE):
        if uri.startswith(prefix):
            return uri.removeprefix(prefix)
    return uri
