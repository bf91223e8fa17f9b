/** The error edge of our own JSON APIs: problem details of RFC 9457. */
import { STATUS_CODES } from 'node:http';
import { problemsAs, type Policy } from '../../core/exchange.ts';
import type { Problem } from '../../core/problem.ts';
import { FaultsFound } from './proxy-rules.ts';

/**
 * Renders whatever is thrown behind it as `application/problem+json`. `instance` names this answer, for support;
 * `errors` tells all that is wrong with a definition or document.
 * @param newId a new UUID
 */
export function problemsAsJson(newId: () => string): Policy {
  return problemsAs((problem) => {
    const { status, kind, code, message, headers } = problem;
    return {
      status,
      headers: {
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        // RFC 9110 11.6.1: a 401 says how to sign in
        ...(status === 401 ? { 'www-authenticate': 'Bearer realm="management"' } : {}),
        ...headers,
      },
      body: JSON.stringify({
        type: `urn:gatehouse:problem:${kind}`,
        title: STATUS_CODES[status] ?? kind,
        status,
        detail: message,
        ...(code === undefined ? {} : { code }),
        ...faultsOf(problem),
        instance: `urn:uuid:${newId()}`,
      }),
    };
  });
}

/** Also those of a step within something longer. */
function faultsOf(problem: Problem): { readonly errors?: FaultsFound['faults'] } {
  const found = problem instanceof FaultsFound ? problem : problem.cause;
  return found instanceof FaultsFound ? { errors: found.faults } : {};
}
