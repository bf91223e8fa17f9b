/**
 * The LDAP face as an installation serves it: which environment and view, who may read, its limits, and how what was done
 * is said in the audit and the access line. Owns these choices; the ports are ldap-listeners.ts's.
 */
import type { AuditEntry, Journal } from '../core/audit.ts';
import type { Clock } from '../core/clock.ts';
import type { Connection } from '../core/exchange.ts';
import type { Logging } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import type { Directory } from '../spine/sds/directory.ts';
import type { CodeName } from '../spine/sds/ldap-codes.ts';
import type { LdapAccess } from '../spine/sds/ldap-operation.ts';
import type { Environment } from './catalogue/environments.ts';
import type { Config } from './config.ts';
import type { Limits } from './gateway/limits.ts';
import { directoryView } from './directory-views.ts';
import { createLdapListeners, type LdapListeners, type LdapTls } from './ldap-listeners.ts';

export interface LdapParts {
  readonly config: Config;
  readonly directory: Directory;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logging;
  readonly version: string;
  /** Where requests of one address are counted. */
  readonly limits: Limits;
  /** Whether this process has more to do than it can. */
  readonly shed: () => boolean;
  readonly freshen: (() => void) | undefined;
  readonly tls?: LdapTls;
  /** Whether a client certificate may be used in an environment at this moment, as `Certified.refusal` says it. */
  readonly refusal?: (connection: Connection, environment: Environment) => Problem | undefined;
}

/** The name of this face in audit and access lines. */
const api = 'spine-directory-ldap';

/** Undefined where LDAP is not served. */
export function openLdap(parts: LdapParts): LdapListeners | undefined {
  const { config, directory, journal, clock, log, version, tls, refusal } = parts;
  const environment = ldapEnvironment(config);
  if (environment === undefined || config.role === 'hub') return undefined;
  return createLdapListeners({
    ...{ ldapPort: config.ldapPort, ldapsPort: config.ldapsPort },
    listenAddress: config.listenAddress,
    directory,
    view: directoryView(environment),
    writable: config.ldapWrites === 'on',
    anonymous: environment !== 'production',
    barred: (certificate) =>
      refusal?.({ address: '', secure: true, certificate }, environment)?.message,
    vendorVersion: version,
    enter: (access) => journal.append(toEntry(access, environment, clock.now())),
    take: takeFrom(parts),
    before() {
      if (journal.failed) throw new Problem('unavailable', 'The audit cannot be written');
      parts.freshen?.();
    },
    ended({ kind, code, milliseconds }) {
      log.access({
        ...{ requestId: '', correlationId: '', api, environment, route: kind, app: '' },
        ...{ status: statusOf(code), code: statusOf(code) === 200 ? '' : code },
        ...{ bytes: 0, milliseconds: Math.round(milliseconds * 1000) / 1000, complete: true },
      });
    },
    failed(problem) {
      const { cause } = problem;
      const stack = cause instanceof Error ? (cause.stack ?? '') : '';
      const frames = stack.split('\n').filter((line) => line.trimStart().startsWith('at '));
      log.log('error', 'an LDAP request failed', {
        kind: problem.kind,
        cause: frames.slice(0, 8).join('\n'),
      });
    },
    ...(tls === undefined ? {} : { tls }),
  });
}

/** What the ports serve: as configured, else what an address without an environment means. */
export function ldapEnvironment({
  ldapEnvironment: given,
  installation,
}: Config): Environment | undefined {
  if (given === 'none') return undefined;
  if (given !== '') return given;
  return installation === 'laptop' ? 'sandbox' : 'production';
}

function takeFrom({
  config,
  limits,
  shed,
}: LdapParts): (address: string) => number | undefined | Promise<number | undefined> {
  const rate = config.ldapRequests;
  const rule = { kind: 'spike', rate, per: 'second', burst: rate } as const;
  const wait = (taken: Awaited<ReturnType<Limits['take']>>) =>
    taken.refused < 0 ? undefined : Math.max(1, taken.states[taken.refused]?.reset ?? 1);
  return (address) => {
    if (shed()) return 1;
    const taken = limits.take([{ key: `ldap:${address}`, name: 'address', rule }]);
    return taken instanceof Promise ? taken.then(wait) : wait(taken);
  };
}

function toEntry(access: LdapAccess, environment: Environment, at: number): AuditEntry {
  const status = statusOf(access.code);
  return {
    ...{ at, kind: 'access', api, environment, workspace: directoryView(environment) },
    ...{ action: access.action, app: '', mode: '', user: access.user, role: '', purpose: '' },
    ...{ people: [], status, code: status === 200 ? '' : access.code },
    ...{ requestId: '', correlationId: '', address: access.address, commit: 0 },
  };
}

/** A result in the words of HTTP, which audit and access lines are written in. */
const statuses: Partial<Readonly<Record<CodeName, number>>> = {
  ...{ success: 200, compareTrue: 200, compareFalse: 200 },
  ...{ sizeLimitExceeded: 200, timeLimitExceeded: 504, noSuchObject: 404 },
  ...{ inappropriateAuthentication: 401, invalidCredentials: 401, insufficientAccessRights: 403 },
  ...{ entryAlreadyExists: 409, busy: 429, other: 500, unavailable: 503 },
};

function statusOf(code: CodeName): number {
  return statuses[code] ?? 400;
}
