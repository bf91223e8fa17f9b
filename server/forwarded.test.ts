import assert from 'node:assert/strict';
import { callerAddress, trustedIn } from './forwarded.ts';

describe('the address of a caller', () => {
  const trusted = trustedIn('10.0.0.1, 10.0.0.2');

  it('is that of the connection, whatever is sent by somebody who is not trusted', () => {
    assert.equal(callerAddress('192.0.2.9', '198.51.100.1', trusted), '192.0.2.9');
    assert.equal(callerAddress('192.0.2.9', undefined, trusted), '192.0.2.9');
    assert.equal(callerAddress('10.0.0.1', '198.51.100.1', trustedIn('')), '10.0.0.1');
  });

  it('is what the nearest trusted proxies add, past which nothing is believed', () => {
    assert.equal(callerAddress('10.0.0.1', '198.51.100.1', trusted), '198.51.100.1');
    assert.equal(callerAddress('::ffff:10.0.0.1', '198.51.100.1', trusted), '198.51.100.1');
    assert.equal(
      callerAddress('10.0.0.1', '1.1.1.1, 198.51.100.1, 10.0.0.2', trusted),
      '198.51.100.1',
    );
    assert.equal(callerAddress('10.0.0.1', '2001:db8::7', trusted), '2001:db8::7');
  });

  it('is that of the proxy when the field holds no address', () => {
    for (const field of ['', 'unknown', '198.51.100.1, evil', '10.0.0.2', '1.2.3.4:80'])
      assert.equal(callerAddress('10.0.0.1', field, trusted), '10.0.0.1', field);
  });
});
