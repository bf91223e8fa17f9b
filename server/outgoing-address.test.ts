import assert from 'node:assert/strict';
import {
  checkedAddresses,
  checkUrl,
  isLoopback,
  isPublicUnicast,
  resolveByDns,
} from './outgoing-address.ts';
import { OutgoingFault, type OutgoingReason } from './outgoing-fault.ts';

const strict = { allowLocal: false, ports: [443, 8443] };
const local = { allowLocal: true, ports: [443, 8443] };

describe('the judge of IP addresses', () => {
  // The first and last of each range, and what stands beside it.
  const special: readonly (readonly [string, string, string])[] = [
    ['0.0.0.0/8', '0.0.0.0', '0.255.255.255'],
    ['10/8', '10.0.0.0', '10.255.255.255'],
    ['100.64/10', '100.64.0.0', '100.127.255.255'],
    ['127/8', '127.0.0.0', '127.255.255.255'],
    ['169.254/16', '169.254.0.0', '169.254.255.255'],
    ['172.16/12', '172.16.0.0', '172.31.255.255'],
    ['192.0.0/24', '192.0.0.0', '192.0.0.255'],
    ['192.0.2/24', '192.0.2.0', '192.0.2.255'],
    ['192.168/16', '192.168.0.0', '192.168.255.255'],
    ['198.18/15', '198.18.0.0', '198.19.255.255'],
    ['198.51.100/24', '198.51.100.0', '198.51.100.255'],
    ['203.0.113/24', '203.0.113.0', '203.0.113.255'],
    ['224/4', '224.0.0.0', '239.255.255.255'],
    ['240/4', '240.0.0.0', '255.255.255.255'],
    ['relays of 6to4', '192.88.99.0', '192.88.99.255'],
    ['a metadata service on a public number', '168.63.129.16', '168.63.129.16'],
    ['::', '::', '0:0:0:0:0:0:0:0'],
    ['::1', '::1', '0:0:0:0:0:0:0:1'],
    ['IPv4-compatible', '::7f00:1', '::8.8.8.8'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1', '::ffff:7f00:1'],
    ['IPv4-mapped private', '::ffff:10.0.0.1', '::FFFF:C0A8:0101'],
    ['translated loopback', '64:ff9b::127.0.0.1', '64:ff9b::7f00:1'],
    ['translated private', '64:ff9b::a9fe:a9fe', '64:ff9b:0:0:0:0:10.1.2.3'],
    ['translated zero', '64:ff9b::', '64:ff9b::0.0.0.1'],
    ['local translation', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
    ['100::/64', '100::', '100::ffff:ffff:ffff:ffff'],
    ['protocol assignments with Teredo', '2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::/32', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['6to4', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['3fff::/20', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['unassigned', '4000::', 'fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fc00::/7', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fe80::/10', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['site-local', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['ff00::/8', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ];
  for (const [range, first, last] of special)
    it(`refuses ${range} from end to end`, () => {
      assert.equal(isPublicUnicast(first), false, first);
      assert.equal(isPublicUnicast(last), false, last);
    });

  it('lets through what stands beside the ranges', () => {
    const beside4 =
      '1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 8.8.8.8';
    const beside6 =
      '2000:: 2001:200:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9:: 2003:: 3ffe:: 3fff:1000:: 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 64:ff9b::808:808';
    for (const ip of [...beside4.split(' '), ...beside6.split(' ')])
      assert.equal(isPublicUnicast(ip), true, ip);
  });

  it('refuses what is no plain IP address', () => {
    for (const text of [
      '',
      'localhost',
      '8.8.8',
      '010.8.8.8',
      '0x8.8.8.8',
      '8.8.8.8:80',
      '[2003::]',
    ])
      assert.equal(isPublicUnicast(text), false, text);
    assert.equal(isPublicUnicast('2003::1%eth0'), false);
    assert.equal(isLoopback('::1%lo'), false);
  });

  it('knows this machine in each of its spellings', () => {
    for (const ip of ['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])
      assert.equal(isLoopback(ip), true, ip);
    for (const ip of ['128.0.0.1', '0.0.0.0', '::', '::2', '::ffff:10.0.0.1', 'localhost'])
      assert.equal(isLoopback(ip), false, ip);
  });
});

describe('the form of an address to call', () => {
  const refuses = (reason: OutgoingReason, text: string, rules = strict) => {
    assert.throws(
      () => checkUrl(text, rules),
      (error) => error instanceof OutgoingFault && error.reason === reason,
      text,
    );
  };

  it('must be https', () => {
    for (const text of ['http://a.example', 'ftp://a.example', 'file:///etc/passwd', 'data:,{}'])
      refuses('scheme', text);
    refuses('scheme', 'ftp://a.example', local);
    assert.equal(checkUrl('http://localhost:9000/', local).port, '9000');
  });

  it('must have no user-info, however it is dressed', () => {
    for (const text of [
      'https://user:secret@a.example/',
      'https://good.example@evil.example/',
      'https://good.example%2F@evil.example/',
      'https:\\\\good.example@evil.example',
    ])
      refuses('user-info', text);
  });

  it('must have a port that is allowed', () => {
    for (const port of [22, 25, 80, 6379, 9000]) refuses('port', `https://a.example:${port}/`);
    for (const text of ['https://a.example', 'https://a.example:443', 'https://a.example:8443'])
      assert.ok(checkUrl(text, strict));
    assert.ok(checkUrl('https://a.example:9443', { allowLocal: false, ports: [9443] }));
  });

  it('must be an absolute URL of reasonable length, the host without a final dot', () => {
    for (const text of [
      '',
      'keys.json',
      '//a.example',
      'https://',
      'https://a b/',
      'https://[::1/',
    ])
      refuses('url', text);
    refuses('url', `https://a.example/${'x'.repeat(2048)}`);
    refuses('url', 'https://a.example./');
    refuses('url', 'https://localhost./', local);
  });

  it('does not send a fragment along', () => {
    assert.equal(checkUrl('https://a.example/x#y', strict).href, 'https://a.example/x');
  });
});

describe('the addresses behind a name', () => {
  const behind = (text: string, answers: readonly string[] = [], rules = strict) =>
    checkedAddresses(checkUrl(text, rules), rules, () => Promise.resolve(answers));
  const isRefused = (reason: OutgoingReason) => (error: unknown) =>
    error instanceof OutgoingFault && error.reason === reason;

  it('are all public, or none is called', async () => {
    const mixed = ['93.184.215.14', '10.0.0.5', '2606:4700::1111'];
    await assert.rejects(behind('https://a.example', mixed), isRefused('address'));
    await assert.rejects(behind('https://a.example', ['::ffff:10.0.0.5']), isRefused('address'));
    const fine = ['93.184.215.14', '2606:4700::1111'];
    assert.deepEqual(await behind('https://a.example', fine), fine);
  });

  it('are judged as well when the URL spells them itself, in whatever way', async () => {
    for (const host of [
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '0x7f000001',
      '2130706433',
      '017700000001',
      '0177.0.0.1',
      '127.0.0.1.',
      '①②⑦.⓪.⓪.①',
      '%31%32%37.0.0.1',
      '0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:7f00:0001]',
      '[64:ff9b::7f00:1]',
      '[fe80::1]',
      '169.254.169.254',
      '0xa9fea9fe',
      '10.1',
    ])
      await assert.rejects(behind(`https://${host}/`), isRefused('address'), host);
    assert.deepEqual(await behind('https://0x08080808/'), ['8.8.8.8']);
    assert.deepEqual(await behind('https://[2606:4700::1111]/'), ['2606:4700::1111']);
  });

  it('may be this machine in development, and nothing else that is private', async () => {
    assert.deepEqual(await behind('http://localhost/', [], local), ['127.0.0.1', '::1']);
    assert.deepEqual(await behind('http://keys.localhost/', [], local), ['127.0.0.1', '::1']);
    assert.deepEqual(await behind('http://a.example/', ['127.0.0.1'], local), ['127.0.0.1']);
    for (const ip of ['10.0.0.5', '169.254.169.254', '192.168.1.1', 'fd00:ec2::254', '0.0.0.0'])
      await assert.rejects(behind('http://a.example/', [ip], local), isRefused('address'), ip);
    await assert.rejects(behind('http://169.254.169.254/', [], local), isRefused('address'));
    await assert.rejects(behind('https://localhost/'), isRefused('address'));
  });

  it('are not told to whoever gave the name', async () => {
    await assert.rejects(behind('https://a.example', ['10.11.12.13']), (error: Error) => {
      assert.match(error.message, /a\.example/);
      assert.doesNotMatch(error.message, /10\.11/);
      return true;
    });
  });

  it('are missing when the DNS has none or fails', async () => {
    await assert.rejects(behind('https://a.example', []), isRefused('dns'));
    const failing = () => Promise.reject(new Error('ESERVFAIL'));
    const url = checkUrl('https://a.example', strict);
    await assert.rejects(checkedAddresses(url, strict, failing), isRefused('dns'));
    assert.deepEqual(await resolveByDns('a..b'), []);
  });
});
