import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import { checkKeySetUrl, checkLaunchUrl, checkOrigin, checkRedirectUri } from './addresses.ts';

const refused = (check: () => void) => {
  assert.throws(check, (error) => error instanceof Problem && error.kind === 'invalid');
};

describe('the addresses of a registration', () => {
  const redirects = [
    'https://example.org/callback',
    'https://example.org',
    'https://example.org:8443/a?b=c',
    'http://localhost:3000/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:9/callback',
    'com.example.app:/callback',
  ];
  for (const uri of redirects)
    it(`takes ${uri} as a redirect URI`, () => {
      checkRedirectUri(uri);
    });

  const notRedirects = [
    '',
    '/callback',
    'example.org/callback',
    'http://example.org/callback',
    'http://localhost.example.org/callback',
    'https://example.org/callback#part',
    'https://user@example.org/',
    'https://user:secret@example.org/',
    'https://good.example@evil.example/',
    'https://*.example.org/callback',
    'https://example.org/*',
    'https://example.org/a/../callback',
    'https://example.org/%2e%2e/callback',
    'https://EXAMPLE.org/callback',
    'https://example.org:443/callback',
    'https://example.org\\callback',
    'https://example.org/call back',
    'https://example.org/\r\nLocation: x',
    'https://ex\u0430mple.org/callback',
    'https://example.org;sandbox/callback',
    'https://example.org,x/callback',
    "https://'self'/callback",
    'javascript:alert(1)',
    'data:text/html,x',
    'callback:/x',
    'com.example.app://callback',
    'com.example.app:callback',
    'com.example..app',
    '//example.org/callback',
    `https://example.org/${'x'.repeat(512)}`,
  ];
  for (const uri of notRedirects)
    it(`refuses ${JSON.stringify(uri.slice(0, 50))} as a redirect URI`, () => {
      refused(() => {
        checkRedirectUri(uri);
      });
    });

  it('takes an origin without a path alone', () => {
    checkOrigin('https://example.org');
    checkOrigin('http://localhost:3000');
    for (const origin of [
      'https://example.org/',
      'https://example.org/a',
      'http://example.org',
      'null',
    ])
      refused(() => {
        checkOrigin(origin);
      });
  });

  it('takes no scheme of an app as a launch URL', () => {
    checkLaunchUrl('https://example.org/launch');
    refused(() => {
      checkLaunchUrl('com.example.app:/launch');
    });
  });

  it('takes a key set on this machine only where that is allowed', () => {
    const here = [
      'http://localhost:3000/jwks',
      'https://127.0.0.1/jwks',
      'http://example.org/jwks',
    ];
    for (const url of here) {
      checkKeySetUrl(url, true);
      refused(() => {
        checkKeySetUrl(url, false);
      });
    }
    checkKeySetUrl('https://example.org/jwks.json', false);
    for (const url of ['file:///etc/passwd', 'https://a:b@example.org/', 'ftp://example.org/x'])
      refused(() => {
        checkKeySetUrl(url, true);
      });
  });
});
