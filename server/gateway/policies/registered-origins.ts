/**
 * Whether some approved app of an environment is served from a web origin: a preflight bears no credential, so any of them
 * counts. Answers are kept for a second, so that many calls of a page cost one look at all apps.
 */
import type { Registration } from '../../catalogue/apps.ts';
import type { Environment } from '../../catalogue/environments.ts';
import type { GatewayServices } from '../policy.ts';

export function registeredOrigins(
  { catalogue, clock }: Pick<GatewayServices, 'catalogue' | 'clock'>,
  environment: Environment,
): (origin: string) => boolean {
  const answers = new Map<string, { readonly until: number; readonly registered: boolean }>();
  const look = (origin: string) => {
    for (const { registrations } of catalogue.apps()) {
      const registration = registrations[environment];
      if (registration?.state === 'approved' && originsOf(registration).has(origin)) return true;
    }
    return false;
  };
  return (origin) => {
    if (origin.length > longestOrigin) return false;
    const now = clock.now();
    const known = answers.get(origin);
    if (known && known.until > now) return known.registered;
    if (answers.size >= mostKept) answers.clear();
    const registered = look(origin);
    answers.set(origin, { until: now + kept, registered });
    return registered;
  };
}

const longestOrigin = 300;
const mostKept = 1000;
/** Milliseconds: a change counts within a second. */
const kept = 1000;

const made = new WeakMap<Registration, ReadonlySet<string>>();

/** Those it lists, and those of its redirect URIs. */
function originsOf(registration: Registration): ReadonlySet<string> {
  let origins = made.get(registration);
  if (!origins) made.set(registration, (origins = toOrigins(registration)));
  return origins;
}

function toOrigins({ redirectUris, origins }: Registration): ReadonlySet<string> {
  // An app's own scheme has no origin; it gives the word null, which any sandboxed page sends.
  const derived = redirectUris.map((uri) => new URL(uri).origin).filter((one) => one !== 'null');
  return new Set([...origins, ...derived]);
}
