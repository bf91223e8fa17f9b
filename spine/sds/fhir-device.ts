/** An accredited system as the FHIR resource Device. Owns that mapping. */
import { extensions, systems } from './fhir-systems.ts';
import type { AccreditedSystem } from './directory.ts';

export interface FhirIdentifier {
  readonly system: string;
  readonly value: string;
}

/** A Device as this face sends it: what is not known is left out, lists included. */
export interface SdsDevice {
  readonly resourceType: 'Device';
  readonly id: string;
  readonly identifier?: readonly FhirIdentifier[];
  readonly extension?: readonly ReferenceExtension[];
  readonly owner?: { readonly identifier: FhirIdentifier };
}

/** An extension that names something by an identifier. */
export interface ReferenceExtension {
  readonly url: string;
  readonly valueReference: { readonly identifier: FhirIdentifier };
}

/** What the directory may know of a system: more than it must, so that what is missing is left out. */
export type DeviceFacts = Partial<AccreditedSystem>;

/** @param id a new UUID for this answer; Devices have no lasting id here */
export function toDevice(facts: DeviceFacts, id: string): SdsDevice {
  const { asid, partyKey, odsCode, clients = [], manufacturer, interactions = [] } = facts;
  const identifier = [
    ...identifierOf(systems.asid, asid),
    ...identifierOf(systems.partyKey, partyKey),
  ];
  const extension = [
    ...referenceExtension(extensions.manufacturer, systems.ods, manufacturer),
    ...interactions.flatMap((one) =>
      referenceExtension(extensions.interaction, systems.interaction, one),
    ),
  ];
  const [owner] = identifierOf(systems.ods, clients[0] ?? odsCode);
  return {
    resourceType: 'Device',
    id,
    ...(identifier.length > 0 ? { identifier } : {}),
    ...(extension.length > 0 ? { extension } : {}),
    ...(owner ? { owner: { identifier: owner } } : {}),
  };
}

/** An identifier, or none for a value that is missing or empty. */
export function identifierOf(system: string, value: string | undefined): FhirIdentifier[] {
  return value === undefined || value === '' ? [] : [{ system, value }];
}

/** An extension with a reference by identifier, or none. */
export function referenceExtension(
  url: string,
  system: string,
  value: string | undefined,
): ReferenceExtension[] {
  return identifierOf(system, value).map((identifier) => ({ url, valueReference: { identifier } }));
}
