/**
 * Smartcard sign-on over real sockets, as a workstation's application and its server see it: card, PIN and role, the ticket,
 * the role assertion, the tokens that are built of it, and where they lead.
 */
import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { systemClock, type Clock } from '../core/clock.ts';
import { attributeOf, childElements, parseXml, usualXmlLimits } from '../core/xml.ts';
import { directoryView } from '../server/directory-views.ts';
import { randomKey } from '../server/key-files.ts';
import { ssoKeys } from '../server/sso-keys.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { checkCrossOrganisationToken } from '../spine/sso/check-token.ts';
import { liveSystem, type LiveSystem } from './live-system.ts';
import { callTls, type TlsAnswer } from './mutual-tls-ground.ts';
import { call, startTestPlatform, type Answer, type TestPlatform } from './start-platform.ts';

const general = '656005750108';
const clerk = '656005750104';
const clerkRole = '555254240104';
const provider = 'https://provider.example/fhir';

describe('sign-on with a smartcard', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let time: number;
  const asids = new Map<string, string>();
  before(async () => {
    time = Date.now();
    const clock: Clock = { ...systemClock, now: () => time };
    platform = await startTestPlatform({ clock });
    const directory = openDirectory(platform.store).in(directoryView('sandbox'));
    for (const odsCode of ['Y90001', 'Y90002']) {
      const [system] = await directory.systems({ odsCode }, 1);
      asids.set(odsCode, system?.asid ?? assert.fail(`no system at ${odsCode}`));
    }
  });
  after(() => platform.end());

  const asidOf = (odsCode: string) => asids.get(odsCode) ?? assert.fail();
  const at = (path: string) => platform.url + path;
  const signIn = (userId: string, more: Record<string, unknown> = {}): Promise<Answer> =>
    call(at('/identity-agent/ticket'), {
      method: 'POST',
      body: { workstation: 'desk-1', userId, pin: userId.slice(-4), ...more },
    });
  const ticketOf = async (userId: string, more: Record<string, unknown> = {}): Promise<string> => {
    const answer = await signIn(userId, more);
    assert.equal(answer.status, 201, answer.text);
    return answer.json.ticket;
  };
  const broker = (path: string, ticket: string, init: { method?: string; asid?: string } = {}) =>
    call(at(`/saml/${path}?token=${encodeURIComponent(ticket)}`), {
      method: init.method ?? 'GET',
      headers: { 'nhsd-asid': init.asid ?? asidOf('Y90001') },
    });
  const tokens = (body: unknown, odsCode = 'Y90001') =>
    call(at('/user-context/token'), {
      method: 'POST',
      headers: { 'nhsd-asid': asidOf(odsCode) },
      body,
    });
  const greet = (authorization: string) =>
    call(at('/hello-world/hello/clinician'), { headers: { authorization } });

  it('R156 signs a worker in with card and PIN, offline, and tells the level in the token', async () => {
    const ticket = await ticketOf(general);
    assert.match(ticket, /^AQIC5w[A-Za-z0-9+/]+=*@AAJTSQACMDE=#$/);
    const answer = await tokens({ ticket, audience: provider });
    assert.equal(answer.status, 200, answer.text);
    const [, payload = ''] = String(answer.json.access_token).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    assert.equal(claims.acr, 'aal3');
    assert.equal(claims.authentication_assurance_level, '3');
    assert.equal(claims.sub, general);
    assert.equal(claims.selected_roleid, '555254240108');
    assert.equal(claims.role_code, 'S0010:G0020:R0260');
    assert.deepEqual(claims.activity_codes, ['B0020']);
    assert.equal(claims.asid, asidOf('Y90001'));
    assert.equal(claims.exp - claims.iat, 600);
    assert.equal((await greet(`Bearer ${answer.json.access_token}`)).status, 200);
  });

  it('R157 refuses a worker in the wrong national role, and names the rule', async () => {
    const ticket = await ticketOf(clerk, { role: clerkRole });
    const asked = await tokens({ ticket, audience: provider }, 'Y90002');
    assert.equal(asked.status, 200, asked.text);
    const refused = await greet(`Bearer ${asked.json.access_token}`);
    assert.equal(refused.status, 403);
    assert.equal(refused.json.code, 'ROLE');
    for (const [need, rule] of [
      [{ roles: ['R8000', 'S0010:*:*'] }, 'role'],
      [{ activities: ['B0020'] }, 'activity'],
    ] as const) {
      const local = await tokens({ ticket, audience: provider, ...need }, 'Y90002');
      assert.equal(local.status, 403, local.text);
      assert.match(local.json.detail, new RegExp(`rule ${rule}: expected`));
    }
    const fine = await tokens({ ticket, audience: provider, roles: ['S8002:*:R8008'] }, 'Y90002');
    assert.equal(fine.status, 200, fine.text);
    const elsewhere = await tokens({ ticket, audience: provider });
    assert.equal(elsewhere.status, 403);
    assert.match(elsewhere.json.detail, /rule organisation: expected a role at Y90001/);
  });

  it('R158 builds the cross-organisation token of the session, as its validator takes it', async () => {
    const ticket = await ticketOf(general);
    for (const profile of ['spine', 'gp-connect'] as const) {
      const answer = await tokens({ ticket, audience: provider, profile });
      const text: string = answer.json.cross_organisation_token;
      assert.match(text, /\.$/, 'unsigned, as the older interfaces take it');
      const read = await checkCrossOrganisationToken(text, {
        ...{ now: time, expectedAudience: provider, access: 'read' },
        ...{ asid: asidOf('Y90001'), odsCode: 'Y90001' },
      });
      assert.equal(read.profile, profile);
      assert.equal(read.roleProfile, '555254240108');
      assert.equal(read.reason, 'directcare');
    }
    const writing = await tokens({ ticket, audience: provider, scopes: ['patient/*.write'] });
    const write = await checkCrossOrganisationToken(writing.json.cross_organisation_token, {
      ...{ now: time, expectedAudience: provider, access: 'write' },
    });
    assert.deepEqual(write.scopes, ['patient/*.write']);
  });

  it('gives a role assertion of SAML 1.1 for the ticket', async () => {
    const ticket = await ticketOf(general);
    const answer = await broker('RoleAssertion', ticket);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/xml/);
    const response = parseXml(answer.text, usualXmlLimits);
    const [status, assertion] = childElements(response);
    assert.equal(status?.name, 'Status');
    assert.ok(assertion);
    assert.equal(attributeOf(assertion, 'MinorVersion'), '1');
    const [conditions] = childElements(assertion);
    assert.ok(conditions);
    const [from, until] = ['NotBefore', 'NotOnOrAfter'].map((name) =>
      Date.parse(attributeOf(conditions, name) ?? ''),
    );
    assert.equal((until ?? 0) - (from ?? 0), 4 * 60_000);
    assert.match(answer.text, /uid=656005750108,ou=People,o=nhs/);
    // A client that leaves the plus signs of a ticket unencoded is understood.
    const plain = ticket.replaceAll('#', '%23').replaceAll('=', '%3D');
    const raw = await call(at(`/saml/RoleAssertion?token=${plain}`), {
      headers: { 'nhsd-asid': asidOf('Y90001') },
    });
    assert.equal(raw.status, 200, raw.text);
  });

  it('holds the ticket for the workstation until the card is taken out', async () => {
    const held = () => call(at('/identity-agent/ticket?workstation=desk-2'));
    assert.equal((await held()).status, 404);
    const ticket = await ticketOf(general, { workstation: 'desk-2' });
    assert.equal((await held()).json.ticket, ticket);
    const next = await ticketOf('656005750107', { workstation: 'desk-2' });
    assert.equal((await held()).json.ticket, next, 'whose card came last');
    assert.equal((await broker('RoleAssertion', ticket)).status, 403);
    const out = await call(at('/identity-agent/ticket?workstation=desk-2'), { method: 'DELETE' });
    assert.equal(out.status, 204);
    assert.equal((await held()).status, 404);
    assert.equal((await broker('RoleAssertion', next)).json.code, 'TICKET');
  });

  it('refuses the wrong PIN, no smartcard, a locked card and somebody else’s role', async () => {
    const cases: [string, Record<string, unknown>, number, string][] = [
      [general, { pin: '0000' }, 403, 'PIN'],
      ['656005750111', {}, 403, 'SMARTCARD'],
      ['999000000105', {}, 403, 'SMARTCARD'],
      ['000000000000', {}, 403, 'SMARTCARD'],
      [general, { role: clerkRole }, 403, 'ROLE'],
      [clerk, {}, 409, 'ROLE'],
      [general, { workstation: '<b>' }, 400, 'INVALID_VALUE'],
      [general, { other: 1 }, 400, 'INVALID_VALUE'],
    ];
    for (const [userId, more, status, code] of cases) {
      const answer = await signIn(userId, more);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.json.code, code);
      assert.doesNotMatch(answer.text, /<b>/);
    }
    const cards = await call(at('/identity-agent/cards'));
    assert.ok(cards.json.cards.some((one: { userId: string }) => one.userId === general));
  });

  it('takes no ticket that was changed, is of another environment or of a session that is over', async () => {
    const ticket = await ticketOf(general);
    const code = async (text: string) => (await broker('RoleAssertion', text)).json.code;
    for (const changed of [
      ticket.replace('AQIC5wA', 'AQIC5wB').replace(/^AQIC5w[^B]/, 'AQIC5wB'),
      ticket.slice(0, -1),
      `${ticket}#`,
      'AQIC5w@AAJTSQACMDE=#',
      '../../etc',
    ])
      assert.equal(await code(changed), 'TICKET', changed);
    const both = await call(at('/saml/RoleAssertion?token=a&token=b'), {
      headers: { 'nhsd-asid': asidOf('Y90001') },
    });
    assert.equal(both.status, 400);
    const elsewhere = await call(at('/env/int/identity-agent/ticket?workstation=desk-1'));
    assert.equal(elsewhere.status, 404);
    const { access_token: token } = (await tokens({ ticket, audience: provider })).json;
    assert.equal((await broker('Session', ticket)).json.active, true);
    time += 29 * 60_000;
    assert.equal((await broker('Session', ticket, { method: 'POST' })).status, 200);
    time += 29 * 60_000;
    assert.equal((await broker('Session', ticket)).status, 200, 'kept alive');
    assert.equal((await greet(`Bearer ${token}`)).status, 401, 'the token is over');
    time += 31 * 60_000;
    assert.equal((await broker('Session', ticket)).status, 403);
  });

  it('ends the access token with the session', async () => {
    const ticket = await ticketOf(general);
    const { access_token: token } = (await tokens({ ticket, audience: provider })).json;
    assert.equal((await greet(`Bearer ${token}`)).status, 200);
    assert.equal((await broker('Session', ticket, { method: 'DELETE' })).status, 204);
    const answer = await greet(`Bearer ${token}`);
    assert.equal(answer.status, 401);
    assert.match(answer.json.detail, /session is over/);
    assert.match(answer.headers.get('www-authenticate') ?? '', /invalid_token/);
  });

  it('takes for the access token nothing unsigned, signed otherwise, or changed', async () => {
    const ticket = await ticketOf(general);
    const { access_token: token, cross_organisation_token: legacy } = (
      await tokens({ ticket, audience: provider })
    ).json as Record<string, string>;
    const [, body = '', signature = ''] = (token ?? '').split('.');
    const head = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
    const other = head({ ...claims, role_code: 'S8000:G8000:R8000' });
    const pem = createPublicKey(await brokerKey(platform)).export({ type: 'spki', format: 'pem' });
    const hmacHead = head({ alg: 'HS256', typ: 'at+jwt' });
    const hmac = createHmac('sha256', pem).update(`${hmacHead}.${body}`).digest('base64url');
    for (const forged of [
      legacy,
      `${head({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
      `${hmacHead}.${body}.${hmac}`,
      `${head({ alg: 'RS256', typ: 'at+jwt' })}.${other}.${signature}`,
      `${token}.`,
    ])
      assert.equal((await greet(`Bearer ${forged}`)).status, 401, forged);
    assert.equal((await greet('')).status, 401);
  });

  it('asks which system calls, and whether the directory has it', async () => {
    const ticket = await ticketOf(general);
    const none = await call(at('/user-context/token'), { method: 'POST', body: { ticket } });
    assert.equal(none.status, 400);
    asids.set('none', '999999999999');
    const unknown = await tokens({ ticket, audience: provider }, 'none');
    assert.equal(unknown.json.code, 'ASID_CHECK_FAILED');
    for (const body of [
      { ticket },
      { ticket, audience: 'ftp://x' },
      { ticket, audience: provider, reason: 'patientaccess' },
      { ticket, audience: provider, scopes: ['everything'] },
      { ticket, audience: provider, roles: ['(a+)+$'] },
      [],
      '{"ticket":1,"ticket":2}',
    ]) {
      const answer = await tokens(body);
      assert.equal(answer.status, 400, answer.text);
    }
    assert.doesNotMatch(platform.logged(), /AQIC5w|Mercer/, 'neither tickets nor names');
  });

  describe('in integration', () => {
    let system: LiveSystem;
    let other: LiveSystem;
    before(async () => {
      time = Date.now(); // certificates are judged by the machine's clock
      system = await liveSystem(platform, { odsCode: 'Y90001' });
      other = await liveSystem(platform, { odsCode: 'Y90001' });
    });

    const tls = (
      path: string,
      headers: Readonly<Record<string, string>>,
      more: { method?: string; body?: string; sent?: LiveSystem['sent'] } = {},
    ): Promise<TlsAnswer> => {
      const { sent = system.sent, ...rest } = more;
      return callTls(platform.tls?.test ?? 0, `/env/int${path}`, undefined, {
        ...{ cert: sent.cert, key: sent.key, ...rest },
        headers: { 'x-request-id': crypto.randomUUID(), ...headers },
      });
    };

    it('carries the user from the card to PDS, by certificate and token', async () => {
      const agent = await call(at('/env/int/identity-agent/ticket'), {
        method: 'POST',
        body: { workstation: 'desk-1', userId: general, pin: '0108' },
      });
      const { ticket } = agent.json as { ticket: string };
      const pds = '/personal-demographics/FHIR/R4';
      const answer = await tls(
        '/user-context/token',
        { 'nhsd-asid': system.asid, 'content-type': 'application/json' },
        {
          method: 'POST',
          body: JSON.stringify({ ticket, audience: `${platform.url}/env/int${pds}` }),
        },
      );
      assert.equal(answer.status, 200, answer.text);
      const { access_token: access, cross_organisation_token: token } = JSON.parse(answer.text);
      const patient = await tls(`${pds}/Patient/9000000009`, {
        ...{ 'nhsd-asid': system.asid, authorization: `Bearer ${token}` },
      });
      assert.equal(patient.status, 200, patient.text);
      const greeted = await tls('/hello-world/hello/clinician', {
        authorization: `Bearer ${access}`,
      });
      assert.equal(greeted.status, 200, greeted.text);
      assert.equal((await greet(`Bearer ${access}`)).status, 401, 'not in the sandbox');
      const swapped = await tls(`${pds}/Patient/9000000009`, {
        ...{ 'nhsd-asid': system.asid, authorization: `Bearer ${access}` },
      });
      assert.equal(swapped.status, 401, 'an access token is no cross-organisation one');
    });

    it('tells nothing without the certificate of the system that asks', async () => {
      const path = '/saml/RoleAssertion?token=AQIC5w';
      const none = await call(at(`/env/int${path}`), { headers: { 'nhsd-asid': system.asid } });
      assert.equal(none.status, 403, none.text);
      const wrong = await tls(path, { 'nhsd-asid': system.asid }, { sent: other.sent });
      assert.equal(wrong.status, 403, wrong.text);
      assert.match(wrong.text, /ASID_CHECK_FAILED/);
    });
  });
});

async function brokerKey({ store, dataDir }: TestPlatform) {
  const { key } = await ssoKeys(store, randomKey(`${dataDir}/keys/sealing.key`)).signing();
  return key;
}
