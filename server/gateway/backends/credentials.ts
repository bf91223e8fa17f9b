/**
 * How the gateway proves itself to one back end: with nothing, a key, a client certificate or a token. Owns the choice;
 * secrets are looked up at each call, so that a changed one is used by the next.
 */
import type { HttpBackend } from '../../catalogue/proxies.ts';
import type { BackendSite } from '../backend.ts';
import { createTokenSource, missingSecret } from './oauth-client.ts';
import { openPools, type Pools, type TlsMaterial } from './pools.ts';
import { addressJudge } from './target-rules.ts';

export interface Credentials {
  /** Names of fields that carry a proof; callers may not set them. */
  readonly names: readonly string[];
  /** The fields that prove the gateway: name, value … @throws Problem `unavailable` */
  fields(): readonly string[] | Promise<readonly string[]>;
  /** The back end answered 401 to these fields. Gives whether others are to be had. */
  refused(fields: readonly string[]): boolean;
  /** What connections are made with; the same object while the secrets stay the same. @throws Problem `unavailable` */
  tls(): TlsMaterial;
  close(): Promise<void>;
}

export function credentialsOf({ security }: HttpBackend, site: BackendSite): Credentials {
  switch (security?.kind) {
    case 'key':
      return keyCredentials(security, secretsOf(site));
    case 'mtls':
      return certificateCredentials(security, secretsOf(site));
    case 'oauth':
      return tokenCredentials(security, site);
    default:
      return noCredentials;
  }
}

type Security<K> = Extract<NonNullable<HttpBackend['security']>, { readonly kind: K }>;
type Secrets = (name: string) => string | undefined;

function secretsOf({ services, api, environment }: BackendSite): Secrets {
  return (name) => services.secret(api.id, environment, name);
}

const nothing: readonly string[] = [];
const plainTls: TlsMaterial = {};
const noCredentials: Credentials = {
  names: [],
  fields: () => nothing,
  refused: () => false,
  tls: () => plainTls,
  close: () => Promise.resolve(),
};

function keyCredentials({ header, secret }: Security<'key'>, secrets: Secrets): Credentials {
  return {
    ...noCredentials,
    names: [header],
    fields() {
      const key = secrets(secret)?.trim(); // files end with a line break
      if (key === undefined || !/^[\x20-\x7e]+$/.test(key)) throw missingSecret();
      return [header, key];
    },
  };
}

function certificateCredentials({ secret, ca }: Security<'mtls'>, secrets: Secrets): Credentials {
  let made: TlsMaterial = plainTls;
  return {
    ...noCredentials,
    tls() {
      const identity = secrets(secret);
      const authorities = ca === undefined ? undefined : secrets(ca);
      if (identity === undefined || (ca !== undefined && authorities === undefined))
        throw missingSecret();
      if (made.identity !== identity || made.authorities !== authorities)
        made = { identity, ...(authorities === undefined ? {} : { authorities }) };
      return made;
    },
  };
}

/** Milliseconds a token may take, and bytes its answer may have. */
const tokenPatience = 5000;
const longestToken = 64 * 1024;

function tokenCredentials(security: Security<'oauth'>, site: BackendSite): Credentials {
  const { services, environment, proxy } = site;
  const url = new URL(security.tokenUrl);
  let pools: Pools | undefined;
  const post = (form: string) => {
    pools ??= openPools({
      origin: url.origin,
      connections: 1,
      patience: tokenPatience,
      judge: addressJudge(environment, services.targets, url.protocol === 'https:'),
      tls: plainTls,
    });
    const headers = ['content-type', 'application/x-www-form-urlencoded'];
    headers.push('accept', 'application/json');
    return pools.ask(
      { method: 'POST', path: `${url.pathname}${url.search}`, headers, body: Buffer.from(form) },
      longestToken,
      AbortSignal.timeout(tokenPatience),
    );
  };
  const source = createTokenSource({
    security,
    clock: services.clock,
    secret: () => secretsOf(site)(security.secret),
    post,
    failed: (why) => {
      services.log.log('warn', 'no token for a back end', { proxy, why });
    },
  });
  const asField = (token: string) => ['authorization', `Bearer ${token}`];
  return {
    names: ['authorization'],
    fields() {
      const token = source.token();
      return typeof token === 'string' ? asField(token) : token.then(asField);
    },
    refused: (fields) => source.refused((fields[1] ?? '').replace(/^Bearer /, '')),
    tls: () => plainTls,
    close: async () => {
      await pools?.close();
    },
  };
}
