/** Deployments in the hub over HTTP: from a missing ASID to a live system with its certificate, and a second person in production. */
import assert from 'node:assert/strict';
import { newAccount, signedIn, textOf, type HubClient } from './hub-ground.ts';
import { keyPem, newKey } from './certificates/keys.ts';
import { makeRequest } from './certificates/requests.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const interaction = 'urn:nhs:names:services:pds:PRPA_IN000203UK03';

describe('deployments of the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let owner: HubClient;
  let outsider: HubClient;
  let staff: HubClient;
  let team: string;

  before(async () => {
    platform = await startTestPlatform();
    ({ client: owner } = await newAccount(platform, 'Olive Owner'));
    ({ client: outsider } = await newAccount(platform, 'Otto Outsider'));
    staff = await signedIn(platform, 'operator');
    team = (await owner.fill('/teams/new', { name: 'System team' })).to.slice('/teams/'.length);
  });
  after(() => platform.end());

  async function appIn(environment: string, name: string): Promise<string> {
    const done = await owner.fill('/apps/new', {
      ...{ team, name, kinds: 'point-of-care', contact: 'system@example.org' },
      environments: environment,
    });
    assert.equal(done.status, 303, done.faults.join());
    return done.to.slice('/apps/'.length);
  }

  const wish = (environment: string, more: Record<string, string> = {}) => ({
    ...{ environment, ods_code: 'Y90003', product_name: 'System', product_version: '1.0' },
    ...{ sends: interaction, ...more },
  });
  const request = (app: string, environment: string, more: Record<string, string> = {}) =>
    owner.fill(`/deployments/new?app=${app}`, wish(environment, more));
  const nameOn = (html: string) =>
    textOf(/FQDN\)<\/dt>\s*<dd[^>]*>([\s\S]*?)<\/dd>/.exec(html)?.[1] ?? '');

  async function csrFor(html: string) {
    const key = await newKey('P-256');
    return { key, csr: makeRequest({ key, subject: [['CN', nameOn(html)]] }) };
  }

  it('tell the next step until they are live, with ASID, name and certificate', async () => {
    const app = await appIn('uat', 'Ward system');
    await owner.fill('/subscriptions/new', {
      ...{ app, product: 'spine-directory', environment: 'uat' },
    });
    const { to } = await request(app, 'uat');
    const page = await owner.get(to);
    assert.match(page.html, /approved[\s\S]*\d{12}/);
    assert.match(page.html, /a certificate that is good now/);
    assert.doesNotMatch(page.html, /gatehouse cert|Let it go live/);
    assert.match((await owner.get(`/apps/${app}/in/uat`)).html, /ASID: \d{12}/);

    const early = await owner.send(page, to, { live: 'yes' });
    assert.equal(early.status, 409);
    assert.match(early.faults.join(), /cannot go live yet/);

    const { csr } = await csrFor(page.html);
    const file = { field: 'file', name: 'system.csr', content: csr };
    const issued = await owner.upload(`${to}/certificate`, {}, file);
    assert.match(issued.to, /\/certificates\/[\w-]{43}$/);
    const certificate = await owner.get(issued.to);
    assert.match(certificate.html, /curl --cert/);
    assert.match((await owner.get(`${issued.to}/file`)).html, /^-----BEGIN CERTIFICATE-----/);
    assert.match(
      (await owner.get(`${issued.to}/authorities`)).html,
      /^-----BEGIN CERTIFICATE-----/,
    );
    assert.equal((await owner.fill(to, { live: 'yes' })).to, to);
    assert.match((await owner.get(to)).html, /nhsuk-tag--green">live/);

    assert.match((await owner.fill(to, { suspend: 'yes' })).faults.join(), /Enter a reason/);
    await owner.fill(to, { suspend: 'yes', reason: 'Too many errors' });
    assert.match((await owner.get(to)).html, /suspended[\s\S]*Too many errors/);
    await owner.fill(to, { resume: 'yes' });
    assert.match((await owner.get(to)).html, /nhsuk-tag--green">live/);

    const { csr: next } = await csrFor((await owner.get(to)).html);
    const thumbprint = issued.to.split('/').at(-1) ?? '';
    const renewed = await owner.fill(`${to}/certificate`, { pasted: next, renews: thumbprint });
    assert.notEqual(renewed.to, issued.to);
    assert.match((await owner.fill(renewed.to, { reason: 'x' })).faults.join(), /Choose a reason/);
    assert.equal((await owner.fill(renewed.to, { reason: 'superseded' })).to, to);
    assert.match((await owner.get(renewed.to)).html, /Another has taken its place/);
  });

  it('are refused with a message beside the field, and what was entered stays', async () => {
    const app = await appIn('uat', 'Clumsy system');
    const wrong: readonly (readonly [Record<string, string>, string, RegExp])[] = [
      [{ environment: 'sit' }, 'environment', /in which the app is registered/],
      [{ ods_code: '!' }, 'ods_code', /Enter an ODS code/],
      [{ ods_code: 'Z99999' }, 'ods_code', /has no organisation/],
      [{ product_name: '' }, 'product_name', /Enter the name/],
      [{ product_version: 'x'.repeat(51) }, 'product_version', /at most 50/],
      [{ sends: '' }, 'sends', /at least one interaction/],
      [{ more: 'nonsense' }, 'more', /An interaction is/],
      [{ receives: 'urn:nhs:names:services:gp2gp:RCMR_IN010000UK05' }, 'receives', /lacks/],
      [{ fqdn: 'www.example.org' }, 'fqdn', /must be a host name/],
    ];
    for (const [sent, field, told] of wrong) {
      const { sends, ...rest } = wish('uat', { product_name: 'Kept name', ...sent });
      const page = await owner.fill(`/deployments/new?app=${app}`, {
        ...rest,
        ...(sends === '' ? {} : { sends }),
      });
      assert.equal(page.status, 422, JSON.stringify(sent));
      assert.match(page.faults.join(), told);
      assert.match(page.html, new RegExp(`id="${field}-error"`));
      if (!('product_name' in sent)) assert.match(page.html, /value="Kept name"/);
    }
    const { to } = await request(app, 'uat');
    assert.match((await request(app, 'uat')).faults.join(), /There is a deployment of this app/);
    assert.match((await owner.fill(to, {})).faults.join(), /Choose one of the buttons/);
  });

  it('take certificate requests and nothing else', async () => {
    const app = await appIn('uat', 'Odd requests');
    const { to } = await request(app, 'uat');
    const path = `${to}/certificate`;
    const key = await newKey('P-256');
    const foreign = makeRequest({ key, subject: [['CN', 'other.example.org']] });
    for (const [content, told] of [
      [keyPem(key), /This is a private key. It was not kept/],
      [`${foreign}\n${keyPem(key)}`, /This is a private key/],
      [foreign, /is refused: subject/],
      [Buffer.from([0, 255, 1]), /no certificate request/],
      [Buffer.alloc(5_000_000, 'A'), /more than 32 KB/],
      ['-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----', /request/],
    ] as const) {
      const page = await owner.upload(path, {}, { field: 'file', name: 'x', content });
      assert.equal(page.status, 422, String(content).slice(0, 40));
      assert.match(page.faults.join(), told);
    }
    const pasted = await owner.fill(path, { pasted: keyPem(key) });
    assert.equal(pasted.status, 422);
    assert.ok(!pasted.html.includes(keyPem(key).slice(40, 90)));
    assert.match((await owner.fill(path, { pasted: '' })).faults.join(), /Choose a file/);
    assert.equal((await owner.get(`${to}/certificates/none`)).status, 404);
  });

  it('need a second person in production, for themselves and for their certificates', async () => {
    const app = await appIn('production', 'Real system');
    await staff.fill(`/apps/${app}/in/production/state`, { approve: 'yes' });
    const { to } = await request(app, 'production');
    assert.match((await owner.get(to)).html, /Somebody who runs the platform/);
    assert.equal((await owner.fill(to, { approve: 'yes' })).status, 403);
    assert.match((await staff.get('/requests')).html, /Real system/);
    assert.equal((await staff.fill(to, { approve: 'yes' })).to, to);
    const { csr } = await csrFor((await owner.get(to)).html);
    assert.equal((await owner.fill(`${to}/certificate`, { pasted: csr })).to, to);
    const waiting = await staff.get(to);
    const [path = ''] = /\/deployments\/\w+\/requests\/[\w-]+/.exec(waiting.html) ?? [];
    assert.doesNotMatch((await owner.get(to)).html, /Decide on it/);
    assert.equal((await owner.fill(path, { approve: 'yes' })).status, 403);
    assert.match((await staff.fill(path, { reject: 'yes' })).html, /id="reason-error"/);
    assert.equal((await staff.fill(path, { approve: 'yes' })).to, to);
    assert.match((await owner.get(to)).html, /\/certificates\/[\w-]{43}"/);
    assert.equal((await staff.get(path)).status, 404);
  });

  it('name the endpoints they lack, and take them', async () => {
    const app = await appIn('uat', 'Receiver');
    const { to } = await request(app, 'uat', { receives: interaction });
    const page = await owner.get(to);
    assert.match(page.html, /None yet for <code[^>]*>urn:nhs:names:services:pds/);
    const path = `${to}/endpoint`;
    const sent = { interaction, contract: 'synchronous' };
    for (const url of ['', 'http://x.example/', 'https://other.example.org/mhs'])
      assert.match((await owner.fill(path, { ...sent, url })).html, /id="url-error"/);
    const url = `https://${nameOn(page.html)}/mhs`;
    assert.equal((await owner.fill(path, { ...sent, url })).to, to);
    assert.match((await owner.get(to)).html, /Where it receives[\s\S]*\/mhs/);
  });

  it('are not there for others', async () => {
    const app = await appIn('uat', 'Private');
    const { to } = await request(app, 'uat');
    for (const path of [to, `${to}/certificate`, `${to}/endpoint`, `/deployments/new?app=${app}`]) {
      assert.equal((await outsider.get(path)).status, 404, path);
      const token = await outsider.get('/account/name');
      assert.equal(
        (await outsider.send(token, path, { suspend: 'yes', reason: 'Mine' })).status,
        404,
        path,
      );
    }
    assert.equal((await owner.get('/deployments/none')).status, 404);
    assert.match((await owner.get(to)).html, /approved/);
  });
});
