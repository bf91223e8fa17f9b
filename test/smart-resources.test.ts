/** The FHIR base judges tokens: which token opens it, for whom, and in which environment. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import {
  askAlone,
  assertionFor,
  fhir,
  isAlive,
  otherPatient,
  patient,
  startSmartGround,
  tokensFor,
  workerScopes,
  type SmartGround,
} from './smart-launch-ground.ts';
import { ask, assertionOf, tokenIn, withAssertion } from './token-ground.ts';
import { searchAudit } from '../server/audit/search.ts';

describe('SMART tokens at the FHIR base', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  let own: string;
  let worker: string;
  before(async () => {
    ground = await startSmartGround();
    own = (await tokensFor(ground)).access_token;
    worker = (await tokensFor(ground, { kind: 'nhs-cis2' }, { scope: workerScopes })).access_token;
  });
  after(() => ground.end());

  const read = (token?: string, headers = {}) =>
    fhir(ground, `/Patient/${patient}`, token, headers);

  it('asks for a token, and says how', async () => {
    const { status, headers, json } = await read();
    assert.equal(status, 401);
    assert.equal(headers.get('www-authenticate'), 'Bearer realm="smart"');
    assert.equal(json.resourceType, 'OperationOutcome');
  });

  it('takes a token from the Authorization field alone, whole and once (49)', async () => {
    assert.equal((await read(undefined, { authorization: `bearer ${own}` })).status, 200);
    const query = await ask(`${ground.fhir}/Patient/${patient}?access_token=${own}`);
    assert.equal(query.status, 401);
    for (const authorization of [
      `Bearer ${own} x`,
      `Bearer ${'A'.repeat(9000)}`,
      `Token ${own}`,
      'Bearer',
    ])
      assert.ok([400, 401, 431].includes((await read(undefined, { authorization })).status));
    const twice = await new Promise<number | undefined>((resolve, reject) => {
      const { port, hostname, pathname } = new URL(`${ground.fhir}/Patient/${patient}`);
      request(
        {
          port,
          hostname,
          path: pathname,
          headers: [
            'Host',
            'localhost',
            'Authorization',
            `Bearer ${own}`,
            'Authorization',
            `Bearer ${own}`,
          ],
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    assert.ok(twice === 400 || twice === 401);
  });

  it('refuses a token with a changed end, another case or more behind it (50)', async () => {
    const last = own.endsWith('A') ? 'B' : 'A';
    for (const token of [own.slice(0, -1) + last, own.toLowerCase(), `${own}A`, own.slice(0, -1)]) {
      const { status, headers } = await read(token);
      assert.equal(status, 401);
      assert.match(headers.get('www-authenticate') ?? '', /invalid_token/);
    }
  });

  it('refuses tokens of the NHS face here, and SMART tokens at the PDS API (51)', async () => {
    const nhs = tokenIn(await withAssertion(ground, assertionOf(ground)));
    assert.ok(!(await isAlive(ground, nhs)));
    const backend = (await askAlone(ground, assertionFor(ground))).json.access_token;
    for (const token of [own, worker, backend]) {
      const url = `${ground.platform.url}/env/int/personal-demographics/FHIR/R4/Patient/${patient}`;
      const headers = {
        authorization: `Bearer ${token}`,
        'x-request-id': '60e0b220-8136-4ca5-ae46-1d97ef59d068',
      };
      assert.equal((await ask(url, { headers })).status, 401);
    }
  });

  it('refuses a token of one environment in another (51)', async () => {
    const sandbox = `${ground.platform.url}/fhir/R4`;
    assert.equal(
      (await fhir({ ...ground, fhir: sandbox }, `/Patient/${patient}`, own)).status,
      401,
    );
    assert.equal(
      (await ask(`${ground.platform.url}/env/prod/fhir/R4/Patient/${patient}`)).status,
      404,
    );
  });

  it('keeps applications from what workers do, and patients too (52)', async () => {
    const backend = (await askAlone(ground, assertionFor(ground))).json.access_token;
    for (const token of [backend, own]) {
      const answer = await ask(`${ground.fhir}/Patient`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
        body: '{}',
      });
      assert.equal(answer.status, 403);
    }
    const search = '/Patient?family=Smith&birthdate=eq2010-10-22';
    assert.equal((await fhir(ground, search, own)).status, 403);
    assert.equal((await fhir(ground, search, worker)).status, 200);
    assert.equal((await fhir(ground, `/Coverage?patient=${otherPatient}`, worker)).status, 403);
  });

  it('lets a token’s end be its end', async () => {
    const { access_token: token } = await tokensFor(ground);
    ground.clock.time += 599_999;
    assert.ok(await isAlive(ground, token));
    ground.clock.time += 1;
    const { status, json } = await read(token);
    assert.equal(status, 401);
    assert.equal(json.issue[0].diagnostics, 'Access Token expired');
  });

  it('tells everybody of what it can do, without a token and unaudited', async () => {
    const { status, json } = await fhir(ground, '/metadata');
    assert.equal(status, 200);
    const [rest] = json.rest;
    assert.equal(rest.security.service[0].coding[0].code, 'SMART-on-FHIR');
    const uris = rest.security.extension[0].extension;
    assert.ok(uris.some((one: { valueUri: string }) => one.valueUri === `${ground.smart}/token`));
  });

  it('enters into the audit who saw whom, with the person behind the app', async () => {
    const { access_token: token } = await tokensFor(
      ground,
      { kind: 'nhs-cis2' },
      { scope: workerScopes },
    );
    assert.equal((await read(token)).status, 200);
    const lines = [];
    for await (const line of searchAudit(`${ground.dataDir}/audit`, { patient })) lines.push(line);
    const found = lines.filter((line) => JSON.stringify(line).includes('656005750108'));
    assert.ok(found.length > 0);
  });

  it('runs in the sandbox too, where a caller picks a workspace', async () => {
    const place = ground.platform.url;
    const sandbox = { ...ground, smart: `${place}/smart`, fhir: `${place}/fhir/R4` };
    const claims = { iss: 'demo-app-sandbox', sub: 'demo-app-sandbox' };
    const { json } = await askAlone(sandbox, assertionFor(sandbox, claims));
    const at = (workspace?: string) =>
      fhir(sandbox, `/Patient/${patient}`, json.access_token, {
        ...(workspace === undefined ? {} : { 'x-gatehouse-workspace': workspace }),
      });
    assert.equal((await at()).status, 200);
    assert.equal((await at('no-such-workspace')).status, 404);
    const made = await ask(`${place}/_sandbox/workspaces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'mine' }),
    });
    assert.equal(made.status, 201, made.text);
    assert.equal((await at(made.json.id)).status, 200);
  });

  it('writes no token, code or NHS number into the log', async () => {
    const tokens = await tokensFor(ground);
    await read(tokens.access_token);
    const logged = ground.platform.logged();
    for (const secret of [own, tokens.access_token, tokens.refresh_token, patient])
      assert.ok(!logged.includes(secret));
  });
});
