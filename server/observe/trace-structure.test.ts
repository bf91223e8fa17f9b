import assert from 'node:assert/strict';
import { structureOf, withoutNumbers } from './trace-structure.ts';

describe('the structure of a text', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'keeps the names of XML and shows of values their kind and length',
      '<a b="9000000009"><family>Smith</family></a>',
      '<a b="digits 10"><family>text 5</family></a>',
    ],
    [
      'keeps vocabularies and empty elements',
      '<hl7:id xmlns:hl7="urn:hl7-org:v3" root=\'1.2\'/>',
      '<hl7:id xmlns:hl7="urn:hl7-org:v3" root="text 3"/>',
    ],
    [
      'shows nothing of what a namespace may hide',
      '<a xmlns="urn:jane-smith"/>',
      '<a xmlns="text 14"/>',
    ],
    [
      'shows nothing of comments, instructions, CDATA and types',
      '<?xml version="1.0"?><!DOCTYPE Smith><a><!-- Smith --><![CDATA[Smith]]></a>',
      'text 21text 16<a>text 14text 17</a>',
    ],
    [
      'shows nothing of what is cut off or malformed',
      '<a><b c="Smith>Jane</b> <d',
      '<a><b c="text 5">text 4</b> <d>',
    ],
    [
      'keeps no value that stands where a name belongs',
      '<a 9000000009="x"/>{"9000000009":1}',
      '<a digits 10="text 1"/>text 16',
    ],
    [
      'keeps the names of JSON',
      '{"name":[{"family":"Smith","given":["Jane"]}],"n": 12, "b":true,"c":null}',
      '{"name":[{"family":"text 5","given":["text 4"]}],"n": "number 2", "b":"boolean","c":"null"}',
    ],
    ['reads escapes of JSON', '{"a\\"b":"c\\\\","d":"e\\"f"}', '{"text 4":"text 3","d":"text 4"}'],
    ['shows nothing of JSON that is cut off', '{"family":"Smi', '{"family":"text 3"'],
    [
      'takes JSON values for names only where a colon follows',
      '["Smith" , "Jane"]',
      '["text 5" , "text 4"]',
    ],
    ['tells of other texts their length alone', 'Smith, Jane', 'text 11'],
  ];
  for (const [what, text, expected] of cases)
    it(what, () => {
      assert.equal(structureOf(text), expected);
    });

  it('is found in one pass, whatever comes', () => {
    const size = 512 * 1024; // a quadratic reading would not end in time
    const odd = [
      '<a ' + ' '.repeat(size),
      '<a ' + 'b '.repeat(size / 2),
      '<'.repeat(size),
      '<!--'.repeat(size / 4),
      '<a b="'.repeat(size / 6),
      '["' + '\\'.repeat(size),
      '{"a":'.repeat(size / 5),
      ' '.repeat(size),
      '"'.repeat(size),
      `<a${' b = '.repeat(size / 5)}`,
    ];
    for (const text of odd) assert.ok(structureOf(text).length <= 6 * size);
  });

  it('takes what looks like an NHS number out of facts, and leaves ids alone', () => {
    assert.equal(withoutNumbers('for 9000000009 and 900 000 0009'), 'for [number] and [number]');
    const ids = 'C2001YES001 928942012545 60e0b220-8136-4ca5-ae46-123456789012 Y90001-820003';
    assert.equal(withoutNumbers(ids), ids);
  });
});
