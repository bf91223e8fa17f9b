/**
 * Audit: who saw or changed which record, on disk before the answer leaves.
 * Owns the entry, the port Journal and the policy; files and chains are in server/audit/.
 */
import type { ClientCertificate, Exchange, Policy, Reply } from './exchange.ts';
import { Problem } from './problem.ts';

/** One access. Identifiers only: no names, no tokens, no bodies. Times in milliseconds since the epoch. */
export interface AuditEntry {
  readonly at: number;
  /** `access` for calls, `change` for administration, `recovered` for writes found at start without an entry. */
  readonly kind: 'access' | 'change' | 'recovered';
  readonly api: string;
  readonly environment: string;
  readonly workspace: string;
  /** The operation: `GET /Patient/:id`; for a call that matched no route, the method alone. */
  readonly action: string;
  readonly app: string;
  readonly mode: string;
  readonly user: string;
  readonly role: string;
  readonly purpose: string;
  /** NHS numbers of everyone shown or changed. */
  readonly people: readonly string[];
  readonly status: number;
  /** The protocol's error code when refused, else empty. */
  readonly code: string;
  readonly requestId: string;
  readonly correlationId: string;
  readonly address: string;
  /** What a system proved itself with; absent for calls without a certificate. */
  readonly system?: AuditedSystem;
  /** The store's commit this answer rests on, where it wrote; else 0. */
  readonly commit: number;
}

/** The proven part of a call with a client certificate. */
export interface AuditedSystem {
  /** The name that the certificate bears, and its thumbprint, by which the register tells the rest. */
  readonly fqdn: string;
  readonly certificate: string;
  /** The accredited system that was believed; empty when none was. */
  readonly asid: string;
}

/** Where entries go. */
export interface Journal {
  /** Resolves when the entry is on disk; rejects when it cannot be written. */
  append(entry: AuditEntry): Promise<void>;
  /** True while entries cannot be written: then a call is refused before it does anything. */
  readonly failed?: boolean;
}

/**
 * Writes an entry for each call behind it, refusals included, before the answer leaves.
 * If the entry cannot be written the call is answered 503 whatever its result was.
 */
export function audited(journal: Journal, api: string, now: () => number): Policy {
  return (next) => async (exchange) => {
    // Otherwise a write would land in the store and nobody would find it in the audit.
    if (journal.failed) throw unavailable();
    let reply: Reply;
    try {
      reply = await next(exchange);
    } catch (error) {
      const problem = Problem.from(error);
      exchange.facts.code ??= problem.code ?? problem.kind;
      // First, so that what is still being done is entered even if the entry of the refusal cannot be written.
      enterLate(journal, exchange, api, now);
      await write(journal, toEntry(exchange, api, problem.status, now()));
      throw problem;
    }
    enterLate(journal, exchange, api, now);
    await write(journal, toEntry(exchange, api, reply.status, now()));
    return reply;
  };
}

/** The second entry of a call that was answered before its work was done: what it did then. */
function enterLate(journal: Journal, exchange: Exchange, api: string, now: () => number): void {
  exchange.facts.late?.then(
    (reply) =>
      journal
        .append({ ...toEntry(exchange, api, reply.status, now()), code: '' })
        .catch(() => undefined), // the journal owes it now, because it names a commit
    () => undefined, // nothing was done, and the refusal has its entry
  );
}

/** What audit says of one call. */
export function toEntry(exchange: Exchange, api: string, status: number, at: number): AuditEntry {
  const { facts, headers } = exchange;
  const caller = facts.caller;
  return {
    at,
    kind: 'access',
    api,
    environment: exchange.environment,
    workspace: facts.workspace ?? exchange.workspace,
    action: facts.route ?? exchange.method,
    app: caller?.appId ?? '',
    mode: caller?.mode ?? '',
    user: caller?.userId ?? '',
    role: caller?.role ?? '',
    purpose: caller?.purpose ?? '',
    people: facts.people,
    status,
    code: facts.code ?? '',
    requestId: facts.requestId ?? headers['x-request-id']?.slice(0, 100) ?? '',
    correlationId: headers['x-correlation-id']?.slice(0, 200) ?? '',
    address: exchange.peer.address,
    ...(exchange.peer.certificate
      ? { system: systemOf(exchange.peer.certificate, caller?.asid) }
      : undefined),
    commit: facts.commit ?? 0,
  };
}

function systemOf(
  { commonNames: [fqdn = ''], thumbprint }: ClientCertificate,
  asid = '',
): AuditedSystem {
  return { fqdn, certificate: thumbprint, asid };
}

async function write(journal: Journal, entry: AuditEntry): Promise<void> {
  try {
    await journal.append(entry);
  } catch (cause) {
    throw unavailable(cause);
  }
}

function unavailable(cause?: unknown): Problem {
  return new Problem('unavailable', 'The audit cannot be written, so nothing may be answered', {
    cause,
    code: 'AUDIT_UNAVAILABLE',
    headers: { 'retry-after': '5' },
  });
}
