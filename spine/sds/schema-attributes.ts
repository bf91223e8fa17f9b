/**
 * The attribute types of the directory, as data: name, object identifier, case rule, and whether it takes one value.
 * Names and numbers are those of the published schema; schema.ts reads this and says what it means.
 */

/** How values compare: by case, without, or not at all (then only presence can be asked for). */
export type CaseRule = 'exact' | 'ignore' | 'none';

/** Rows of `number name` below 1.2.826.0.1285.0; a star after the name: many values. */
export const nationalAttributes: Readonly<Record<CaseRule, string>> = {
  exact: `
    1.2 nhsCountry, 1.10 nhsIDCode, 1.23 nhsSHAcode, 2.1.26 nhsWorkGroups*, 2.1.34 nhsOrgSubType*,
    2.1.44 nhsJobRole, 2.1.45 nhsAreaOfWork*, 2.1.46 nhsBusinessFunctions*, 2.1.52 nhsOCSPredecessor*,
    2.1.56 nhsSiteCodes*, 2.1.57 nhsDeptCodes*, 2.1.80 nhsMHSServiceName, 2.1.81 nhsMHSCategoryBag*,
    2.1.83 nhsMHSActionName, 2.1.84 nhsMHSEndPoint*, 2.1.93 nhsMHSActor*, 2.1.104 nhsJobRoleCode*,
    2.1.105 nhsAreaOfWorkCodes*, 2.1.106 nhsBusinessFunctionsCodes*, 2.1.107 nhsWorkGroupsCodes*, 2.1.121 nhsAsACF*,
    2.1.122 nhsAsSvcIA*, 2.1.123 nhsMhsSvcIA, 2.1.124 nhsMhsCPAId, 2.1.125 nhsGNC, 2.1.131 nhsWgClosed,
    2.1.134 nhsWgRoot, 2.1.136 nhsCwgId*, 2.1.138 nhsWgType, 2.1.164 nhsGMC, 2.1.165 nhsGDP, 2.1.168 nhsGMP,
    2.1.234 nhsOrgTypeCode`,
  ignore: `
    1.12 nhsRoles*, 1.16 nhsAltOrgNames*, 2.1.19 nhsAlertMethod*, 2.1.20 nhsAlertBlock*,
    2.1.21 nhsAltAlertRecipient*, 2.1.42 nhsPCTCode, 2.1.47 nhsSiteNames*, 2.1.59 nhsOrgMail*,
    2.1.82 nhsMHSPartyKey, 2.1.157 nhsProductName, 2.1.158 nhsProductVersion, 2.1.175 nhsAsClient*,
    2.1.176 nhsAsCategoryBag*, 2.1.299 nhsMhsManufacturerOrg`,
  none: `
    1.15 nhsOrgType, 2.1.30 nhsDHSCcode, 2.1.32 nhsOrgOpenDate, 2.1.33 nhsOrgCloseDate, 2.1.35 nhsParentOrgCode,
    2.1.36 nhsJoinDate, 2.1.37 nhsLeftDate, 2.1.43 nhsRA, 2.1.53 nhsOCSSuccessor*, 2.1.54 nhsOCSPRCode*,
    2.1.55 nhsPersonStatus, 2.1.85 nhsMHSServiceDescription, 2.1.86 nhsMHSIsAuthenticated,
    2.1.87 nhsMHSPersistDuration, 2.1.88 nhsMHSRetries, 2.1.89 nhsMHSRetryInterval, 2.1.90 nhsMHSSyncReplyMode,
    2.1.91 nhsMHSAckRequested, 2.1.92 nhsMHSDuplicateElimination, 2.1.100 nhsList2Code*, 2.1.101 nhsList2Name*,
    2.1.102 nhsList1Code*, 2.1.103 nhsList1Name*, 2.1.108 nhsList3Name*, 2.1.109 nhsList3Code*,
    2.1.111 nhsMiddleNames, 2.1.113 nhsPuSecret, 2.1.115 nhsTelUID, 2.1.126 nhsMHsSN, 2.1.127 nhsMHsIN,
    2.1.135 nhsPwgId, 2.1.137 nhsLegalEst, 2.1.139 nhsLrOrderExpiry, 2.1.140 nhsLrExprsExpiry,
    2.1.141 nhsLrCpmlnExpiry, 2.1.142 nhsLrRefAbanFreeze, 2.1.143 nhsLrRefDisFreeze, 2.1.144 nhsLrRefAccFreeze,
    2.1.145 nhsLrRefExpFreeze, 2.1.146 nhsLrRegFreeze, 2.1.147 nhsLrRegExpiry, 2.1.148 nhsLrSrefFreeze,
    2.1.149 nhsLrRefPostAccFreeze, 2.1.150 nhsLrRefAccExpiry, 2.1.151 nhsLrCreateExpiry, 2.1.152 nhsLrCloseExpiry,
    2.1.153 nhsLrGrantExpiry, 2.1.154 nhsLrSelfExpiry, 2.1.161 nhsSupPrescriber, 2.1.162 nhsPrinOcc,
    2.1.163 nhsRPSGB, 2.1.166 nhsRCN, 2.1.167 nhsConsultant, 2.1.169 nhsGDC, 2.1.170 nhsNMC, 2.1.171 nhsCreateDate,
    2.1.174 nhsStatus, 2.1.178 nhsWgStatus, 2.1.179 nhsXPwgId*, 2.1.180 nhsXCwgId*, 2.1.214 nhsRequestorURP,
    2.1.215 nhsDateRequested, 2.1.216 nhsApproverURP, 2.1.217 nhsDateApproved, 2.1.218 nhsDNSApprover,
    2.1.219 nhsDateDNSApproved, 2.1.220 nhsProductKey, 2.1.222 nhsEPInteractionType,
    2.1.223 nhsContractPropertyTemplateKey, 2.1.224 nhsMhsFQDN, 2.1.225 nhsMhsIPAddress, 2.1.226 nhsMhsNetwork,
    2.1.227 nhsMhsSinCode, 2.1.228 nhsLrGPDeregFreeze, 2.1.229 nhsLrGPDeregExpiry, 2.1.235 nhsSyntheticIndicator,
    2.1.239 nhsRestricted, 2.1.244 nhsNN4BName, 2.1.245 nhsNN4BCode, 2.1.281 nhsEBS*`,
};

