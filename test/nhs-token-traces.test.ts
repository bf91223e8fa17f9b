import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { defaultRecords } from '../fhir/synthetic/default-data.ts';
import type { AuditLine } from '../server/audit/line.ts';
import { searchAudit } from '../server/audit/search.ts';
import { allOf } from './audit-folder.ts';
import { call, root } from './start-platform.ts';
import {
  ask,
  assertionOf,
  assertionType,
  formOf,
  jws,
  startTokenGround,
  testKey,
  tokenIn,
  withAssertion,
  type TokenGround,
} from './token-ground.ts';
import {
  atCallback,
  backAtApp,
  codeFor,
  issuerOf,
  kidOf,
  redeem,
  refresh,
} from './sign-in-ground.ts';

const parent = '9990000352';
const child = '9990000387';

describe('what sign-ins and tokens leave behind', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
    const family = new Set([parent, child]);
    for (const value of defaultRecords(join(root, 'fixtures'))) {
      const { id } = value.patient;
      if (!family.delete(id)) continue;
      await ground.platform.store.open(patientCollection).put(id, value, { expected: 0 });
      if (family.size === 0) break;
    }
  });
  after(() => ground.end());

  const entries = (requestId: string): Promise<AuditLine[]> =>
    allOf(searchAudit(join(ground.dataDir, 'audit'), {})).then((all) =>
      all.filter((entry) => entry.requestId === requestId),
    );
  const read = async (token: string, nhsNumber: string) => {
    const id = crypto.randomUUID();
    const url = `${ground.platform.url}/env/int/personal-demographics/FHIR/R4/Patient/${nhsNumber}`;
    const headers = { authorization: `Bearer ${token}`, 'x-request-id': id };
    return { id, answer: await call(url, { headers }) };
  };

  it('shows a child’s record to the parent who acts for it, and the audit names the parent', async () => {
    const proxy = { provider: 'nhs-login', username: parent } as const;
    const token = tokenIn(await redeem(ground, await codeFor(ground, proxy)));
    const { id, answer } = await read(token, child);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.id, child);
    const [entry] = await entries(id);
    assert.ok(entry);
    assert.deepEqual(entry.people, [child]);
    assert.equal(entry.user, parent);
    assert.equal((await read(token, parent)).answer.status, 403, 'the token is about the child');
    const self = await codeFor(ground, { ...proxy, fields: { for: 'self' } });
    const own = tokenIn(await redeem(ground, self));
    const mine = await read(own, parent);
    assert.equal(mine.answer.status, 200);
    assert.equal((await entries(mine.id))[0]?.user, parent);
    assert.equal((await read(own, child)).answer.status, 403);
  });

  it('is an entry for each call of the endpoints, refusals included', async () => {
    const id = crypto.randomUUID();
    const headers = { 'x-request-id': id };
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    const token = `${ground.face}/token`;
    const body = formOf({
      ...{ grant_type: 'client_credentials', client_assertion_type: assertionType },
      client_assertion: assertionOf(ground),
    });
    await ask(token, { method: 'POST', headers: form, body });
    await ask(token, { method: 'POST', headers: form, body });
    await ask(`${ground.face}/authorize`, { headers });
    await ask(`${ground.face}/callback`, { headers });
    await ask(`${ground.face}/userinfo`, { headers });
    await ask(`${ground.face}/backchannel_logout`, { method: 'POST', headers });
    const found = await entries(id);
    assert.deepEqual(
      found.map(({ action, status, app, environment }) => [action, status, app, environment]),
      [
        ['POST /token', 200, 'demo', 'uat'],
        ['POST /token', 400, 'demo-app-int', 'uat'],
        ['GET /authorize', 401, '', 'uat'],
        ['GET /callback', 400, '', 'uat'],
        ['GET /userinfo', 401, '', 'uat'],
        ['POST /backchannel_logout', 400, '', 'uat'],
      ],
    );
    assert.ok((found[0]?.commit ?? 0) > 0, 'names the commit');
  });

  it('is nothing that could be used: no token, code, secret, assertion, state or cookie', async () => {
    const secrets = new Map<string, string>([['client secret', ground.secret]]);
    const keep = (name: string, value: unknown) => {
      assert.ok(typeof value === 'string' && value.length >= 20, name);
      secrets.set(name, value);
      // a JWT shows up in parts as well
      if (value.split('.').length === 3)
        secrets.set(`${name}, signature`, value.split('.')[2] ?? '');
      return value;
    };
    const assertion = keep('assertion', assertionOf(ground));
    keep('app token', tokenIn(await withAssertion(ground, assertion)));
    const { browser, callback } = await atCallback(ground, {
      asked: { state: 'state-of-the-app-0123456789' },
    });
    keep('provider’s code', new URL(callback).searchParams.get('code'));
    // Our state is theirs to give back, so the simulated provider keeps it; without the cookie it opens nothing.
    for (const [name, value] of browser.cookies) keep(`cookie ${name}`, value);
    const code = keep('code', backAtApp(await browser.get(callback)).get('code'));
    const { json } = await redeem(ground, code);
    const next = (await refresh(ground, keep('refresh token', json.refresh_token))).json;
    keep('access token', json.access_token);
    keep('next access token', next.access_token);
    keep('next refresh token', next.refresh_token);
    const idToken = keep(
      'id_token',
      jws(
        { alg: 'RS256', typ: 'JWT', kid: await kidOf(ground, 'nhs-cis2') },
        {
          ...{ iss: issuerOf(ground, 'nhs-cis2'), aud: 'demo-app-int', sub: '656005750108' },
          exp: Math.floor(ground.clock.time / 1000) + 300,
          ...{ tokenName: 'id_token', nonce: 'n', authentication_assurance_level: '3' },
        },
        testKey(4),
        'sha256',
      ),
    );
    const exchanged = await withAssertion(ground, keep('second assertion', assertionOf(ground)), {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      subject_token: idToken,
    });
    keep('exchanged token', tokenIn(exchanged));
    // and what is refused
    const wrong = keep('wrong secret', 'wrong-secret-0123456789-0123456789');
    await refresh(ground, keep('wrong refresh token', 'r'.repeat(43)), { client_secret: wrong });
    await redeem(ground, keep('wrong code', 'wrong-code-0123456789-0123456789-0123456789'));
    await redeem(ground, code);
    await withAssertion(ground, keep('forged assertion', assertionOf(ground, {}, {}, testKey(1))));
    const headers = { authorization: `Bearer ${keep('wrong token', 'w'.repeat(43))}` };
    await ask(`${ground.face}/userinfo`, { headers });

    const places = new Map<string, Buffer>([['log', Buffer.from(ground.platform.logged())]]);
    for (const entry of readdirSync(ground.dataDir, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) {
        const file = join(entry.parentPath, entry.name);
        places.set(file.slice(ground.dataDir.length), readFileSync(file));
      }
    // the one place of the client secret is the file that shows it to its owner
    places.delete('/demo/demo-int.secret');
    assert.ok([...places.keys()].some((file) => file.includes('audit')));
    assert.ok([...places.values()].some((bytes) => bytes.includes('auth.families')));
    const found = [...places].flatMap(([place, bytes]) =>
      [...secrets]
        .filter(([, secret]) => bytes.includes(secret))
        .map(([name]) => `${name} in ${place}`),
    );
    assert.deepEqual(found, []);
  });
});
