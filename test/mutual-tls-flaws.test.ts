/** Certificates with one flaw each, against the listener of the platform over real sockets: each is told its own reason. */
import assert from 'node:assert/strict';
import { callTls } from './mutual-tls-ground.ts';
import { flawedCertificates, type FlawedCertificate } from './certificates/flawed.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

/** What this listener says more exactly than OpenSSL. */
const exact: Readonly<Record<string, string>> = {
  'signed with SHA-1': 'WEAK_SIGNATURE',
  'issued by a system': 'CHAIN_NOT_ALLOWED',
  'a name outside the domains of the authority': 'PERMITTED_SUBTREE_VIOLATION',
  'a critical extension that nobody knows': 'UNHANDLED_CRITICAL_EXTENSION',
};

describe('a client certificate with a flaw', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  let flawed: FlawedCertificate[];
  before(async () => {
    platform = await startTestPlatform({ withoutDefaults: true });
    const { authority, register } = platform.certificates;
    const own = authority.of('sandbox');
    const fqdn = `flawed.${platform.certificates.domains('sandbox')[0] ?? ''}`;
    const holder = {
      ...{ environment: 'sandbox', deployment: 'flawed', partyKey: 'Y90001-000001', fqdn },
      profile: 'client' as const,
    };
    flawed = await flawedCertificates({
      ...{ authority: own, now: Date.now(), fqdn, register, holder },
    });
  });
  after(() => platform.end());

  it('is refused with its own reason, each of forty', async () => {
    assert.ok(flawed.length >= 40, `${flawed.length} flaws`);
    const told: string[] = [];
    for (const one of flawed) {
      const port = platform.tls?.test ?? 0;
      // The client itself would not send a weak one.
      const ciphers = 'DEFAULT:@SECLEVEL=0';
      const sent = { cert: one.cert + one.chain, key: one.key, ciphers };
      const expected = exact[one.name] ?? one.expectedReason;
      try {
        const { status, text } = await callTls(port, '/', undefined, sent);
        if (status !== 403 || !text.includes(expected))
          told.push(`${one.name}: ${expected} expected, ${status} ${text.trim()}`);
      } catch (error) {
        told.push(`${one.name}: ${expected} expected, ${String(error)}`);
      }
    }
    assert.deepEqual(told, []);
  });
});
