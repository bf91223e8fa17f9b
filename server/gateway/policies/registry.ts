/** All policies by name: the one list that definitions, docs/policies.md and the management API rest on. */
import type { PolicyKind } from '../policy.ts';
import { accreditedSystem } from './accredited-system.ts';
import { anyOf } from './any-of.ts';
import { apiKey } from './api-key.ts';
import { body } from './body.ts';
import { clientCertificate } from './client-certificate.ts';
import { concurrency } from './concurrency.ts';
import { cors } from './cors.ts';
import { deprecation } from './deprecation.ts';
import { headers } from './headers.ts';
import { jsonXml } from './json-xml.ts';
import { matchOperation } from './match-operation.ts';
import { methods } from './methods.ts';
import { network } from './network.ts';
import { nhsNumber } from './nhs-number.ts';
import { open } from './open.ts';
import { productLimits } from './product-limits.ts';
import { query } from './query.ts';
import { quota } from './quota.ts';
import { requestIds } from './request-ids.ts';
import { respondAsync } from './respond-async.ts';
import { responseBody } from './response-body.ts';
import { responseHeaders } from './response-headers.ts';
import { rewritePath } from './rewrite-path.ts';
import { roles } from './roles.ts';
import { scopes } from './scopes.ts';
import { sizeLimit } from './size-limit.ts';
import { spikeArrest } from './spike-arrest.ts';
import { subscription } from './subscription.ts';
import { token } from './token.ts';
import { trace } from './trace.ts';
import { trafficLog } from './traffic-log.ts';
import { validateRequest } from './validate-request.ts';

const standard: Readonly<Record<string, PolicyKind>> = {
  'request-ids': requestIds,
  'size-limit': sizeLimit,
  cors,
  'traffic-log': trafficLog,
  trace,
  deprecation,
  methods,
  'match-operation': matchOperation,
  network,
  open,
  'api-key': apiKey,
  token,
  'client-certificate': clientCertificate,
  'accredited-system': accreditedSystem,
  'any-of': anyOf,
  subscription,
  scopes,
  roles,
  'spike-arrest': spikeArrest,
  quota,
  concurrency,
  'product-limits': productLimits,
  'validate-request': validateRequest,
  'nhs-number': nhsNumber,
  headers,
  query,
  'rewrite-path': rewritePath,
  body,
  'json-xml': jsonXml,
  'respond-async': respondAsync,
  'response-headers': responseHeaders,
  'response-body': responseBody,
};

/** The standard policies, and those of other parts of the platform or of one's own beside them. */
export function registry(
  more: Readonly<Record<string, PolicyKind>>,
): ReadonlyMap<string, PolicyKind> {
  return new Map([...Object.entries(standard), ...Object.entries(more)]);
}

/** Whether a name is one of those that come with the gateway. */
export function isStandardPolicy(name: string): boolean {
  return Object.hasOwn(standard, name);
}
