/**
 * The object classes of the directory, as data: what an entry of each must and may hold. Names and numbers are those of
 * the published schema; schema.ts reads this and says what it means.
 */

export interface ClassRow {
  /** Below 1.2.826.0.1285.0, or a whole object identifier. */
  readonly oid: string;
  readonly superior?: string;
  readonly kind?: 'abstract' | 'auxiliary';
  /** Attribute names, by spaces. */
  readonly must?: string;
  readonly may?: string;
}

/** Of the standard schema (RFC 4512 2.4, RFC 4519 3, RFC 2798 3), with what this directory uses of them. */
const standard: Readonly<Record<string, ClassRow>> = {
  top: { oid: '2.5.6.0', kind: 'abstract', must: 'objectClass' },
  organization: {
    oid: '2.5.6.4',
    superior: 'top',
    must: 'o',
    may: 'description l postalAddress postalCode street telephoneNumber facsimileTelephoneNumber businessCategory st',
  },
  organizationalUnit: {
    oid: '2.5.6.5',
    superior: 'top',
    must: 'ou',
    may: 'description l postalAddress postalCode street telephoneNumber facsimileTelephoneNumber businessCategory st',
  },
  person: { oid: '2.5.6.6', superior: 'top', must: 'sn cn', may: 'telephoneNumber description' },
  organizationalPerson: {
    oid: '2.5.6.7',
    superior: 'person',
    may: 'title ou l st street postalAddress postalCode facsimileTelephoneNumber',
  },
  inetOrgPerson: {
    oid: '2.16.840.1.113730.3.2.2',
    superior: 'organizationalPerson',
    may: 'displayName givenName initials mail mobile o uid departmentNumber employeeNumber employeeType labeledURI preferredLanguage',
  },
};

/** How long a workgroup's records of each kind are kept. */
const workgroupTimes =
  'nhsLrGPDeregExpiry nhsLrGPDeregFreeze nhsLrOrderExpiry nhsLrExprsExpiry nhsLrCpmlnExpiry nhsLrRefAbanFreeze nhsLrRefDisFreeze nhsLrRefAccFreeze nhsLrRefExpFreeze nhsLrRegFreeze nhsLrRegExpiry nhsLrSrefFreeze nhsLrRefPostAccFreeze nhsLrRefAccExpiry nhsLrCreateExpiry nhsLrCloseExpiry nhsLrGrantExpiry nhsLrSelfExpiry';

/** What every organisation, site and department may hold. */
const organisation =
  'nhsIDCode nhsCountry nhsParentOrgCode nhsOrgOpenDate nhsOrgCloseDate nhsSyntheticIndicator nhsNN4BName nhsNN4BCode nhsAltOrgNames nhsOrgSubType nhsOCSPredecessor nhsOCSSuccessor telephoneNumber facsimileTelephoneNumber mail';

