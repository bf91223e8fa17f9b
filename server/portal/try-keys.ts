/**
 * Keys that Try it uses for somebody: subscription keys, which the catalogue keeps, and signing keys and client certificates
 * made here for an app of a test environment, sealed in the store. Nobody's own private key comes in, and none goes out to a
 * page. Owns making and keeping these; whether a key counts, the catalogue and the gateway judge.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf } from '../../core/store.ts';
import type { App } from '../catalogue/apps.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { KnownKey } from '../catalogue/key-pairs.ts';
import type { Subscription } from '../catalogue/products.ts';
import type { Actor } from '../catalogue/roles.ts';
import type { Hub } from './hub-parts.ts';
import type { SigningKey } from './try-ports.ts';

interface Kept {
  /** Sealed for this id alone. */
  readonly sealed: string;
  readonly created: number;
  readonly by: string;
}

const keptCollection: CollectionOf<Kept> = { name: 'portal.try-keys' };

/** A certificate with its key; PEM. */
export interface Identity {
  readonly certificate: string;
  readonly privateKey: string;
  /** The accredited system that calls with it. */
  readonly asid: string;
}

export interface TryKeys {
  /** A key of a subscription that works and can be looked up again. */
  subscriptionKey(actor: Actor, subscription: Subscription): Promise<KnownKey | undefined>;
  /** The key itself; each look is in the audit. @throws Problem of the catalogue */
  revealed(actor: Actor, subscription: Subscription): Promise<string | undefined>;
  /** Makes one in the second slot. @throws Problem of the catalogue */
  makeSubscriptionKey(actor: Actor, subscription: Subscription): Promise<void>;
  signingKey(app: App, environment: Environment): Promise<SigningKey | undefined>;
  /** Makes a pair and registers its public half beside the others. @throws Problem of the catalogue */
  makeSigningKey(actor: Actor, app: App, environment: Environment): Promise<void>;
  identity(app: App, environment: Environment): Promise<Identity | undefined>;
  /** Asks for a certificate of a live deployment of the app. @throws Problem `conflict` when there is none, and of the catalogue */
  makeIdentity(actor: Actor, app: App, environment: Environment): Promise<void>;
}

export function tryKeys(hub: Hub): TryKeys {
  const kept = hub.store.open(keptCollection);
  const put = async (id: string, text: string, by: string) => {
    const before = await kept.get(id);
    const value = { sealed: hub.sealer.seal(text, `try ${id}`), created: hub.clock.now(), by };
    await kept.put(id, value, { expected: before?.version ?? 0 });
  };
  const open = async (id: string) => {
    const stored = await kept.get(id);
    return stored && hub.sealer.open(stored.value.sealed, `try ${id}`);
  };
  const known = async (actor: Actor, { id }: Subscription) => {
    const keys = await hub.administration.subscriptionKeys.list(actor, id);
    return keys.find((key) => key.kept === true && key.ends === undefined);
  };
  return {
    subscriptionKey: (actor, subscription) => known(actor, subscription),
    async revealed(actor, subscription) {
      const key = await known(actor, subscription);
      return key && hub.administration.subscriptionKeys.reveal(actor, subscription.id, key.slot);
    },
    async makeSubscriptionKey(actor, { id, environment }) {
      refuseProduction(environment);
      await hub.administration.subscriptionKeys.regenerate(actor, id, 'secondary', '24h');
    },
    async signingKey(app, environment) {
      const kids = registeredKids(app, environment);
      const text = await open(`signing ${environment} ${app.id}`);
      const own = text === undefined ? undefined : (JSON.parse(text) as SigningKey); // sealed by us alone
      const key = own ?? hub.tryIt.shippedKey(app.id, environment);
      return key && kids.includes(key.kid) ? key : undefined;
    },
    async makeSigningKey(actor, app, environment) {
      refuseProduction(environment);
      const kid = freeKid(registeredKids(app, environment));
      const at = { app: app.id, environment };
      const made = await hub.administration.keys.generate(actor, at, { bits: 2048, kid });
      await put(`signing ${environment} ${app.id}`, JSON.stringify(made), actor.id);
    },
    async identity(app, environment) {
      const text = await open(`certificate ${environment} ${app.id}`);
      return text === undefined ? undefined : (JSON.parse(text) as Identity); // sealed by us alone
    },
    async makeIdentity(actor, app, environment) {
      refuseProduction(environment);
      const { items } = await hub.systems.deployments.list(actor, { app: app.id });
      const live = items
        .map(({ value }) => value)
        .find((one) => one.environment === environment && one.state === 'live');
      if (live?.fqdn === undefined)
        throw new Problem(
          'conflict',
          'The app has no live deployment in this environment, and a certificate is made for one',
        );
      const { privateKey, csr } = await hub.tryIt.certificateRequest(live.fqdn);
      const certificate = await certificateFor(hub, actor, live.id, csr);
      await put(
        `certificate ${environment} ${app.id}`,
        JSON.stringify({ certificate, privateKey, asid: live.asid ?? '' }),
        actor.id,
      );
    },
  };
}

function registeredKids(app: App, environment: Environment): readonly string[] {
  const keys = app.registrations[environment]?.keys;
  return keys?.kind === 'value' ? keys.keys.map(({ kid }) => kid) : [];
}

function freeKid(taken: readonly string[]): string {
  for (let n = 1; ; n++) {
    const kid = n === 1 ? 'try-it' : `try-it-${n}`;
    if (!taken.includes(kid)) return kid;
  }
}

function refuseProduction(environment: Environment): void {
  if (environment === 'production')
    throw new Problem('forbidden', 'No key is made or kept here for production', {
      code: 'PRODUCTION_KEY',
    });
}

async function certificateFor(
  hub: Hub,
  actor: Actor,
  deployment: string,
  csr: string,
): Promise<string> {
  const outcome = await hub.systems.certificates.request(actor, deployment, { csr });
  if (!('issued' in outcome))
    throw new Problem('conflict', 'The certificate waits for somebody else to approve it');
  const { certificate, chain } = outcome.issued;
  return `${certificate.pem.trim()}\n${chain}`;
}
