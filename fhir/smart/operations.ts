/**
 * What the SMART FHIR base offers, as data: each operation, the scope it needs, and the search parameters it takes.
 * Owns the table by which access.ts judges, capability.ts describes and the documentation is written; no rule of a record.
 */
import type { AccessMode } from '../../core/exchange.ts';
import type { SmartAction, SmartLevel } from '../../core/smart-scopes.ts';

export type SmartResource = 'Patient' | 'RelatedPerson' | 'Coverage';

export interface SearchParameter {
  readonly name: string;
  /** The type FHIR gives it; `special` is one of this service's own that steers the search. */
  readonly type: 'string' | 'token' | 'date' | 'reference' | 'number' | 'special';
  readonly note?: string;
}

export interface SmartOperation {
  /** As in the table of routes. */
  readonly route: string;
  readonly summary: string;
  /** The FHIR interaction, as a CapabilityStatement names it. */
  readonly interaction: 'read' | 'patch' | 'create' | 'search-type';
  readonly type: SmartResource;
  readonly action: SmartAction;
  /** The scope needed is `level/type.action` at one of these levels. */
  readonly levels: readonly SmartLevel[];
  /** The parameters it takes; any other is refused. */
  readonly search?: readonly SearchParameter[];
}

/** Who may use a scope of a level at all; `patient` reaches the patient in context alone. */
export const modesOfLevel: Readonly<Record<SmartLevel, readonly AccessMode[]>> = {
  patient: ['patient', 'worker'],
  user: ['worker'],
  system: ['app', 'privileged'],
};

const personParameters: readonly SearchParameter[] = [
  { name: '_id', type: 'token', note: 'The NHS number; alone or with identifier' },
  { name: 'identifier', type: 'token', note: 'The NHS number; alone or with _id' },
  { name: 'family', type: 'string' },
  { name: 'given', type: 'string' },
  { name: 'gender', type: 'token' },
  { name: 'birthdate', type: 'date' },
  { name: 'death-date', type: 'date' },
  { name: 'address-postalcode', type: 'string' },
  { name: 'address-postcode', type: 'string', note: 'Another name of address-postalcode' },
  { name: 'general-practitioner', type: 'token', note: 'An ODS code' },
  { name: 'managing-organization', type: 'token', note: 'An ODS code' },
  { name: 'email', type: 'token' },
  { name: 'phone', type: 'token' },
  { name: '_fuzzy-match', type: 'special', note: 'true: names that sound alike match' },
  { name: '_exact-match', type: 'special', note: 'true: only matches in every criterion' },
  { name: '_history', type: 'special', note: 'true: former names and addresses match too' },
  { name: 'history', type: 'special', note: 'Another name of _history' },
  { name: '_max-results', type: 'special', note: '1 to 50; 1 for an application on its own' },
];

const patientParameter: SearchParameter = {
  name: 'patient',
  type: 'reference',
  note: 'An NHS number, also as Patient/number',
};

/** The operations beside `GET /metadata`, which is open to anyone. */
export const smartOperations = [
  {
    route: 'GET /Patient/:id',
    summary: 'Read a patient by NHS number',
    interaction: 'read',
    type: 'Patient',
    action: 'r',
    levels: ['patient', 'user', 'system'],
  },
  {
    route: 'GET /Patient',
    summary: 'Search for patients; with a patient-level scope, only by the number of the patient',
    interaction: 'search-type',
    type: 'Patient',
    action: 's',
    levels: ['patient', 'user', 'system'],
    search: personParameters,
  },
  {
    route: 'PATCH /Patient/:id',
    summary: 'Change a patient by JSON Patch; needs If-Match',
    interaction: 'patch',
    type: 'Patient',
    action: 'u',
    levels: ['patient', 'user'],
  },
  {
    route: 'POST /Patient',
    summary: 'Create a patient, who is given an NHS number',
    interaction: 'create',
    type: 'Patient',
    action: 'c',
    levels: ['user'],
  },
  {
    route: 'GET /RelatedPerson',
    summary: 'Find the people to contact about a patient',
    interaction: 'search-type',
    type: 'RelatedPerson',
    action: 's',
    levels: ['patient', 'user', 'system'],
    search: [patientParameter],
  },
  {
    route: 'GET /Patient/:id/RelatedPerson',
    summary: 'Find the people to contact about a patient, in the patient’s compartment',
    interaction: 'search-type',
    type: 'RelatedPerson',
    action: 's',
    levels: ['patient', 'user', 'system'],
  },
  {
    route: 'GET /Coverage',
    summary: 'Find a patient’s European Health Insurance Card',
    interaction: 'search-type',
    type: 'Coverage',
    action: 's',
    levels: ['patient'],
    search: [
      patientParameter,
      {
        name: 'subscriber:identifier',
        type: 'token',
        note: 'The NHS number, instead of patient',
      },
    ],
  },
  {
    route: 'POST /Coverage',
    summary: 'Replace a patient’s European Health Insurance Card; needs If-Match',
    interaction: 'create',
    type: 'Coverage',
    action: 'c',
    levels: ['patient'],
  },
] as const satisfies readonly SmartOperation[];

export type SmartRoute = (typeof smartOperations)[number]['route'];

/** The row of a route. */
export function operationAt(route: SmartRoute): SmartOperation {
  const found = smartOperations.find((operation) => operation.route === route);
  if (!found) throw new Error(`no operation ${route}`);
  return found;
}
