/** Two machines on one MongoDB store: what one decides the other obeys within a second. */
import assert from 'node:assert/strict';
import type { Log } from '../core/log.ts';
import { openFamilies } from '../server/auth/families.ts';
import { openCatalogue } from '../server/catalogue/catalogue.ts';
import { productCollection, subscriptionCollection } from '../server/catalogue/products.ts';
import { openMongoStore, type MongoStore } from '../server/store/mongo.ts';
import { startMongo, whyNoMongo, type MongoServer } from './start-mongo.ts';

const log: Log = { log: () => undefined, child: () => log };
const minute = 60_000;

describe('two machines on one MongoDB store', function () {
  let server: MongoServer;
  let one: MongoStore;
  let other: MongoStore;
  const opened: MongoStore[] = [];
  before(async function () {
    if (whyNoMongo() !== undefined) this.skip(); // the reason is printed by mongo-store.test.ts
    server = await startMongo();
    const open = async () => {
      const store = await openMongoStore({ url: server.url('two'), log, silence: 5_000 });
      opened.push(store);
      return store;
    };
    [one, other] = [await open(), await open()];
  });
  after(async () => {
    for (const store of opened) await store.close();
    await (server as MongoServer | undefined)?.kill();
  });

  it('end a token that the other has given and remembers', async () => {
    const now = () => Date.UTC(2026, 5, 1);
    const [ours, theirs] = [openFamilies(one, now), openFamilies(other, now)];
    const grant = { environment: 'uat', face: 'nhs', appId: 'a', clientId: 'c', grant: 'client_credentials', scopes: [] } as const; // prettier-ignore
    const { id, accessToken } = await theirs.create(grant, { access: 10 * minute });
    assert.equal((await theirs.judge(accessToken)).state, 'live');
    await ours.kill(id, 'revoked');
    await withinASecond(async () => (await theirs.judge(accessToken)).state === 'revoked');
  });

  it('give and take a subscription for both', async () => {
    const catalogue = await openCatalogue(other);
    const product = { id: 'p', name: 'P', description: '', apis: ['api'], scopes: ['s'], approval: 'automatic' } as const; // prettier-ignore
    const subscription = { id: 's', appId: 'app', productId: 'p', environment: 'uat', state: 'active' } as const; // prettier-ignore
    await one.open(productCollection).put('p', product, { expected: 0 });
    const subscriptions = one.open(subscriptionCollection);
    // what else it holds is not looked at
    await subscriptions.put('s', subscription as never, { expected: 0 });
    await withinASecond(() => catalogue.scopes('app', 'uat').has('s'));
    await subscriptions.put('s', { ...subscription, state: 'suspended' } as never, { expected: 1 });
    await withinASecond(() => !catalogue.scopes('app', 'uat').has('s'));
    catalogue.close();
  });
});

async function withinASecond(so: () => boolean | Promise<boolean>): Promise<void> {
  const start = performance.now();
  while (!(await so())) {
    assert.ok(performance.now() - start < 8_000, 'not seen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
