/** A platform whose identity providers are of other hands: entries in a file, each with its own names and credentials. */
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { publishedRecords } from '../fhir/synthetic/default-data.ts';
import { startForeignProvider, type ForeignProvider } from './foreign-provider.ts';
import type { Ground } from './signed-in-ground.ts';
import { root } from './start-platform.ts';
import { startTokenGround, testKey } from './token-ground.ts';

export interface ForeignGround {
  /** Integration: `cis2` and `login` are its providers. */
  readonly int: Ground;
  /** The sandbox: CIS2 by another method and algorithm; at its NHS login nobody answers until `startLate`. */
  readonly sandbox: Ground;
  readonly cis2: ForeignProvider;
  readonly login: ForeignProvider;
  startLate(): Promise<ForeignProvider>;
  end(): Promise<void>;
}

export const own = '9912003071';

/** Workers as that provider tells of them: other names for everything but a role's own members. */
const workers = {
  ward: { loa: 3, posts: [role('555254240108', 'S0010:G0020:R0260', 'Doctor')] },
  clerk: {
    loa: '2',
    posts: [role('1', 'S8000:G8000:R8000', 'Clerk'), role('2', 'S0100:G0070:R5080', 'RA')],
  },
  picked: {
    loa: 3,
    acting_as: '1',
    posts: [role('1', 'S8000:G8000:R8000', 'Clerk'), role('2', 'S8002:G8003:R8008', 'Other')],
  },
  low: { loa: 1, posts: [] },
};
const people = {
  adult: { proofing: 'P9', nhs_no: own, trust: 'P9.Cp.Cd' },
  weak: { proofing: 'P9', nhs_no: own, trust: 'P9.Cp' },
  half: { proofing: 'P5', nhs_no: own, trust: 'P5.Cp.Cd' },
  nobody: { proofing: 'P0', trust: 'P0.Cp' },
};

function role(id: string, code: string, name: string) {
  return { person_roleid: id, role_code: code, role_name: name, org_code: 'Y90001' };
}

export async function startForeignGround(): Promise<ForeignGround> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-foreign-'));
  const key = testKey(6);
  writeFileSync(join(dir, 'login.pem'), key, { mode: 0o600 });
  writeFileSync(join(dir, 'cis2.secret'), 'a-secret-of-cis2', { mode: 0o600 });
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const staff = {
    people: workers,
    claims: { openid: ['sub', 'loa', 'acting_as'], nationalrbacaccess: ['posts'] },
  };
  const secret = { client_id: 'gatehouse-cis2', client_secret: 'a-secret-of-cis2' };
  const post = { ...secret, token_endpoint_auth_method: 'client_secret_post' };
  const cis2 = await startForeignProvider({
    ...staff,
    client: { ...post, id_token_signed_response_alg: 'RS512' },
  });
  const login = await startForeignProvider({
    people,
    claims: { openid: ['sub'], profile: ['proofing', 'nhs_no', 'trust'] },
    client: {
      client_id: 'gatehouse-login',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'RS512',
      id_token_signed_response_alg: 'RS512',
      jwks: { keys: [{ ...jwk, kid: 'our-key', use: 'sig' }] },
    },
  });
  const basic = await startForeignProvider({
    ...staff,
    client: { ...secret, token_endpoint_auth_method: 'client_secret_basic' },
  });
  const providers = [cis2, login, basic];

  const atCis2 = { kind: 'nhs-cis2', clientId: 'gatehouse-cis2' };
  const names = { level: 'loa', roles: 'posts', selectedRole: 'acting_as' };
  const withSecret = (method: string) => ({ method, secretFile: join(dir, 'cis2.secret') });
  const file = join(dir, 'providers.json');
  const latePort = await freePort();
  const entries = [
    {
      ...atCis2,
      name: 'cis2',
      issuer: cis2.issuer,
      environments: ['uat'],
      claims: names,
      authentication: withSecret('client_secret_post'),
    },
    {
      ...atCis2,
      name: 'basic',
      issuer: basic.issuer,
      environments: ['sandbox'],
      claims: names,
      authentication: withSecret('client_secret_basic'),
    },
    {
      name: 'login',
      kind: 'nhs-login',
      issuer: login.issuer,
      environments: ['uat'],
      clientId: 'gatehouse-login',
      claims: { level: 'proofing', nhsNumber: 'nhs_no', vot: 'trust' },
      authentication: {
        method: 'private_key_jwt',
        keyFile: join(dir, 'login.pem'),
        kid: 'our-key',
        alg: 'RS512',
      },
    },
    {
      name: 'late',
      kind: 'nhs-login',
      issuer: `http://127.0.0.1:${latePort}`,
      environments: ['sandbox'],
      clientId: 'gatehouse',
      authentication: withSecret('client_secret_post'),
    },
  ];
  writeFileSync(file, JSON.stringify(entries));
  const environment = { IDENTITY_PROVIDERS: file };
  const { platform } = await startTokenGround({ environment });
  await platform.store.bulk(
    patientCollection,
    publishedRecords(join(root, 'fixtures')).map((value) => ({ id: value.patient.id, value })),
  );
  const int: Ground = { platform, environment: 'int' };
  const sandbox: Ground = { ...int, environment: 'sandbox' };
  const redirectUris = ['/env/int', '/env/sandbox', ''].map(
    (prefix) => `${int.platform.url}${prefix}/oauth2/callback`,
  );
  for (const each of providers) each.open(redirectUris);
  return {
    ...{ int, sandbox, cis2, login },
    async startLate() {
      const client = { client_id: 'gatehouse', client_secret: secret.client_secret };
      const late = await startForeignProvider({
        people,
        claims: { openid: ['sub'], profile: [] },
        client: { ...client, token_endpoint_auth_method: 'client_secret_post' },
        port: latePort,
      });
      providers.push(late);
      late.open(redirectUris);
      return late;
    },
    async end() {
      await int.platform.end();
      for (const each of providers) await each.close();
      rmSync(dir, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo; // a server on a port has no pipe's name
  await new Promise((done) => server.close(done));
  return port;
}
