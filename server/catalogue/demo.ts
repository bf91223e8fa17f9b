/**
 * Puts the demonstration (demo-data.ts) into the store of a laptop installation, once. Owns the order that survives a kill:
 * the files with keys and secrets first, then the documents that rest on them, the mark last.
 */
import type { Clock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Store } from '../../core/store.ts';
import { appCollection, type App, type RegisteredKeys, type Registration } from './apps.ts';
import { demoApps, demoProducts, type DemoApp } from './demo-data.ts';
import { publicName, type Environment } from './environments.ts';
import { toPublicJwk } from './people.ts';
import { productCollection, subscriptionCollection, type Subscription } from './products.ts';
import type { Secrets } from './secrets.ts';

export interface DemoOptions {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** The folder `<DATA_DIR>/demo`: files by name, readable by their owner alone, written whole or not at all. */
  readonly files: {
    /** Undefined when there is none. */
    read(name: string): string | undefined;
    write(name: string, text: string): void;
  };
  /** A new RSA private key as PKCS#8 PEM. */
  readonly newKeyPair: () => Promise<string>;
  readonly redirectUris: readonly string[];
  /** Where an EHR launch opens the SMART apps. */
  readonly launchUrl: string;
  /** Told what was made, in sentences. */
  readonly say: (line: string) => void;
}

/** Where the demonstration is registered. */
const demoEnvironments = ['sandbox', 'uat'] as const satisfies readonly Environment[];

/**
 * Makes the demonstration's Products, Apps and Subscriptions; what is there already is left as it is.
 * @returns whether it was made now; false when that was done before.
 */
export async function seedDemo(options: DemoOptions): Promise<boolean> {
  const { store, clock, say } = options;
  const marks = store.open(markCollection);
  if (await marks.get(mark)) return false;
  const files = {
    sandbox: await filesFor(options, 'sandbox'),
    uat: await filesFor(options, 'uat'),
  };
  const products = store.open(productCollection);
  for (const product of demoProducts) await keep(() => products.put(product.id, product, create));
  const apps = store.open(appCollection);
  for (const demo of demoApps) {
    const app = toApp(demo, files, options);
    await keep(() => apps.put(app.id, app, create));
  }
  const subscriptions = store.open(subscriptionCollection);
  for (const one of demoApps.flatMap((demo) => toSubscriptions(demo, clock.now())))
    await keep(() => subscriptions.put(one.id, one, create));
  await keep(() => marks.put(mark, { at: clock.now() }, create));
  say(`Made ${demoProducts.length} demo products and ${demoApps.length} demo apps.`);
  return true;
}

/** Whether demonstration data are in a store: a live installation must not serve with them. */
export async function demoPresent(store: Store): Promise<boolean> {
  if (await store.open(markCollection).get(mark)) return true;
  const apps = store.open(appCollection);
  for (const { id } of demoApps) if (await apps.get(id)) return true;
  return false;
}

const mark = 'made';

const markCollection: CollectionOf<{ readonly at: number }> = { name: 'catalogue.demo' };

const create = { expected: 0, by: 'demo' } as const;

/** What a start before this one has made, or somebody since, stays. */
async function keep(put: () => Promise<unknown>): Promise<void> {
  try {
    await put();
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== 'conflict') throw error;
  }
}

/** What stands in the files of one environment. The demo apps share them, so that there is one key to try them with. */
interface DemoFiles {
  readonly key: string;
  readonly secondKey: string;
  readonly secret: string;
}

async function filesFor(options: DemoOptions, environment: Environment): Promise<DemoFiles> {
  const name = `demo-${publicName(environment)}`;
  return {
    key: await readOrMake(options, `${name}.pem`, options.newKeyPair),
    secondKey: await readOrMake(options, `${name}-2.pem`, options.newKeyPair),
    secret: await readOrMake(options, `${name}.secret`, () => options.secrets.create()),
  };
}

async function readOrMake(
  { files }: DemoOptions,
  name: string,
  make: () => string | Promise<string>,
): Promise<string> {
  const known = files.read(name);
  if (known !== undefined) return known.trim();
  const made = (await make()).trim();
  files.write(name, made);
  return made;
}

function toApp(
  demo: DemoApp,
  files: Readonly<Record<(typeof demoEnvironments)[number], DemoFiles>>,
  options: DemoOptions,
): App {
  return {
    id: demo.id,
    name: `Demo: ${demo.id}`,
    description: demo.description,
    owner: 'DEMO1',
    kinds: demo.kinds ?? ['point-of-care', 'patient-facing', 'unattended'],
    contact: 'demo@example.org',
    created: options.clock.now(),
    registrations: Object.fromEntries(
      demoEnvironments.map((environment) => [
        environment,
        toRegistration(demo, environment, files[environment], options),
      ]),
    ),
  };
}

function toRegistration(
  demo: DemoApp,
  environment: Environment,
  files: DemoFiles,
  { secrets, clock, redirectUris, launchUrl }: DemoOptions,
): Registration {
  const smart = demo.smart ?? 'private_key_jwt';
  const secret = { id: 'demo-1', hash: secrets.hash(files.secret), created: clock.now() };
  return {
    clientId: `${demo.client}-${publicName(environment)}`,
    state: demo.state ?? 'approved',
    secrets: smart === 'none' ? [] : [secret],
    keys: toKeys(demo, files),
    redirectUris,
    origins: [],
    launchUrl,
    smartAuthentication: smart,
    providerClients: [],
    ...(demo.asid === undefined ? {} : { asid: `20000000${demo.asid}`, partyKey: 'DEMO1-100001' }),
    attributes: {},
    switches: { shorterLifetimes: true },
  };
}

function toKeys({ keys }: DemoApp, files: DemoFiles): RegisteredKeys | undefined {
  if (keys === 'none') return undefined;
  // The domain .invalid has no addresses (RFC 6761 6.4).
  if (keys === 'unanswered') return { kind: 'url', url: 'https://keys.invalid/jwks.json' };
  const first = toPublicJwk(files.key, 'demo-1');
  const second = keys === 'two' ? [toPublicJwk(files.secondKey, 'demo-2')] : [];
  return { kind: 'value', keys: [first, ...second] };
}

function toSubscriptions({ id, products, subscription }: DemoApp, now: number): Subscription[] {
  const state = subscription ?? 'active';
  return demoEnvironments.flatMap((environment) =>
    products.map((productId) => ({
      id: `${id}.${environment}.${productId}`,
      ...{ appId: id, productId, environment, state, requestedBy: 'demo', requested: now },
      ...(state === 'active' ? { decidedBy: 'demo', decided: now } : {}),
    })),
  );
}
