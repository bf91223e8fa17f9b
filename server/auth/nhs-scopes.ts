/**
 * Scopes on the NHS face: never asked for, always those of the app's active products that fit the door it came through.
 * Owns the filter of each door. Levels match exactly, never "at least".
 */
import type { AppKind } from '../catalogue/apps.ts';
import type { SignedIn } from './families.ts';
import { oauthError, type Reason } from './oauth-error.ts';
import type { Problem } from '../../core/problem.ts';

/** What an application on its own gets of its products' scopes. */
export function scopesOfApp(given: Iterable<string>): readonly string[] {
  return [...given].filter((scope) => scope.startsWith('urn:nhsd:apim:app:'));
}

/** What an application gets of its products' scopes for a person it signed in. */
export function scopesOfUser(
  given: Iterable<string>,
  kinds: readonly AppKind[],
  user: Pick<SignedIn, 'kind' | 'level'>,
): readonly string[] {
  if (!kinds.includes(kindFor(user.kind))) return [];
  const families = user.kind === 'nhs-cis2' ? ['user-nhs-cis2', 'user-nhs-id'] : ['user-nhs-login'];
  const fitting = families.map((family) => `urn:nhsd:apim:${family}:${user.level}:`.toLowerCase());
  return [...given].filter((scope) =>
    fitting.some((start) => scope.toLowerCase().startsWith(start)),
  );
}

/** The kind of app that may sign in people of this provider (R072). */
export function kindFor(provider: SignedIn['kind']): AppKind {
  return provider === 'nhs-cis2' ? 'point-of-care' : 'patient-facing';
}

/** The refusal when no scope is left: it names the levels that the app's products have, and the person's. */
export function noScopeLeft(given: Iterable<string>, door: string, level?: string): Problem {
  const levels = [...given].flatMap(
    (scope) => /^urn:nhsd:apim:([a-z0-9-]+:[A-Za-z0-9]+):/.exec(scope)?.[1] ?? [],
  );
  const reason: Reason = {
    rule: 'scopes left',
    expected:
      levels.length === 0
        ? `a product with a scope for ${door}`
        : `one of the doors of its products: ${[...new Set(levels)].join(', ')}`,
    found: level === undefined ? door : `${door} at ${level}`,
  };
  return oauthError(
    401,
    'unauthorized_client',
    'you have tried to request authorization but your application is not configured to use this authorization grant type',
    reason,
  );
}
