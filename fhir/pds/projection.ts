/**
 * What each caller sees of a record: on retrieval by access mode and by the rights of the application, and in search
 * (pds-fhir 4.2, 4.3, 4.8, 5). Owns what is left out and what is added; who may ask at all is decided before.
 * Nothing here changes a record: what must be left out is left out of a copy.
 */
import type { Element, Extension, HumanName, Patient } from 'fhir/r4.js';
import type { Caller } from '../../core/exchange.ts';
import { withEmptyLines } from './fields/address-lines.ts';
import { concept, codeSystems, extensionUrls } from './fields/extensions.ts';
import { confidentialityOf, type Behind, type Confidentiality, type PdsRecord } from './record.ts';

/** Rights given to an application by agreement (4.8), as they stand in `caller.grants`. */
export const grants = {
  emptyAddressLines: 'return-empty-address-lines',
  confidentialRemoval: 'return-confidential-reason-for-removal',
  recordSharingConsent: 'return-nhs-record-sharing-consent',
} as const;

/** Whether the answer to this caller may differ from the stored text of an open record. */
export function hasOwnView(caller: Caller): boolean {
  return Object.values(grants).some((grant) => caller.grants.has(grant));
}

/** The Patient that a retrieval, an update or a create answers with. */
export function retrieveView(record: PdsRecord, caller: Caller): Patient {
  const shown = cutFor(record.patient, confidentialityOf(record), caller.mode === 'privileged');
  const granted = withGrantedExtensions(shown, record.behind, caller.grants);
  return withGrantedLines(granted, record.behind, caller);
}

/**
 * The Patient in a search Bundle: current names, the home address, and of the extensions only the death notification.
 * A privileged caller sees no more of a restricted person here than anyone else.
 */
export function searchView(record: PdsRecord, caller: Caller): Patient {
  const shown = cutFor(record.patient, confidentialityOf(record), false);
  const found: Patient = {
    ...without(shown, 'name', 'address', 'extension', 'managingOrganization'),
    ...list('name', shown.name?.filter(isCurrentName)),
    ...list(
      'address',
      shown.address?.filter(({ use }) => use === 'home'),
    ),
    ...list(
      'extension',
      shown.extension?.filter(({ url }) => url === extensionUrls.deathNotification),
    ),
  };
  return withGrantedLines(found, record.behind, caller);
}

function isCurrentName({ use }: HumanName): boolean {
  return use === 'usual' || use === 'nickname' || use === 'temp';
}

/** Extensions that tell where a person lives or was born (4.2). */
const telling: ReadonlySet<string> = new Set([
  extensionUrls.nominatedPharmacy,
  extensionUrls.medicalApplianceSupplier,
  extensionUrls.preferredDispenser,
  extensionUrls.birthPlace,
]);

/** Leaves out what the confidentiality label protects (4.2). An invalidated record is refused earlier; it shows least. */
function cutFor(patient: Patient, label: Confidentiality, privileged: boolean): Patient {
  if (label === 'U') return patient;
  if (label === 'R') return privileged ? cutForPrivileged(patient) : cutLocation(patient);
  return without(cutLocation(patient), 'name', 'birthDate', '_birthDate');
}

function cutLocation(patient: Patient): Patient {
  const kept = patient.extension?.filter(({ url }) => !telling.has(url));
  return {
    ...without(patient, 'address', 'telecom', 'contact', 'generalPractitioner', 'extension'),
    ...list('extension', kept),
  };
}

/** Restricted, to a privileged application: address, telecom, practice and pharmacies show; contact and birth place do not. */
function cutForPrivileged(patient: Patient): Patient {
  const kept = patient.extension?.filter(({ url }) => url !== extensionUrls.birthPlace);
  return { ...without(patient, 'contact', 'extension'), ...list('extension', kept) };
}

/** The true removal reason and the consent, for applications that may see them; the others see what is stored. */
function withGrantedExtensions(
  patient: Patient,
  { confidentialRemoval, consent }: Behind,
  granted: ReadonlySet<string>,
): Patient {
  let extensions: Extension[] = patient.extension ?? [];
  if (confidentialRemoval && granted.has(grants.confidentialRemoval))
    extensions = extensions.map((each) =>
      each.url === extensionUrls.removal ? trueRemoval(each, confidentialRemoval) : each,
    );
  if (consent && granted.has(grants.recordSharingConsent))
    extensions = [
      // A published test reads the removal at 0 and the consent at 1; without a removal the consent stands first.
      ...extensions.filter(({ url }) => url === extensionUrls.removal),
      consentExtension(consent),
      ...extensions.filter(({ url }) => url !== extensionUrls.removal),
    ];
  return extensions === patient.extension || extensions.length === 0
    ? patient
    : { ...patient, extension: extensions };
}

function trueRemoval(
  shown: Extension,
  { code, display }: { code: string; display: string },
): Extension {
  const parts = shown.extension?.map((part) =>
    part.url === 'removalFromRegistrationCode'
      ? { ...part, valueCodeableConcept: concept(codeSystems.removal, code, display) }
      : part,
  );
  return { ...shown, ...list('extension', parts) };
}

const consentWords = { '1': 'consent', '2': 'dissent' } as const;

function consentExtension(value: '1' | '2'): Extension {
  const system = 'https://fhir.nhs.uk/CodeSystem/';
  return {
    url: extensionUrls.consent,
    extension: [
      { url: 'consentType', valueCodeableConcept: concept(`${system}consent-type`, '4', 'ncrs') },
      {
        url: 'consentValue',
        valueCodeableConcept: concept(`${system}consent-value`, value, consentWords[value]),
      },
    ],
  };
}

function withGrantedLines(patient: Patient, behind: Behind, caller: Caller): Patient {
  if (!patient.address || !caller.grants.has(grants.emptyAddressLines)) return patient;
  return {
    ...patient,
    address: patient.address.map((address) => withEmptyLines(address, behind.addressLines)),
  };
}

/** A copy that lacks some members. */
function without<K extends keyof Patient>(patient: Patient, ...names: K[]): Omit<Patient, K> {
  const left: ReadonlySet<string> = new Set(names);
  const entries = Object.entries(patient).filter(([name]) => !left.has(name));
  return Object.fromEntries(entries) as unknown as Omit<Patient, K>; // the same members less the named ones
}

/** A member holding this list, or nothing: strict parsers refuse empty lists. */
function list<K extends string, T extends Element>(
  name: K,
  items: T[] | undefined,
): Partial<Record<K, T[]>> {
  if (!items || items.length === 0) return {};
  return { [name]: items } as Record<K, T[]>; // a computed key of a literal type is typed as string
}
