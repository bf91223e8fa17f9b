/** What the values of a Deployment must be. Owns the rules of form; what must be there elsewhere its steps ask. */
import { isIP } from 'node:net';
import { Problem } from '../../../core/problem.ts';
import { checkLength, checkOrganisation } from '../app-rules.ts';
import type { Environment } from '../environments.ts';
import type { Contract, Deployment } from './deployments.ts';

/** What may be asked for, and changed while it is asked for. */
export interface DeploymentFields {
  readonly interactions: readonly string[];
  readonly receives: readonly string[];
  readonly product: Deployment['product'];
  /** ODS code of the supplier; absent: the owner of the App. */
  readonly manufacturer?: string;
  /** Absent: one is made at approval. */
  readonly fqdn?: string;
}

export interface DeploymentRequest extends DeploymentFields {
  readonly app: string;
  readonly odsCode: string;
  readonly environment: Environment;
}

const mostInteractions = 500;

/** @throws Problem `invalid` with the field and its rule. */
export function checkFields(fields: Partial<DeploymentFields>): void {
  const { interactions, receives, product, manufacturer } = fields;
  if (interactions) checkInteractions('interactions', interactions, 1);
  if (receives) checkInteractions('receives', receives, 0);
  if (product) {
    checkLength('product/name', product.name, 1, 100);
    checkLength('product/version', product.version, 1, 50);
  }
  if (manufacturer !== undefined) checkOrganisation(manufacturer);
}

/** What it receives is part of what it may do. @throws Problem `invalid` */
export function checkReceives(interactions: readonly string[], receives: readonly string[]): void {
  const missing = receives.filter((one) => !interactions.includes(one));
  if (missing.length > 0)
    throw new Problem('invalid', `receives names what interactions lacks: ${missing.join(', ')}`);
}

function checkInteractions(field: string, items: readonly string[], least: number): void {
  if (items.length < least || items.length > mostInteractions)
    throw new Problem('invalid', `${field} holds ${least} to ${mostInteractions} interactions`);
  if (new Set(items).size !== items.length)
    throw new Problem('invalid', `${field} holds each only once`);
  items.forEach(checkInteraction);
}

/** A service-interaction id: service and interaction with a colon between. @throws Problem `invalid` */
function checkInteraction(id: string): void {
  if (id.length > 200 || !/^urn(:[A-Za-z0-9][A-Za-z0-9._-]*){3,}$/.test(id))
    throw new Problem(
      'invalid',
      'An interaction is a service and an interaction with a colon between, such as urn:nhs:names:services:pds:PRPA_IN000203UK03',
    );
}

/**
 * A name that somebody wishes for: below a domain of the environment and the own ODS code, so that nobody takes a name
 * that looks like another's. No longer than a CN may be (RFC 5280 appendix A.1, ub-common-name).
 * @throws Problem `invalid`
 */
export function checkFqdn(fqdn: string, odsCode: string, domains: readonly string[]): void {
  const ends = domains.map((domain) => `.${odsCode.toLowerCase()}.${domain}`);
  const end = ends.find((one) => fqdn.endsWith(one) && fqdn.length > one.length);
  const labels = end === undefined ? [] : fqdn.slice(0, -end.length).split('.');
  const good = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  if (end !== undefined && fqdn.length <= 64 && good) return;
  throw new Problem(
    'invalid',
    `fqdn must be a host name in small letters of at most 64 characters that ends with ${ends.join(' or ')}`,
  );
}

/**
 * The address of an endpoint: https at the system's own name, or at an IP number, whose server must bear that name in its
 * certificate all the same; of a FHIR interface its base, so nothing follows it.
 * @throws Problem `invalid`
 */
export function checkEndpointUrl(text: string, fqdn: string): void {
  const url = text.length <= 500 && URL.canParse(text) ? new URL(text) : undefined;
  const faults = [
    url?.protocol === 'https:' ? undefined : 'it must be an https address',
    url === undefined || isOwnHost(url.hostname, fqdn)
      ? undefined
      : `its host must be ${fqdn}, or an IP number`,
    text.includes('?') || text.includes('#') ? 'it must have no query and no fragment' : undefined,
    text.includes('@') ? 'it must name no user' : undefined,
    text.endsWith('/') ? 'it must not end with a slash' : undefined,
  ].filter((fault) => fault !== undefined);
  if (faults.length > 0)
    throw new Problem('invalid', `The endpoint's url is refused: ${faults.join('; ')}`);
}

function isOwnHost(hostname: string, fqdn: string): boolean {
  return hostname === fqdn || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

/** What is asked of an endpoint. */
export interface EndpointFields {
  readonly interaction: string;
  readonly url: string;
  readonly contract: Contract;
}
