import assert from 'node:assert/strict';
import {
  developer,
  extract,
  operator,
  refusalOf,
  requestFor,
  second,
  stranger,
  systemsGround,
  update,
  type SystemsGround,
} from '../../../test/systems-ground.ts';
import type { App } from '../apps.ts';
import type { DeploymentRequest } from './deployment-rules.ts';

describe('deployments', () => {
  let ground: SystemsGround;
  let app: App;
  /** An organisation of the test's own, so that its party key is too. */
  let ods: string;
  let tests = 0;
  const wish = (id: string, more: Partial<DeploymentRequest> = {}) =>
    requestFor(id, { odsCode: ods, ...more });
  /** How many entries the audit had before the test. */
  let earlier = 0;
  before(async () => {
    ground = await systemsGround();
  });
  beforeEach(async () => {
    ods = `Y90${String(100 + ++tests)}`;
    ground.held.clear();
    ground.issued.clear();
    app = await ground.app('uat', 'sit', 'production');
    earlier = (await ground.entries()).length;
  });
  after(() => ground.end());

  const deployments = () => ground.systems.deployments;
  const done = async () =>
    (await ground.entries())
      .slice(earlier)
      .map(({ action, user, status }) => `${action} ${user} ${status}`);
  const ofRegistration = async () =>
    (await ground.administration.apps.read(operator, app.id)).value.registrations;

  describe('asked for', () => {
    it('R149 is an app at an organisation in an environment, approved at once where one tests', async () => {
      const { value } = await deployments().request(developer, wish(app.id));
      assert.equal(value.state, 'approved');
      assert.match(value.id, /^[0-9a-z]{26}$/);
      assert.match(value.asid ?? '', /^93\d{10}$/);
      assert.match(value.partyKey ?? '', new RegExp(`^${ods}-\\d{6}$`));
      assert.equal(
        value.fqdn,
        `${value.partyKey?.toLowerCase()}.${ods.toLowerCase()}.int.thirdparty.gatehouse.test`,
      );
      assert.deepEqual(value.approved, { by: 'automatic', at: ground.clock.time });
      assert.equal(value.manufacturer, 'Y90001');
      const actions = await done();
      assert.ok(actions.includes('deployment.request the-developer 200'));
      assert.ok(actions.includes('deployment.approve the-developer 200'));
      const entry = ground.held.get(`uat ${value.asid}`);
      assert.deepEqual(entry && 'interactions' in entry && entry.interactions, [update]);
    });

    it('waits in production for a second person, and has no names until then', async () => {
      const { value } = await deployments().request(
        developer,
        wish(app.id, { environment: 'production' }),
      );
      assert.equal(value.state, 'requested');
      assert.equal(value.asid, undefined);
      assert.equal(ground.held.size, 0);
    });

    it('is refused at an organisation that the directory lacks, or that is closed', async () => {
      const none = await refusalOf(
        deployments().request(developer, wish(app.id, { odsCode: 'X26' })),
      );
      assert.match(`${none.status} ${none.message}`, /^422 The directory has no organisation X26/);
      const closed = await refusalOf(
        deployments().request(developer, wish(app.id, { odsCode: 'Y90999' })),
      );
      assert.match(closed.message, /Y90999 .* is closed/);
    });

    it('is refused for an app that is not registered or not approved there', async () => {
      const lacking = await refusalOf(
        deployments().request(developer, wish(app.id, { environment: 'development' })),
      );
      assert.match(lacking.message, /not registered in development: register it first/);
      await ground.administration.apps.decide(
        operator,
        { app: app.id, environment: 'sit' },
        'revoked',
      );
      const revoked = await refusalOf(
        deployments().request(developer, wish(app.id, { environment: 'sit' })),
      );
      assert.match(revoked.message, /registration in sit is revoked: it must be approved first/);
    });

    it('is refused a second time, naming the one there is', async () => {
      const { id } = await deployments().request(developer, wish(app.id));
      const again = await refusalOf(deployments().request(developer, wish(app.id)));
      assert.equal(again.status, 409);
      assert.match(again.message, new RegExp(`already: ${id}, which is approved`));
    });

    it('is for the owner of the app, and the refusal is in the audit', async () => {
      const refused = await refusalOf(deployments().request(stranger, wish(app.id)));
      assert.equal(refused.status, 403);
      assert.ok((await done()).includes('deployment.request a-stranger 403'));
      const { id } = await deployments().request(developer, wish(app.id));
      for (const act of [
        () => deployments().read(stranger, id),
        () => deployments().approve(stranger, id),
        () => deployments().live(stranger, id),
        () => deployments().suspend(stranger, id, 'because'),
        () => deployments().resume(stranger, id),
        () => deployments().change(stranger, id, { receives: [] }),
        () =>
          ground.systems.endpoints.put(stranger, id, {
            ...{ interaction: update, url: 'https://x', contract: 'synchronous' },
          }),
      ])
        assert.equal((await refusalOf(act())).status, 403);
      assert.equal((await deployments().list(stranger, { app: app.id })).items.length, 0);
      assert.equal((await deployments().list(developer, { app: app.id })).items.length, 1);
    });

    for (const [what, more, told] of [
      ['no interactions', { interactions: [] }, /1 to 500 interactions/],
      ['one twice', { interactions: [update, update] }, /each only once/],
      ['what is no interaction', { interactions: ['pds'] }, /service and an interaction/],
      ['receiving what it may not', { receives: [extract] }, /interactions lacks/],
      ['a wrong supplier', { manufacturer: 'no one' }, /ODS code/],
      ['a wrong organisation', { odsCode: '<b>' }, /ODS code/],
      ['no product', { product: { name: '', version: '1' } }, /product\/name/],
      ['a name of nobody', { fqdn: 'example.org' }, /ends with \.y90\d+\.int\.thirdparty/],
      [
        'a name of another organisation',
        { fqdn: 'a.y90004.int.thirdparty.gatehouse.test' },
        /ends with/,
      ],
      ['a name with capitals', { fqdn: 'A.y90003.int.thirdparty.gatehouse.test' }, /small letters/],
      [
        'too long a name',
        { fqdn: `${'a'.repeat(40)}.y90003.int.thirdparty.gatehouse.test` },
        /at most 64/,
      ],
    ] as const)
      it(`is refused with ${what}`, async () => {
        const refused = await refusalOf(deployments().request(developer, wish(app.id, more)));
        assert.equal(refused.status, 400);
        assert.match(refused.message, told);
      });
  });

  describe('names', () => {
    it('R150 gives twenty deployments that are asked for at once twenty ASIDs, and one party key to each organisation', async () => {
      const apps = await Promise.all(Array.from({ length: 4 }, () => ground.app('uat', 'sit')));
      const wishes = apps.flatMap(({ id }) =>
        (['uat', 'sit'] as const).flatMap((environment) =>
          ['Y90004', 'Y90005', 'Y90006'].map((odsCode) => wish(id, { odsCode, environment })),
        ),
      );
      const made = await Promise.all(
        wishes.slice(0, 20).map((wish) => deployments().request(developer, wish)),
      );
      const all = made.map(({ value }) => value);
      assert.equal(new Set(all.map(({ asid }) => asid)).size, 20);
      assert.equal(new Set(all.map(({ fqdn }) => fqdn)).size, 20);
      assert.ok(all.every(({ asid }) => !asid?.endsWith('1'))); // those the directory has
      const places = new Map<string, Set<string | undefined>>();
      for (const { odsCode, environment, partyKey } of all) {
        const place = `${odsCode} ${environment}`;
        places.set(place, (places.get(place) ?? new Set()).add(partyKey));
      }
      assert.ok([...places.values()].every(({ size }) => size === 1));
      assert.equal(new Set(all.map(({ partyKey }) => partyKey)).size, places.size);
    });

    it('gives another supplier at the same organisation another party key', async () => {
      const other = await ground.app('uat');
      const one = await deployments().request(developer, wish(app.id));
      const two = await deployments().request(developer, wish(other.id, { manufacturer: 'YGM24' }));
      assert.notEqual(one.value.partyKey, two.value.partyKey);
    });

    it('gives nobody the party key of another owner whose code they name as their supplier', async () => {
      const one = await deployments().request(developer, wish(app.id));
      const theirs = await ground.appOf(stranger, 'uat');
      const two = await deployments().request(
        stranger,
        wish(theirs.id, { manufacturer: app.owner }),
      );
      assert.equal(two.value.state, 'approved');
      assert.notEqual(one.value.partyKey, two.value.partyKey);
    });

    it('takes the name that is wished for, and refuses it to another', async () => {
      const fqdn = `ward.${ods.toLowerCase()}.int.thirdparty.gatehouse.test`;
      const one = await deployments().request(developer, wish(app.id, { fqdn }));
      assert.equal(one.value.fqdn, fqdn);
      const other = await ground.app('uat');
      const refused = await refusalOf(deployments().request(developer, wish(other.id, { fqdn })));
      assert.equal(refused.status, 409);
      assert.match(refused.message, /belongs to another deployment/);
    });

    it('gives one of two that want the same name in production, and the other may wish again', async () => {
      const fqdn = `ward.${ods.toLowerCase()}.prod.thirdparty.gatehouse.test`;
      const other = await ground.app('production');
      const [one, two] = await Promise.all(
        [app.id, other.id].map((id) =>
          deployments().request(developer, wish(id, { environment: 'production', fqdn })),
        ),
      );
      const ids = [one?.id ?? '', two?.id ?? ''];
      const done = await Promise.allSettled(ids.map((id) => deployments().approve(operator, id)));
      assert.deepEqual(done.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      const loser = ids[done.findIndex(({ status }) => status === 'rejected')] ?? '';
      await deployments().change(developer, loser, { fqdn: fqdn.replace('ward', 'round') });
      assert.equal((await deployments().approve(operator, loser)).value.state, 'approved');
    });

    it('R150 bears the names of the newest deployment on the app, and takes them away when it is suspended', async () => {
      const one = await deployments().request(developer, wish(app.id));
      const two = await deployments().request(developer, wish(app.id, { odsCode: 'Y90004' }));
      assert.equal((await ofRegistration()).uat?.asid, two.value.asid);
      assert.equal((await ofRegistration()).uat?.partyKey, two.value.partyKey);
      await deployments().suspend(operator, two.id, 'a breach');
      assert.equal((await ofRegistration()).uat?.asid, one.value.asid);
      await deployments().suspend(operator, one.id, 'a breach');
      assert.equal((await ofRegistration()).uat?.asid, undefined);
      assert.equal((await ofRegistration()).uat?.partyKey, undefined);
      assert.ok((await done()).includes('registration.asid the-operator 200'));
    });
  });

  describe('approved in production', () => {
    const wanted = () => wish(app.id, { environment: 'production' });

    it('R148 is approved by somebody with the right who has not asked for it', async () => {
      const { id } = await deployments().request(operator, wanted());
      const own = await refusalOf(deployments().approve(operator, id));
      assert.equal(`${own.status} ${own.code}`, '403 SECOND_PERSON');
      const low = await refusalOf(deployments().approve(developer, id));
      assert.equal(`${low.status} ${low.code}`, '403 ROLE');
      const { value } = await deployments().approve(second, id);
      assert.equal(value.state, 'approved');
      assert.equal(value.approved?.by, 'the-second-operator');
      const actions = await done();
      for (const action of [
        'deployment.approve the-operator 403',
        'deployment.approve the-developer 403',
        'deployment.approve the-second-operator 200',
      ])
        assert.ok(actions.includes(action), action);
    });

    it('R148 is not approved by whoever has changed what was asked for', async () => {
      const { id } = await deployments().request(developer, wanted());
      await deployments().change(operator, id, { interactions: [update, extract] });
      const own = await refusalOf(deployments().approve(operator, id));
      assert.equal(`${own.status} ${own.code}`, '403 SECOND_PERSON');
      assert.equal((await deployments().approve(second, id)).value.state, 'approved');
    });

    it('is approved once by two at once', async () => {
      const { id } = await deployments().request(developer, wanted());
      const both = await Promise.all([
        deployments().approve(operator, id),
        deployments().approve(second, id),
      ]);
      assert.equal(both[0].value.asid, both[1].value.asid);
      assert.equal(both[0].value.approved?.by, both[1].value.approved?.by);
      assert.equal(ground.held.size, 1);
    });

    it('is not approved once its organisation or app is gone', async () => {
      const { id } = await deployments().request(developer, wanted());
      await ground.administration.apps.decide(
        operator,
        { app: app.id, environment: 'production' },
        'revoked',
      );
      assert.match(
        (await refusalOf(deployments().approve(operator, id))).message,
        /registration in production is revoked/,
      );
    });

    it('does no more before a second person approves the change', async () => {
      const { id } = await deployments().request(operator, wanted());
      await deployments().change(operator, id, { product: { name: 'Ward', version: '2' } });
      const { value: approved } = await deployments().approve(second, id);
      const more = { interactions: [update, extract] };
      const inDirectory = () => {
        const entry = ground.held.get(`production ${approved.asid}`);
        return entry && 'interactions' in entry ? entry.interactions : undefined;
      };
      for (const [asks, decides] of [
        [second, operator],
        [developer, second],
      ] as const) {
        const { value: waits } = await deployments().change(asks, id, more);
        assert.deepEqual(waits.interactions, approved.interactions);
        assert.deepEqual(waits.waiting?.interactions, more.interactions);
        assert.deepEqual(inDirectory(), approved.interactions);
        const own = await refusalOf(deployments().approve(asks, id));
        assert.equal(own.code, asks === developer ? 'ROLE' : 'SECOND_PERSON');
        const { value } = await deployments().approve(decides, id);
        assert.deepEqual(value.interactions, more.interactions);
        assert.equal(value.waiting, undefined);
        assert.deepEqual(inDirectory(), more.interactions);
        await deployments().change(operator, id, { interactions: approved.interactions });
      }
    });

    it('forgets a change that waits when another takes its place', async () => {
      const { id } = await deployments().request(operator, wanted());
      const { value: approved } = await deployments().approve(second, id);
      await deployments().change(operator, id, { interactions: [update, extract] });
      const product = { name: 'Ward', version: '3' };
      await deployments().change(second, id, { product });
      const { value } = await deployments().approve(second, id);
      assert.deepEqual(value.interactions, approved.interactions);
      assert.deepEqual(value.product, product);
      assert.equal(value.waiting, undefined);
    });

    it('approves no change while it is suspended', async () => {
      const { id } = await deployments().request(operator, wanted());
      await deployments().approve(second, id);
      await deployments().change(operator, id, { interactions: [update, extract] });
      await deployments().suspend(operator, id, 'a fault');
      assert.equal((await refusalOf(deployments().approve(second, id))).code, 'STATE');
      await deployments().resume(operator, id);
      const { value } = await deployments().approve(second, id);
      assert.deepEqual(value.interactions, [update, extract]);
    });
  });

  describe('going live', () => {
    const both = () => wish(app.id, { interactions: [update, extract], receives: [extract] });

    it('R148 names every step that is missing, and goes live when none is', async () => {
      const { id, value } = await deployments().request(developer, both());
      const refused = await refusalOf(deployments().live(developer, id));
      assert.equal(`${refused.status} ${refused.code}`, '409 STEPS_MISSING');
      assert.match(
        refused.message,
        /a certificate that is good now .*; an endpoint for urn:nhs:names:services:gp2gp:RCMR_IN010000UK05/,
      );
      await ground.systems.certificates.request(developer, id, { csr: 'a request' });
      await ground.systems.endpoints.put(developer, id, {
        ...{ interaction: extract, url: `https://${value.fqdn}/mhs`, contract: 'forward-reliable' },
      });
      const live = await deployments().live(developer, id);
      assert.equal(live.value.state, 'live');
      assert.equal(live.value.live?.by, 'the-developer');
      assert.equal((await deployments().live(developer, id)).version, live.version);
    });

    it('counts no certificate that its endpoints could not show; a renewal makes one that they can', async () => {
      const { id, value } = await deployments().request(developer, wish(app.id));
      const { certificates, endpoints } = ground.systems;
      await certificates.request(developer, id, { csr: 'a request' });
      const receives = [extract];
      await deployments().change(developer, id, { interactions: [update, extract], receives });
      await endpoints.put(developer, id, {
        ...{ interaction: extract, url: `https://${value.fqdn}/mhs`, contract: 'forward-reliable' },
      });
      const refused = await refusalOf(deployments().live(developer, id));
      assert.match(refused.message, /Missing: a certificate that its endpoints can show/);
      const [old] = await certificates.list(developer, id);
      assert.equal(old?.profile, 'client');
      await certificates.renew(developer, old.thumbprint, { csr: 'a request' });
      const held = await certificates.list(developer, id);
      assert.ok(held.some(({ profile }) => profile === 'endpoint'));
      assert.equal((await deployments().live(developer, id)).value.state, 'live');
    });

    it('R151 counts no certificate that is revoked or over', async () => {
      const { id } = await deployments().request(developer, wish(app.id));
      await ground.systems.certificates.request(developer, id, { csr: 'a request' });
      await ground.systems.certificates.revoke(developer, 'thumbprint-1', 'keyCompromise');
      assert.match((await refusalOf(deployments().live(developer, id))).message, /a certificate/);
      await ground.systems.certificates.request(developer, id, { csr: 'a request' });
      ground.clock.time += 366 * 86_400_000;
      assert.match((await refusalOf(deployments().live(developer, id))).message, /a certificate/);
    });

    it('is refused before it is approved and while it is suspended, with the next step', async () => {
      const { id } = await deployments().request(
        developer,
        wish(app.id, { environment: 'production' }),
      );
      const early = await refusalOf(deployments().live(developer, id));
      assert.match(
        early.message,
        /It is requested.*by a second person, gatehouse deployment approve/,
      );
      assert.match(
        (await refusalOf(deployments().suspend(operator, id, 'because'))).message,
        /cannot be suspended/,
      );
      await deployments().approve(operator, id);
      await deployments().suspend(operator, id, 'a breach');
      assert.match(
        (await refusalOf(deployments().live(developer, id))).message,
        /It is suspended.*gatehouse deployment resume/,
      );
      assert.match(
        (await refusalOf(deployments().approve(operator, id))).message,
        /It is suspended/,
      );
    });
  });

  describe('suspended', () => {
    it('leaves the directory at once, and comes back to what it was', async () => {
      const { id, value } = await deployments().request(
        developer,
        wish(app.id, { interactions: [update, extract] }),
      );
      await ground.systems.certificates.request(developer, id, { csr: 'a request' });
      await ground.systems.endpoints.put(developer, id, {
        ...{ interaction: extract, url: `https://${value.fqdn}/mhs`, contract: 'async-reliable' },
      });
      await deployments().live(developer, id);
      assert.equal(ground.held.size, 2);
      const { value: now } = await deployments().suspend(operator, id, 'a breach');
      assert.deepEqual(now.suspended, {
        ...{ by: 'the-operator', at: ground.clock.time, reason: 'a breach' },
      });
      assert.equal(ground.held.size, 0);
      assert.equal((await refusalOf(deployments().resume(developer, id))).status, 403);
      const { value: back } = await deployments().resume(second, id);
      assert.equal(back.state, 'live');
      assert.equal(back.suspended, undefined);
      assert.equal(ground.held.size, 2);
      const actions = await done();
      assert.ok(actions.includes('deployment.suspend the-operator 200'));
      assert.ok(actions.includes('deployment.resume the-second-operator 200'));
    });

    it('is taken back by the owner where the owner did it', async () => {
      const { id } = await deployments().request(developer, wish(app.id));
      await deployments().suspend(developer, id, 'by mistake');
      assert.equal((await deployments().resume(developer, id)).value.state, 'approved');
    });

    it('needs a reason', async () => {
      const { id } = await deployments().request(developer, wish(app.id));
      assert.equal((await refusalOf(deployments().suspend(operator, id, ''))).status, 400);
    });
  });

  describe('ended', () => {
    it('is out of the directory with its certificates revoked, from any state, for good', async () => {
      const { id, value } = await deployments().request(
        developer,
        wish(app.id, { interactions: [update, extract] }),
      );
      const { certificates, endpoints } = ground.systems;
      await certificates.request(developer, id, { csr: 'a request' });
      await endpoints.put(developer, id, {
        ...{ interaction: extract, url: `https://${value.fqdn}/mhs`, contract: 'async-reliable' },
      });
      await deployments().live(developer, id);
      const { value: now } = await deployments().end(developer, id, 'replaced by another system');
      assert.equal(now.state, 'ended');
      assert.equal(ground.held.size, 0);
      const [certificate] = await certificates.list(developer, id);
      assert.equal(certificate?.revoked?.reason, 'cessationOfOperation');
      for (const act of [
        () => deployments().resume(operator, id),
        () => deployments().suspend(operator, id, 'too late'),
        () => deployments().live(developer, id),
        () => deployments().approve(developer, id),
        () => deployments().change(developer, id, { interactions: [update] }),
        () => certificates.request(developer, id, { csr: 'a request' }),
        () => endpoints.remove(developer, id, extract),
      ]) {
        const { status, message } = await refusalOf(act());
        assert.equal(status, 409, message);
      }
      const again = await deployments().end(developer, id, 'once more');
      assert.equal(again.value.ended?.reason, 'replaced by another system');
      const actions = await done();
      assert.ok(actions.includes('deployment.end the-developer 200'), actions.join());
      assert.ok(actions.includes('certificate.revoke the-developer 200'));
    });

    it('begins anew with another ASID when it is asked for again', async () => {
      const { id, value } = await deployments().request(developer, wish(app.id));
      await deployments().end(developer, id, 'a mistake');
      const { id: same, value: anew } = await deployments().request(developer, wish(app.id));
      assert.equal(same, id);
      assert.equal(anew.state, 'approved');
      assert.ok(anew.asid !== undefined && anew.asid !== value.asid);
      assert.equal(anew.ended, undefined);
    });

    it('is for who may revoke the app, and needs a reason', async () => {
      const { id } = await deployments().request(developer, wish(app.id));
      assert.equal((await refusalOf(deployments().end(developer, id, ''))).status, 400);
      const stranger = { id: 'x', role: 'developer', organisation: 'Y90099' } as const;
      assert.equal((await refusalOf(deployments().end(stranger, id, 'not mine'))).status, 403);
    });
  });

  describe('endpoints', () => {
    const put = (id: string, url: string, interaction = extract) =>
      ground.systems.endpoints.put(developer, id, { interaction, url, contract: 'synchronous' });

    it('has an entry with the flags of its contract, is replaced in place, and removed', async () => {
      const { id, value } = await deployments().request(
        developer,
        wish(app.id, { interactions: [update, extract] }),
      );
      const one = await put(id, `https://${value.fqdn}:8443/mhs`);
      const [endpoint] = one.value.endpoints ?? [];
      const entry = ground.held.get(`uat ${endpoint?.id}`);
      assert.ok(entry && 'flags' in entry);
      assert.equal(entry.flags.syncReplyMode, 'None');
      assert.equal(entry.fqdn, value.fqdn);
      const two = await put(id, `https://${value.fqdn}/other`);
      assert.equal(two.value.endpoints?.length, 1);
      assert.equal(two.value.endpoints[0]?.id, endpoint?.id);
      const gone = await ground.systems.endpoints.remove(developer, id, extract);
      assert.deepEqual(gone.value.endpoints, []);
      assert.equal(ground.held.has(`uat ${endpoint?.id}`), false);
      assert.equal(
        (await refusalOf(ground.systems.endpoints.remove(developer, id, extract))).status,
        404,
      );
      await put(id, `https://${value.fqdn}/mhs`);
    });

    it('is refused at another host, in plain http, and for what it may not receive', async () => {
      const { id, value } = await deployments().request(developer, wish(app.id));
      assert.match((await refusalOf(put(id, 'https://x/mhs'))).message, /not among those/);
      for (const [url, told] of [
        ['https://example.org/mhs', /its host must be y90\d+-/],
        [`http://${value.fqdn}/mhs`, /https/],
        [`https://${value.fqdn}/mhs/`, /slash/],
        [`https://${value.fqdn}/mhs?a=b`, /query/],
        [`https://me@${value.fqdn}/mhs`, /user/],
        ['nonsense', /https/],
      ] as const) {
        const refused = await refusalOf(put(id, url, update));
        assert.equal(refused.status, 400);
        assert.match(refused.message, told);
      }
    });

    it('may be at an IP number, as systems without a name in the DNS are', async () => {
      const { id } = await deployments().request(developer, wish(app.id));
      for (const host of ['127.0.0.1:9501', '[::1]:9501']) {
        const { value } = await put(id, `https://${host}/mhs`, update);
        assert.equal(value.endpoints?.[0]?.url, `https://${host}/mhs`);
      }
    });

    it('is one for each party key and interaction', async () => {
      const other = await ground.app('uat');
      const interactions = [update, extract];
      const one = await deployments().request(developer, wish(app.id, { interactions }));
      const two = await deployments().request(developer, wish(other.id, { interactions }));
      assert.equal(one.value.partyKey, two.value.partyKey);
      await put(one.id, `https://${one.value.fqdn}/mhs`);
      const refused = await refusalOf(put(two.id, `https://${two.value.fqdn}/mhs`));
      assert.equal(refused.status, 409);
      assert.match(refused.message, new RegExp(`that of deployment ${one.id}`));
      await ground.systems.endpoints.remove(developer, one.id, extract);
      await put(two.id, `https://${two.value.fqdn}/mhs`);
    });

    it('stays while a live deployment receives by it', async () => {
      const { id, value } = await deployments().request(
        developer,
        wish(app.id, { interactions: [extract], receives: [extract] }),
      );
      await put(id, `https://${value.fqdn}/mhs`);
      await ground.systems.certificates.request(developer, id, { csr: 'a request' });
      await deployments().live(developer, id);
      const refused = await refusalOf(ground.systems.endpoints.remove(developer, id, extract));
      assert.match(refused.message, /live and receives/);
      assert.match(
        (
          await refusalOf(
            deployments().change(developer, id, { interactions: [update], receives: [] }),
          )
        ).message,
        /has endpoints for what is taken away/,
      );
      await deployments().change(developer, id, { receives: [] });
      await ground.systems.endpoints.remove(developer, id, extract);
    });
  });

  describe('a step that fails half way', () => {
    it('is finished when it is repeated: approval', async () => {
      const wanted = wish(app.id, { environment: 'production' });
      const { id } = await deployments().request(developer, wanted);
      ground.failAt = 1;
      const failed = await refusalOf(deployments().approve(operator, id));
      assert.equal(`${failed.status} ${failed.code}`, '503 UNFINISHED');
      assert.match(failed.message, /is approved, but .*The directory is away. Repeat the step/);
      assert.equal(ground.held.size, 0);
      const { value } = await deployments().approve(operator, id);
      assert.ok(ground.held.has(`production ${value.asid}`));
      assert.equal((await ofRegistration()).production?.asid, value.asid);
    });

    it('is finished when it is repeated, at every write: suspension and removal', async () => {
      const { id, value } = await deployments().request(
        developer,
        wish(app.id, { interactions: [update, extract] }),
      );
      const interaction = extract;
      const url = `https://${value.fqdn}/mhs`;
      for (const at of [1, 2]) {
        ground.failAt = at;
        const put = () =>
          ground.systems.endpoints.put(developer, id, {
            interaction,
            url,
            contract: 'synchronous',
          });
        await refusalOf(put());
        await put();
        assert.equal(ground.held.size, 2);
        ground.failAt = at;
        await refusalOf(deployments().suspend(operator, id, 'a breach'));
        assert.equal((await deployments().read(operator, id)).value.state, 'suspended');
        await deployments().suspend(operator, id, 'a breach');
        assert.equal(ground.held.size, 0);
        assert.equal((await ofRegistration()).uat?.asid, undefined);
        ground.failAt = at;
        await refusalOf(deployments().resume(operator, id));
        await deployments().resume(operator, id);
        assert.equal(ground.held.size, 2);
        ground.failAt = at;
        await refusalOf(ground.systems.endpoints.remove(developer, id, interaction));
        await ground.systems.endpoints.remove(developer, id, interaction);
        assert.equal(ground.held.size, 1);
      }
    });

    it('is not undone by one that began before and ends after it', async () => {
      const { id } = await deployments().request(developer, wish(app.id));
      let suspended: Promise<unknown> | undefined;
      ground.beforeWrite = async () => {
        ground.beforeWrite = undefined;
        suspended = deployments().suspend(operator, id, 'a breach');
        await suspended;
      };
      await deployments().approve(developer, id);
      assert.ok(suspended);
      assert.equal(ground.held.size, 0);
    });

    it('is finished by the platform itself', async () => {
      ground.failAt = 1;
      await refusalOf(deployments().request(developer, wish(app.id)));
      assert.equal(ground.held.size, 0);
      assert.equal(await ground.systems.settle(), 0);
      const mine = [...ground.held.values()].filter(({ odsCode }) => odsCode === ods);
      assert.equal(mine.length, 1);
    });
  });
});
