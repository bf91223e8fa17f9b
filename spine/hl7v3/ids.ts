/**
 * Roots (OIDs) of identifiers and code systems in HL7 V3 messages, by what they identify. Owns the numbers only: tables
 * of codes are the adapters'.
 */

/** The namespace of HL7 V3. */
export const hl7Uri = 'urn:hl7-org:v3';

const nhs = '2.16.840.1.113883.2.1.3.2.4';

/** Roots of instance identifiers. */
export const roots = {
  nhsNumber: '2.16.840.1.113883.2.1.4.1',
  /** General practitioners and other professionals. */
  professional: '2.16.840.1.113883.2.1.4.2',
  /** Practices and other organisations by national code, in the demographics service. */
  organisation: '2.16.840.1.113883.2.1.4.3',
  /** The same organisations in record transfer, prescriptions and summaries. */
  odsOrganisation: '1.2.826.0.1285.0.1.10',
  odsSite: '1.2.826.0.1285.0.1.11',
  asid: '1.2.826.0.1285.0.2.0.107',
  mhs: '1.2.826.0.1285.0.2.0.108',
  sdsUser: '1.2.826.0.1285.0.2.0.65',
  sdsRoleProfile: '1.2.826.0.1285.0.2.0.67',
  workgroup: '1.2.826.0.1285.0.2.0.109',
  sdsJobRole: '1.2.826.0.1285.0.2.1.104',
  prescriber: '1.2.826.0.1285.0.2.1.54',
  interaction: `${nhs}.12`,
  /** One name, address, telecom or registration within a person's record. */
  objectId: `${nhs}.18.1`,
  template: `${nhs}.18.16`,
  localPatient: `${nhs}.18.24`,
  prescription: `${nhs}.18.8`,
  /** What the oldest releases used for systems; such messages are refused. */
  oldSystem: `${nhs}.10`,
} as const;

/** Roots of code systems. */
export const codeSystems = {
  confidentiality: `${nhs}.16.1`,
  consentValue: `${nhs}.16.2`,
  correspondenceCopy: `${nhs}.16.4`,
  deathNotification: `${nhs}.16.5`,
  nextOfKin: `${nhs}.16.13`,
  relationship: `${nhs}.16.15`,
  contactMethod: `${nhs}.16.16`,
  writtenFormat: `${nhs}.16.17`,
  sex: `${nhs}.16.25`,
  dispensingResponse: `${nhs}.16.34`,
  interpreterRequired: `${nhs}.16.39`,
  snomed: `${nhs}.15`,
  prescribingResponse: `${nhs}.17.22`,
  /** Details of an acknowledgement by Spine itself. */
  tmsDetail: `${nhs}.17.32`,
  demographicObservation: `${nhs}.17.35`,
  historicDataIndicator: `${nhs}.17.36`,
  careProvision: `${nhs}.17.37`,
  previousContact: `${nhs}.17.38`,
  searchParameter: `${nhs}.17.39`,
  updateType: `${nhs}.17.40`,
  pdsIssue: `${nhs}.17.42`,
  gp2gpResponse: `${nhs}.17.101`,
  issueQualifier: `${nhs}.17.104`,
  consentType: `${nhs}.17.164`,
  registrationEvent: `${nhs}.17.165`,
  recordTransfer: `${nhs}.17.167`,
  removalReason: `${nhs}.17.168`,
  ignoreHistory: `${nhs}.17.169`,
  administrativeObservation: `${nhs}.17.170`,
  nationalSystem: `${nhs}.17.174`,
  recordTransferPriority: `${nhs}.17.190`,
  dataQuality: `${nhs}.17.247`,
} as const;

/** Whether a text is a UUID, in either case. */
export function isUuid(text: string): boolean {
  return text.length === 36 && uuid.test(text);
}

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
