/** Requests that are granted, and everything that is refused with its reason. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { newKey, keyPem, publicDer } from '../test/certificates/keys.ts';
import { makeRequest, makeRequestDer, type RequestParts } from '../test/certificates/requests.ts';
import { digest } from './certificate-facts.ts';
import * as extensions from './extensions.ts';
import { toPem } from './pem.ts';
import { CertificateRefused, checkRequest, type RequestExpectation } from './requests.ts';

const fqdn = 'system.y90001.uat.thirdparty.example';
const expected: RequestExpectation = { fqdn, keyFault: () => Promise.resolve(undefined) };
const key = await newKey('P-256');
const good: RequestParts = { key, subject: [['CN', fqdn]] };

async function faultsOf(given: string | Buffer, by = expected): Promise<string[]> {
  try {
    await checkRequest(given, by);
    return [];
  } catch (error) {
    assert.ok(error instanceof CertificateRefused, String(error));
    assert.equal(error.status, 400);
    return error.faults.map(({ at, message }) => `${at}: ${message}`);
  }
}

describe('A certification request', () => {
  it('is granted with its key, and tells what was left out', async () => {
    const csr = makeRequest({
      ...good,
      subject: [
        ['C', 'GB'],
        ['O', 'A supplier'],
        ['CN', fqdn.toUpperCase()],
      ],
      dnsNames: [fqdn],
      extensions: [extensions.basicConstraints(true), extensions.extendedKeyUsage(['serverAuth'])],
    });
    assert.deepEqual(await checkRequest(csr, expected), {
      publicKey: publicDer(key),
      spki: digest(publicDer(key)),
      keyText: 'P-256',
      otherNames: [],
      notes: [
        'Of the subject only CN is taken; left out: C, O',
        'Extensions are given by the platform; left out: basicConstraints, extKeyUsage',
      ],
    });
  });

  it('may be DER, bear RSA or P-384 keys, and ask for the other names that are allowed', async () => {
    for (const kind of ['RSA 2048', 'P-384'] as const) {
      const parts = { ...good, key: await newKey(kind), dnsNames: [fqdn, `b.${fqdn}`] };
      const { keyText, otherNames } = await checkRequest(makeRequestDer(parts), {
        ...expected,
        otherNames: [`b.${fqdn}`],
      });
      assert.deepEqual([keyText, otherNames], [kind, [`b.${fqdn}`]]);
    }
  });

  it('is refused for a subject that is not the registered name, with both', async () => {
    const cases: [RequestParts['subject'], RegExp][] = [
      [
        [['CN', 'other.example']],
        /^subject: CN=system\.y90001\S+ is expected, and CN is "other\.example"$/,
      ],
      [
        [
          ['CN', fqdn],
          ['CN', 'other.example'],
        ],
        /^subject: one CN is expected, and 2 are there: "system\S+", "other\.example"$/,
      ],
      [[], /^subject: CN=system\S+ is expected, and there is no CN$/],
      [
        [
          ['CN', fqdn],
          ['emailAddress', 'a@example.org'],
        ],
        /^subject: no e-mail address is expected/,
      ],
    ];
    for (const [subject, told] of cases) {
      const [fault = '', ...more] = await faultsOf(makeRequest({ ...good, subject }));
      assert.match(fault, told);
      assert.deepEqual(more, []);
    }
  });

  it('repeats nothing of a subject that a terminal or page would act on', async () => {
    const csr = makeRequest({ ...good, subject: [['CN', '<script>\u001b[2J\0']] });
    assert.match((await faultsOf(csr)).join(), /CN is "\?script\?\?\[2J\?"$/);
  });

  it('is refused for names beyond those allowed', async () => {
    const csr = makeRequest({ ...good, dnsNames: [fqdn, '*.thirdparty.example'] });
    assert.deepEqual(await faultsOf(csr), [
      `names: only ${fqdn} may be asked for, and "*.thirdparty.example" is`,
    ]);
  });

  it('is refused for a key that is too weak, too long or of another kind, and says why', async () => {
    const cases = [
      ['RSA 1024', /this key is RSA 1024, which can be broken/],
      ['RSA 8192', /this key is RSA 8192: it adds no security .* each handshake/],
      ['RSA e=3', /exponent 65537 is expected, and this key is RSA 2048 with the exponent 3/],
      ['P-521', /this key is on P-521/],
      ['ed25519', /this key is ed25519/],
    ] as const;
    for (const [kind, told] of cases) {
      const faults = await faultsOf(makeRequest({ ...good, key: await newKey(kind) }));
      assert.equal(faults.length, 1, faults.join());
      assert.match(faults[0] ?? '', told);
    }
  });

  it('is refused for a signature with a weak hash or by another key', async () => {
    assert.match(
      (await faultsOf(makeRequest({ ...good, hash: 'sha1' }))).join(),
      /^signature: ECDSA with SHA-256, .* this is ECDSA with SHA-1$/,
    );
    const other = await newKey('P-256');
    assert.match(
      (await faultsOf(makeRequest({ ...good, signer: other }))).join(),
      /^signature: it was not made with the key in the request/,
    );
  });

  it('is refused for a key that is burnt or of another system', async () => {
    const by = {
      ...expected,
      keyFault: (spki: string) =>
        Promise.resolve(spki === digest(publicDer(key)) ? 'it is burnt' : undefined),
    };
    assert.deepEqual(await faultsOf(makeRequest(good), by), ['key: it is burnt']);
  });

  it('is refused for another version', async () => {
    assert.match(
      (await faultsOf(makeRequest({ ...good, version: 3 }))).join(),
      /^version: 1 is expected, and 3 is there/,
    );
  });

  it('tells all faults at once', async () => {
    const csr = makeRequest({
      ...good,
      version: 2,
      hash: 'sha1',
      subject: [['CN', 'x']],
      dnsNames: ['y'],
    });
    assert.deepEqual(
      (await faultsOf(csr)).map((fault) => fault.split(':')[0]),
      ['version', 'signature', 'subject', 'names'],
    );
  });

  it('is told where reading stopped when it is none', async () => {
    const pem = makeRequest(good);
    const lines = pem.split('\n');
    const cases: [string | Buffer, RegExp][] = [
      ['', /BEGIN CERTIFICATE REQUEST-----" is expected, and it is not there/],
      ['x'.repeat(20_000), /at most 16384 bytes is expected, and this has 20000/],
      [
        lines.slice(0, 3).join('\n'),
        /"-----END CERTIFICATE REQUEST-----" is expected, and the text stops at line 3/,
      ],
      [
        [...lines.slice(0, 2), '!!', ...lines.slice(2)].join('\n'),
        /Base64 is expected, and line 3 holds something else/,
      ],
      [
        toPem('CERTIFICATE REQUEST', makeRequestDer(good).subarray(0, 100)),
        /reading stops at byte 0 of 100: a value says it is \d+ bytes long/,
      ],
      [
        toPem('CERTIFICATE REQUEST', Buffer.from('3003020101', 'hex')),
        /what is requested is expected here/,
      ],
      [toPem('CERTIFICATE', makeRequestDer(good)), /and -----BEGIN CERTIFICATE----- is there/],
      [keyPem(key), /a PRIVATE KEY is in the text\. .* never use it again/],
      [Buffer.concat([makeRequestDer(good), Buffer.alloc(3)]), /3 bytes follow the end/],
      [Buffer.from('30'.repeat(30) + '00', 'hex'), /reading stops/],
    ];
    for (const [given, told] of cases) {
      const faults = await faultsOf(given);
      assert.equal(faults.length, 1);
      assert.match(faults[0] ?? '', told);
      assert.match(faults[0] ?? '', /^request: /);
    }
  });

  it('is refused, and nothing else happens, whatever bytes are changed', async () => {
    const der = makeRequestDer({ ...good, dnsNames: [fqdn] });
    await fc.assert(
      fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Buffer.from(der);
        changed[at] = (changed[at] ?? 0) ^ by;
        assert.ok((await faultsOf(changed)).length > 0, `byte ${at} changed by ${by}`);
      }),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        assert.ok((await faultsOf(Buffer.from([0x30, ...bytes]))).length > 0);
      }),
    );
  });
});