/** Rows of `identifier name/other names`, of the standard schema (RFC 4519, RFC 4524, RFC 2798); a star: many values. */
export const standardAttributes: Readonly<Record<CaseRule, string>> = {
  exact: `
    1.3.6.1.4.1.250.1.57 labeledURI*`,
  ignore: `
    2.5.4.0 objectClass*, 2.5.4.3 cn/commonName*, 2.5.4.4 sn/surname*, 2.5.4.5 serialNumber*,
    2.5.4.6 c/countryName, 2.5.4.7 l/localityName*, 2.5.4.8 st/stateOrProvinceName*, 2.5.4.9 street/streetAddress*,
    2.5.4.10 o/organizationName*, 2.5.4.11 ou/organizationalUnitName*, 2.5.4.12 title*, 2.5.4.13 description*,
    2.5.4.15 businessCategory*, 2.5.4.16 postalAddress*, 2.5.4.17 postalCode*, 2.5.4.18 postOfficeBox*,
    2.5.4.20 telephoneNumber*, 2.5.4.42 givenName/gn*, 2.5.4.43 initials*,
    0.9.2342.19200300.100.1.1 uid/userid*, 0.9.2342.19200300.100.1.3 mail/rfc822Mailbox*,
    0.9.2342.19200300.100.1.25 dc/domainComponent, 0.9.2342.19200300.100.1.40 personalTitle*,
    0.9.2342.19200300.100.1.41 mobile/mobileTelephoneNumber*, 0.9.2342.19200300.100.1.44 uniqueIdentifier*,
    2.16.840.1.113730.3.1.2 departmentNumber*, 2.16.840.1.113730.3.1.3 employeeNumber,
    2.16.840.1.113730.3.1.4 employeeType*, 2.16.840.1.113730.3.1.5 changeNumber,
    2.16.840.1.113730.3.1.39 preferredLanguage, 2.16.840.1.113730.3.1.241 displayName`,
  none: `
    2.5.4.23 facsimileTelephoneNumber/fax*, 1.3.6.1.4.1.42.2.27.9.1.78 firstChangeNumber,
    1.3.6.1.4.1.42.2.27.9.1.79 lastChangeNumber`,
};

/** Of which the server itself keeps the values (RFC 4512 3.4, RFC 5020); importers pass over them. */
export const operationalAttributes = `
    2.5.18.1 createTimestamp, 2.5.18.2 modifyTimestamp, 2.5.18.3 creatorsName, 2.5.18.4 modifiersName,
    2.5.18.10 subschemaSubentry, 2.5.21.9 structuralObjectClass, 1.3.6.1.1.20 entryDN, 1.3.6.1.1.16.4 entryUUID,
    1.3.6.1.4.1.4203.666.1.7 entryCSN, 2.5.18.9 hasSubordinates`;
