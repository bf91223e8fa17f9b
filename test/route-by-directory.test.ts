/** Calls that the directory routes, over real sockets: from organisation and interaction to a provider that asks who calls. */
import assert from 'node:assert/strict';
import type { DirectoryBackend } from '../server/catalogue/proxies.ts';
import type { BackendServices } from '../server/gateway/backend.ts';
import {
  consumer,
  interaction,
  provider,
  smallDirectory,
  SmallDirectory,
  startDirectoryGround,
  startProvider,
  startTlsProvider,
  type DirectoryGround,
  type DirectoryGroundOptions,
  type Provider,
} from './directory-ground.ts';
import { OpensslCa, whyNoOpenssl } from './openssl-ca.ts';
import { sendRaw, type RawAnswer } from './raw-http.ts';

const byHeader: DirectoryBackend = {
  kind: 'directory',
  organisation: { header: 'X-Organisation' },
  interaction: { fixed: interaction },
  partyKey: { header: 'X-Party-Key' },
};
const to = (code: string): [string, string] => ['X-Organisation', code];

/** The members of a refusal that a test names. */
function refusal({ body }: RawAnswer): { status?: number; code?: string; detail?: string } {
  return JSON.parse(body) as { status?: number; code?: string; detail?: string };
}

describe('a back end that the directory names', () => {
  let target: Provider;
  let directory: SmallDirectory;
  const grounds: DirectoryGround[] = [];

  beforeEach(async () => {
    target = await startProvider();
    directory = smallDirectory(`${target.url}/fhir`);
  });
  afterEach(async () => {
    await Promise.all(grounds.splice(0).map((ground) => ground.close()));
    target.close();
  });

  async function start(options: Partial<DirectoryGroundOptions> = {}): Promise<DirectoryGround> {
    const ground = await startDirectoryGround({
      ...{ backend: byHeader, directory, caller: { asid: consumer } },
      ...options,
    });
    grounds.push(ground);
    return ground;
  }
  const get = (
    { port }: DirectoryGround,
    headers: readonly [string, string][] = [to('Y90001')],
    path = '/api/Patient/1',
  ) => sendRaw(port, { path, headers });

  it('is called at its registered address, and told between whom the call goes', async () => {
    const ground = await start();
    const answer = await get(ground, [
      to('Y90001'),
      ['Ssp-TraceID', '09a01679-2564-0fb4-5129-aecc81ea2706'],
      ['Ssp-From', '999999999999'],
      ['ssp_to', '888888888888'],
      ['NHSD-ASID', '777777777777'],
      ['Authorization', 'Bearer of-the-gateway'],
      ['X-Kept', 'yes'],
    ]);
    assert.equal(answer.status, 200, answer.body);
    const [request] = target.seen;
    assert.equal(request?.url, '/fhir/Patient/1');
    const { headers } = request;
    assert.equal(headers['ssp-traceid'], '09a01679-2564-0fb4-5129-aecc81ea2706');
    assert.equal(headers['ssp-from'], consumer);
    assert.equal(headers['ssp-to'], provider);
    assert.equal(headers['ssp-interactionid'], interaction);
    assert.equal(headers['nhsd-asid'], consumer);
    assert.equal(headers['x-kept'], 'yes');
    for (const name of ['ssp_to', 'authorization', 'x-organisation'])
      assert.equal(headers[name], undefined, name);
  });

  it('is told in path and query too, which go on without it', async () => {
    const ground = await start({
      backend: {
        ...{ kind: 'directory', organisation: { segment: 1 }, interaction: { query: 'for' } },
        authorization: 'pass',
      },
    });
    const path = `/api/Y90001/Patient?a=1&for=${encodeURIComponent(interaction)}&b=%20&fo%72=`;
    const twice = await get(ground, [], path);
    assert.equal(twice.status, 400, 'a parameter twice, in another spelling');
    const told = await get(ground, [['Authorization', 'Bearer a.b.']], path.slice(0, -7));
    assert.equal(told.status, 200, told.body);
    assert.equal(target.seen[0]?.url, '/fhir/Patient?a=1&b=%20');
    assert.equal(target.seen[0].headers.authorization, 'Bearer a.b.');
  });

  const refused: readonly [string, readonly [string, string][], number, string, RegExp][] = [
    ['no organisation', [], 400, 'MISSING_VALUE', /X-Organisation, and found nothing/],
    ['two of them', [to('Y90001'), to('Y90002')], 400, 'INVALID_VALUE', /there are several/],
    ['no ODS code', [to('<b>')], 400, 'INVALID_VALUE', /Expected the ODS code/],
    ['an unknown one', [to('ZZZ99')], 404, 'ORGANISATION_NOT_FOUND', /code ZZZ99/],
    ['one without it', [to('Y90002')], 404, 'NO_ACCREDITED_SYSTEM', /of Y90002 for urn/],
    [
      'another party key',
      [to('Y90001'), ['X-Party-Key', 'Y90001-0000009']],
      404,
      'NO_ACCREDITED_SYSTEM',
      /found only those of Y90001-0000001/,
    ],
    ['one without endpoint', [to('Y90999')], 404, 'NO_ENDPOINT', /party key Y90999-0000001/],
  ];
  for (const [what, headers, status, code, detail] of refused)
    it(`refuses a call to ${what}, and says what was expected and found`, async () => {
      const ground = await start();
      const answer = await get(ground, headers);
      const told = refusal(answer);
      assert.equal(answer.status, status, answer.body);
      assert.equal(told.code, code);
      assert.match(told.detail ?? '', detail);
      assert.doesNotMatch(answer.body, /<b>/);
      assert.equal(target.seen.length, 0);
    });

  it('must be the only one, unless the call says which', async () => {
    directory.addSystem('200000000999', 'Y90001', 'Y90001-0000002');
    directory.addEndpoint('Y90001-0000002', `${target.url}/second`);
    const ground = await start();
    const answer = await get(ground);
    assert.equal(answer.status, 409);
    assert.match(refusal(answer).detail ?? '', /Y90001-0000001, Y90001-0000002; say which/);
    const second: [string, string] = ['X-Party-Key', 'Y90001-0000002'];
    assert.equal((await get(ground, [to('Y90001'), second])).status, 200);
    assert.equal(target.seen[0]?.url, '/second/Patient/1');
    assert.equal(target.seen[0].headers['ssp-to'], '200000000999');
    directory.addEndpoint('Y90001-0000002', `${target.url}/third`);
    directory.change();
    const two = await get(ground, [to('Y90001'), second]);
    assert.equal(refusal(two).code, 'AMBIGUOUS_ENDPOINT');
  });

  it('is called by nobody without an ASID, unless the definition has one', async () => {
    const ground = await start({ caller: {} });
    const answer = await get(ground);
    assert.equal(answer.status, 403);
    assert.equal(refusal(answer).code, 'NO_ASID');
    const lent = await start({ caller: {}, backend: { ...byHeader, sender: '200000000111' } });
    assert.equal((await get(lent)).status, 200);
    assert.equal(target.seen[0]?.headers['ssp-from'], '200000000111');
  });

  it('is looked up once in fifteen minutes, anew for no-cache, and anew after any change', async () => {
    let now = 1_000_000;
    const ground = await start({ now: () => now });
    const ask = (...more: [string, string][]) => get(ground, [to('Y90001'), ...more]);
    await ask();
    await ask();
    assert.equal(directory.asked, 1);
    now += 15 * 60_000;
    await ask();
    assert.equal(directory.asked, 2, 'after fifteen minutes');
    await ask(['Cache-Control', 'max-age=1, No-Cache']);
    assert.equal(directory.asked, 3, 'no-cache');
    await ask();
    assert.equal(directory.asked, 3, 'what no-cache brought is kept');
    const other = await startProvider();
    directory.endpoints = [];
    directory.addEndpoint('Y90001-0000001', `${other.url}/moved`);
    await ask();
    assert.equal(other.seen.length, 0, 'nobody has said that anything changed');
    directory.change();
    await ask();
    assert.equal(other.seen[0]?.url, '/moved/Patient/1');
    other.close();
  });

  it('keeps no answer that was on its way when the directory changed', async () => {
    const ground = await start();
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const asking = directory.systems.bind(directory);
    directory.systems = async (query, limit) => {
      const found = await asking(query, limit);
      await held;
      return found;
    };
    const first = ground.routing.route(
      { organisation: 'Y90001', interaction },
      { view: '', kept: 900, fresh: false },
    );
    directory.change();
    go();
    await first;
    assert.equal((await get(ground)).status, 200);
    assert.equal(directory.asked, 2);
  });

  it('is the one of the view that the call is in', async () => {
    const own = new SmallDirectory();
    directory.views.set('my-workspace', own);
    const ground = await start({ workspace: 'my-workspace' });
    assert.equal(refusal(await get(ground)).code, 'ORGANISATION_NOT_FOUND');
    const base = await start();
    assert.equal((await get(base)).status, 200);
  });

  const forbidden: readonly [string, 'sandbox' | 'uat', RegExp][] = [
    ['http://169.254.169.254/latest', 'sandbox', /this machine only/],
    ['https://provider.example/fhir', 'sandbox', /this machine only/],
    ['http://127.0.0.1:1/fhir', 'uat', /may not be a back end/],
    ['https://[fd00::1]/fhir', 'uat', /neither public nor in a listed/],
    ['http://93.184.216.34/fhir', 'uat', /must begin with https/],
    ['https://user:hush@127.0.0.1/', 'sandbox', /no user name/],
    ['https://127.0.0.1/?a', 'sandbox', /query or fragment/],
    ['ldap://127.0.0.1/', 'sandbox', /http or https/],
    ['file:///etc/passwd', 'sandbox', /http or https/],
    ['nothing', 'sandbox', /http or https/],
  ];
  for (const [address, environment, why] of forbidden)
    it(`is not called at ${address} from ${environment}, whatever the directory says`, async () => {
      directory.endpoints = [];
      directory.addEndpoint('Y90001-0000001', address);
      const answer = await get(await start({ environment }));
      assert.equal(answer.status, 502, answer.body);
      assert.equal(refusal(answer).code, 'ENDPOINT_REFUSED');
      assert.match(refusal(answer).detail ?? '', why);
      assert.doesNotMatch(answer.body, /hush/);
    });

  it('is not called where its name leads to, when that is a forbidden place', async () => {
    directory.endpoints = [];
    directory.addEndpoint('Y90001-0000001', 'https://localhost.localdomain.invalid/fhir');
    const services = { targets: { allowLocal: false, networks: [] } };
    const answer = await get(await start({ environment: 'uat', services }));
    assert.equal(answer.status, 502, answer.body);
  });

  it('is told as out of reach or late as any back end is', async () => {
    const ground = await start({ backend: { ...byHeader, timeout: 300 } });
    directory.endpoints = [];
    directory.addEndpoint('Y90001-0000001', 'http://127.0.0.1:1');
    assert.equal((await get(ground)).status, 502);
    const slow = await startProvider(() => undefined);
    directory.endpoints = [];
    directory.addEndpoint('Y90001-0000001', slow.url);
    directory.change();
    assert.equal((await get(ground)).status, 504);
    slow.close();
  });

  it('keeps connections to so many targets, and lets calls on the others end', async () => {
    const held: (() => void)[] = [];
    const slow = await startProvider((_request, response) => {
      held.push(() => response.end('late'));
    });
    directory.addSystem('200000000902', 'Y90002', 'Y90002-0000001');
    directory.addEndpoint('Y90002-0000001', `${slow.url}/fhir`);
    const ground = await start({ backend: { ...byHeader, targets: 1 } });
    const late = get(ground, [to('Y90002')]);
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await get(ground)).status, 200, 'which takes its place');
    held[0]?.();
    assert.equal((await late).body, 'late');
    while ((await slow.connections()) > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await get(ground)).status, 200);
    slow.close();
  });
});

