import assert from 'node:assert/strict';
import { paths } from './options.ts';
import {
  actionOf,
  answerPage,
  authorizeUrl,
  backWith,
  claimsFor,
  get,
  post,
  redirectUri,
  startRig,
  type Rig,
} from './rig.test.ts';

describe('the authorization endpoint of the simulated CIS2', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-cis2')));
  after(() => rig.stop());

  it('shows one form with one mandatory field, no password and no script', async () => {
    const response = await get(authorizeUrl(rig));
    assert.equal(response.status, 200);
    const text = await response.text();
    const form = /<form id="kc-form-login"[\s\S]*?<\/form>/.exec(text)?.[0] ?? '';
    assert.equal(form.match(/\brequired\b/g)?.length, 1);
    assert.match(form, /name="username"/);
    assert.doesNotMatch(text, /type="password"|<script/);
    assert.match(text, /class="banner"[^>]*>Simulated sign-in: nobody is authenticated here/);
    assert.match(response.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
  });

  it('has nothing inside the form but the user name, as the national test library expects', async () => {
    const text = await (await get(authorizeUrl(rig))).text();
    const form = /<form id="kc-form-login"[\s\S]*?<\/form>/.exec(text)?.[0] ?? '';
    const inside = form.match(/<(?:input|select|textarea)\b[^>]*>/g) ?? [];
    assert.equal(inside.length, 1);
    assert.match(inside.join(), /name="username"\s+value=""/);
    const rehearsal = [...text.matchAll(/<[^>]*name="(\w+)"[^>]*form="kc-form-login"/g)];
    assert.deepEqual(
      rehearsal.map(([, name]) => name),
      ['level', 'roles', 'role', 'fault'],
    );
  });

  it('labels every field that one fills in', async () => {
    const text = await (await get(authorizeUrl(rig))).text();
    const labelled = new Set([...text.matchAll(/<label for="([^"]+)"/g)].map(([, id]) => id));
    const fields = [...text.matchAll(/<(?:input|select)\b[^>]*>/g)].map(([field]) => field);
    for (const field of fields.filter((each) => !each.includes('type="hidden"')))
      assert.ok(labelled.has(/\bid="([^"]+)"/.exec(field)?.[1]), field);
  });

  it('lets a scripted client in with the user name alone and no cookie', async () => {
    const back = backWith(await answerPage(rig, {}, { username: '656005750107' }));
    assert.match(back.get('code') ?? '', /^[\w-]{43}$/);
    assert.equal(back.get('state'), 'a state & more');
    assert.equal(back.get('iss'), rig.issuer);
    assert.equal(back.get('tenant'), '1');
  });

  it('takes the request as a form as well, and without state and nonce as the national mock does', async () => {
    const { searchParams } = new URL(authorizeUrl(rig, { state: undefined, nonce: undefined }));
    const page = await post(rig.issuer + paths.authorize, Object.fromEntries(searchParams));
    const back = backWith(await post(actionOf(await page.text()), { username: '656005750107' }));
    assert.ok(back.has('code'));
    assert.equal(back.has('state'), false);
  });

  it('answers at once when the address names the person', async () => {
    const back = backWith(await get(authorizeUrl(rig, { login_hint: '656005750107' })));
    assert.ok(back.has('code'));
    const unknown = await get(authorizeUrl(rig, { login_hint: '<nobody>' }));
    assert.equal(unknown.status, 400);
    assert.match(await unknown.text(), /value="&lt;nobody&gt;"/);
  });

  it('returns a long state with markup and line breaks exactly, and shows it nowhere', async () => {
    const state = `"'><script>\r\nSet-Cookie: a=b ü ${'x'.repeat(4000)}`;
    const page = await get(authorizeUrl(rig, { state }));
    const text = await page.text();
    assert.doesNotMatch(text, /Set-Cookie/);
    const back = backWith(await post(actionOf(text), { username: '656005750107' }));
    assert.equal(back.get('state'), state);
  });

  it('lists the people with roles and level, and finds them without script', async () => {
    const text = await (await get(authorizeUrl(rig))).text();
    assert.match(text, /12 of 12 people/);
    assert.match(text, /S0010:G0020:R0260/);
    assert.match(text, /AAL2/);
    const secret = new URL(actionOf(text)).searchParams.get('session') ?? '';
    const search = (words: string) =>
      get(
        `${rig.issuer}${paths.answer}?${new URLSearchParams({ session: secret, search: words }).toString()}`,
      );
    const found = await (await search('manager y90950')).text();
    assert.match(found, /2 of 12 people/);
    assert.match(found, /999000000104/);
    assert.doesNotMatch(found, /656005750107/);
    const odd = await (await search('"><script>')).text();
    assert.match(odd, /0 of 12 people/);
    assert.match(odd, /value="&quot;&gt;&lt;script&gt;"/);
    assert.equal((await post(actionOf(found), { username: '656005750107' })).status, 302);
  });

  it('shows the page again for a wrong answer, which uses nothing up', async () => {
    const page = await get(authorizeUrl(rig));
    const action = actionOf(await page.text());
    for (const fields of [
      { username: 'nobody<b>' },
      { username: '' },
      { username: '656005750107', level: 'AAL9' },
      { username: '656005750107', roles: 'hundreds' },
      { username: '656005750107', fault: 'consent-refused' },
      { username: '656005750107', role: '1' },
    ]) {
      const again = await post(action, fields);
      assert.equal(again.status, 400);
      const text = await again.text();
      assert.match(text, /role="alert"/);
      assert.doesNotMatch(text, /<b>/);
    }
    assert.equal((await post(action, { username: '656005750107' })).status, 302);
  });

  it('takes an answer once, also when twenty come at the same moment', async () => {
    const action = actionOf(await (await get(authorizeUrl(rig))).text());
    const all = await Promise.all(
      Array.from({ length: 20 }, () => post(action, { username: '656005750107' })),
    );
    assert.equal(all.filter(({ status }) => status === 302).length, 1);
    assert.equal(all.filter(({ status }) => status === 400).length, 19);
    assert.equal((await post(action, { username: '656005750107' })).status, 400);
  });

  it('takes no answer after ten minutes', async () => {
    const action = actionOf(await (await get(authorizeUrl(rig))).text());
    rig.clock.time += 600_001;
    const late = await post(action, { username: '656005750107' });
    assert.equal(late.status, 400);
    assert.equal(late.headers.get('location'), null);
  });

  it('sends nobody anywhere when application or address is not known', async () => {
    for (const changes of [
      { client_id: undefined },
      { client_id: 'app-<script>' },
      { client_id: '__proto__' },
      { redirect_uri: undefined },
      ...[
        redirectUri.replace('tenant', 'Tenant'),
        `${redirectUri}&more=1`,
        `${redirectUri}#fragment`,
        'https://app.example/callback',
        'https://app.example/callback/../callback?tenant=1',
        'https://APP.example/callback?tenant=1',
        'https://app.example:443/callback?tenant=1',
        'https://app.example@evil.example/callback?tenant=1',
        'https://app.example.evil.example/callback?tenant=1',
        'https://app.example/callback%3Ftenant=1',
        'https:\\\\app.example/callback?tenant=1',
        '//evil.example',
        'javascript:alert(1)',
        'data:text/html,<script>',
        'https://other.example/callback',
        `${redirectUri}\r\nSet-Cookie: a=b`,
        'https://аpp.example/callback?tenant=1',
      ].map((uri) => ({ redirect_uri: uri })),
    ]) {
      const response = await get(authorizeUrl(rig, changes));
      assert.equal(response.status, 400);
      assert.equal(response.headers.get('location'), null);
      const text = await response.text();
      assert.doesNotMatch(text, /<script/);
      assert.match(text, /role="alert"/);
    }
  });

  it('refuses a parameter that is sent twice, on a page', async () => {
    for (const more of ['client_id=app-1', `redirect_uri=${encodeURIComponent(redirectUri)}`]) {
      const response = await get(`${authorizeUrl(rig)}&${more}`);
      assert.equal(response.status, 400);
      assert.match(await response.text(), /must not be sent more than once/);
    }
  });

  it('tells the application what else is wrong with its request', async () => {
    const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
    for (const [changes, error] of [
      [{ response_type: undefined }, 'invalid_request'],
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ response_mode: 'form_post' }, 'invalid_request'],
      [{ request: 'ey' }, 'request_not_supported'],
      [{ request_uri: 'https://app.example/r' }, 'request_uri_not_supported'],
      [{ scope: undefined }, 'invalid_scope'],
      [{ scope: 'profile' }, 'invalid_scope'],
      [{ prompt: 'everything' }, 'invalid_request'],
      [{ prompt: 'none login' }, 'invalid_request'],
      [{ max_age: '-1' }, 'invalid_request'],
      [{ acr_values: 'AAL9' }, 'invalid_request'],
      [{ code_challenge: challenge }, 'invalid_request'],
      [{ code_challenge: challenge, code_challenge_method: 'plain' }, 'invalid_request'],
      [{ code_challenge: challenge.slice(1), code_challenge_method: 'S256' }, 'invalid_request'],
      [{ code_challenge_method: 'S256' }, 'invalid_request'],
    ] as const) {
      const back = backWith(await get(authorizeUrl(rig, changes)));
      assert.deepEqual([back.get('error'), back.get('state')], [error, 'a state & more']);
    }
  });

  it('answers without a page only for a browser that is signed in', async () => {
    const silent = { prompt: 'none', scope: 'openid selectedrole' };
    assert.equal(backWith(await get(authorizeUrl(rig, silent))).get('error'), 'login_required');
    const first = await answerPage(rig, {}, { username: '656005750107', level: 'AAL3' });
    const cookie = (first.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
    assert.match(first.headers.get('set-cookie') ?? '', /HttpOnly; SameSite=Lax/);
    const ask = async (changes: Record<string, string>) =>
      backWith(await get(authorizeUrl(rig, { ...silent, ...changes }), { cookie }));
    assert.ok((await ask({})).has('code'));
    rig.clock.time += 120_000;
    assert.ok((await ask({ max_age: '121' })).has('code'));
    assert.equal((await ask({ max_age: '119' })).get('error'), 'login_required');
    assert.equal((await ask({ acr_values: 'AAL2_ANY' })).get('error'), 'login_required');
  });
});

