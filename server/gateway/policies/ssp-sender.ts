/**
 * `ssp-sender`: the first two questions of the Spine Secure Proxy: is the method one it takes, and is the caller the
 * system that `Ssp-From` names. Owns the fields' form and the lane of the sandbox, where that is believed; who may show
 * which certificate is judged by whom the platform hands in. What the directory has is asked by the back end (ssp.ts).
 */
import type { Caller, Exchange } from '../../../core/exchange.ts';
import { badField, methodNotAllowed, senderRefused } from '../backends/ssp-problems.ts';
import { fieldsOf } from '../backends/directory-told.ts';
import type { PolicyKind } from '../policy.ts';
import { openSandboxApp } from './open-lane.ts';

export interface SspSenderConfig {
  readonly open: boolean;
}

/**
 * The caller of a connection with a client certificate that calls as a system.
 * @throws Problem when the certificate is not that system's.
 */
export type JudgeSender = (exchange: Exchange, asid: string) => Promise<Caller>;

/** Methods of FHIR's RESTful interactions; the published proxy knows no others. */
const allowed = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The fields that each call needs, once. */
const needed = ['Ssp-TraceID', 'Ssp-From', 'Ssp-To', 'Ssp-InteractionID'];

/** @param judge absent: nobody is known by a certificate here */
export function sspSenderKind(judge?: JudgeSender): PolicyKind<SspSenderConfig> {
  return {
    phase: 'authenticate',
    summary:
      'The sender of a call to the Spine Secure Proxy: 405 for a method that FHIR does not use, 400 for a missing or doubled Ssp- field, 403 when the client certificate is not that of the system in Ssp-From. In a sandbox calls without a certificate are believed.',
    schema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        open: {
          type: 'boolean',
          default: false,
          description: 'Whether a call without a certificate is believed; in the sandbox only',
        },
      },
    },
    check: ({ open }, { environment }) =>
      open && environment !== 'sandbox' ? ['open: a sender is believed in the sandbox only'] : [],
    create:
      ({ open }) =>
      (next) =>
      async (exchange) => {
        if (!allowed.includes(exchange.method)) throw methodNotAllowed(allowed);
        checkFields(exchange);
        const asid = (exchange.headers['ssp-from'] ?? '').trim();
        const caller = await senderOf(exchange, asid, open, judge);
        exchange.facts.caller = caller;
        return next(exchange.with({ caller }));
      },
  };
}

function checkFields(exchange: Exchange): void {
  for (const name of needed) {
    const values = fieldsOf(exchange, name);
    if (values.length === 0 || values[0]?.trim() === '')
      throw badField(`Expected the header ${name}, and found none`);
    if (values.length > 1)
      throw badField(`Expected the header ${name} once, and found it ${values.length} times`);
  }
}

function senderOf(
  exchange: Exchange,
  asid: string,
  open: boolean,
  judge: JudgeSender | undefined,
): Promise<Caller> {
  if (!/^[0-9]{12}$/.test(asid))
    throw senderRefused(
      asid,
      'Expected an ASID of 12 digits in Ssp-From, and found something else',
    );
  if (exchange.peer.certificate && judge) return judge(exchange, asid);
  if (open) return Promise.resolve(believed(asid));
  throw senderRefused(
    asid,
    'Expected the client certificate of the system in Ssp-From, and found none: call the listener for mutual TLS',
  );
}

function believed(asid: string): Caller {
  return {
    ...{ appId: openSandboxApp, appName: 'Open sandbox', mode: 'app', scopes: [], asid },
    grants: new Set(),
  };
}
