import assert from 'node:assert/strict';
import type { Environment } from '../../catalogue/environments.ts';
import type { TargetRules } from '../backend.ts';
import { placeOf } from './ip-ranges.ts';
import { addressJudge, guardedLookup, targetFaults, TargetRefused } from './target-rules.ts';

const strict: TargetRules = { allowLocal: false, networks: [] };
const local: TargetRules = { allowLocal: true, networks: [] };
const listed: TargetRules = {
  allowLocal: false,
  networks: ['10.1.0.0/16', 'fd12::/16', 'rubbish/8'],
};

const faults = (url: string, environment: Environment, rules: TargetRules, more: object = {}) =>
  targetFaults({ kind: 'http', url, ...more }, environment, rules); // an HttpBackend with some of its members

describe('where back ends may be', () => {
  const accepted: [string, Environment, TargetRules][] = [
    ['http://127.0.0.1:5000', 'sandbox', strict],
    ['http://127.1:5000', 'sandbox', strict],
    ['https://[::1]/base', 'sandbox', strict],
    ['http://localhost:1', 'sandbox', strict],
    ['http://stub.localhost:1', 'sandbox', strict],
    ['http://127.0.0.1:5000', 'uat', local],
    ['https://pds.example/FHIR', 'production', strict],
    ['https://8.8.8.8', 'production', strict],
    ['https://[2a00:1450::1]', 'production', strict],
    ['http://10.1.2.3:8080/a', 'sit', listed],
    ['http://[fd12::1]:8080/a', 'sit', listed],
    ['http://neighbour:8080', 'sit', listed],
  ];
  for (const [url, environment, rules] of accepted)
    it(`accepts ${url} in ${environment} with ${JSON.stringify(rules)}`, () => {
      assert.deepEqual(faults(url, environment, rules), []);
    });

  const refused: [string, Environment, TargetRules][] = [
    ['https://pds.example', 'sandbox', local],
    ['https://8.8.8.8', 'sandbox', local],
    ['http://10.1.2.3', 'sandbox', listed],
    ['http://127.0.0.1:5000', 'production', strict],
    ['http://0x7f.1:5000', 'production', strict],
    ['http://localhost:5000', 'development', listed],
    ['http://a.localhost:5000', 'development', strict],
    ['https://10.2.0.1', 'production', listed],
    ['https://192.168.0.1', 'production', local],
    ['http://169.254.169.254/latest', 'production', { allowLocal: true, networks: ['0.0.0.0/0'] }],
    ['https://[fe80::1]', 'production', { allowLocal: true, networks: ['::/0'] }],
    ['https://[::ffff:169.254.169.254]', 'production', { allowLocal: true, networks: ['::/0'] }],
    ['https://[64:ff9b::a9fe:a9fe]', 'production', local],
    ['https://0.0.0.0', 'production', local],
    ['http://pds.example', 'production', strict],
    ['http://8.8.8.8', 'production', listed],
    ['ftp://pds.example', 'production', strict],
    ['https://user:secret@pds.example', 'production', strict],
    ['https://pds.example/?a=b', 'production', strict],
    ['https://pds.example/#a', 'production', strict],
    ['pds.example', 'production', strict],
    ['', 'production', strict],
    [`https://pds.example/${'a'.repeat(2000)}`, 'production', strict],
  ];
  for (const [url, environment, rules] of refused)
    it(`refuses ${url.slice(0, 60)} in ${environment} with ${JSON.stringify(rules)}`, () => {
      assert.equal(faults(url, environment, rules).length, 1);
    });

  it('says in a sentence what else is wrong', () => {
    const url = 'http://127.0.0.1:1';
    const wrong = [
      { timeout: 0 },
      { timeout: 1.5 },
      { timeout: 300_001 },
      { connections: 0 },
      { connections: 5000 },
      { healthcheck: 'health' },
      { healthcheck: '/a b' },
      { healthcheck: '/a\r\nb' },
      { security: { kind: 'mtls', secret: 'a' } },
      { security: { kind: 'key', header: 'Host', secret: 'a' } },
      {
        security: {
          kind: 'oauth',
          tokenUrl: 'https://1.1.1.1/token',
          clientId: 'a',
          kid: 'a',
          secret: 'a',
        },
      },
    ];
    for (const more of wrong) {
      const [first, second] = faults(url, 'sandbox', strict, more);
      assert.match(first ?? '', /^(timeout|connections|healthcheck|url|security|tokenUrl): /);
      assert.equal(second, undefined);
    }
  });

  it('never repeats a password that stands in an address', () => {
    const [told] = faults('https://user:hush@pds.example', 'production', strict);
    assert.doesNotMatch(told ?? '', /hush/);
  });
});

describe('addresses that a name leads to', () => {
  const ask = (
    host: string,
    environment: Environment,
    rules: TargetRules,
    addresses: readonly string[],
    all = true,
    secure = true,
  ) =>
    new Promise<unknown>((resolve) => {
      const found = addresses.map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }));
      const lookup = guardedLookup(
        addressJudge(environment, rules, secure),
        (_host, _options, answer) => {
          answer(null, found);
        },
      );
      lookup(host, { all }, (error, address) => {
        resolve(error ?? address);
      });
    });

  it('gives those that may be called, in either form a socket asks for', async () => {
    assert.deepEqual(await ask('a.example', 'sit', strict, ['8.8.8.8', '2a00::1']), [
      { address: '8.8.8.8', family: 4 },
      { address: '2a00::1', family: 6 },
    ]);
    assert.equal(await ask('a.example', 'sit', strict, ['8.8.8.8'], false), '8.8.8.8');
  });

  it('refuses a name that leads to one address which may not be called, among good ones too', async () => {
    for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:10.0.0.1']) {
      assert.ok(
        (await ask('a.example', 'sit', strict, ['8.8.8.8', address])) instanceof TargetRefused,
      );
      assert.ok((await ask('a.example', 'sit', strict, [address], false)) instanceof TargetRefused);
    }
    assert.ok((await ask('a.example', 'sit', strict, [])) instanceof TargetRefused);
  });

  it('lets a sandbox reach this machine and nothing public', async () => {
    assert.ok((await ask('a.example', 'sandbox', local, ['8.8.8.8'])) instanceof TargetRefused);
    assert.ok(Array.isArray(await ask('a.example', 'sandbox', strict, ['127.0.0.1'])));
  });

  it('reaches nothing public without TLS', async () => {
    const http = (address: string) => ask('a.example', 'sit', listed, [address], true, false);
    assert.ok((await http('8.8.8.8')) instanceof TargetRefused);
    assert.ok(Array.isArray(await http('10.1.0.9')));
  });

  it('takes localhost for this machine whatever a name server says', async () => {
    assert.equal(await ask('x.localhost', 'sandbox', strict, ['8.8.8.8'], false), '127.0.0.1');
  });

  it('knows the places of addresses', () => {
    const places = {
      '127.8.8.8': 'loopback',
      '::1': 'loopback',
      '8.8.8.8': 'public',
      '10.0.0.1': 'private',
      'fd12::1': 'private',
      '2001:db8::1': 'private',
      '100.100.100.200': 'never',
      '239.1.1.1': 'never',
      '255.255.255.255': 'never',
      '::': 'never',
      'fe80::1%eth0': 'never',
      'ff02::1': 'never',
      '2002:7f00:1::': 'never',
      'a.example': 'never',
    };
    for (const [ip, place] of Object.entries(places)) assert.equal(placeOf(ip), place, ip);
  });
});
