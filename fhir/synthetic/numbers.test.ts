import assert from 'node:assert/strict';
import { isNhsNumber } from '../identifiers.ts';
import { allocationNumber, testNumber, testNumberCount } from './numbers.ts';

describe('NHS numbers of the 999 range', () => {
  it('are 909,091, each valid and given once', () => {
    const given = new Set<string>();
    for (let i = 0; i < testNumberCount; i++) {
      const number = testNumber(i);
      assert.ok(isNhsNumber(number) && number.startsWith('999'), `number ${i}`);
      given.add(number);
    }
    assert.equal(testNumberCount, 909_091);
    assert.equal(given.size, testNumberCount);
    assert.equal(testNumber(0), '9990000018');
    assert.ok(given.has('9999999999'));
  }).timeout(20_000);

  it('of the default data come after the first 900,000', () => {
    const kept = [testNumber(testNumberCount - 1)];
    for (let i = 900_000; i < testNumberCount; i++) kept.push(testNumber(i));
    assert.ok(kept.includes('9990003343'));
    assert.ok(kept.includes('9991000003'));
    assert.ok(kept.includes('9991001646'));
  });

  it('go to new records from the top down, above every one of 900,000 generated people', () => {
    const numbers = Array.from({ length: 5_000 }, (_, k) => allocationNumber(k));
    assert.equal(numbers[0], '9999999980');
    assert.ok(numbers.every((number, k) => k === 0 || number < (numbers[k - 1] ?? '')));
    assert.ok((numbers.at(-1) ?? '') > testNumber(899_999));
    assert.ok(numbers.every(isNhsNumber));
  });

  it('are refused beyond the last, with the reason', () => {
    assert.throws(() => testNumber(testNumberCount), /never issued, holds 909091 NHS numbers/);
    assert.throws(() => allocationNumber(testNumberCount), /No NHS numbers are left/);
  });
});
