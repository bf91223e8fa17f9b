/** The names that SDS FHIR gives identifiers and extensions. Owns the names only; who uses them says what they hold. */

const ids = 'https://fhir.nhs.uk/Id/';

/** Systems of identifiers and of tokens in queries. */
export const systems = {
  ods: `${ids}ods-organization-code`,
  interaction: `${ids}nhsServiceInteractionId`,
  partyKey: `${ids}nhsMhsPartyKey`,
  asid: `${ids}nhsSpineASID`,
  fqdn: `${ids}nhsMhsFQDN`,
  cpaId: `${ids}nhsMhsCPAId`,
  handlerId: `${ids}nhsMHSId`,
} as const;

const definitions = 'https://fhir.nhs.uk/StructureDefinition/';

export const extensions = {
  manufacturer: `${definitions}Extension-SDS-ManufacturingOrganisation`,
  interaction: `${definitions}Extension-SDS-NhsServiceInteractionId`,
  reliability: `${definitions}Extension-SDS-ReliabilityConfiguration`,
} as const;
