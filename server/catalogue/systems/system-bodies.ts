/** The bodies that the routes of accredited systems take: their shapes only. What a value must be, the administration says. */
import { checker } from '../../../core/schema.ts';
import type { WantedCertificate } from './certificate-deeds.ts';
import { contracts } from './contracts.ts';
import type { DeploymentFields, EndpointFields } from './deployment-rules.ts';
import { revocationReasons, type RevocationReason } from './system-hooks.ts';

const text = { type: 'string', maxLength: 500 };
const texts = { type: 'array', items: text, maxItems: 1000 };
const pem = { type: 'string', minLength: 1, maxLength: 32_768 };

const fields = {
  interactions: texts,
  receives: texts,
  product: {
    type: 'object',
    properties: { name: text, version: text },
    required: ['name', 'version'],
    additionalProperties: false,
  },
  manufacturer: text,
  fqdn: text,
};

/** The members of each body, for the published document too. */
export const properties = {
  request: {
    ...{ app: text, odsCode: text, environment: text },
    ...fields,
    receives: { ...texts, default: [] },
  },
  change: fields,
  endpoint: { url: text, contract: { enum: contracts, default: 'synchronous' } },
  reason: { reason: text },
  certificate: { csr: pem, certificate: pem, profile: { enum: ['client', 'endpoint'] } },
  revocation: { reason: { enum: revocationReasons, default: 'unspecified' } },
  explain: { pem, environment: text },
};

function shape(members: object, required: readonly string[], more = {}): object {
  return { type: 'object', properties: members, required, additionalProperties: false, ...more };
}

export const toDeploymentRequest = checker<
  DeploymentFields & {
    readonly app: string;
    readonly odsCode: string;
    readonly environment: string;
  }
>(shape(properties.request, ['app', 'odsCode', 'environment', 'interactions', 'product']));

export const toDeploymentChange = checker<Partial<DeploymentFields>>(
  shape(properties.change, [], { minProperties: 1 }),
);

export const toEndpoint = checker<Omit<EndpointFields, 'interaction'>>(
  shape(properties.endpoint, ['url']),
);

export const toReason = checker<{ readonly reason: string }>(shape(properties.reason, ['reason']));

export const toWantedCertificate = checker<WantedCertificate>(
  shape(properties.certificate, [], {
    oneOf: [{ required: ['csr'] }, { required: ['certificate'] }],
  }),
);

export const toRevocation = checker<{ readonly reason: RevocationReason }>(
  shape(properties.revocation, []),
);

export const toExplain = checker<{ readonly pem: string; readonly environment?: string }>(
  shape(properties.explain, ['pem']),
);
