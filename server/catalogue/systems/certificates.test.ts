import assert from 'node:assert/strict';
import { Problem } from '../../../core/problem.ts';
import {
  developer,
  operator,
  refusalOf,
  requestFor,
  second,
  stranger,
  systemsGround,
  type SystemsGround,
} from '../../../test/systems-ground.ts';
import type { App } from '../apps.ts';
import type { Environment } from '../environments.ts';
import { certificateRequestCollection } from './certificate-requests.ts';
import type { Deployment } from './deployments.ts';

const csr = 'a request';

describe('certificates of deployments', () => {
  let ground: SystemsGround;
  let app: App;
  let tests = 0;
  before(async () => {
    ground = await systemsGround();
  });
  beforeEach(async () => {
    ground.issued.clear();
    ground.refusal = undefined;
    tests++;
    app = await ground.app('uat', 'production');
  });
  after(() => ground.end());

  const certificates = () => ground.systems.certificates;
  const deployed = async (environment: Environment): Promise<Deployment> => {
    const { deployments } = ground.systems;
    const wish = requestFor(app.id, { environment, odsCode: `Y90${String(100 + tests)}` });
    const { value } = await deployments.request(developer, wish);
    return environment === 'production'
      ? (await deployments.approve(operator, value.id)).value
      : value;
  };
  const actions = async (id: string) =>
    (await ground.entries())
      .filter((entry) => entry.app === id)
      .map(({ action, user, status }) => `${action} ${user} ${status}`);

  it('R151 is issued at once where one tests, for the name of the deployment', async () => {
    const { id, fqdn, partyKey } = await deployed('uat');
    const outcome = await certificates().request(developer, id, { csr });
    assert.ok('issued' in outcome);
    const { certificate } = outcome.issued;
    assert.equal(certificate.fqdn, fqdn);
    assert.equal(certificate.partyKey, partyKey);
    assert.equal(certificate.profile, 'client');
    assert.deepEqual(await certificates().list(developer, id), [certificate]);
    assert.ok((await actions(id)).includes('certificate.issue the-developer 200'));
  });

  it('R148 is refused until the deployment is approved, and while it is suspended', async () => {
    const { deployments } = ground.systems;
    const { id } = await deployments.request(
      developer,
      requestFor(app.id, { environment: 'production', odsCode: 'Y90200' }),
    );
    const early = await refusalOf(certificates().request(developer, id, { csr }));
    assert.equal(`${early.status} ${early.code}`, '409 STATE');
    assert.match(early.message, /requested: it must be approved first, by a second person/);
    await deployments.approve(operator, id);
    await deployments.suspend(operator, id, 'a breach');
    const late = await refusalOf(certificates().request(developer, id, { csr }));
    assert.match(late.message, /suspended: it must be resumed first/);
  });

  it('says which check failed', async () => {
    const { id } = await deployed('uat');
    ground.refusal = new Problem('invalid', 'The request is refused: subject: CN=a is expected');
    assert.match(
      (await refusalOf(certificates().request(developer, id, { csr }))).message,
      /CN=a is expected/,
    );
    assert.ok(!(await actions(id)).some((action) => action.startsWith('certificate.issue')));
  });

  it('R151 waits in production for somebody who has not asked for it', async () => {
    const { id } = await deployed('production');
    const outcome = await certificates().request(operator, id, { csr });
    assert.ok('waiting' in outcome);
    const { request, notes } = outcome.waiting;
    assert.equal(request.state, 'requested');
    assert.deepEqual(notes, ['a note']);
    const { requests } = certificates();
    assert.equal((await requests.list(developer, id)).length, 1);
    const own = await refusalOf(requests.approve(operator, id, request.id));
    assert.equal(`${own.status} ${own.code}`, '403 SECOND_PERSON');
    assert.equal((await refusalOf(requests.approve(developer, id, request.id))).code, 'ROLE');
    const { issued } = await requests.approve(second, id, request.id);
    assert.equal(issued.certificate.requestedBy, 'the-operator');
    assert.equal(issued.certificate.approvedBy, 'the-second-operator');
    assert.equal((await requests.list(developer, id)).length, 0);
    const again = await refusalOf(requests.approve(second, id, request.id));
    assert.match(again.message, /issued already/);
    assert.deepEqual(await actions(request.id), [
      'certificate.request the-operator 200',
      'certificate.approve the-operator 403',
      'certificate.approve the-second-operator 200',
      'certificate.approve the-second-operator 200',
    ]);
  });

  it('is issued once by two who approve at once', async () => {
    const { id } = await deployed('production');
    const outcome = await certificates().request(developer, id, { csr });
    assert.ok('waiting' in outcome);
    const { requests } = certificates();
    const both = await Promise.allSettled(
      [operator, second].map((actor) => requests.approve(actor, id, outcome.waiting.request.id)),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(ground.issued.size, 1);
  });

  it('can be approved again when the issuing failed, and when its process died', async () => {
    const { id } = await deployed('production');
    const outcome = await certificates().request(developer, id, { csr });
    assert.ok('waiting' in outcome);
    const { request } = outcome.waiting;
    const { requests } = certificates();
    ground.refusal = new Problem('unavailable', 'The authority is away');
    assert.equal((await refusalOf(requests.approve(second, id, request.id))).status, 503);
    ground.refusal = undefined;
    // As a process leaves it that is killed while it issues.
    const kept = ground.store.open(certificateRequestCollection);
    const { value, version } = (await kept.get(request.id)) ?? assert.fail();
    const decided = ground.clock.time;
    await kept.put(request.id, { ...value, state: 'approved', decided }, { expected: version });
    assert.match((await refusalOf(requests.approve(second, id, request.id))).message, /approved/);
    ground.clock.time += 61_000;
    assert.equal((await requests.approve(second, id, request.id)).issued.notes.length, 0);
  });

  it('is rejected with a reason', async () => {
    const { id } = await deployed('production');
    const outcome = await certificates().request(developer, id, { csr });
    assert.ok('waiting' in outcome);
    const { request } = outcome.waiting;
    const { requests } = certificates();
    assert.equal((await refusalOf(requests.reject(second, id, request.id, ''))).status, 400);
    assert.equal((await refusalOf(requests.reject(developer, id, request.id, 'no'))).status, 400);
    assert.equal(
      (await refusalOf(requests.reject(developer, id, request.id, 'not now'))).status,
      403,
    );
    const rejected = await requests.reject(second, id, request.id, 'The key is too old');
    assert.equal(rejected.state, 'rejected');
    assert.equal(rejected.reason, 'The key is too old');
    const other = await deployed('uat');
    assert.equal((await refusalOf(requests.approve(second, other.id, request.id))).status, 404);
  });

  it('R151 is renewed beside the old one, and revoked by its owner', async () => {
    const { id } = await deployed('uat');
    await certificates().request(developer, id, { csr });
    const outcome = await certificates().renew(developer, 'thumbprint-1', { csr });
    assert.ok('issued' in outcome);
    assert.equal((await certificates().list(developer, id)).length, 2);
    const revoked = await certificates().revoke(developer, 'thumbprint-1', 'superseded');
    assert.equal(revoked.state, 'revoked');
    assert.equal(revoked.revoked?.by, 'the-developer');
    assert.ok((await actions('thumbprint-1')).includes('certificate.revoke the-developer 200'));
    assert.ok((await actions(id)).includes('certificate.renew the-developer 200'));
    assert.equal((await refusalOf(certificates().read(developer, 'other'))).status, 404);
  });

  it('is put on hold by its owner and taken back, but not what an operator put on hold', async () => {
    const { id } = await deployed('uat');
    await certificates().request(developer, id, { csr });
    await certificates().revoke(developer, 'thumbprint-1', 'certificateHold');
    assert.equal((await certificates().lift(developer, 'thumbprint-1')).state, 'active');
    await certificates().revoke(operator, 'thumbprint-1', 'certificateHold');
    assert.equal((await refusalOf(certificates().lift(developer, 'thumbprint-1'))).status, 403);
    assert.equal((await certificates().lift(second, 'thumbprint-1')).state, 'active');
  });

  it('is for the owner of the app, and refusals are in the audit', async () => {
    const { id } = await deployed('uat');
    await certificates().request(developer, id, { csr });
    for (const act of [
      () => certificates().request(stranger, id, { csr }),
      () => certificates().renew(stranger, 'thumbprint-1', { csr }),
      () => certificates().revoke(stranger, 'thumbprint-1', 'unspecified'),
      () => certificates().list(stranger, id),
      () => certificates().read(stranger, 'thumbprint-1'),
      () => certificates().requests.list(stranger, id),
    ])
      assert.equal((await refusalOf(act())).status, 403);
    const told = await actions(id);
    assert.ok(told.includes('certificate.request a-stranger 403'));
    assert.ok(told.includes('certificate.revoke a-stranger 403'));
  });

  it('shows refused handshakes of a name to its owner, and all of them to operators', async () => {
    const { fqdn = '' } = await deployed('uat');
    ground.handshakes.splice(0, Infinity, {
      ...{
        at: 1,
        address: '127.0.0.1',
        listener: 'TLS_PORT',
        reason: 'CERT_REVOKED',
        names: [fqdn],
      },
    });
    const seen = (actor: typeof developer, name?: string) =>
      certificates().handshakes(actor, {
        limit: 10,
        ...(name === undefined ? {} : { fqdn: name }),
      });
    assert.equal((await seen(developer, fqdn.toUpperCase())).length, 1);
    assert.equal((await refusalOf(seen(stranger, fqdn))).status, 403);
    assert.equal((await refusalOf(seen(developer, 'example.org'))).status, 403);
    assert.equal((await refusalOf(seen(developer))).code, 'FQDN_NEEDED');
    assert.equal((await certificates().handshakes(operator, { limit: 10 })).length, 1);
  });

  it('explains for anybody who may read apps', async () => {
    assert.deepEqual(await certificates().explain(stranger, 'text'), {
      kind: 'nothing',
      length: 4,
    });
  });
});
