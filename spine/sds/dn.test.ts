import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import { escapeDnValue, isWithin, normalDn, parentOf, parseDn } from './dn.ts';

describe('distinguished names', () => {
  it('compare without case, spaces and spelling', () => {
    const one = normalDn('uniqueIdentifier=200000000149,ou=Services,o=nhs');
    for (const other of [
      'UNIQUEIDENTIFIER=200000000149, OU=services , O=NHS',
      'uniqueidentifier = 200000000149;ou=Services;o=nhs',
      '0.9.2342.19200300.100.1.44=200000000149,ou=services,organizationName=nhs',
      'uniqueIdentifier="200000000149",ou=ser\\76ices,o=nhs',
    ])
      assert.equal(normalDn(other), one);
    assert.equal(normalDn('  '), '');
  });

  it('keep what is escaped apart from what separates', () => {
    const value = ' A, B + "C" \\ #=é; ';
    const dn = `o=${escapeDnValue(value)},o=nhs`;
    assert.deepEqual(parseDn(dn), [
      [{ attribute: 'o', value }],
      [{ attribute: 'o', value: 'nhs' }],
    ]);
    assert.equal(parentOf(normalDn(dn)), 'o=nhs');
    assert.equal(normalDn('ou=b+o=a'), normalDn('O=A + OU=B'));
  });

  it('know what lies below what', () => {
    assert.ok(isWithin('ou=services,o=nhs', 'o=nhs'));
    assert.ok(isWithin('o=nhs', 'o=nhs'));
    assert.ok(!isWithin('o=xnhs', 'o=nhs'));
    assert.ok(!isWithin('ou=x\\,o=nhs', 'o=nhs'));
    assert.ok(isWithin('ou=x\\\\,o=nhs', 'o=nhs'));
  });

  for (const [dn, said] of [
    ['ou', 'lacks an equals sign at position 3'],
    ['=x', 'lacks an attribute at position 1'],
    ['ou=,o=nhs', 'lacks a value at position 4'],
    ['ou="x', 'ends too early at position 6'],
    ['ou=x\\', 'ends too early at position 6'],
    ['ou="x" y', 'lacks a comma at position 8'],
    [Array(20).fill('o=x').join(','), 'has too many parts'],
    ['o=' + 'x'.repeat(3000), 'is too long'],
  ] as const)
    it(`refuses a name that ${said}`, () => {
      assert.throws(
        () => normalDn(dn),
        (error) => {
          assert.ok(error instanceof Problem);
          assert.equal(error.kind, 'invalid');
          assert.ok(error.message.includes(said), error.message);
          return true;
        },
      );
    });
});
