import assert from 'node:assert/strict';
import { attributeType, attributeTypes, lineOf, objectClass, objectClasses } from './schema.ts';
import { conforming } from './schema-check.ts';

const names = (line: readonly { name: string }[]) => line.map(({ name }) => name);

describe('the schema of the directory', () => {
  it('finds an attribute in every spelling that is met', () => {
    for (const spelling of ['nhsIDCode', 'nhsIdCode', 'nhsIDcode', '1.2.826.0.1285.0.1.10'])
      assert.equal(attributeType(spelling)?.name, 'nhsIDCode');
    assert.equal(attributeType('nhsMhsPartyKey')?.name, 'nhsMHSPartyKey');
    assert.equal(attributeType('surname')?.name, 'sn');
    assert.equal(attributeType('noSuch'), undefined);
    assert.equal(objectClass('nhsMHS')?.name, 'nhsMhs');
  });

  it('has each number once, and each attribute that a class names', () => {
    const oids = [...attributeTypes, ...objectClasses].map(({ oid }) => oid);
    assert.equal(new Set(oids).size, oids.length);
    for (const { must, may } of objectClasses)
      for (const name of [...must, ...may]) assert.equal(attributeType(name)?.name, name);
    assert.deepEqual(names(lineOf(objectClass('nhsGPPractice') ?? assert.fail())), [
      'nhsGPPractice',
      'organization',
      'top',
    ]);
  });

  it('gives an entry in its own spelling, with what the name says', () => {
    const entry = conforming({
      dn: 'uniqueIdentifier=W1,ou=Workgroups,o=nhs',
      attributes: { objectclass: ['NHSWG'], CN: ['Ward'], nhsIdCode: ['Y90001'], entryUUID: ['x'] },
    });
    assert.deepEqual(entry.attributes, {
      objectClass: ['top', 'nhsWg'],
      cn: ['Ward'],
      nhsIDCode: ['Y90001'],
      uniqueIdentifier: ['W1'],
    });
  });

  const workgroup = { objectClass: ['nhsWg'], cn: ['x'], nhsIDCode: ['Y90001'] };
  for (const [what, attributes, said] of [
    ['an attribute that is not known', { ...workgroup, shoe: ['1'] }, /^shoe is not an attribute/],
    ['no class', { cn: ['x'] }, /^objectClass names no structural class/],
    ['an unknown class', { objectClass: ['shoe'] }, /^objectClass names a class/],
    ['two classes', { objectClass: ['nhsAs', 'nhsMhs'] }, /^objectClass names two structural/],
    ['a missing attribute', { objectClass: ['nhsWg'], cn: ['x'] }, /^nhsIDCode is missing/],
    ['one out of place', { ...workgroup, nhsMhsFQDN: ['x'] }, /^nhsMhsFQDN does not belong/],
    ['two values of one', { ...workgroup, nhsIDCode: ['A', 'B'] }, /^nhsIDCode takes one value/],
    ['the same value twice', { ...workgroup, cn: ['x', 'X'] }, /^cn has the same value twice/],
    ['an empty value', { ...workgroup, cn: [''] }, /^cn has a value that is empty/],
    ['a very long value', { ...workgroup, cn: ['x'.repeat(5000)] }, /^cn has a value that/],
    ['markup for a name', { ...workgroup, '<b>': ['x'] }, /^An attribute is not/],
  ] as const)
    it(`refuses an entry with ${what}`, () => {
      assert.throws(() => conforming({ dn: 'uniqueIdentifier=W1,o=nhs', attributes }), {
        ...{ name: 'Problem', kind: 'invalid', message: said },
      });
    });
});
