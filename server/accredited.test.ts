import assert from 'node:assert/strict';
import type { CertificateRecord } from '../certs/certificate-record.ts';
import type { ClientCertificate } from '../core/exchange.ts';
import { serviceDn } from '../spine/sds/directory-tree.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { accessGround, configOf, tried, type AccessGround } from '../test/access-ground.ts';
import { exchangeFor } from '../test/exchange-for.ts';
import { callerBy, createAccredited, type Accredited } from './accredited.ts';
import { directoryHooks } from './accredited-hooks-directory.ts';
import { contractFlags } from './catalogue/systems/contracts.ts';
import type { Deployment } from './catalogue/systems/deployments.ts';
import { systemEntryOf } from './catalogue/systems/settling.ts';
import { directoryView } from './directory-views.ts';
import type { SystemClaim } from './gateway/accredited-systems.ts';
import { accreditedSystem } from './gateway/policies/accredited-system.ts';
import { isNoCredential } from './gateway/policies/credential.ts';

const asid = '918000000001';
const interaction = 'urn:nhs:names:services:pds:QUPA_IN000008UK02';
const step = { by: 'test', at: 0 };
const live: Deployment = {
  ...{ id: 'd1', app: 'ward', odsCode: 'Y90001', environment: 'uat', state: 'live', asid },
  ...{ partyKey: 'Y90001-900001', fqdn: 'ward.y90001.int.thirdparty.gatehouse.test' },
  interactions: [interaction],
  product: { name: 'Ward', version: '1' },
  ...{ manufacturer: 'Y90001', requested: step, approved: step, live: step },
};
const certificate: ClientCertificate = {
  thumbprint: 'print-1',
  commonNames: [live.fqdn ?? ''],
  dnsNames: [live.fqdn ?? ''],
  serial: '01',
  notAfter: Number.MAX_SAFE_INTEGER,
};
const registered: Omit<CertificateRecord, 'pem'> = {
  ...{ thumbprint: 'print-1', spki: '', serial: '01', subject: '', issuer: '', dnsNames: [] },
  ...{ notBefore: 0, notAfter: Number.MAX_SAFE_INTEGER, issuedAt: 0, state: 'active' },
  ...{ fqdn: live.fqdn ?? '', partyKey: live.partyKey ?? '', environment: 'uat' },
  ...{ deployment: 'd1', profile: 'client', requestedBy: 'x' },
};

