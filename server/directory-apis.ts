/**
 * Everything that the hosting platform is given for the directory's HTTP faces, in one place: the Apis as they are shipped,
 * their services, their policies, and their forms of refusal. Owns the list; each face is in the file of its name.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Policy } from '../core/exchange.ts';
import type { Directory } from '../spine/sds/directory.ts';
import { sdsOutcomes } from '../spine/sds/fhir-outcomes.ts';
import { odsOutcomes } from '../spine/sds/ods-fhir-outcomes.ts';
import { ordFaults } from '../spine/sds/ord-errors.ts';
import { forwardAddress } from '../spine/sds/routing.ts';
import type { Addresses } from './addresses.ts';
import type { BuiltInApi } from './catalogue/built-in.ts';
import type { Config } from './config.ts';
import type { Service } from './gateway/backend.ts';
import { odsServices, shippedOds } from './ods-proxies.ts';
import { sdsApiId, sdsService, shippedSds } from './sds-proxies.ts';

export interface DirectoryOptions {
  readonly root: string;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly version: string;
  readonly config: Pick<Config, 'spineOrganisation'>;
}

/** The OpenAPI documents by name of the Api. */
const documents = {
  [sdsApiId]: 'fhir-openapi.json',
  'ods-fhir': 'ods-fhir-openapi.json',
  'ods-ord': 'ord-openapi.json',
} as const;

/** Where each OpenAPI document is offered, and its file. @param root the folder with package.json */
export function directoryDownloads(root: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(documents).map(([api, name]) => [
      `/specifications/${api}.json`,
      fileOf(root, name),
    ]),
  );
}

/** The Apis as they are shipped. */
export function shippedDirectory(root: string): readonly BuiltInApi[] {
  const text = (api: keyof typeof documents) => readFileSync(fileOf(root, documents[api]), 'utf8');
  return [
    shippedSds(text(sdsApiId)),
    ...shippedOds({ 'ods-fhir': text('ods-fhir'), 'ods-ord': text('ods-ord') }),
  ];
}

/** Their services, by the names that their Proxies end in. */
export function directoryServices(options: DirectoryOptions): Readonly<Record<string, Service>> {
  const { spineOrganisation } = options.config;
  return {
    sds: sdsService({ ...options, forwardAddress: forwardAddress(spineOrganisation) }),
    ...odsServices({ ...options, openApiFile: fileOf(options.root, documents['ods-fhir']) }),
  };
}

/** How they refuse, by the names in their Proxies. @param newId a new UUID */
export function directoryEdges(newId: () => string): Readonly<Record<string, Policy>> {
  return { sds: sdsOutcomes(newId), 'ods-fhir': odsOutcomes, 'ods-ord': ordFaults };
}

function fileOf(root: string, name: string): string {
  return join(root, 'spine', 'sds', name);
}