const national: Readonly<Record<string, ClassRow>> = {
  nhsOrg: {
    oid: '2.0.61',
    superior: 'organization',
    must: 'uniqueIdentifier o nhsIDCode nhsOrgType nhsOrgTypeCode postalAddress postalCode l',
    may: `${organisation} nhsSHAcode nhsPCTCode labeledURI nhsDHSCcode nhsJoinDate nhsLeftDate`,
  },
  nhsSite: {
    oid: '2.0.62',
    superior: 'organizationalUnit',
    must: 'uniqueIdentifier nhsIDCode nhsOrgType ou postalAddress postalCode l nhsOrgTypeCode',
    may: `${organisation} nhsSHAcode nhsPCTCode nhsDHSCcode nhsJoinDate nhsLeftDate`,
  },
  nhsDept: {
    oid: '2.0.63',
    superior: 'organizationalUnit',
    must: 'uniqueIdentifier nhsOrgType ou postalAddress postalCode l nhsOrgTypeCode',
    may: organisation,
  },
  nhsGPPractice: {
    oid: '2.0.64',
    superior: 'organization',
    must: 'uniqueIdentifier o nhsIDCode nhsOrgType nhsOrgTypeCode postalAddress postalCode l nhsPCTCode',
    may: `${organisation} nhsSHAcode labeledURI nhsDHSCcode nhsJoinDate nhsLeftDate`,
  },
  nhsPerson: {
    oid: '2.0.65',
    superior: 'inetOrgPerson',
    must: 'uid cn sn nhsPersonStatus',
    may: 'givenName nhsMiddleNames initials displayName personalTitle nhsSupPrescriber nhsPrinOcc nhsRPSGB nhsGMC nhsGDP nhsRCN nhsConsultant nhsGMP nhsGDC nhsNMC nhsOCSPRCode nhsTelUID nhsPuSecret mail',
  },
  nhsOrgPerson: {
    oid: '2.0.66',
    superior: 'inetOrgPerson',
    must: 'uniqueIdentifier uid cn sn o nhsIDCode',
    may: 'givenName nhsMiddleNames initials displayName nhsSiteCodes nhsDeptCodes nhsSiteNames nhsRoles nhsOrgCloseDate nhsGNC nhsOrgOpenDate nhsCountry mail nhsAlertMethod nhsAlertBlock nhsAltAlertRecipient nhsOrgMail',
  },
  nhsOrgPersonRole: {
    oid: '2.0.67',
    superior: 'top',
    must: 'uniqueIdentifier nhsJobRole',
    may: 'nhsJobRoleCode nhsIDCode nhsAreaOfWorkCodes nhsBusinessFunctionsCodes nhsWorkGroupsCodes nhsAreaOfWork nhsBusinessFunctions nhsWorkGroups nhsOrgCloseDate nhsOrgOpenDate',
  },
  nhsMHSService: {
    oid: '2.0.70',
    superior: 'top',
    must: 'uniqueIdentifier nhsMHSServiceName nhsMHSPartyKey nhsIDCode',
    may: 'nhsMHSCategoryBag',
  },
  nhsMHSAction: {
    oid: '2.0.71',
    superior: 'top',
    must: 'uniqueIdentifier nhsMHSActionName nhsMHSEndPoint',
  },
  nhsMHSCP: {
    oid: '2.0.72',
    superior: 'top',
    must: 'uniqueIdentifier nhsMHSActionName nhsMHSIsAuthenticated',
    may: 'nhsMHSPersistDuration nhsMHSRetries nhsMHSRetryInterval nhsMHSSyncReplyMode nhsMHSAckRequested nhsMHSDuplicateElimination nhsMHSActor',
  },
  nhsList: {
    oid: '2.0.104',
    superior: 'top',
    must: 'cn',
    may: 'description uniqueIdentifier',
  },
  nhsAs: {
    oid: '2.0.107',
    superior: 'top',
    must: 'uniqueIdentifier nhsIDCode nhsMHSPartyKey nhsAsSvcIA nhsRequestorURP nhsDateRequested nhsApproverURP nhsDateApproved',
    may: 'description nhsAsClient nhsAsCategoryBag nhsAsACF nhsProductKey nhsProductName nhsProductVersion nhsMhsManufacturerOrg',
  },
  nhsMhs: {
    oid: '2.0.108',
    superior: 'top',
    must: 'uniqueIdentifier nhsIDCode nhsMHSPartyKey nhsMhsSvcIA nhsMHsSN nhsMHsIN nhsMHSEndPoint nhsMHSIsAuthenticated nhsMhsCPAId nhsProductKey nhsRequestorURP nhsDateRequested nhsApproverURP nhsDateApproved nhsDNSApprover nhsDateDNSApproved nhsEPInteractionType nhsContractPropertyTemplateKey nhsMhsFQDN',
    may: 'nhsMHSPersistDuration nhsMHSRetries nhsMHSRetryInterval nhsMhsIPAddress nhsMhsNetwork nhsMhsSinCode nhsMHSServiceDescription nhsMHSSyncReplyMode nhsMHSAckRequested nhsMHSDuplicateElimination nhsMHSActor nhsProductName nhsProductVersion nhsMhsManufacturerOrg',
  },
  nhsWg: {
    oid: '2.0.109',
    superior: 'top',
    must: 'uniqueIdentifier cn nhsIDCode',
    may: `${workgroupTimes} nhsWgStatus nhsWgClosed nhsWgRoot nhsPwgId nhsCwgId nhsXPwgId nhsXCwgId nhsLegalEst nhsWgType nhsOCSPredecessor`,
  },
  nhsWgTypes: {
    oid: '2.0.110',
    superior: 'top',
    must: 'cn nhsWgType',
    may: workgroupTimes,
  },
  nhsRBAC: {
    oid: '2.0.111',
    superior: 'top',
    kind: 'auxiliary',
    must: 'uniqueIdentifier cn nhsStatus nhsRA nhsCreateDate',
    may: 'nhsRestricted description',
  },
  nhsRBACJR: {
    oid: '2.0.112',
    superior: 'top',
    must: 'uniqueIdentifier cn nhsStatus nhsCreateDate nhsList3Code nhsList3Name nhsList2Code nhsList2Name nhsList1Code nhsList1Name',
    may: 'description',
  },
  nhsRBACAoW: {
    oid: '2.0.113',
    superior: 'top',
    must: 'uniqueIdentifier cn nhsStatus nhsCreateDate nhsList3Code nhsList3Name nhsList2Code nhsList2Name nhsList1Code nhsList1Name',
    may: 'description',
  },
  nhsRBACBF: {
    oid: '2.0.114',
    superior: 'top',
    must: 'uniqueIdentifier cn nhsStatus nhsCreateDate nhsList3Code nhsList3Name nhsList2Code nhsList2Name nhsList1Code nhsList1Name',
    may: 'description',
  },
  nhsRBACBL: {
    oid: '2.0.115',
    superior: 'top',
    must: 'nhsRA nhsCreateDate uniqueIdentifier nhsJobRoleCode nhsJobRole',
    may: 'nhsAreaOfWorkCodes nhsAreaOfWork nhsBusinessFunctionsCodes',
  },
  nhsExternalChangelogEntry: {
    oid: '2.0.122',
    superior: 'top',
    must: 'changeNumber',
    may: 'nhsEBS',
  },
  nhsExternalChangelog: {
    oid: '2.0.124',
    superior: 'top',
    must: 'cn firstChangeNumber lastChangeNumber',
  },
};

/** By name. */
export const classRows: Readonly<Record<string, ClassRow>> = { ...standard, ...national };
