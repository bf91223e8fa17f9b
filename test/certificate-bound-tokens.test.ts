/** RFC 8705 over real sockets: certificates that prove clients, and tokens that are good with their certificate alone. */
import assert from 'node:assert/strict';
import type { Registration } from '../server/catalogue/apps.ts';
import { liveSystem, type LiveSystem, type Sent } from './live-system.ts';
import { callTls, type TlsAnswer } from './mutual-tls-ground.ts';
import { assertionFor, keyApp, startSmartGround, type SmartGround } from './smart-launch-ground.ts';
import { addApp, assertionBy, assertionType, formOf, type Fields } from './token-ground.ts';

const pds = '/env/int/personal-demographics/FHIR/R4/Patient/9000000009';

describe('certificates at token endpoints', function () {
  this.timeout(60_000);
  let ground: SmartGround;
  before(async () => {
    ground = await startSmartGround();
  });
  after(() => ground.end());

  /** An app with a live system. */
  const appWith = async (
    id: string,
    registration: Partial<Registration>,
    products?: readonly string[],
  ): Promise<LiveSystem & { readonly clientId: string }> => {
    const clientId = await addApp(ground, id, registration, products);
    return { ...(await liveSystem(ground.platform, { app: id })), clientId };
  };
  const over = (
    sent: Sent | undefined,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<TlsAnswer> =>
    callTls(ground.platform.tls?.test ?? 0, path, undefined, {
      ...(sent ? { cert: sent.cert, key: sent.key } : {}),
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body === undefined ? {} : { body }),
    });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const token = (sent: Sent | undefined, fields: Fields, face = '/env/int/oauth2') =>
    over(sent, `${face}/token`, form, formOf({ grant_type: 'client_credentials', ...fields }));
  const read = (sent: Sent | undefined, bearer: string) =>
    over(sent, pds, { authorization: `Bearer ${bearer}`, 'x-request-id': crypto.randomUUID() });
  const jsonOf = ({ text }: TlsAnswer) => JSON.parse(text);

  it('prove a client alone, by the certificate of a deployment of its app', async () => {
    const app = await appWith('alone', { tlsClientAuth: 'alone' });
    const answer = await token(app.sent, { client_id: app.clientId });
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await read(app.sent, jsonOf(answer).access_token)).status, 200);

    const stranger = await liveSystem(ground.platform);
    const refused = await token(stranger.sent, { client_id: app.clientId });
    assert.equal(refused.status, 401);
    assert.equal(jsonOf(refused).error, 'invalid_client');
    assert.match(jsonOf(refused).error_description, /not one of this client/);
    // Without client_id nobody says who calls.
    assert.equal((await token(app.sent, {})).status, 400);
  });

  it('do not prove it on the plain port, nor by a name that is not the registered one', async () => {
    const app = await appWith('named', { tlsClientAuth: 'alone' });
    const plain = await fetch(`${ground.face}/token`, {
      method: 'POST',
      headers: form,
      body: formOf({ grant_type: 'client_credentials', client_id: app.clientId }),
    });
    assert.equal(plain.status, 401);
    assert.match(await plain.text(), /use the token endpoint for mutual TLS/);
    await addApp(ground, 'named', { tlsClientAuth: 'alone', tlsClientAuthSanDns: 'other.example' });
    const other = await token(app.sent, { client_id: app.clientId });
    assert.equal(other.status, 401);
    assert.match(other.text, /does not bear the registered name/);
    await addApp(ground, 'named', { tlsClientAuth: 'alone', tlsClientAuthSanDns: app.fqdn });
    assert.equal((await token(app.sent, { client_id: app.clientId })).status, 200);
  });

  it('are needed beside an assertion where both are registered', async () => {
    const app = await appWith('both', { tlsClientAuth: 'beside' });
    const signed = () => ({
      client_assertion_type: assertionType,
      client_assertion: assertionBy(ground, app.clientId),
    });
    const both = await token(app.sent, { client_id: app.clientId, ...signed() });
    assert.equal(both.status, 200, both.text);
    // The address for mutual TLS is an audience, too.
    const aud = `https://localhost:${ground.platform.tls?.test ?? 0}/env/int/oauth2/token`;
    const there = assertionBy(ground, app.clientId, { aud });
    const fields = { client_id: app.clientId, ...signed(), client_assertion: there };
    assert.equal((await token(app.sent, fields)).status, 200);
    assert.equal((await token(app.sent, signed())).status, 400); // client_id is compulsory
    const alone = await token(app.sent, { client_id: app.clientId });
    assert.equal(alone.status, 400, 'a certificate does not stand for the assertion');
    const plain = await fetch(`${ground.face}/token`, {
      method: 'POST',
      headers: form,
      body: formOf({
        grant_type: 'client_credentials',
        client_id: app.clientId,
        ...signed(),
      }),
    });
    assert.equal(plain.status, 401);
  });

  it('bind tokens: useless with another certificate, with none, and on the plain port', async () => {
    const app = await appWith('bound', {
      tlsClientAuth: 'alone',
      tlsClientCertificateBoundAccessTokens: true,
    });
    const answer = await token(app.sent, { client_id: app.clientId });
    const { access_token: bound } = jsonOf(answer);
    assert.equal((await read(app.sent, bound)).status, 200);

    const another = await app.renewed(); // of the same system
    const refused = await read(another, bound);
    assert.equal(refused.status, 401);
    assert.match(String(refused.headers['www-authenticate']), /error="invalid_token"/);
    assert.match(refused.text, /bound to another client certificate/);
    const plain = await fetch(`${ground.platform.url}${pds}`, {
      headers: { authorization: `Bearer ${bound}`, 'x-request-id': crypto.randomUUID() },
    });
    assert.equal(plain.status, 401);
    assert.match(plain.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    assert.equal((await read(app.sent, bound)).status, 200); // nothing was spent
    const headers = { authorization: `Bearer ${String(bound)}` };
    const info = '/env/int/oauth2/userinfo';
    assert.notEqual((await over(app.sent, info, headers)).status, 401);
    assert.equal((await fetch(`${ground.platform.url}${info}`, { headers })).status, 401);
  });

  it('end the tokens that are bound to them', async () => {
    const app = await appWith('ended', { tlsClientCertificateBoundAccessTokens: true });
    const fields = {
      client_id: app.clientId,
      client_assertion_type: assertionType,
      client_assertion: assertionBy(ground, app.clientId),
    };
    const { access_token: bound } = jsonOf(await token(app.sent, fields));
    assert.equal((await read(app.sent, bound)).status, 200);
    await ground.platform.certificates.register.revoke(app.sent.thumbprint, 'unspecified', 'test');
    assert.equal((await read(app.sent, bound)).status, 403);
    assert.equal((await read(await app.renewed(), bound)).status, 401);
  });

  it('are told in introspection of a bound SMART token, and judged at the FHIR base', async () => {
    const app = await appWith(
      'smart-bound',
      { tlsClientAuth: 'alone', tlsClientCertificateBoundAccessTokens: true },
      ['pds-smart'],
    );
    const fields = { client_id: app.clientId, scope: 'system/Patient.rs' };
    const answer = await token(app.sent, fields, '/env/int/smart');
    assert.equal(answer.status, 200, answer.text);
    const { access_token: bound } = jsonOf(answer);
    const asked = formOf({ token: bound, client_id: app.clientId });
    const told = await over(app.sent, '/env/int/smart/introspect', form, asked);
    assert.deepEqual(jsonOf(told).cnf, { 'x5t#S256': app.sent.thumbprint });
    const headers = { authorization: `Bearer ${bound}` };
    const path = '/env/int/fhir/R4/Patient/9000000009';
    assert.notEqual((await over(app.sent, path, headers)).status, 401);
    assert.equal((await over(await app.renewed(), path, headers)).status, 401);
    const plain = await fetch(`${ground.platform.url}${path}`, { headers });
    assert.equal(plain.status, 401);
    // It holds no openid, which is told only where it may be used.
    const info = '/env/int/smart/userinfo';
    assert.equal((await over(app.sent, info, headers)).status, 403);
    assert.equal((await fetch(`${ground.platform.url}${info}`, { headers })).status, 401);
  });

  it('have their endpoints named in the discovery documents', async () => {
    const root = `https://localhost:${ground.platform.tls?.test ?? 0}/env/int`;
    for (const [face, document] of [
      ['oauth2', '.well-known/openid-configuration'],
      ['smart', '.well-known/openid-configuration'],
    ]) {
      const answer = await fetch(`${ground.platform.url}/env/int/${face}/${document}`);
      const told = (await answer.json()) as Record<string, unknown>;
      const { token_endpoint: endpoint } = told.mtls_endpoint_aliases as Record<string, string>;
      assert.equal(endpoint, `${root}/${face}/token`);
      assert.equal(told.tls_client_certificate_bound_access_tokens, true);
      const methods = told.token_endpoint_auth_methods_supported as string[];
      assert.ok(methods.includes('tls_client_auth'));
    }
  });

  it('change nothing for clients that are not registered for them', async () => {
    const assertion = assertionFor(ground);
    const fields = {
      scope: 'system/Patient.rs',
      client_assertion_type: assertionType,
      client_assertion: assertion,
    };
    const stranger = await liveSystem(ground.platform);
    const answer = await token(stranger.sent, fields, '/env/int/smart');
    assert.equal(answer.status, 200, `${keyApp}: ${answer.text}`);
    const headers = { authorization: `Bearer ${String(jsonOf(answer).access_token)}` };
    const plain = await fetch(`${ground.fhir}/Patient/9000000009`, { headers });
    assert.notEqual(plain.status, 401);
  });
});
