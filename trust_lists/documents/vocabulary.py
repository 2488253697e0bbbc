# SPDX-License-Identifier: Apache-2.0
"""The URIs of TS 119 612 V2.4.1, by the names that the standard gives them (§5.5.1, §5.5.4, §5.5.9, D.5, Annex J)."""

TSL = "http://uri.etsi.org/02231/v2#"
SIE = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
TSLX = "http://uri.etsi.org/02231/v2/additionaltypes#"
LOTE = "http://uri.etsi.org/019602/v1#"

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
LIST_TAG = "http://uri.etsi.org/19612/TSLTag"
