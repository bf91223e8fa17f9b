/** Products and subscriptions in the hub over HTTP: asked for, decided by somebody else, with keys, messages, limits and an end. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { searchAudit } from '../server/audit/search.ts';
import {
  productAdministration,
  type NewProduct,
} from '../server/catalogue/product-administration.ts';
import { linkTo, newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('subscriptions of the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let asker: HubClient;
  let askerEmail: string;
  let viewer: HubClient;
  let outsider: HubClient;
  let approver: HubClient;
  let administrator: HubClient;
  let team: string;
  const staff = { id: 'staff', role: 'product-owner', organisation: '*' } as const;

  before(async () => {
    platform = await startTestPlatform();
    const [one, two, three] = [
      await newAccount(platform, 'Ada Asker'),
      await newAccount(platform, 'Vera Viewer'),
      await newAccount(platform, 'Otto Outsider'),
    ];
    [asker, viewer, outsider] = [one.client, two.client, three.client];
    askerEmail = one.email;
    approver = await signedIn(platform, 'product-owner');
    administrator = await signedIn(platform, 'administrator');
    team = (await asker.fill('/teams/new', { name: 'Asking team' })).to.slice('/teams/'.length);
    await asker.fill(`/teams/${team}/invite`, { email: two.email, role: 'viewer' });
    await viewer.fill(await linkTo(viewer, two.email, '/invitations/'), {});
    await product({
      id: 'open-reads',
      name: 'Open reads',
      apis: ['hello-world'],
      limits: { quota: { limit: 500, interval: 1, unit: 'day' } },
    });
    await product({ id: 'guarded', name: 'Guarded', approval: 'manual' });
  });
  after(() => platform.end());

  const products = () =>
    productAdministration({ store: platform.store, journal: platform.journal, clock: systemClock });

  /** Makes a Product, and waits until pages know it. */
  async function product(
    more: Partial<NewProduct> & Pick<NewProduct, 'id' | 'name'>,
  ): Promise<void> {
    await products().create(staff, { description: '', apis: [], scopes: [], ...more });
    await until(async () => (await outsider.get(`/products/${more.id}`)).status === 200);
  }

  /** Registers an app of a team; gives its id. */
  async function appOf(by: HubClient, of: string, name: string, environment = 'sandbox') {
    const done = await by.fill('/apps/new', {
      ...{ team: of, name, kinds: 'unattended', contact: 'app@example.org' },
      environments: environment,
    });
    assert.equal(done.status, 303, done.faults.join());
    return done.to.slice('/apps/'.length);
  }

  const ask = (by: HubClient, app: string, id: string, more: Record<string, string> = {}) =>
    by.fill('/subscriptions/new', { app, product: id, environment: 'sandbox', ...more });
  const reason = { purpose: 'To show records on a ward', volume: '500' };
  const stateOn = ({ html }: { readonly html: string }) =>
    /State<\/dt>\s*<dd[^>]*><strong[^>]*>(\w+)</.exec(html)?.[1];

  it('R011 R015 are active at once or wait for a decision, as the product is set', async () => {
    const app = await appOf(asker, team, 'Reader');
    const page = await asker.get('/products/open-reads');
    assert.match(page.html, /href="\/subscriptions\/new\?product=open-reads"/);
    const form = await asker.get('/subscriptions/new?product=open-reads');
    assert.match(form.html, /<option value="open-reads" selected>/);
    const first = await ask(asker, app, 'open-reads');
    assert.equal(stateOn(await asker.get(first.to)), 'active');
    const second = await ask(asker, app, 'guarded', reason);
    assert.equal(stateOn(await asker.get(second.to)), 'requested');

    await products().change(staff, 'guarded', { approval: 'automatic' });
    await until(async () => (await asker.get('/products/guarded')).html.includes('At once'));
    const other = await appOf(asker, team, 'Second reader');
    assert.equal(stateOn(await asker.get((await ask(asker, other, 'guarded')).to)), 'active');
    await products().change(staff, 'guarded', { approval: 'manual' });
    await until(async () =>
      (await asker.get('/products/guarded')).html.includes('Somebody decides'),
    );
  });

  it('R012 are to products, whose pages list APIs and environments, as those of APIs list products', async () => {
    const { html } = await outsider.get('/products/hello-world');
    assert.match(html, /href="\/catalogue\/hello-world">Hello World API<[\s\S]*?Sandbox, UAT/);
    const api = await outsider.get('/catalogue/hello-world');
    assert.match(api.html, /href="\/products\/hello-world">Hello World</);
    assert.match((await outsider.get('/products')).html, /Hello World API/);
    assert.equal((await outsider.get('/products/none')).status, 404);
  });

  it('R018 R044 are asked for with reason, volume and environment, talked about, approved by somebody else, and have a key pair then', async () => {
    const app = await appOf(asker, team, 'Ward list');
    const asked = await ask(asker, app, 'guarded', reason);
    const path = asked.to;
    const mail = await linkTo(approver, 'product-owner@gatehouse.example', '/subscriptions/');
    assert.equal(mail, `${path}/decision`);
    const requests = await approver.get('/requests');
    assert.match(requests.html, /Guarded for Ward list/);
    assert.match(requests.html, /To show records on a ward/);
    assert.doesNotMatch((await asker.get(path)).html, /Subscription keys/);

    const decision = await approver.get(mail);
    for (const fact of [/To show records on a ward/, />500</, /Asking team/, /Sandbox/])
      assert.match(textOf(decision.html) + decision.html, fact);
    assert.equal((await approver.fill(path, { message: 'Which wards?' })).to, path);
    assert.equal(await linkTo(asker, askerEmail, '/subscriptions/'), path);
    assert.match((await asker.get(path)).html, /Which wards\?/);
    await asker.fill(path, { message: 'All of <b>them</b>' });
    const thread = (await approver.get(path)).html;
    assert.match(
      thread,
      /\(approver\)[\s\S]*Which wards\?[\s\S]*\(requester\)[\s\S]*All of &lt;b&gt;them/,
    );

    assert.equal((await approver.fill(mail, { decision: 'active' })).to, '/requests');
    assert.match((await outbox(asker)).join('\n'), new RegExp(`To ${askerEmail}[\\s\\S]*active`));
    const page = await asker.get(path);
    assert.equal(stateOn(page), 'active');
    assert.match(page.html, /primary[\s\S]*ghks_[\s\S]*secondary[\s\S]*ghks_/);
    const key = await shownKey(asker, `${path}/keys/primary`);
    assert.match(key, /^ghks_\w{49}$/);
    const again = await approver.fill(mail, { decision: 'active' });
    assert.match(again.html, /It is active, so it cannot become active/);
  });

  it('show a key again in test environments to who may, with an entry in the audit, and replace it with an overlap', async () => {
    const app = await appOf(asker, team, 'Key holder');
    const { to } = await ask(asker, app, 'open-reads');
    const slot = `${to}/keys/primary`;
    const key = await shownKey(asker, slot);
    const greeting = (one: string) =>
      fetch(`${platform.url}/hello-world/hello/application`, { headers: { apikey: one } });
    assert.equal((await greeting(key)).status, 200);
    for (const [who, status] of [
      [viewer, 403],
      [outsider, 404],
      [approver, 403],
    ] as const) {
      const page = await who.send(await who.get('/account/name'), `${slot}/shown`, {});
      assert.equal(page.status, status);
      assert.ok(!page.html.includes(key));
    }
    assert.equal((await asker.get(`${slot}/shown`)).to, slot);
    const audit = await auditOf(platform);
    assert.match(audit, /subscription\.keys\.reveal\.primary/);

    assert.match((await asker.fill(slot, {})).faults.join(), /Choose how long/);
    const form = await asker.get(slot);
    const [one, two] = await Promise.all([
      asker.send(form, slot, { overlap: '24h' }),
      asker.send(form, slot, { overlap: '24h' }),
    ]);
    assert.equal(one.to, two.to);
    const fresh = textOf(
      /<pre[^>]*>([\s\S]*?)<\/pre>/.exec((await asker.get(one.to)).html)?.[1] ?? '',
    );
    assert.notEqual(fresh, key);
    await until(async () => (await greeting(fresh)).status === 200);
    assert.equal((await greeting(key)).status, 200);
    assert.match((await asker.get(to)).html, /Works until/);
    assert.equal((await asker.fill(slot, { overlap: 'now' })).status, 303);
    await until(async () => (await greeting(fresh)).status === 401);
    assert.equal((await asker.get(`${to}/keys/tertiary`)).status, 404);
  });

  it('show keys of production once', async () => {
    const app = await appOf(asker, team, 'Real one', 'production');
    const operator = await signedIn(platform, 'operator');
    await operator.fill(`/apps/${app}/in/production/state`, { approve: 'yes' });
    const wish = { environment: 'production', ...reason };
    const { to } = await ask(asker, app, 'open-reads', wish);
    assert.equal(stateOn(await asker.get(to)), 'requested');
    assert.equal((await approver.fill(`${to}/decision`, { decision: 'active' })).status, 303);
    assert.match((await asker.get(to)).html, /None yet/);
    const made = await asker.fill(`${to}/keys/primary`, {});
    assert.match((await asker.get(made.to)).html, /ghkp_\w{49}/);
    assert.match((await asker.get(`${to}/keys/primary`)).html, /can be shown no more/);
    const look = await asker.send(await asker.get('/account/name'), `${to}/keys/primary/shown`, {});
    assert.equal(look.status, 404);
  });

  it('R017 into a customer’s environment are decided by its owner, not by the platform', async () => {
    const keeper = await newAccount(platform, 'Carla Customer');
    const theirs = (await keeper.client.fill('/teams/new', { name: 'Trust' })).to.slice(7);
    const customer = { environment: 'Trust test bed', owner: theirs };
    await product({ id: 'trust-bed', name: 'Trust bed', approval: 'automatic', customer });
    const app = await appOf(asker, team, 'Guest');
    const { to } = await ask(asker, app, 'trust-bed', reason);
    assert.equal(stateOn(await asker.get(to)), 'requested');
    assert.match((await keeper.client.get('/requests')).html, /Trust bed for Guest/);
    assert.equal(await linkTo(keeper.client, keeper.email, '/subscriptions/'), `${to}/decision`);
    assert.doesNotMatch((await approver.get('/requests')).html, /Trust bed/);
    assert.equal((await approver.fill(`${to}/decision`, { decision: 'active' })).status, 403);
    assert.equal((await keeper.client.fill(to, { message: 'Why?' })).status, 303);
    assert.equal((await keeper.client.get(`${to}/keys/primary`)).status, 404);
    const done = await keeper.client.fill(`${to}/decision`, { decision: 'active' });
    assert.equal(done.status, 303, done.faults.join());
    assert.equal(stateOn(await asker.get(to)), 'active');
  });

  it('R039 are open to organisations of every kind in the sandbox', async () => {
    for (const type of ['provider', 'public', 'supplier', 'research', 'charity', 'individual']) {
      const org = {
        organisation: `An organisation (${type})`,
        type,
        ods_code: type === 'provider' ? 'Y90003' : '',
      };
      const made = await outsider.fill('/teams/new', { name: `Team ${type}`, ...org });
      assert.equal(made.status, 303, made.faults.join());
      const app = await appOf(outsider, made.to.slice(7), `App ${type}`);
      const { to } = await ask(outsider, app, 'open-reads');
      assert.equal(stateOn(await outsider.get(to)), 'active', type);
    }
  });

  it('R020 are all in the profile, with product, app, environment, state, dates and actions', async () => {
    const { html } = await asker.get('/account');
    assert.match(
      html,
      /Guarded<\/a>[\s\S]*?Ward list<\/a>[\s\S]*?sandbox[\s\S]*?active[\s\S]*?<time[\s\S]*?Asking team[\s\S]*?\/cancel">Cancel/,
    );
    assert.match((await viewer.get('/subscriptions')).html, /Ward list/);
    assert.doesNotMatch((await outsider.get('/subscriptions')).html, /Ward list/);
  });

  it('R013 show usage, limits and subscribers of a product to who manages it', async () => {
    const app = await appOf(asker, team, 'Busy');
    const { to } = await ask(asker, app, 'open-reads');
    const key = await shownKey(asker, `${to}/keys/primary`);
    for (let i = 0; i < 3; i++)
      await fetch(`${platform.url}/hello-world/hello/application`, { headers: { apikey: key } });
    await until(async () => (await asker.get(to)).html.includes('3 calls in the last 24 hours'));
    const page = await asker.get(to);
    assert.match(page.html, /<svg class="hub-curve"[\s\S]*<caption[^>]*>Calls by the hour/);
    assert.match(page.html, /500 calls a day[\s\S]*?open-reads[\s\S]*?497/);
    const { html } = await approver.get('/products/open-reads');
    assert.match(html, /500 calls a day/);
    assert.match(html, /Subscribers[\s\S]*Busy/);
    assert.match(html, /<svg class="hub-curve"/);
    const stranger = await outsider.get('/products/open-reads');
    assert.doesNotMatch(stranger.html, /Subscribers|hub-curve/);
  });

  it('are rejected with a reason that the asker reads, and can be asked for again', async () => {
    const app = await appOf(asker, team, 'Unlucky');
    const { to } = await ask(asker, app, 'guarded', reason);
    const path = `${to}/decision`;
    for (const [sent, told] of [
      [{}, /Choose what shall happen/],
      [{ decision: 'rejected' }, /why you reject/],
      [{ decision: 'rejected', reason: 'x'.repeat(2001) }, /at most 2,000/],
      [{ decision: 'active', ends: 'tomorrow' }, /day to come/],
      [{ decision: 'active', ends: '2020-01-01' }, /day to come/],
      [{ decision: 'active', ends: '2031-02-30' }, /day to come/],
      [{ decision: 'suspended' }, /cannot become suspended/],
    ] as [Record<string, string>, RegExp][])
      assert.match((await approver.fill(path, sent)).faults.join(), told);
    await approver.fill(path, { decision: 'rejected', reason: 'Not for wards' });
    const page = await asker.get(to);
    assert.equal(stateOn(page), 'rejected');
    assert.match(page.html, /Not for wards/);
    assert.match((await outbox(asker)).join('\n'), /Not for wards/);
    assert.equal((await ask(asker, app, 'guarded', reason)).to, to);
    const until2031 = await approver.fill(path, { decision: 'active', ends: '2031-03-31' });
    assert.equal(until2031.status, 303);
    assert.match((await asker.get(to)).html, /Last day<\/dt>[\s\S]*31 March 2031/);
  });

  it('are suspended, resumed and cancelled, after a page that asks', async () => {
    const app = await appOf(asker, team, 'Paused');
    const { to } = await ask(asker, app, 'open-reads');
    const path = `${to}/decision`;
    await approver.fill(path, { decision: 'suspended', reason: 'Too many errors' });
    assert.equal(stateOn(await asker.get(to)), 'suspended');
    await approver.fill(path, { decision: 'active' });
    assert.equal(stateOn(await asker.get(to)), 'active');
    assert.equal((await viewer.fill(`${to}/cancel`, {})).status, 403);
    assert.equal((await outsider.get(`${to}/cancel`)).status, 404);
    assert.equal((await asker.fill(`${to}/cancel`, {})).to, to);
    assert.equal(stateOn(await asker.get(to)), 'cancelled');
    assert.match((await asker.fill(`${to}/cancel`, {})).faults.join(), /It is cancelled/);
    assert.match((await approver.get(path)).html, /nothing to decide/);
  });

  it('are refused with a message beside the field, and what was entered stays', async () => {
    const app = await appOf(asker, team, 'Clumsy');
    const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ app: 'demo' }, /Choose an app of yours/],
      [{ product: 'none' }, /Choose a product/],
      [{ environment: 'moon' }, /Choose an environment/],
      [{ environment: 'uat' }, /not registered in UAT/],
      [{ volume: '500' }, /what you need it for/],
      [{ purpose: 'x' }, /calls a day as a whole number/],
      [{ purpose: 'x', volume: '-1' }, /whole number/],
      [{ purpose: 'x', volume: '1e9' }, /whole number/],
      [{ purpose: 'x'.repeat(2001), volume: '1' }, /at most 2,000/],
      [{ ...reason, product: 'pds-patient-access' }, /patient-facing/],
    ];
    for (const [sent, told] of wrong) {
      const page = await ask(asker, app, 'guarded', sent);
      assert.ok(
        [409, 422].includes(page.status),
        `${page.status} ${JSON.stringify(sent).slice(0, 60)}`,
      );
      assert.match(page.faults.join(), told);
    }
    const { to } = await ask(asker, app, 'guarded', reason);
    const twice = await ask(asker, app, 'guarded', { ...reason, purpose: 'Once more' });
    assert.equal(twice.status, 409);
    assert.match(twice.faults.join(), /There is a subscription to it already; it is requested/);
    assert.match(twice.html, /Once more/);
    assert.match((await asker.fill(to, { message: '' })).faults.join(), /Write something/);
    const long = await asker.fill(to, { message: 'x'.repeat(2001) });
    assert.match(long.faults.join(), /at most 2000/);
    assert.match((await viewer.get('/subscriptions/new')).html, /you may manage none yet/);
    const look = await viewer.get('/account/name');
    const sent = { app, product: 'open-reads', environment: 'sandbox' };
    assert.equal((await viewer.send(look, '/subscriptions/new', sent)).status, 422);
    assert.equal((await outsider.get(to)).status, 404);
    const token = await outsider.get('/account/name');
    assert.equal((await outsider.send(token, to, { message: 'Let me in' })).status, 404);
    assert.equal(
      (await outsider.send(token, `${to}/decision`, { decision: 'active' })).status,
      404,
    );
    const stranger = await viewer.send(await viewer.get('/account/name'), to, {
      message: 'Me too',
    });
    assert.equal(stranger.status, 403);
    assert.equal((await asker.fill(`${to}/decision`, { decision: 'active' })).status, 403);
  });

  it('are asked for once and written to once, however often a button is pressed', async () => {
    const app = await appOf(asker, team, 'Double');
    const form = await asker.get('/subscriptions/new');
    const sent = { app, product: 'guarded', environment: 'sandbox', ...reason };
    const both = await Promise.all([1, 2].map(() => asker.send(form, '/subscriptions/new', sent)));
    assert.deepEqual(
      both.map(({ status }) => status),
      [303, 303],
    );
    const to = both[0]?.to ?? '';
    const page = await asker.get(to);
    await Promise.all([1, 2].map(() => asker.send(page, to, { message: 'Only one of me' })));
    const { html } = await asker.get(to);
    assert.equal(html.split('Only one of me').length, 2);

    const decision = `${to}/decision`;
    const [old, stale] = [await approver.get(decision), await administrator.get(decision)];
    assert.equal((await approver.send(old, decision, { decision: 'active' })).status, 303);
    const late = await administrator.send(stale, decision, { decision: 'rejected', reason: 'No' });
    assert.equal(late.status, 409);
    assert.match(late.faults.join(), /changed this since you opened/);
  });

  /** The texts of the messages there are, newest first. */
  async function outbox(client: HubClient): Promise<readonly string[]> {
    const { html } = await client.get('/outbox');
    return html.split('<article ').slice(1).map(textOf);
  }

  async function shownKey(client: HubClient, slot: string): Promise<string> {
    const page = await client.send(await client.get(slot), `${slot}/shown`, {});
    assert.equal(page.status, 200, page.title);
    return textOf(/<pre[^>]*>([\s\S]*?)<\/pre>/.exec(page.html)?.[1] ?? '');
  }
});

async function auditOf({ dataDir }: TestPlatform): Promise<string> {
  let text = '';
  for await (const entry of searchAudit(join(dataDir, 'audit'), {})) text += `${entry.action}\n`;
  return text;
}

async function until(is: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await is()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail('it did not come to that within 20 seconds');
}
