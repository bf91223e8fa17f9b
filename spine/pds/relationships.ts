/** The kinds of relationship between a person and those to be asked about them: national code to FHIR code. Data only. */

const typeSystem = 'http://hl7.org/fhir/ValueSet/relatedperson-relationshiptype';
const roleSystem = 'https://fhir.nhs.uk/R4/CodeSystem/UKCore-AdditionalRelatedPersonRole';

/** A next of kin stands as a second coding beside the type. */
export const nextOfKin = { system: typeSystem, code: 'N', display: 'next-of-kin' };

interface Relationship {
  readonly code: string;
  readonly system: string;
  readonly display: string;
}

const kind = (code: string, display: string): Relationship => ({
  code,
  system: typeSystem,
  display,
});
const role = (code: string, display: string): Relationship => ({
  code,
  system: roleSystem,
  display,
});

/** By the code of person relationship type (…16.15). 12 to 20 are as the sources list them, without their numbers. */
export const relationships: Readonly<Record<string, Relationship>> = {
  '01': kind('SPS', 'spouse'),
  '02': kind('DOMPART', 'domestic partner'),
  '03': kind('PRN', 'parent'),
  '04': nextOfKin,
  '05': role('Guardian', 'Guardian of patient'),
  '06': kind('PRNFOST', 'foster parent'),
  '07': kind('STPPRN', 'step parent'),
  '08': role('PolygamousPartner', 'Polygamous Partner'),
  '09': kind('CHILD', 'child'),
  '10': role('Dependant', 'Dependant'),
  '11': role('NonDependant', 'Non Dependant'),
  '12': kind('MTH', 'mother'),
  '13': kind('SIS', 'sister'),
  '14': kind('BRO', 'brother'),
  '15': kind('FAMMEMB', 'family member'),
  '16': role('ProxyContact', 'Proxy - contact'),
  '17': role('ProxyCommunication', 'Proxy - communication'),
  '18': role('ProxyContactCommunication', 'Proxy - contact and communication'),
  '19': role('Carer', 'Carer'),
  '20': kind('FTH', 'father'),
  '21': kind('ONESELF', 'self'),
  '98': kind('U', 'unknown'),
  '99': role('NotSpecified', 'Not Specified'),
};

/** Roles beside the type, by `classCode`. */
export const roleOfClass: Readonly<Record<string, Relationship>> = {
  AGNT: role('Agent', 'Agent of patient'),
  PRS: role('Personal', 'Personal relationship with the patient'),
};

/** The national code for a FHIR one; a mother by birth counts as a mother. */
export function relationshipCode(code: string | undefined): string | undefined {
  const known = code === 'GESTM' ? 'MTH' : code;
  return Object.keys(relationships).find((key) => relationships[key]?.code === known);
}
