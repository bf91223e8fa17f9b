import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import { providerOf, readProviders } from './providers.ts';

const secrets: Readonly<Record<string, string>> = {
  'a.secret': 's3cret',
  'a.pem': 'PEM',
  empty: '',
};
const read = (...entries: readonly object[]) =>
  readProviders(JSON.stringify(entries), (file) => secrets[file]);

const entry = {
  name: 'one',
  kind: 'nhs-cis2',
  issuer: 'https://am.example.org/cis2',
  environments: ['uat', 'production'],
  clientId: 'gatehouse',
  authentication: { method: 'client_secret_post', secretFile: 'a.secret' },
};
const withKey = { method: 'private_key_jwt', keyFile: 'a.pem', kid: 'k1' };

function refusal(...entries: readonly object[]): string {
  try {
    read(...entries);
  } catch (error) {
    assert.ok(error instanceof Problem);
    assert.equal(error.kind, 'invalid');
    return error.message;
  }
  return assert.fail('nothing was refused');
}

describe('entries of identity providers', () => {
  it('get from their kind what they do not say', () => {
    const [cis2, login] = read(entry, { ...entry, name: 'two', kind: 'nhs-login' });
    assert.deepEqual(
      [cis2?.label, cis2?.scope, cis2?.acr, cis2?.claims.level],
      ['nhs-cis2', 'openid nationalrbacaccess', 'AAL3_ANY', 'authentication_assurance_level'],
    );
    assert.deepEqual(
      [login?.label, login?.scope, login?.acr, login?.claims.level],
      ['nhs-login', 'openid profile', '', 'identity_proofing_level'],
    );
  });

  it('stay on the face for real sign-in and are not simulated', () => {
    const [one] = read(entry);
    assert.deepEqual(one?.faces, ['/oauth2']);
    assert.equal(one.simulated, false);
  });

  it('rename single claims and keep the others', () => {
    const [one] = read({ ...entry, claims: { level: 'loa' } });
    assert.equal(one?.claims.level, 'loa');
    assert.equal(one.claims.roles, 'nhsid_nrbac_roles');
  });

  it('have secret or key from a file', () => {
    const [one, two] = read(entry, { ...entry, name: 'two', authentication: withKey });
    assert.deepEqual(one?.authentication, { method: 'client_secret_post', secret: 's3cret' });
    assert.deepEqual(two?.authentication, {
      ...{ method: 'private_key_jwt', key: 'PEM', kid: 'k1', alg: 'RS512' },
    });
  });

  const wrong: Readonly<Record<string, readonly [object, RegExp]>> = {
    'no issuer': [{ ...entry, issuer: undefined }, /issuer/],
    'an issuer that is no address': [{ ...entry, issuer: 'am.example.org' }, /issuer/],
    'an issuer with a query': [{ ...entry, issuer: 'https://a.example/?x=1' }, /issuer/],
    'an unknown kind': [{ ...entry, kind: 'google' }, /kind/],
    'an unknown environment': [{ ...entry, environments: ['int'] }, /environments/],
    'no environment': [{ ...entry, environments: [] }, /environments/],
    'a member that means nothing': [{ ...entry, simulated: true }, /./],
    'faces of its own': [{ ...entry, faces: ['/oauth2-mock'] }, /./],
    'a claim that means nothing': [{ ...entry, claims: { levle: 'x' } }, /./],
    'a secret in the entry': [
      { ...entry, authentication: { method: 'client_secret_post', secret: 'x' } },
      /./,
    ],
    'no file for the secret': [
      { ...entry, authentication: { method: 'client_secret_basic' } },
      /Identity provider one: secretFile is missing/,
    ],
    'a file that is not there': [
      { ...entry, authentication: { method: 'client_secret_post', secretFile: 'none' } },
      /Identity provider one: secretFile is missing or cannot be read/,
    ],
    'an empty file': [
      { ...entry, authentication: { method: 'client_secret_post', secretFile: 'empty' } },
      /Identity provider one: secretFile/,
    ],
    'no kid for a key': [
      { ...entry, authentication: { method: 'private_key_jwt', keyFile: 'a.pem' } },
      /Identity provider one: kid is missing/,
    ],
    'an algorithm of shared secrets': [
      { ...entry, authentication: { ...withKey, alg: 'HS256' } },
      /./,
    ],
    'no credential at all': [{ ...entry, authentication: { method: 'none' } }, /./],
  };
  for (const [name, [bad, sentence]] of Object.entries(wrong))
    it(`are refused with ${name}`, () => {
      const message = refusal(bad);
      assert.match(message, sentence);
      assert.ok(!message.includes('s3cret'));
    });

  it('are refused when two bear one name', () => {
    assert.match(
      refusal(entry, { ...entry, issuer: 'https://b.example' }),
      /Two identity providers are called one/,
    );
  });

  it('are refused as a file that is no JSON or no list', () => {
    for (const text of ['', '{', '{}', 'null', '[null]', '[[]]'])
      assert.throws(() => readProviders(text, () => 'x'), Problem, text);
  });

  it('of a simulation say so in their label', () => {
    const simulated = providerOf({
      ...{
        name: 'x',
        kind: 'nhs-login',
        issuer: 'http://x',
        environments: ['uat'],
        faces: ['/oauth2'],
      },
      ...{ clientId: 'x', simulated: true },
      authentication: { method: 'client_secret_post', secret: 'x' },
    });
    assert.equal(simulated.label, 'apim-mock-nhs-login');
  });
});
