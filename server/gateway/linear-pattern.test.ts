import assert from 'node:assert/strict';
import { linearPattern } from './linear-pattern.ts';

const texts = [
  ...['', 'a', 'b', 'ab', 'aab', 'abab', 'ac', 'abc', 'a-b', 'A', '1', '12', '12.5', 'x y', 'x\ny'],
  ...[
    '/Patient',
    '/Patient/9000000009',
    '/Patient/9000000009/x',
    '/Observation',
    '😀',
    'a😀b',
    '_',
  ],
];

describe('patterns matched in linear time', () => {
  for (const pattern of [
    ...['a', '^a', 'a$', '^$', '^a*$', '^a+b?$', '(ab)+', '^(?:ab)*$', 'a|b', '^(a|bc|)c?$', 'a.b'],
    ...[
      '^[ab]+$',
      '^[^ab]+$',
      '[a-c-]',
      '^[\\w-]+$',
      '\\d',
      '^\\D+$',
      '\\s',
      '^\\S+$',
      '^.$',
      '^.*$',
    ],
    ...[
      '^\\d{2}$',
      '^\\d{1,2}$',
      '^\\d{2,}',
      'a{0}b',
      '^(\\d+)(\\.\\d+)?$',
      'a+?b',
      '^/Patient/[^/]+$',
    ],
    ...[
      '\\x61',
      '\\u0061',
      '\\u{1f600}',
      '^[\\u{1f600}]$',
      '\\/',
      '\\.',
      '[\\]a]',
      '(a*)*b',
      '(|a)+$',
    ],
    ...['x\\ny', '[\\b]', '(?:a|ab)(?:c|bcd)', '^((a|b)*c|d)$'],
  ])
    it(`fits the same texts as the platform's own engine: ${pattern}`, () => {
      const [own, linear] = [new RegExp(pattern, 'u'), linearPattern(pattern)];
      for (const text of texts) assert.equal(linear.test(text), own.test(text), text);
    });

  for (const pattern of [
    '^(a+)+$',
    '^(a|a)*$',
    '(.*)*x',
    '^(a?){30}a{30}$',
    'a+b+c+d+$',
    '.*.*.*=x',
  ])
    it(`takes no longer over a hostile text than over any: ${pattern}`, () => {
      const text = `${'a'.repeat(8000)}!`;
      const started = process.cpuUsage();
      linearPattern(pattern).test(text);
      assert.ok(process.cpuUsage(started).user < 2_000_000);
    });

  for (const [pattern, why] of [
    ['(?=a)', /look around/],
    ['(?<!a)b', /look around/],
    ['(?<name>a)', /name its groups/],
    ['(a)\\1', /back references/],
    ['\\bword', /word boundaries/],
    ['\\p{L}', /\\p/],
    ['a{1000}', /too large/],
    ['(?:){999999999}', /too large/],
    ['((?:a{0}){99999}){99999}', /too large/],
    ['('.repeat(30) + ')'.repeat(30), /groups/],
    ['x'.repeat(501), /500 characters/],
    ['(', /Invalid regular expression/],
    ['a**', /Invalid regular expression/],
  ] as const)
    it(`refuses ${pattern.slice(0, 30)} and says why`, () => {
      assert.throws(() => linearPattern(pattern), why);
    });
});
