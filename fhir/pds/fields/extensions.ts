/** The extension addresses and code systems of a PDS Patient (pds-fhir 4.3), each written once. */
import type { CodeableConcept, Extension } from 'fhir/r4.js';

const ukCore = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';

export const extensionUrls = {
  verificationStatus: `${ukCore}NHSNumberVerificationStatus`,
  nominatedPharmacy: `${ukCore}NominatedPharmacy`,
  medicalApplianceSupplier: `${ukCore}MedicalApplianceSupplier`,
  preferredDispenser: `${ukCore}PreferredDispenserOrganization`,
  deathNotification: `${ukCore}DeathNotificationStatus`,
  communication: `${ukCore}NHSCommunication`,
  contactPreference: `${ukCore}ContactPreference`,
  addressKey: `${ukCore}AddressKey`,
  otherContactSystem: `${ukCore}OtherContactSystem`,
  registeringAuthority: `${ukCore}RegisteringAuthority`,
  birthSex: `${ukCore}BirthSex`,
  ethnicCategory: `${ukCore}EthnicCategory`,
  residentialStatus: `${ukCore}ResidentialStatus`,
  numberUnavailableReason: `${ukCore}NHSNumberUnavailableReason`,
  birthPlace: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
  birthTime: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime',
  cadavericDonor: 'http://hl7.org/fhir/StructureDefinition/patient-cadavericDonor',
  interpreterRequired: 'http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired',
  removal: 'https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration',
  consent: 'https://hl7.org/fhir/R4/consent.html',
  contactRank: 'https://fhir.nhs.uk/R4/StructureDefinition/Extension-UKCore-ContactRank',
  dataAbsent: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
} as const;

export const codeSystems = {
  verificationStatus: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus',
  deathNotification: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus',
  removal: 'https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode',
} as const;

/** The part of a complex extension with this url, one level down. */
export function partOf(extension: Extension, url: string): Extension | undefined {
  return extension.extension?.find((part) => part.url === url);
}

/** A CodeableConcept of one coding; `version` is written where PDS writes one. */
export function concept(
  system: string,
  code: string,
  display: string,
  version?: string,
): CodeableConcept {
  return { coding: [{ system, ...(version === undefined ? {} : { version }), code, display }] };
}

/** The number of a person as PDS shows it: present and verified. */
export function verificationStatus(): Extension {
  return {
    url: extensionUrls.verificationStatus,
    valueCodeableConcept: concept(
      codeSystems.verificationStatus,
      '01',
      'Number present and verified',
      '1.0.0',
    ),
  };
}
