import assert from 'node:assert/strict';
import { exchangeFor } from '../../test/exchange-for.ts';
import { FormFault, isForm, parseForm, readForm } from './form.ts';

const faultOf = (text: string) => {
  try {
    parseForm(text);
  } catch (error) {
    assert.ok(error instanceof FormFault, String(error));
    return [error.kind, error.parameter];
  }
  return assert.fail(`taken: ${text.slice(0, 50)}`);
};

describe('the form parser', () => {
  it('reads names and values as text', () => {
    assert.deepEqual(
      [...parseForm('a=1&b=x+y%20z&c=%C3%A9%F0%9F%98%80&d=a=b&&e.f-g_h=%2B')],
      [
        ['a', '1'],
        ['b', 'x y z'],
        ['c', 'é😀'],
        ['d', 'a=b'],
        ['e.f-g_h', '+'],
      ],
    );
    assert.equal(parseForm('').size, 0);
  });

  it('takes a parameter without a value as not sent', () => {
    assert.equal(parseForm('a=&b').size, 0);
  });

  it('refuses what is sent twice, in any spelling, with or without a value', () => {
    for (const text of ['a=1&a=1', 'a=1&a=2', 'a=&a=1', 'a&a', 'a=1&%61=2'])
      assert.deepEqual(faultOf(text), ['twice', 'a']);
  });

  it('refuses names that make lists or objects elsewhere, and shows none of them', () => {
    for (const name of ['a[]', 'a[b]', 'a%5B%5D', '', 'a b', 'a%00', 'é', 'a'.repeat(101), '<b>'])
      assert.deepEqual(faultOf(`${name}=1`), ['name', '']);
    assert.equal(parseForm('__proto__=x').get('__proto__'), 'x');
    assert.equal(parseForm('x=1').get('constructor'), undefined);
  });

  it('refuses what is no UTF-8', () => {
    for (const text of ['a=%', 'a=%zz', 'a=%ff', 'a=%C3', 'a=%ED%A0%80', '%=1'])
      assert.deepEqual(faultOf(text), ['encoding', '']);
  });

  it('refuses line breaks and NUL everywhere but in state, which goes back as it came', () => {
    for (const code of ['%00', '%0d', '%0a']) {
      assert.deepEqual(faultOf(`redirect_uri=x${code}y`), ['text', 'redirect_uri']);
      assert.equal(parseForm(`state=x${code}y`).get('state')?.length, 3);
    }
  });

  it('takes fifty parameters and no more, quickly', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `p${i}=1`).join('&');
    assert.equal(parseForm(many(50)).size, 50);
    assert.deepEqual(faultOf(many(51)), ['many', '']);
    assert.deepEqual(faultOf('&'.repeat(1_000_000)), ['many', '']);
  });

  it('never throws anything else, nor gives anything but text', () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    const pieces = [
      'a',
      '=',
      '&',
      '%',
      '%4',
      '%41',
      '+',
      '[',
      ']',
      '\0',
      'é',
      '\r\n',
      ';',
      '%00',
      'state',
    ];
    for (let i = 0; i < 10_000; i++) {
      const text = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]).join('');
      try {
        for (const [name, value] of parseForm(text)) {
          assert.match(name, /^[\w.-]+$/);
          assert.ok(typeof value === 'string' && value !== '');
        }
      } catch (error) {
        assert.ok(error instanceof FormFault, text);
      }
    }
  });

  it('knows a form by its media type', () => {
    const type = (value: string) => isForm(exchangeFor({ headers: { 'content-type': value } }));
    const form = 'application/x-www-form-urlencoded';
    for (const good of [form, `${form};charset=utf-8`, ` ${form.toUpperCase()} ; x`])
      assert.ok(type(good));
    for (const bad of ['', 'application/json', `${form}x`, `x;${form}`, `${form},x`])
      assert.equal(type(bad), false);
    assert.equal(isForm(exchangeFor()), false);
  });

  it('reads the body of an exchange', async () => {
    assert.equal((await readForm(exchangeFor({ body: 'a=%C3%A9' }))).get('a'), 'é');
    assert.equal(
      (await readForm(exchangeFor({ body: 'a=\xff' }))).get('a'),
      'Ã¿',
      'bytes, no UTF-8',
    );
  });
});
