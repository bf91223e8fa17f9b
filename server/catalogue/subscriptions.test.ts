import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import {
  administrationGround,
  actorOf,
  newApp,
  publicJwk,
  type AdministrationGround,
} from '../../test/administration-ground.ts';
import { openCatalogue } from './catalogue.ts';
import type { Administration } from './administration.ts';
import type { Decision } from './subscription-administration.ts';

const isProblem =
  (kind: string, message = /./) =>
  (error: unknown) =>
    error instanceof Problem && error.kind === kind && message.test(error.message);

const workers = 'urn:nhsd:apim:user-nhs-cis2:aal3:personal-demographics-service';
const patients = 'urn:nhsd:apim:user-nhs-login:P9:personal-demographics-service';

const base = { description: '', apis: [] };

describe('the administration of products and subscriptions', () => {
  let ground: AdministrationGround;
  let administration: Administration;
  const owner = actorOf('product-owner');
  const admin = actorOf('administrator');
  const developer = actorOf('developer', 'Y90001');

  beforeEach(async () => {
    ground = await administrationGround();
    ({ administration } = ground);
  });
  afterEach(() => ground.end());

  const product = (id: string, scopes: readonly string[], approval?: 'automatic' | 'manual') =>
    administration.products.create(owner, {
      ...{ ...base, id, name: id, scopes },
      ...(approval ? { approval } : {}),
    });

  describe('of products', () => {
    it('R016 makes a product that lets data be written wait for a person, and audits the contrary', async () => {
      assert.equal((await product('reads', ['patient/Patient.rs'])).value.approval, 'automatic');
      assert.equal((await product('writes', ['user/Patient.crus'])).value.approval, 'manual');
      assert.equal((await product('unsaid', [workers])).value.approval, 'manual');
      await administration.products.change(owner, 'writes', { approval: 'automatic' });
      assert.equal((await ground.entries()).at(-1)?.action, 'product.change.automatic');
      assert.equal((await product('told', [workers], 'automatic')).value.approval, 'automatic');
      assert.equal((await ground.entries()).at(-1)?.action, 'product.create.automatic');
    });

    it('makes a product manual that comes to write', async () => {
      await product('reads', ['patient/Patient.rs']);
      const scopes = ['patient/Patient.rus'];
      const { value } = await administration.products.change(owner, 'reads', { scopes });
      assert.equal(value.approval, 'manual');
    });

    it('takes a product that opens nothing, and no second one of its name', async () => {
      await product('empty', []);
      await assert.rejects(product('empty', []), isProblem('conflict'));
    });

    it('refuses ids, scopes and lists that are none', async () => {
      await assert.rejects(product('Upper', []), isProblem('invalid'));
      await assert.rejects(product('../etc', []), isProblem('invalid'));
      await assert.rejects(product('x', ['no scope']), isProblem('invalid'));
      await assert.rejects(product('x', ['openid', 'openid']), isProblem('invalid', /once/));
      const many = Array.from({ length: 101 }, (_, i) => `urn:nhsd:apim:app:level3:a${i}`);
      await assert.rejects(product('x', many), isProblem('invalid', /at most 100/));
    });

    it('lets developers read products and not make them', async () => {
      await product('reads', ['patient/Patient.rs']);
      assert.equal((await administration.products.list(developer, {})).items.length, 1);
      const made = administration.products.create(developer, {
        ...base,
        id: 'x',
        name: 'x',
        scopes: [],
      });
      await assert.rejects(made, isProblem('forbidden'));
    });
  });

  describe('of subscriptions', () => {
    let app: string;
    beforeEach(async () => {
      ({ id: app } = await administration.apps.create(developer, newApp));
      await administration.apps.register(developer, app, 'sandbox');
      await administration.apps.register(developer, app, 'production');
      await product('workers', [workers]);
      await product('free', ['user/Patient.rs']);
    });

    const request = (
      productId: string,
      environment: 'sandbox' | 'production' | 'uat' = 'sandbox',
    ) => administration.subscriptions.request(developer, { appId: app, productId, environment });

    it('activates a subscription to an automatic product at once, but not in production', async () => {
      assert.equal((await request('free')).value.state, 'active');
      assert.equal((await request('free', 'production')).value.state, 'requested');
      assert.equal((await request('workers')).value.state, 'requested');
    });

    it('gives its scopes once somebody has approved it, who is named', async () => {
      const { id } = await request('workers');
      const decided = await administration.subscriptions.decide(owner, id, 'active');
      assert.equal(decided.value.decidedBy, owner.id);
      const catalogue = await openCatalogue(ground.store);
      assert.deepEqual([...catalogue.scopes(app, 'sandbox')], [workers]);
      assert.deepEqual([...catalogue.scopes(app, 'production')], []);
      catalogue.close();
    });

    it('R072 refuses a point-of-care app a product for patients, and names the rule', async () => {
      await product('patients', [patients, 'openid']);
      await assert.rejects(
        request('patients'),
        isProblem(
          'unprocessable',
          /access modes: .* patient-facing apps, and this one is point-of-care/,
        ),
      );
      await administration.apps.change(developer, app, {
        kinds: ['point-of-care', 'patient-facing'],
      });
      await request('patients');
      await assert.rejects(
        administration.apps.change(developer, app, { kinds: ['point-of-care'] }),
        isProblem('unprocessable'),
      );
    });

    it('lets two owners not both decide', async () => {
      const { id } = await request('workers');
      const { subscriptions } = administration;
      const both = await Promise.allSettled([
        subscriptions.decide(owner, id, 'active'),
        subscriptions.decide(actorOf('administrator'), id, 'rejected', 'No'),
      ]);
      assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    });

    it('keeps one subscription however often it is asked for at once', async () => {
      const all = await Promise.allSettled(Array.from({ length: 10 }, () => request('workers')));
      assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
      const { items } = await administration.subscriptions.list(developer, { appId: app });
      assert.equal(items.length, 1);
      await assert.rejects(request('workers'), isProblem('conflict', /requested/));
    });

    it('needs a reason to reject, and may be asked again afterwards', async () => {
      const { id } = await request('workers');
      const { subscriptions } = administration;
      await assert.rejects(
        subscriptions.decide(owner, id, 'rejected'),
        isProblem('invalid', /reason/),
      );
      const rejected = await subscriptions.decide(owner, id, 'rejected', 'Not yet');
      assert.equal(rejected.value.reason, 'Not yet');
      const { value } = await request('workers');
      assert.deepEqual(
        [value.state, value.reason, value.decidedBy],
        ['requested', undefined, undefined],
      );
    });

    const ways: readonly (readonly [steps: readonly Decision[], last: Decision, good: boolean])[] =
      [
        [['active'], 'suspended', true],
        [['active', 'suspended'], 'active', true],
        [['active', 'suspended'], 'cancelled', true],
        [[], 'cancelled', true],
        [[], 'suspended', false],
        [['active'], 'active', false],
        [['active'], 'rejected', false],
        [['cancelled'], 'active', false],
        [['rejected'], 'active', false],
      ];
    for (const [steps, last, good] of ways)
      it(`${good ? 'goes' : 'does not go'} from ${steps.at(-1) ?? 'requested'} to ${last}`, async () => {
        const { id } = await request('workers');
        const { subscriptions } = administration;
        for (const step of steps) await subscriptions.decide(admin, id, step, 'because');
        const end = subscriptions.decide(admin, id, last, 'because');
        if (good) assert.equal((await end).value.state, last);
        else await assert.rejects(end, isProblem('conflict'));
      });

    it('lets a developer cancel and see its own alone, and decide nothing', async () => {
      const { id } = await request('workers');
      const { subscriptions } = administration;
      const stranger = actorOf('developer', 'Y90002');
      for (const decision of ['active', 'rejected', 'suspended'] as const)
        await assert.rejects(
          subscriptions.decide(developer, id, decision, 'x'),
          isProblem('forbidden'),
        );
      await assert.rejects(subscriptions.decide(stranger, id, 'cancelled'), isProblem('forbidden'));
      await assert.rejects(subscriptions.read(stranger, id), isProblem('forbidden'));
      const wish = { appId: app, productId: 'free', environment: 'sandbox' } as const;
      await assert.rejects(subscriptions.request(stranger, wish), isProblem('forbidden'));
      assert.deepEqual((await subscriptions.list(stranger, {})).items, []);
      assert.equal((await subscriptions.list(developer, {})).items.length, 1);
      assert.equal(
        (await subscriptions.decide(developer, id, 'cancelled')).value.state,
        'cancelled',
      );
    });

    it('needs a registration in the environment, an app and a product that are there', async () => {
      await assert.rejects(request('free', 'uat'), isProblem('not-found', /register/));
      await assert.rejects(request('nothing'), isProblem('not-found', /product/));
      const wish = { appId: 'nobody', productId: 'free', environment: 'sandbox' } as const;
      await assert.rejects(
        administration.subscriptions.request(admin, wish),
        isProblem('not-found', /app/),
      );
    });
  });

  describe('of administrators', () => {
    const someone = {
      name: 'Second',
      role: 'administrator',
      organisation: '*',
      keys: [publicJwk('a')],
    } as const;

    it('keeps one who administers, however they take each other out', async () => {
      const { people } = administration;
      const first = await people.create(admin, someone);
      await assert.rejects(
        people.change(admin, first.id, { state: 'revoked' }),
        isProblem('conflict', /Nobody would be left/),
      );
      await assert.rejects(
        people.change(admin, first.id, { role: 'auditor' }),
        isProblem('conflict'),
      );
      const second = await people.create(admin, someone);
      const both = await Promise.allSettled(
        [first, second].map(({ id }) => people.change(admin, id, { state: 'revoked' })),
      );
      assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    });

    it('lets administrators alone make others', async () => {
      const { people } = administration;
      for (const actor of [owner, developer, actorOf('operator'), actorOf('auditor')])
        await assert.rejects(people.create(actor, someone), isProblem('forbidden'));
      await assert.rejects(
        people.create(admin, { ...someone, organisation: 'nowhere' }),
        isProblem('invalid'),
      );
      await assert.rejects(people.create(admin, { ...someone, keys: [] }), isProblem('invalid'));
    });
  });
});