const why = whyNoOpenssl();
describe(`a provider that asks for a certificate${why === undefined ? '' : ` (${why})`}`, function () {
  if (why !== undefined) return;
  this.timeout(60_000);
  const name = 'y90001.practice.test.thirdparty.nhs.uk';
  let ca: OpensslCa;
  let target: Provider;
  let directory: SmallDirectory;
  let services: Pick<BackendServices, 'clientCertificate'>;
  let shown: { identity?: string; authorities?: string } | undefined;

  before(async () => {
    ca = new OpensslCa('Routing');
    target = await startTlsProvider(ca, name);
    const { certificate, key } = ca.client('gateway.test.thirdparty.nhs.uk');
    shown = { identity: certificate + ca.issuing + key, authorities: ca.authorities.join('') };
    services = { clientCertificate: () => shown };
  });
  after(() => {
    target.close();
    ca.end();
  });
  beforeEach(() => {
    directory = smallDirectory(`${target.url}/fhir`, name);
  });

  async function once(options: Partial<DirectoryGroundOptions> = {}): Promise<RawAnswer> {
    const ground = await startDirectoryGround({
      ...{ backend: byHeader, directory, services, caller: { asid: consumer } },
      ...options,
    });
    const answer = await sendRaw(ground.port, { path: '/api/Patient/1', headers: [to('Y90001')] });
    await ground.close();
    return answer;
  }

  it('sees the one of the platform, and must bear the name that the directory has', async () => {
    const before = target.seen.length;
    const answer = await once();
    assert.equal(answer.status, 200, answer.body);
    assert.equal(target.shown.at(-1), 'gateway.test.thirdparty.nhs.uk');
    assert.equal(target.seen.at(-1)?.headers['ssp-to'], provider);
    directory = smallDirectory(`${target.url}/fhir`, `https://${name}/path`);
    assert.equal((await once()).status, 200, 'the name as some write it');
    for (const other of ['other.practice.test.thirdparty.nhs.uk', '']) {
      directory = smallDirectory(`${target.url}/fhir`, other);
      const refused = await once();
      assert.equal(refused.status, 502, 'a certificate of another name');
    }
    assert.equal(target.seen.length, before + 2);
  });

  it('is not called without one, nor when its own is of an authority nobody knows', async () => {
    const before = target.seen.length;
    const kept = shown;
    shown = undefined;
    assert.equal((await once()).status, 502, 'an authority nobody knows');
    shown = { authorities: ca.authorities.join('') };
    assert.equal((await once()).status, 502, 'no certificate to show');
    shown = { ...kept, identity: 'hush' };
    const unfit = await once();
    assert.equal(unfit.status, 503);
    assert.doesNotMatch(unfit.body, /hush/);
    shown = kept;
    assert.equal(target.seen.length, before);
  });
});
