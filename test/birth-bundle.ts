/** The Bundle of a birth for tests: an invented baby of an invented mother. Each place can be changed. */

export type Json = Record<string, unknown>;

const ukCore = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';

export const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
export const ods = (value: string) => ({
  system: 'https://fhir.nhs.uk/Id/ods-organization-code',
  value,
});

const observed = (about: string, value: Json): Json => ({
  resourceType: 'Observation',
  status: 'final',
  subject: { reference: 'urn:uuid:0' },
  code: coded('http://snomed.info/sct', about),
  ...value,
});

/** The value of the second observation: 1 is a live birth, 2 to 4 a still-birth. */
export const stillbirth = (code: string): Json => ({
  valueCodeableConcept: coded('urn:oid:2.16.840.1.113883.2.1.3.2.4.17.172', code),
});

export const authority: Json = {
  url: `${ukCore}RegisteringAuthority`,
  extension: [
    {
      url: 'registeringAuthorityType',
      valueCodeableConcept: coded(
        'https://fhir.nhs.uk/CodeSystem/UKCore-RegisteringAuthorityType',
        'x',
      ),
    },
    { url: 'organisationIdentifier', valueString: 'RGS' },
  ],
};

export const ethnicity: Json = {
  url: `${ukCore}EthnicCategory`,
  valueCodeableConcept: coded(
    'https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland',
    'A',
  ),
};

/** A death notification of this status: 1 informal, 2 formal. */
export const notified = (code: string): Json => ({
  url: `${ukCore}DeathNotificationStatus`,
  extension: [
    {
      url: 'deathNotificationStatus',
      valueCodeableConcept: coded(
        'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus',
        code,
      ),
    },
  ],
});

export const needed: readonly Json[] = [authority, ethnicity];

/** The twelve entries. `born` is a day; `changes` are laid over the resource at their place. */
export function birthBundle(
  motherNhsNumber: string,
  born: string,
  changes: Readonly<Record<number, Json>> = {},
): Json {
  const mother = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: motherNhsNumber };
  const resources: Json[] = [
    {
      resourceType: 'Patient',
      name: [{ use: 'usual', family: 'Fernsby', given: ['Ivo'], period: { start: born } }],
      gender: 'male',
      birthDate: born,
      _birthDate: {
        extension: [
          {
            url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime',
            valueDateTime: `${born}T03:04:00+00:00`,
          },
        ],
      },
      address: [
        {
          use: 'home',
          line: ['', '7 Mere Bank', '', 'AMBLESIDE', ''],
          postalCode: 'LA22 9ZZ',
          period: { start: '2019-03-04' },
        },
      ],
      multipleBirthInteger: 1,
      extension: needed,
    },
    observed('364589006', { valueQuantity: { value: 3200, unit: 'grams', code: 'g' } }),
    observed('237364002', stillbirth('1')),
    observed('268477000', { valueQuantity: { value: 38, unit: 'weeks' } }),
    observed('246435002', { valueInteger: 1 }),
    observed('66091009', {
      valueCodeableConcept: coded('urn:oid:2.16.840.1.113883.2.1.3.2.4.17.171', 'N'),
    }),
    {
      resourceType: 'RelatedPerson',
      identifier: [mother],
      patient: { reference: 'urn:uuid:0' },
      relationship: [coded('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'GESTM')],
    },
    {
      resourceType: 'Patient',
      identifier: [mother],
      name: [{ family: 'Fernsby', given: ['Odette'], use: 'usual' }],
      birthDate: '1995-06-07',
    },
    { resourceType: 'Organization', identifier: [ods('A20047')] },
    {
      resourceType: 'Location',
      identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-site-code', value: 'RR8G5' }],
    },
    { resourceType: 'CareTeam', participant: [{ member: { identifier: ods('Y98765') } }] },
    { resourceType: 'Practitioner', name: [{ family: 'Dale', given: ['Jo'], use: 'usual' }] },
  ];
  const entry = resources.map((resource, i) => ({
    fullUrl: `urn:uuid:${i}`,
    request: { method: 'POST', url: String(resource.resourceType) },
    resource: { ...resource, ...changes[i] },
  }));
  return { resourceType: 'Bundle', type: 'transaction', entry };
}