describe('the answer at the simulated CIS2', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-cis2')));
  after(() => rig.stop());
  const roles = { scope: 'openid nationalrbacaccess selectedrole' };

  it('asks for the role when there are several, and binds the token to it', async () => {
    const page = await answerPage(rig, roles, { username: '999000000103' });
    assert.equal(page.status, 200);
    const action = actionOf(await page.text(), 'kc-form-role');
    const wrong = await post(action, { role: '555254240108' });
    assert.equal(wrong.status, 400);
    const back = backWith(await post(action, { role: '555254241032' }));
    assert.ok(back.has('code'));
    const chosen = { username: '999000000103', role: '555254241033' };
    assert.equal((await claimsFor(rig, roles, chosen)).selected_roleid, '555254241033');
  });

  it('takes the only role by itself, and none where there is none', async () => {
    const one = await claimsFor(rig, roles, { username: '656005750107' });
    assert.equal(one.selected_roleid, '555254240107');
    const none = await claimsFor(rig, roles, { username: '656005750105' });
    assert.equal('selected_roleid' in none, false);
    const unasked = await claimsFor(rig, {}, { username: '656005750107' });
    assert.equal('selected_roleid' in unasked, false);
  });

  it('gives as many roles as are wished', async () => {
    const page = await answerPage(rig, roles, { username: '656005750105', roles: 'many' });
    assert.equal((await page.text()).match(/type="radio"/g)?.length, 2);
    const one = await claimsFor(rig, roles, { username: '999000000103', roles: 'one' });
    assert.equal(one.selected_roleid, '555254241031');
    const none = await claimsFor(rig, roles, { username: '999000000103', roles: 'none' });
    assert.equal('selected_roleid' in none, false);
  });

  it('lets one cancel on each page', async () => {
    const first = backWith(await answerPage(rig, {}, { username: '', cancel: 'yes' }));
    assert.equal(first.get('error'), 'access_denied');
    const page = await answerPage(rig, roles, { username: '999000000103' });
    const second = await post(actionOf(await page.text(), 'kc-form-role'), { cancel: 'yes' });
    assert.equal(backWith(second).get('error'), 'access_denied');
  });

  it('signs each person in at the own level when none is asked', async () => {
    for (const [username, level, acr] of [
      ['656005750107', '3', 'AAL3_ANY'],
      ['656005750109', '2', 'AAL2_ANY'],
      ['656005750110', '1', 'AAL1_USERPASS'],
    ] as const) {
      const claims = await claimsFor(rig, {}, { username });
      assert.deepEqual([claims.authentication_assurance_level, claims.acr], [level, acr]);
    }
  });

  it('meets what acr_values asks for, or denies', async () => {
    for (const [username, asked, found] of [
      ['656005750108', 'AAL3_ANY', ['3', ['N3_SMARTCARD']]],
      ['656005750108', 'AAL3_FIDO2', undefined],
      ['656005750108', 'AAL3_FIDO2 AAL3_SMARTCARD', ['3', ['N3_SMARTCARD']]],
      ['656005750108', 'AAL2_OR_AAL3_ANY', ['3', ['N3_SMARTCARD']]],
      ['656005750108', 'AAL2_ANY', ['2', ['TOTP']]],
      ['656005750109', 'AAL2_NHSMAIL', ['2', ['NHSMAIL']]],
      ['656005750109', 'AAL3_ANY', undefined],
      ['656005750110', 'AAL1_USERPASS', ['1', ['USERPASS']]],
      ['656005750110', 'AAL2_OR_AAL3_ANY', undefined],
    ] as const) {
      const answer = await answerPage(rig, { acr_values: asked }, { username });
      if (found === undefined) assert.equal(backWith(answer).get('error'), 'access_denied');
      else {
        const claims = await claimsFor(rig, { acr_values: asked }, { username });
        assert.deepEqual([claims.authentication_assurance_level, claims.amr], found);
        assert.ok(asked.split(' ').includes(String(claims.acr)));
      }
    }
  });

  it('takes the level that is chosen, and still holds it against what is asked', async () => {
    const raised = await claimsFor(rig, {}, { username: '656005750110', level: 'AAL3' });
    assert.equal(raised.authentication_assurance_level, '3');
    const lowered = await answerPage(
      rig,
      { acr_values: 'AAL3_ANY' },
      { username: '656005750107', level: 'AAL2' },
    );
    assert.equal(backWith(lowered).get('error'), 'access_denied');
  });
});

