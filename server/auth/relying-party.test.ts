import assert from 'node:assert/strict';
import { providerOf } from './providers.ts';
import { createRelyingParty, SignInFault, type ProviderFetch } from './relying-party.ts';

const provider = providerOf({
  ...{ name: 'p', kind: 'nhs-cis2', issuer: 'https://p.example', clientId: 'us' },
  ...{ environments: ['uat'], faces: ['/oauth2'] },
  authentication: { method: 'client_secret_post', secret: 's' },
});
const start = { redirectUri: 'https://us.example/callback', state: 's', nonce: 'n', extra: {} };

const faultWith = async (fetch: ProviderFetch): Promise<string> => {
  try {
    await createRelyingParty(fetch).begin(provider, start);
  } catch (error) {
    assert.ok(error instanceof SignInFault, String(error));
    return error.kind;
  }
  return assert.fail('there was no fault');
};

describe('the relying party', () => {
  it('calls a provider unreachable that is away, or not done in time', async () => {
    for (const error of [
      new TypeError('fetch failed'),
      new DOMException('too late', 'TimeoutError'),
      new DOMException('stopped', 'AbortError'),
    ])
      assert.equal(await faultWith(() => Promise.reject(error)), 'unreachable', error.name);
  });

  it('believes no discovery document of another issuer, without an address, or that is none', async () => {
    const documents = [
      { issuer: 'https://evil.example' },
      { issuer: 'https://p.example/' },
      {},
      [],
    ];
    for (const document of documents)
      assert.equal(await faultWith(() => Promise.resolve(Response.json(document))), 'answer');
    for (const status of [302, 404, 500])
      assert.equal(
        await faultWith(() => Promise.resolve(new Response('{}', { status }))),
        'answer',
        String(status),
      );
  });

  it('asks a provider again that was away', async () => {
    let calls = 0;
    const party = createRelyingParty(() => {
      calls++;
      return calls === 1
        ? Promise.reject(new TypeError('fetch failed'))
        : Promise.resolve(
            Response.json({
              issuer: 'https://p.example',
              authorization_endpoint: 'https://p.example/a',
            }),
          );
    });
    await assert.rejects(party.begin(provider, start), SignInFault);
    const url = new URL(await party.begin(provider, start));
    assert.equal(url.origin, 'https://p.example');
    assert.equal(url.searchParams.get('state'), 's');
    await party.begin(provider, start);
    assert.equal(calls, 2);
  });
});
