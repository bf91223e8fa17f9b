import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { accessRules } from '../server/auth/doctor-access-rules.ts';
import { assertionRules } from '../server/auth/client-assertion.ts';
import { rfcAssertionRules } from '../server/auth/rfc-assertion.ts';
import { subjectRules } from '../server/auth/subject-token.ts';
import { helpFor } from '../server/developer-api.ts';
import { assertionFaults, sendFaulty } from './assertion-faults.ts';
import { check, examine, findingOf } from './doctor-ground.ts';
import { root } from './start-platform.ts';
import {
  ask,
  assertionBy,
  assertionClaims,
  assertionOf,
  formOf,
  goodHeader,
  jws,
  postToken,
  redirectUri,
  startTokenGround,
  testKey,
  tokenIn,
  withAssertion,
  type Fields,
  type TokenGround,
} from './token-ground.ts';

describe('a refusal explained', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  before(async () => {
    ground = await startTokenGround();
  });
  after(() => ground.end());

  const lookUp = (id: string, environment = 'int') =>
    ask(`${ground.platform.url}/env/${environment}/developer/refusals/${id}`);

  describe('by the assertion doctor', () => {
    // what is wrong with the request, and not with its assertion, the doctor does not see
    const seen = assertionFaults.filter(
      ({ of }) => !['content type', 'grant', 'type', 'assertion'].includes(of),
    );
    /** These cannot be made good by another assertion. */
    const beyondRepair = ['client'];

    for (const fault of seen)
      it(`names ${fault.name} as the endpoint does, and what would be right`, async () => {
        const draft = {
          contentType: '',
          form: {},
          header: { ...goodHeader },
          claims: { ...assertionClaims(ground) },
          key: testKey(0),
          replayed: false,
          finish: (assertion: string) => assertion as string | undefined,
        };
        fault.apply(draft, ground);
        const assertion = jws(draft.header, draft.claims, draft.key);
        if (draft.replayed) tokenIn(await withAssertion(ground, assertion));
        const { verdict, corrected, findings } = await examine(ground, assertion);
        const [, error, description] = fault.refusal;
        const { rule, ...answer } = verdict.firstFailure ?? assert.fail('nothing was wrong');
        assert.deepEqual(answer, { error, description });
        const finding = findings.find((one) => one.rule === rule);
        assert.ok(finding?.expected !== undefined && finding.found !== undefined);
        assert.match(JSON.stringify(finding), /assertion-doctor\.md#/);
        if (beyondRepair.includes(fault.of)) return;
        const signed = jws(corrected?.header, corrected?.claims);
        tokenIn(await withAssertion(ground, signed));
      });

    it('N1 gives each of a corpus of broken assertions its own reason and what would have been right', async () => {
      const sandbox = { iss: 'demo-app-sandbox', sub: 'demo-app-sandbox' };
      const replayed = assertionOf(ground);
      tokenIn(await withAssertion(ground, replayed));
      const broken = {
        audience: assertionOf(ground, { aud: 'https://elsewhere.example' }),
        issuer: assertionOf(ground, { iss: 'nobody', sub: 'nobody' }),
        subject: assertionOf(ground, { sub: 'another' }),
        'key id': assertionOf(ground, {}, { kid: 'demo-9' }),
        algorithm: assertionOf(ground, {}, { alg: 'PS512' }),
        'a clock behind': assertionOf(ground, { exp: Math.floor(ground.clock.time / 1000) - 60 }),
        'a clock ahead': assertionOf(ground, { exp: Math.floor(ground.clock.time / 1000) + 900 }),
        reuse: replayed,
        'wrong environment': assertionOf(ground, sandbox),
        'key set unreachable': assertionBy(ground, 'demo-bad-key-set-int'),
        'no key': assertionBy(ground, 'demo-no-key-int'),
        signature: assertionOf(ground, {}, {}, testKey(4)),
        revoked: assertionBy(ground, 'demo-revoked-int'),
        malformed: 'a.b.c',
      };
      const reasons = new Set<string>();
      for (const [what, assertion] of Object.entries(broken)) {
        const report = await examine(ground, assertion);
        const { rule = '' } = report.verdict.firstFailure ?? {};
        const { expected, found, corrected } = findingOf(report, rule);
        assert.ok(expected !== undefined && found !== undefined && corrected, what);
        reasons.add(`${rule}: ${rule === 'client' ? found : ''}`);
      }
      assert.equal(reasons.size, Object.keys(broken).length);
    });

    it('lets all rules pass for a good assertion, and spends nothing', async () => {
      const assertion = assertionOf(ground);
      for (let i = 0; i < 2; i++) {
        const { verdict, findings } = await examine(ground, assertion);
        assert.ok(verdict.wouldPass);
        assert.ok(findings.every(({ result }) => result === 'pass'));
      }
      tokenIn(await withAssertion(ground, assertion));
      const { verdict } = await examine(ground, assertion);
      assert.equal(verdict.firstFailure?.rule, 'jti unused');
    });

    it('tells all that is wrong at once', async () => {
      const claims = { aud: 'x', jti: 5, exp: 12 };
      const { findings } = await examine(ground, assertionOf(ground, claims, { typ: 'x' }));
      assert.deepEqual(
        findings.filter(({ result }) => result === 'fail').map(({ rule }) => rule),
        ['exp not past', 'typ', 'jti text', 'aud'],
      );
    });

    it('shows our clock beside one that is ahead or behind', async () => {
      const now = Math.floor(ground.clock.time / 1000);
      const ahead = await examine(ground, assertionOf(ground, { iat: now + 90, exp: now + 390 }));
      assert.equal(ahead.verdict.firstFailure?.rule, 'exp near');
      const { seconds } = ahead.clock;
      assert.match(
        findingOf(ahead, 'exp near').expected ?? '',
        new RegExp(`our clock is ${seconds}`),
      );
      assert.match(ahead.notes.join(), /clock is 8\d s ahead of ours/);
      const behind = await examine(ground, assertionOf(ground, { iat: now - 900, exp: now - 600 }));
      assert.equal(behind.verdict.firstFailure?.rule, 'exp not past');
      assert.match(findingOf(behind, 'exp not past').expected ?? '', /our clock/);
      assert.match(behind.notes.join(), /90\d s ago.*your clock is behind ours/);
    });

    it('tells the right environment to whoever has the key, and to nobody else', async () => {
      const sandbox = { iss: 'demo-app-sandbox', sub: 'demo-app-sandbox' };
      const ours = await examine(ground, assertionOf(ground, sandbox, {}, testKey(0)));
      const told = findingOf(ours, 'client');
      assert.equal(told.result, 'fail');
      assert.equal(told.found, 'a client id of environment sandbox');
      assert.ok(told.corrected?.includes(`${ground.platform.url}/oauth2/token`));
      for (const [claims, header, key] of [
        [sandbox, {}, testKey(4)],
        [sandbox, { kid: 'other' }, testKey(4)],
        [{ iss: 'nobody', sub: 'nobody' }, {}, testKey(0)],
      ] as const) {
        const theirs = await examine(ground, assertionOf(ground, claims, header, key));
        assert.equal(findingOf(theirs, 'client').found, claims.iss);
        assert.doesNotMatch(JSON.stringify(theirs.findings), /environment sandbox|Demo/);
      }
    });

    it('tells neither name nor state nor scopes of an app without its key', async () => {
      for (const id of ['demo-revoked-int', 'demo-unapproved-int', 'demo-app-int']) {
        const by = { iss: id, sub: id };
        const report = await examine(ground, assertionOf(ground, by, {}, testKey(4)));
        assert.equal(report.verdict.firstFailure?.rule, 'signature');
        assert.doesNotMatch(JSON.stringify(report), /Demo:|"revoked"|urn:nhsd/);
        assert.equal(findingOf(report, 'app approved').result, 'not checked');
      }
      const own = await examine(ground, assertionBy(ground, 'demo-revoked-int'));
      assert.equal(findingOf(own, 'app approved').found, 'revoked');
      assert.equal(findingOf(own, 'client').found, 'Demo: demo-revoked');
    });

    it('knows the key that has signed, whatever the header says', async () => {
      const wrongKid = await examine(
        ground,
        assertionOf(
          ground,
          { iss: 'demo-two-keys-int', sub: 'demo-two-keys-int' },
          { kid: 'demo-7' },
          testKey(1),
        ),
      );
      assert.match(findingOf(wrongKid, 'kid found').found ?? '', /registered key demo-2/);
      assert.equal(wrongKid.corrected?.header.kid, 'demo-2');
      const claims = assertionClaims(ground);
      const weaker = await examine(
        ground,
        jws({ ...goodHeader, alg: 'RS256' }, claims, testKey(0), 'sha256'),
      );
      assert.match(findingOf(weaker, 'signature').found ?? '', /demo-1, made with RS256/);
    });

    it('says what an audience is that is not accepted', async () => {
      const { url } = ground.platform;
      for (const [aud, note] of [
        [`${url}/oauth2/token`, /environment sandbox, face \/oauth2;/],
        [`${ground.face.replace('http://', '')}/token`, /scheme/],
        [`${ground.face}/token/`, /slash/],
      ] as const) {
        const report = await examine(ground, assertionOf(ground, { aud }));
        assert.equal(report.verdict.firstFailure?.rule, 'aud');
        assert.match(report.notes.join(), note);
        assert.equal(findingOf(report, 'aud').corrected, `${ground.face}/token`);
      }
      const mock = assertionOf(ground, { aud: `${ground.face}-mock/token` });
      assert.equal((await examine(ground, mock)).face, '/oauth2-mock');
      assert.ok((await examine(ground, mock)).verdict.wouldPass);
      const there = await examine(ground, mock, { face: '/oauth2' });
      assert.match(there.notes.join(), /face \/oauth2-mock/);
    });

    it('judges for the environment that is named, else for that of the address', async () => {
      const assertion = assertionOf(ground);
      assert.equal((await examine(ground, assertion, {}, 'sandbox')).environment, 'sandbox');
      const named = await examine(ground, assertion, { environment: 'int' }, 'sandbox');
      assert.ok(named.verdict.wouldPass);
      assert.equal((await examine(ground, assertion, {}, 'prod')).environment, 'production');
      assert.equal((await check(ground, { token: 'x', environment: 'mars' })).status, 400);
    });

    it('judges an assertion for SMART by the rules of that face', async () => {
      const smart = `${ground.platform.url}/env/int/smart`;
      const header = { ...goodHeader, alg: 'RS384' };
      const claims = (changes: object) =>
        assertionClaims(ground, { aud: `${smart}/token`, ...changes });
      const good = await examine(ground, jws(header, claims({}), testKey(0), 'sha384'));
      assert.equal(good.face, '/smart');
      assert.ok(good.verdict.wouldPass, JSON.stringify(good.findings));
      const bad = await examine(ground, jws(goodHeader, claims({ exp: 5 }), testKey(0)));
      assert.equal(bad.verdict.firstFailure?.error, 'invalid_client');
      const { header: righted, claims: rightClaims } = bad.corrected ?? assert.fail();
      const answer = await ask(`${smart}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: formOf({
          ...{ grant_type: 'client_credentials', scope: 'system/Patient.rs' },
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: jws(righted, rightClaims, testKey(0), 'sha384'),
        }),
      });
      assert.equal(answer.status, 200, answer.text);
      const refused = await ask(`${smart}/token`, { method: 'POST', body: 'x' });
      const told = await lookUp(refused.headers.get('x-message-id') ?? '');
      assert.match(told.json.where, / of \/smart$/);
      const sandbox = { iss: 'demo-app-sandbox', sub: 'demo-app-sandbox' };
      for (const [key, found] of [
        [testKey(0), 'a client id of environment sandbox'],
        [testKey(4), 'demo-app-sandbox'],
      ] as const) {
        const wrong = await examine(ground, jws(header, claims(sandbox), key, 'sha384'));
        assert.equal(findingOf(wrong, 'client').found, found);
      }
      const revoked = { iss: 'demo-revoked-int', sub: 'demo-revoked-int' };
      for (const [key, rule] of [
        [testKey(0), 'app approved'],
        [testKey(4), 'signature'],
      ] as const) {
        const report = await examine(ground, jws(header, claims(revoked), key, 'sha384'));
        assert.equal(report.verdict.firstFailure?.rule, rule);
      }
    });

    it('judges an administrator’s assertion by the rules of management', async () => {
      const file = join(ground.dataDir, 'administrator.json');
      const { clientId, privateKey, kid, tokenUrl } = JSON.parse(readFileSync(file, 'utf8'));
      const by = { iss: clientId, sub: clientId, aud: tokenUrl };
      const good = assertionOf(ground, by, { kid }, privateKey);
      const report = await examine(ground, good, {}, 'sandbox');
      assert.equal(report.face, '/management');
      assert.ok(report.verdict.wouldPass, JSON.stringify(report.findings));
      const bad = assertionOf(ground, { ...by, exp: 5 }, { kid: 'x' }, privateKey);
      const refused = await examine(ground, bad, {}, 'sandbox');
      assert.equal(refused.verdict.firstFailure?.error, 'invalid_client');
      assert.equal(refused.corrected?.header.kid, kid);
      const again = jws(refused.corrected?.header, refused.corrected?.claims, privateKey);
      assert.ok((await examine(ground, again, {}, 'sandbox')).verdict.wouldPass);
      assert.equal((await check(ground, { token: good, face: '/management' })).status, 400);
    });
  });

  describe('by its message_id', () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const post = (path: string, fields: Fields) => () =>
      ask(ground.face + path, { method: 'POST', headers: form, body: formOf(fields) });
    const authorize = (fields: Fields) => () => ask(`${ground.face}/authorize?${formOf(fields)}`);
    const byCode = { grant_type: 'authorization_code', client_id: 'demo-app-int' };
    const proven = () => ({ ...byCode, client_secret: ground.secret });
    const bearer = (token: string) => () =>
      ask(`${ground.face}/userinfo`, { headers: { authorization: `Bearer ${token}` } });

    const cases: readonly (readonly [string, () => ReturnType<typeof ask>, string])[] = [
      [
        'another content type',
        () => postToken(ground, '{}', { 'content-type': 'text/plain' }),
        'content type',
      ],
      ['a field sent twice', () => postToken(ground, 'a=1&a=2'), 'form: twice'],
      ['no grant', post('/token', { client_id: 'x' }), 'grant_type'],
      ['an unknown grant', post('/token', { grant_type: 'password' }), 'grant_type'],
      ['a subject of no type', post('/token', { subject_token: 'x' }), 'subject_token_type'],
      [
        'no assertion type',
        post('/token', { grant_type: 'client_credentials' }),
        'client_assertion_type',
      ],
      ['a bad assertion', () => withAssertion(ground, 'x'), 'decodes'],
      [
        'a late assertion',
        () => withAssertion(ground, assertionOf(ground, { exp: 5 })),
        'exp not past',
      ],
      [
        'a revoked app',
        () => withAssertion(ground, assertionBy(ground, 'demo-revoked-int')),
        'app approved',
      ],
      [
        'an app without scopes',
        () => withAssertion(ground, assertionBy(ground, 'demo-unapproved-int')),
        'scopes left',
      ],
      ['no client id', post('/token', { grant_type: 'refresh_token' }), 'client_id there'],
      ['no secret', post('/token', byCode), 'client_secret there'],
      ['a wrong secret', post('/token', { ...byCode, client_secret: 'x' }), 'client_secret'],
      [
        'an unknown client',
        post('/token', { ...byCode, client_id: 'x', client_secret: 'x' }),
        'client_id',
      ],
      ['no redirect URI', () => post('/token', proven())(), 'redirect_uri there'],
      [
        'another redirect URI',
        () => post('/token', { ...proven(), redirect_uri: 'x' })(),
        'redirect_uri',
      ],
      ['no code', () => post('/token', { ...proven(), redirect_uri: redirectUri })(), 'code there'],
      [
        'a code that is none',
        () => post('/token', { ...proven(), redirect_uri: redirectUri, code: 'x' })(),
        'code of this client',
      ],
      [
        'a refresh token that is none',
        () => post('/token', { ...proven(), grant_type: 'refresh_token', refresh_token: 'x' })(),
        'refresh_token known',
      ],
      ['authorize without a client', authorize({}), 'client_id there'],
      ['authorize with an unknown client', authorize({ client_id: 'x' }), 'client_id'],
      [
        'authorize with another address',
        authorize({ client_id: 'demo-app-int', redirect_uri: 'x' }),
        'redirect_uri',
      ],
      ['a query that cannot be read', () => ask(`${ground.face}/authorize?%zz`), 'query: encoding'],
      [
        'a callback with a state of nobody',
        () => ask(`${ground.face}/callback?state=x&code=y`),
        'state known',
      ],
      ['userinfo without a token', () => ask(`${ground.face}/userinfo`), 'access token'],
      ['userinfo with a token that is none', bearer('x'), 'access token'],
      [
        'a logout token that is none',
        post('/backchannel_logout', { logout_token: 'x' }),
        'decodes',
      ],
      ['status without its key', () => ask(`${ground.face}/_status`), 'apikey'],
      ['a path that is not there', () => ask(`${ground.face}/nowhere`), 'path'],
      ['a body that is too long', () => postToken(ground, 'a='.padEnd(40_000, 'x')), 'request'],
    ];

    for (const [what, send, rule] of cases)
      it(`is found for ${what}`, async () => {
        const { status, json } = await send();
        assert.ok(status >= 400 && status < 500, String(status));
        const found = await lookUp(json.message_id);
        assert.equal(found.status, 200);
        const { message_id, error, error_description } = json;
        const told = found.json;
        assert.deepEqual(
          [told.message_id, told.status, told.error, told.error_description, told.environment],
          [message_id, status, error, error_description, 'uat'],
        );
        assert.equal(told.rule, rule);
        assert.match(told.where, / of \/oauth2$/);
        assert.equal(told.at, new Date(ground.clock.time).toISOString());
        assert.equal(found.headers.get('cache-control'), 'no-store');
        assertInGuide(rule);
      });

    it('is found for each fault of an assertion, and for an administrator’s', async () => {
      for (const fault of assertionFaults) {
        const { json } = await sendFaulty(ground, [fault]);
        const { json: told } = await lookUp(json.message_id, 'sandbox');
        assert.equal(told.error_description, fault.refusal[2]);
        assertInGuide(told.rule);
      }
      const url = `${ground.platform.url}/management/token`;
      const refused = await ask(url, {
        method: 'POST',
        headers: form,
        body: formOf({
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: 'x',
        }),
      });
      assert.equal((await lookUp(refused.json.message_id)).json.rule, 'decodes');
    });

    it('is 404 for ids that nobody was given, whatever they look like', async () => {
      for (const id of [
        crypto.randomUUID(),
        'x',
        '__proto__',
        '%2e%2e',
        '%00',
        'a'.repeat(5000),
        '<b>',
      ]) {
        const { status, text, headers } = await lookUp(id);
        assert.equal(status, 404, id);
        assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
        assert.ok(!text.includes('<b>'));
      }
    });
  });

  it('leaves nothing of a token in logs, audit, store or what is kept of refusals', async () => {
    const tokens = [
      assertionOf(ground, { marked: 'never-to-be-kept' }),
      assertionOf(ground, { marked: 'never-to-be-kept', exp: 5 }, {}, testKey(4)),
      tokenIn(await withAssertion(ground, assertionOf(ground))),
    ];
    const answers: string[] = [];
    for (const token of tokens) {
      for (const kind of ['client_assertion', 'id_token', 'access_token'])
        await check(ground, { token, kind });
      const refused = await withAssertion(ground, token);
      answers.push((await lookUp(refused.json.message_id ?? '')).text);
    }
    const kept = [ground.platform.logged(), ...answers, ...filesBelow(ground.dataDir)].join('\n');
    assert.ok(kept.includes('/developer') || kept.includes('developer'));
    assert.ok(!kept.includes('never-to-be-kept'));
    for (const token of tokens.slice(0, 2))
      for (const piece of token.split('.')) assert.ok(!kept.includes(piece), piece);
    assert.ok(!kept.includes(tokens[2]?.slice(16) ?? ''));
  });

  it('is explained in the guide, rule by rule', () => {
    for (const rules of [assertionRules, rfcAssertionRules, subjectRules, accessRules])
      for (const { name } of rules) assertInGuide(name);
    for (const name of ['scopes left', 'delegation in act.sub', 'limit']) assertInGuide(name);
  });
});

const guide = readFileSync(join(root, 'docs', 'guides', 'assertion-doctor.md'), 'utf8');
const anchors = new Set(
  [...guide.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    helpFor(heading.replaceAll('`', '')),
  ),
);

function assertInGuide(rule: string): void {
  assert.ok(anchors.has(helpFor(rule)), `the guide has no heading for the rule "${rule}"`);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => readFileSync(join(one.parentPath, one.name), 'latin1'));
}