describe('the answer at the simulated NHS login', () => {
  let rig: Rig;
  before(async () => (rig = await startRig('nhs-login')));
  after(() => rig.stop());

  it('shows as vot what is asked for and met', async () => {
    for (const [username, vtr, vot] of [
      ['9912003071', undefined, 'P9.Cp.Cd'],
      ['9912003071', '["P5.Cp.Cd","P5.Cm"]', 'P5.Cp.Cd'],
      ['9912003071', '["P9.Cm","P9.Cp.Cd"]', 'P9.Cp.Cd'],
      ['9912003072', undefined, 'P5.Cp.Cd'],
      ['9912003073', '["P0.Cp"]', 'P0.Cp'],
    ] as const)
      assert.equal((await claimsFor(rig, { vtr }, { username })).vot, vot);
  });

  it('raises the level after a click where a person meets too little', async () => {
    const page = await answerPage(rig, { vtr: '["P9.Cp.Cd"]' }, { username: '9912003072' });
    assert.equal(page.status, 200);
    const text = await page.text();
    assert.match(text, /asks for P9\.Cp\.Cd; this person has P5\.Cp\.Cd/);
    const back = backWith(await post(actionOf(text, 'kc-form-step-up'), { stepup: 'yes' }));
    assert.ok(back.has('code'));
  });

  it('takes any vector that is chosen', async () => {
    const claims = await claimsFor(rig, {}, { username: '9912003071', level: 'P0.Cm' });
    assert.deepEqual(
      [claims.vot, claims.identity_proofing_level, claims.nhs_number],
      ['P0.Cm', 'P0', undefined],
    );
  });

  it('refuses a vtr that it cannot read, and two profiles at once', async () => {
    for (const vtr of ['P9', '[]', '["P7.Cp"]', '[1]', `["${'x'.repeat(600)}"]`])
      assert.equal(backWith(await get(authorizeUrl(rig, { vtr }))).get('error'), 'invalid_request');
    const scope = 'openid profile basic_demographics';
    assert.equal(backWith(await get(authorizeUrl(rig, { scope }))).get('error'), 'invalid_scope');
  });

  it('does not sign in somebody who is only acted for', async () => {
    const answer = await answerPage(rig, {}, { username: '9990000387' });
    assert.equal(answer.status, 400);
  });
});
