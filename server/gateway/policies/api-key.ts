/**
 * `api-key`: the call bears a subscription key, in a header and nowhere else. Owns where keys are looked for and the answer
 * when there is none; what a key is worth is judged in api-key-judge.ts.
 */
import type { Exchange, Policy } from '../../../core/exchange.ts';
import type { PolicyKind, PolicySite } from '../policy.ts';
import { keyJudge, keyRefused } from './api-key-judge.ts';
import { noCredential } from './credential.ts';

export interface ApiKeyConfig {
  readonly headers: readonly string[];
  readonly clientId: boolean;
}

export const apiKey: PolicyKind<ApiKeyConfig> = {
  phase: 'authenticate',
  summary:
    'Needs a subscription key in a header. Without a key, with an unknown, mistyped or replaced one, or one of another environment: 401. When its subscription, app or product does not let it in: 403. A key in the query string is refused with 401, because addresses end up in logs.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      headers: {
        type: 'array',
        description: 'Headers in which a key may be sent, in any spelling of upper and lower case.',
        items: { enum: ['Ocp-Apim-Subscription-Key', 'apikey'] },
        minItems: 1,
        uniqueItems: true,
        default: ['Ocp-Apim-Subscription-Key', 'apikey'],
      },
      clientId: {
        type: 'boolean',
        description:
          'Whether `apikey` may bear the client id of the app in this environment instead, as national application-restricted APIs take it. A client id is no secret: for data anyone may have.',
        default: false,
      },
    },
  },
  create: (config, site) => policyOf(config, site),
};

/** Names under which keys are put into addresses, by habit of other platforms. */
const usualParameters = ['subscription-key', 'apikey', 'api-key', 'api_key'];

function policyOf({ headers, clientId }: ApiKeyConfig, site: PolicySite): Policy {
  const names = headers.map((name) => name.toLowerCase());
  const parameters = new Set([...usualParameters, ...names]);
  const where = headers.join(' or ');
  const realm = site.api.id;
  const judge = keyJudge(site);
  return (next) => (exchange) => {
    if (hasKeyInQuery(exchange, parameters)) throw inQuery(realm, where);
    const sent = sentKey(exchange, names);
    if (sent === undefined)
      throw noCredential(
        keyRefused(realm, 'KEY_MISSING', `A subscription key is needed in the header ${where}`),
      );
    if (sent.twice)
      throw keyRefused(realm, 'KEY_INVALID', 'Two different keys were sent; send one');
    const asClient = clientId && sent.name === 'apikey';
    return next(judge(exchange, sent.key, asClient));
  };
}

interface SentKey {
  readonly name: string;
  readonly key: string;
  readonly twice: boolean;
}

function sentKey({ headers }: Exchange, names: readonly string[]): SentKey | undefined {
  let sent: SentKey | undefined;
  for (const name of names) {
    const key = headers[name];
    if (key === undefined || key === '') continue;
    if (sent && sent.key !== key) return { ...sent, twice: true };
    sent ??= { name, key, twice: false };
  }
  return sent;
}

/** The query is parsed only where it could hold one: each name has these letters, or hides them. */
function hasKeyInQuery(exchange: Exchange, parameters: ReadonlySet<string>): boolean {
  if (exchange.rawQuery === '' || !/key|%/i.test(exchange.rawQuery)) return false;
  for (const name of exchange.query.keys()) if (parameters.has(name.toLowerCase())) return true;
  return false;
}

function inQuery(realm: string, where: string) {
  return keyRefused(
    realm,
    'KEY_IN_QUERY',
    `A key is not taken from the query string, because addresses end up in logs and histories. Send it in the header ${where}, and replace the one that was sent`,
  );
}
