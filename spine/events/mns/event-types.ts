/**
 * The types of event that may be published and subscribed to, and what subscriptions may filter them by. Owns that table;
 * which app may publish which is the publisher's right (publishing.ts).
 */
export interface EventType {
  /** Keys of `filtering` that criteria may name. */
  readonly filters: readonly string[];
  /** Those of the filters that hold an organisation: criteria may name its supplier instead, `<key>_manufacturer_org`. */
  readonly organisations?: readonly string[];
  /** Whether only the platform's own PDS publishes it. */
  readonly own?: true;
  /** Whether it is of the first version: another form of event, no filters. */
  readonly legacy?: true;
}

const vrs: EventType = {
  filters: ['patient_ods_code', 'proxy_ods_code'],
  organisations: ['patient_ods_code', 'proxy_ods_code'],
};

export const testSignal = 'mns-test-signal-1';

const types: Readonly<Record<string, EventType>> = {
  'pds-record-change-2': {
    filters: ['changed_name', 'registeredgpodscode', 'nhsnumber'],
    organisations: ['registeredgpodscode'],
    own: true,
  },
  'pds-death-notification-2': {
    ...{ filters: ['generalpractitioner'], organisations: ['generalpractitioner'], own: true },
  },
  'pds-change-of-gp-2': {
    ...{ filters: ['generalpractitioner'], organisations: ['generalpractitioner'], own: true },
  },
  'nhs-number-change-2': { filters: ['nhsnumber'], own: true },
  'gpreg-change-gp-req-1': {
    filters: ['generalpractitioner', 'registrationencountercode'],
    organisations: ['generalpractitioner'],
  },
  'patientflags-change-1': {
    filters: ['flagtype', 'generalpractitioner', 'origin'],
    organisations: ['generalpractitioner'],
  },
  'imms-vaccination-record-change-1': {
    filters: [
      ...['generalpractitioner', 'sourceorganisation', 'sourceapplication', 'subjectage'],
      ...['immunisationtype', 'action'],
    ],
    organisations: ['generalpractitioner', 'sourceorganisation'],
  },
  'nhshco-hc-complete-1': { filters: ['gppractice'], organisations: ['gppractice'] },
  'vrs-proxy-role-created-1': vrs,
  'vrs-proxy-role-changed-1': vrs,
  'vrs-proxy-role-deleted-1': vrs,
  'pathology-laboratory-reporting-test-result-stored-1': {
    filters: ['requestingOrganisationODS'],
    organisations: ['requestingOrganisationODS'],
  },
  'pdm-resource-change-1': { filters: [] },
  [testSignal]: { filters: [] },
  'example-event-1': {
    filters: ['filter_option_1', 'filter_option_2', 'filter_option_3', 'filter_option_4'],
  },
  'pds-change-of-gp-1': { filters: [], legacy: true },
  'pds-death-notification-1': { filters: [], legacy: true },
  'nhs-number-change-1': { filters: [], legacy: true },
};

/** What is known of a type; undefined: there is no such type. */
export function eventType(name: string): EventType | undefined {
  return Object.hasOwn(types, name) ? types[name] : undefined;
}

/** Types that the platform's own PDS publishes. */
export const ownTypes = Object.keys(types).filter((name) => types[name]?.own === true);

const ofSupplier = '_manufacturer_org';

/** Whether criteria of a type may name a key. */
export function isFilter({ filters, organisations = [] }: EventType, key: string): boolean {
  return filters.includes(key) || organisations.some((one) => one + ofSupplier === key);
}

/** The key of the organisation whose supplier a key asks for; undefined where it asks for none. */
export function organisationKey(key: string): string | undefined {
  return key.endsWith(ofSupplier) ? key.slice(0, -ofSupplier.length) : undefined;
}
