import assert from 'node:assert/strict';
import { decodeJwt, longestJwt, textOf } from './jwt.ts';

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const head = part({ alg: 'RS512' });
const body = part({ iss: 'x' });

describe('decoding a JWT', () => {
  it('gives header, claims, what is signed, and the signature', () => {
    assert.deepEqual(decodeJwt(`${head}.${body}.c2ln`), {
      header: { alg: 'RS512' },
      claims: { iss: 'x' },
      signed: `${head}.${body}`,
      signature: 'c2ln',
    });
    assert.ok('claims' in decodeJwt(`${head}.${body}.`), 'the signature is judged elsewhere');
  });

  it('tells what is wrong and nothing of the content', () => {
    for (const [text, fault] of [
      ['', 'it has 1 parts; a signed JWT has three'],
      ['a.b', 'it has 2 parts; a signed JWT has three'],
      ['a.b.c.d', 'it has 4 parts; a signed JWT has three'],
      ['a.b.c.d.e', 'it is encrypted (five parts); a signed JWT has three'],
      ['a.b.c.d.e.f.g', 'it has 6 parts; a signed JWT has three'],
      [`${head}=.${body}.c2ln`, 'a part is not base64url'],
      [`${head}. ${body}.c2ln`, 'a part is not base64url'],
      [`${head}.${body}.+/`, 'a part is not base64url'],
      [`.${body}.c2ln`, 'a part is not base64url'],
      [`${part('[]')}.${body}.c2ln`, 'its header is no JSON object'],
      [`${head}.${part('null')}.c2ln`, 'its payload is no JSON object'],
      [`${head}.${part('"secret"')}.c2ln`, 'its payload is no JSON object'],
      [`${head}.${part('{secret')}.c2ln`, 'its payload is refused as JSON: syntax'],
      [`${head}.${part('{"a":1,"a":1}')}.c2ln`, 'its payload is refused as JSON: duplicate'],
      [`${head}.${part('{"__proto__":1}')}.c2ln`, 'its payload is refused as JSON: name'],
      [`${head}.${part('{"exp":1e400}')}.c2ln`, 'its payload is refused as JSON: number'],
      [
        `${head}.${Buffer.from([0xff]).toString('base64url')}.c2ln`,
        'its payload is refused as JSON: encoding',
      ],
      [
        `${head}.${part('{"a":'.repeat(17) + '1' + '}'.repeat(17))}.c2ln`,
        'its payload is refused as JSON: depth',
      ],
      ['x'.repeat(longestJwt + 1), `it is longer than ${longestJwt} characters`],
    ] as const)
      assert.deepEqual(decodeJwt(text), { fault });
  });

  it('never throws, whatever it gets', () => {
    let seed = 11;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    const good = `${head}.${body}.c2ln`;
    for (let i = 0; i < 10_000; i++) {
      const at = random(good.length);
      const changed =
        good.slice(0, at) + String.fromCharCode(random(300)) + good.slice(at + random(4));
      decodeJwt(changed);
    }
  });

  it('gives own members that are text', () => {
    assert.equal(textOf({ a: 'x' }, 'a'), 'x');
    for (const value of [1, null, ['x'], {}, undefined])
      assert.equal(textOf({ a: value }, 'a'), undefined);
    for (const name of ['toString', 'constructor', '__proto__'])
      assert.equal(textOf({}, name), undefined);
  });
});
