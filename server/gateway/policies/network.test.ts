import assert from 'node:assert/strict';
import { configOf, helloApi, tried } from '../../../test/access-ground.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import type { PolicySite } from '../policy.ts';
import { network, type NetworkConfig } from './network.ts';

// The policy looks at its settings and the connection, and at nothing of where it stands.
const site = { api: helloApi, environment: 'production' } as PolicySite;
const policyOf = (config: object) => network.create(configOf(network, config), site);
const from = (address: string, headers = {}) =>
  exchangeFor({ peer: { address, secure: false }, headers });
const status = async (config: object, address: string) =>
  (await tried(policyOf(config), from(address))).status;

const hscn = ['10.0.0.0/8', '2001:db8:a::/48'];
const [inside, outside] = [
  ['10.1.2.3', '::ffff:10.1.2.3', '::ffff:0a01:0203', '0:0:0:0:0:FFFF:10.1.2.3', '2001:db8:a::5'],
  ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8:b::5', '11.0.0.1'],
];

describe('the policy of networks', () => {
  it('R112 lets a Proxy be reached from the internet, from the private health network, or from both', async () => {
    for (const address of inside) {
      assert.equal(await status({ exposure: 'hscn', hscn }, address), 200, address);
      assert.equal(await status({ exposure: 'internet', hscn }, address), 403, address);
      assert.equal(await status({ exposure: 'both', hscn }, address), 200, address);
    }
    for (const address of outside) {
      assert.equal(await status({ exposure: 'hscn', hscn }, address), 403, address);
      assert.equal(await status({ exposure: 'internet', hscn }, address), 200, address);
      assert.equal(await status({ exposure: 'both', hscn }, address), 200, address);
    }
  });

  it('takes lists of who may and who may not, and the latter counts', async () => {
    const config = { allow: ['192.0.2.0/24', '::1/128'], deny: ['192.0.2.66/32'] };
    assert.equal(await status(config, '192.0.2.65'), 200);
    assert.equal(await status(config, '192.0.2.66'), 403);
    assert.equal(await status(config, '::ffff:192.0.2.66'), 403);
    assert.equal(await status(config, '192.0.3.1'), 403);
    assert.equal(await status(config, '::1'), 200);
    assert.equal(await status({ deny: ['fe80::/10'] }, 'fe80::1%eth0'), 403);
  });

  for (const [config, address, why] of [
    [{ deny: ['192.0.2.0/24'] }, '::ffff:192.0.2.1', /192\.0\.2\.1 is refused: .* may not call/],
    [{ allow: ['192.0.2.0/24'] }, '203.0.113.9', /203\.0\.113\.9 is refused: .* not on the list/],
    [{ exposure: 'hscn', hscn }, '203.0.113.9', /private health network alone/],
    [{ exposure: 'internet', hscn }, '10.0.0.1', /internet alone/],
    [{}, '<script>', /an unknown address is refused/],
  ] as const)
    it(`says why it refuses, and from where the call came: ${address}`, async () => {
      const { problem } = await tried(policyOf(config), from(address));
      assert.deepEqual([problem?.status, problem?.code], [403, 'NETWORK']);
      assert.match(problem?.message ?? '', why);
    });

  it('is not led astray by what a caller writes about itself', async () => {
    const headers = { 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1' };
    const refused = await tried(policyOf({ exposure: 'hscn', hscn }), from('192.0.2.1', headers));
    assert.equal(refused.status, 403);
  });

  for (const [config, why] of [
    [{ allow: ['10.0.0.1'] }, /no network/],
    [{ deny: ['10.0.0.0/33'] }, /no network/],
    [{ deny: ['2001:db8::/129'] }, /no network/],
    [{ deny: ['::ffff:10.0.0.0/104'] }, /IPv4 as IPv4/],
    [{ deny: ['10.0.0.0/8/8'] }, /no network/],
    [{ hscn: ['example.org/8'] }, /no network/],
    [{ exposure: 'hscn' }, /needs the networks/],
  ] as const)
    it(`is refused at deployment: ${JSON.stringify(config)}`, () => {
      const checked: NetworkConfig = configOf(network, config);
      assert.match(network.check?.(checked, site).join() ?? '', why);
    });
});
