/** Client secrets of the NHS face, sent in the form (RFC 6749 2.3.1). Owns the published order and texts of refusal. */
import type { Catalogue, Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { Secrets } from '../catalogue/secrets.ts';
import { notApproved } from './assertion-terms.ts';
import type { Form } from './form.ts';
import { oauthError } from './oauth-error.ts';

export interface SecretParts {
  readonly catalogue: Catalogue;
  readonly secrets: Secrets;
  readonly now: () => number;
}

/** The client that id and secret in the form prove. @throws Problem with the published row. */
export function authenticateBySecret(
  form: Form,
  environment: Environment,
  { catalogue, secrets, now }: SecretParts,
): Client {
  const id = form.get('client_id');
  if (id === undefined)
    throw oauthError(401, 'invalid_request', 'client_id is missing', { rule: 'client_id there' });
  const client = catalogue.client(id);
  const ours = client?.environment === environment ? client : undefined;
  const secret = form.get('client_secret');
  // The published order: an unknown client is refused before a missing secret is told. No secret is compared then.
  if (ours && secret === undefined)
    throw oauthError(401, 'invalid_request', 'client_secret is missing', {
      rule: 'client_secret there',
    });
  // Also for an unknown client, so that both take the same time.
  const right = secrets.matches(secret ?? '', ours?.registration.secrets ?? [], now());
  if (!ours || !right)
    throw oauthError(401, 'invalid_client', 'client_id or client_secret is invalid', {
      rule: ours ? 'client_secret' : 'client_id',
      expected: ours
        ? 'one of the live secrets of this app'
        : `a client id of environment ${environment}`,
    });
  if (ours.registration.state !== 'approved')
    throw notApproved({
      rule: 'app approved',
      expected: 'approved',
      found: ours.registration.state,
    });
  return ours;
}
