import assert from 'node:assert/strict';
import { exchangeFor } from '../../test/exchange-for.ts';
import { createCookies } from './cookies.ts';

const plain = createCookies(() => false);
const secure = createCookies(() => true);
const read = (cookie: string, cookies = plain) =>
  cookies.read(exchangeFor({ headers: { cookie } }), 'a');

describe('cookies of sign-ins', () => {
  it('are bound to the host and to https where there is https', () => {
    assert.equal(
      secure.set('a', 'v', 600),
      '__Host-gatehouse-a=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure',
    );
    assert.equal(plain.set('a', '', 0), 'gatehouse-a=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0');
  });

  it('are read by their whole name', () => {
    assert.equal(read('x=1; gatehouse-a=v;y=2'), 'v');
    assert.equal(read('gatehouse-a=v=w'), 'v=w');
    for (const other of [
      '',
      'gatehouse-ab=v',
      'xgatehouse-a=v',
      'GATEHOUSE-A=v',
      'x=gatehouse-a=v',
    ])
      assert.equal(read(other), undefined, other);
    assert.equal(plain.read(exchangeFor(), 'a'), undefined);
  });

  it('do not count when they came over plain http to an installation with https', () => {
    assert.equal(read('gatehouse-a=planted', secure), undefined);
    assert.equal(read('__Host-gatehouse-a=v', secure), 'v');
  });

  it('do not count when there are two: one of them was planted', () => {
    assert.equal(read('gatehouse-a=v; gatehouse-a=w'), undefined);
    assert.equal(read('gatehouse-a=v; gatehouse-a=v'), undefined);
  });
});