describe('the judgement of an accredited system', () => {
  let ground: AccessGround;
  let accredited: Accredited;
  let record: typeof registered | undefined;
  let deployment: Deployment | undefined;
  beforeEach(async () => {
    ground = await accessGround();
    const { store, catalogue, clock } = ground;
    await ground.app('ward', {}, 'uat');
    const scopes = ['app:level3:hello', 'app:level3:privileged-hello', 'user-nhs-cis2:aal3:hello'];
    await ground.product('hello', { scopes: scopes.map((one) => `urn:nhsd:apim:${one}`) });
    await ground.subscribe('ward', 'hello', 'active', 'uat');
    await directoryHooks(openDirectory(store)).putSystem('uat', systemEntryOf(live), 'test');
    [record, deployment] = [registered, live];
    accredited = createAccredited({
      directory: openDirectory(store),
      record: () => record,
      deployment: () => deployment,
      catalogue,
      now: () => clock.now(),
    });
  });
  afterEach(async () => {
    accredited.close();
    await ground.end();
  });

  const judge = (claim: Partial<SystemClaim> = {}) =>
    accredited.judgeSystem({ certificate, asid, environment: 'uat', ...claim });
  const refusal = async (claim: Partial<SystemClaim> = {}) => {
    const found = await judge(claim);
    assert.ok('refusal' in found, 'it was believed');
    return [found.refusal.status, found.refusal.code] as const;
  };

  it('believes a whole chain, and gives the app its application rights alone', async () => {
    const found = await judge({ odsCode: 'y90001', interaction });
    assert.ok(!('refusal' in found), JSON.stringify(found));
    const { facts, ...call } = found;
    const { partyKey, odsCode, fqdn } = live;
    assert.deepEqual(call, { asid, partyKey, odsCode, fqdn, deployment: 'd1' });
    assert.deepEqual(facts.scopes, ['urn:nhsd:apim:app:level3:hello']);
    assert.equal(facts.appId, 'ward');
    const again = await judge();
    assert.ok(!('refusal' in again) && again.facts === facts, 'the same facts are made twice');
  });

  it('refuses a certificate that is not there, not trusted, ended, unknown, revoked or elsewhere', async () => {
    const denied = [403, 'ACCESS_DENIED_SSL'];
    assert.deepEqual(await refusal({ certificate: undefined }), denied);
    const faulty = { ...certificate, fault: 'CERT_HAS_EXPIRED' };
    assert.deepEqual(await refusal({ certificate: faulty }), denied);
    assert.deepEqual(await refusal({ certificate: { ...certificate, notAfter: 1 } }), denied);
    assert.deepEqual(await refusal({ environment: 'sit' }), denied);
    for (const state of ['revoked', 'superseded'] as const) {
      record = { ...registered, state };
      assert.deepEqual(await refusal(), denied);
    }
    record = undefined;
    assert.deepEqual(await refusal(), denied);
  });

  it('refuses in the published order: ASID, party key, organisation, interaction', async () => {
    const wrong = { asid: undefined, odsCode: 'Y90002', interaction: 'urn:nhs:names:services:x:y' };
    assert.deepEqual(await refusal(wrong), [400, 'MISSING_VALUE']);
    assert.deepEqual(await refusal({ ...wrong, asid: '12' }), [400, 'INVALID_VALUE']);
    const unknown = { ...wrong, asid: '918000000009' };
    assert.deepEqual(await refusal(unknown), [403, 'ASID_CHECK_FAILED']);
    assert.deepEqual(await refusal({ ...wrong, asid }), [403, 'ACCESS_DENIED']);
    const assured = { ...wrong, asid, odsCode: 'Y90001' };
    assert.deepEqual(await refusal(assured), [403, 'ASID_CHECK_FAILED']);
  });

  it('refuses the ASID of another party, and a name that the directory has for another', async () => {
    record = { ...registered, partyKey: 'Y90002-900002' };
    assert.deepEqual(await refusal(), [403, 'ASID_CHECK_FAILED']);
    record = registered;
    const theirs = { ...live, partyKey: 'Y90002-900002', odsCode: 'Y90002' };
    const hooks = directoryHooks(openDirectory(ground.store));
    assert.ok(!('refusal' in (await judge())));
    const { odsCode, partyKey, manufacturer, product, requested, approved } = systemEntryOf(theirs);
    const owned = { odsCode, partyKey, manufacturer, product, requested, approved };
    const endpoint = { ...owned, id: 'H1', fqdn: live.fqdn ?? '', interaction };
    const flags = contractFlags.synchronous;
    await hooks.putHandler('uat', { ...endpoint, url: 'https://x.example', flags }, 'test');
    assert.deepEqual(await refusal(), [403, 'ASID_CHECK_FAILED']);
  });

  it('refuses what is not live, and an app that is not approved', async () => {
    for (const state of ['requested', 'approved', 'suspended'] as const) {
      deployment = { ...live, state };
      assert.deepEqual(await refusal(), [403, 'ASID_CHECK_FAILED']);
    }
    deployment = undefined;
    assert.deepEqual(await refusal(), [403, 'ASID_CHECK_FAILED']);
    deployment = live;
    await ground.app('ward', { state: 'revoked' }, 'uat');
    assert.deepEqual(await refusal(), [403, 'ACCESS_DENIED']);
  });

  it('tells why a system is suspended, although it is out of the directory too', async () => {
    await directoryHooks(openDirectory(ground.store)).removeSystem('uat', asid, 'test');
    deployment = { ...live, state: 'suspended', suspended: { ...step, reason: 'An incident' } };
    const found = await judge();
    assert.ok('refusal' in found);
    assert.equal(found.refusal.code, 'ASID_CHECK_FAILED');
    assert.match(found.refusal.why, /its deployment is suspended \(An incident\)/);
  });

  it('forgets what the directory said when it changes', async () => {
    assert.ok(!('refusal' in (await judge())));
    const directory = openDirectory(ground.store).in(directoryView('uat'));
    await directory.remove(serviceDn(asid), 'test');
    assert.deepEqual(await refusal(), [403, 'ASID_CHECK_FAILED']);
  });

  it('makes a caller for those who read the ASID themselves', async () => {
    const peer = { address: '', secure: true, certificate };
    const exchange = exchangeFor({ environment: 'uat', peer });
    const caller = await callerBy(accredited.judgeSystem)(exchange, asid);
    assert.deepEqual([caller.appId, caller.mode, caller.asid], ['ward', 'app', asid]);
    await assert.rejects(callerBy(accredited.judgeSystem)(exchange, '1'), {
      code: 'INVALID_VALUE',
    });
  });

  describe('as a policy', () => {
    const through = (config: object, headers: Record<string, string>, more = {}) => {
      const services = { ...ground.services, accredited: accredited.judgeSystem };
      const site = { ...ground.site('uat'), services };
      const policy = accreditedSystem.create(configOf(accreditedSystem, config), site);
      const peer = { address: '', secure: true, certificate };
      return tried(policy, exchangeFor({ environment: 'uat', peer, headers, ...more }));
    };

    it('lets the app in with its ASID, by the header that is configured', async () => {
      const { through: passed } = await through({ asid: 'Ssp-From' }, { 'ssp-from': asid });
      assert.equal(passed?.caller?.appId, 'ward');
      assert.equal(passed.caller.asid, asid);
      assert.equal(passed.facts.caller, passed.caller);
    });

    it('looks at organisation and interaction where it is told to', async () => {
      const config = { organisation: 'X-Ods', interactionHeader: 'X-Interaction' };
      const good = { 'nhsd-asid': asid, 'x-ods': 'Y90001', 'x-interaction': interaction };
      assert.equal((await through(config, good)).status, 200);
      assert.equal((await through(config, { ...good, 'x-ods': 'Y90002' })).status, 403);
      assert.equal((await through(config, { ...good, 'x-interaction': '' })).status, 403);
      const fixed = { interaction: 'urn:nhs:names:services:x:y' };
      assert.equal((await through(fixed, good)).problem?.code, 'ASID_CHECK_FAILED');
      assert.deepEqual(
        accreditedSystem.check?.(
          { asid: 'a', callers: 'standard', ...fixed, interactionHeader: 'b' },
          ground.site(),
        ),
        ['interaction and interactionHeader: give one of them'],
      );
    });

    it('is no credential where there is no certificate, and takes no token for one', async () => {
      const peer = { address: '', secure: false };
      const without = await through({}, { 'nhsd-asid': asid }, { peer });
      assert.equal(without.problem?.code, 'ACCESS_DENIED_SSL');
      assert.ok(isNoCredential(without.problem));
      const token = await through({}, { 'nhsd-asid': asid, authorization: 'Bearer x' });
      assert.ok(isNoCredential(token.problem));
    });
  });
});
