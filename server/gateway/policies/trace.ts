/**
 * `trace`: the steps of each call are kept for a while, to be found by any of its ids. Owns what the gateway itself tells:
 * what was received, where it was refused, what the back end answered. Services add theirs by `facts.trace`; what of texts
 * is kept is the keeper's rule.
 */
import type { Exchange, Policy, Reply } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { OpenTrace } from '../../../core/trace.ts';
import { openSandboxApp } from './open-lane.ts';
import type { Phase, PolicyKind, PolicySite } from '../policy.ts';

export const traceName = 'trace';

export const trace: PolicyKind = {
  phase: 'identify',
  summary:
    'Keeps the steps of each call for a while, to be found by X-Request-ID, X-Correlation-ID, the message_id of a refusal, or the ids of its messages (docs/guides/tracing.md). Texts of messages are kept in test environments; in production their structure alone, without values. List it first, so that what other policies of its phase refuse is told. Nothing is refused.',
  schema: { type: 'object', additionalProperties: false, properties: {} },
  create: (_config, site) => traced(site),
};

/** Traces each call of a Proxy; where no traces are kept it does nothing. */
export function traced({ api, environment, proxy, definition, services }: PolicySite): Policy {
  const { traces } = services;
  if (!traces) return (next) => next;
  const what = `call to ${api.id}`;
  const target = hostOf(definition.backend);
  return (next) => async (exchange) => {
    // Two of these on one Proxy are one.
    if (exchange.facts.trace) return next(exchange);
    const opened = traces.open({ what, environment });
    exchange.facts.trace = opened;
    opened.add('received', `${exchange.method} for ${proxy}`, { facts: receivedFacts(exchange) });
    exchange.onEnd(() => {
      ended(opened, exchange);
    });
    try {
      const reply = await next(exchange);
      answered(opened, exchange, reply, target);
      return reply;
    } catch (error) {
      const problem = Problem.from(error);
      exchange.facts.code ??= problem.code ?? problem.kind;
      refused(opened, exchange, problem.status);
      throw error;
    }
  };
}

/**
 * Only for calls that the hub makes for somebody, who will want to see what became of them. Those of the sandbox that bear
 * nobody's app are as the open lane's.
 */
export function whereRelayed(policy: Policy): Policy {
  return (next) => {
    const followed = policy(next);
    return (exchange) => {
      const { peer, facts, environment } = exchange;
      if (peer.relayed !== true) return next(exchange);
      exchange.onEnd(() => {
        if (!facts.caller && environment === 'sandbox') facts.trace?.belongs?.(openSandboxApp);
      });
      return followed(exchange);
    };
  };
}

/** Notes on the call's facts how far it came, for the telling of where it was refused. */
export function reached(phase: Phase): Policy {
  return (next) => (exchange) => {
    exchange.facts.phase = phase;
    return next(exchange);
  };
}

/** All policies have let it through. */
export const passed: Policy = (next) => (exchange) => {
  delete exchange.facts.phase;
  exchange.facts.trace?.add('checked', 'All policies of the gateway let it through');
  return next(exchange);
};

function receivedFacts({ headers, peer }: Exchange): Readonly<Record<string, string>> {
  const type = /^[\w.+/-]{1,80}/.exec(headers['content-type'] ?? '')?.[0];
  const length = headers['content-length'];
  return {
    ...(type === undefined ? {} : { type }),
    ...(length === undefined ? {} : { bytes: length }),
    ...(peer.certificate ? { certificate: peer.certificate.commonNames[0] ?? '' } : {}),
  };
}

function answered(
  opened: OpenTrace,
  exchange: Exchange,
  { status, body }: Reply,
  target: string,
): void {
  const { facts } = exchange;
  if (facts.target) {
    const { milliseconds, status: got, retries } = facts.target;
    opened.add('sent', got === 0 ? 'The back end did not answer' : `The back end answered ${got}`, {
      facts: { host: target, milliseconds: String(milliseconds), repeats: String(retries) },
    });
  }
  if (status >= 400) {
    refused(opened, exchange, status);
    return;
  }
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body.length : undefined;
  opened.add('answered', `HTTP ${status}`, {
    facts: {
      ...(facts.route === undefined ? {} : { operation: facts.route }),
      ...(bytes === undefined ? {} : { bytes: String(bytes) }),
    },
  });
}

function refused(opened: OpenTrace, { facts }: Exchange, status: number): void {
  const { code, phase, limit, route, messageId } = facts;
  opened.add('refused', `HTTP ${status}${phase === undefined ? '' : `, in the phase ${phase}`}`, {
    facts: {
      ...(code === undefined ? {} : { code }),
      ...(limit === undefined ? {} : { limit }),
      ...(route === undefined ? {} : { operation: route }),
      ...(messageId === undefined ? {} : { message_id: messageId }),
    },
  });
}

function ended(opened: OpenTrace, { facts, headers }: Exchange): void {
  opened.foundBy(headers['x-request-id'], headers['x-correlation-id']);
  opened.foundBy(facts.requestId, facts.messageId);
  if (facts.caller) opened.belongs(facts.caller.appId);
  opened.about(facts.people);
  opened.end();
}

/** Where the back end is: a host alone, for an address may say more. */
function hostOf(backend: PolicySite['definition']['backend']): string {
  if (backend.kind !== 'http') return backend.kind;
  return URL.canParse(backend.url) ? new URL(backend.url).host : backend.kind;
}
