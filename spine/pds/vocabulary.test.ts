import assert from 'node:assert/strict';
import type { Address, ContactPoint, HumanName, Patient, RelatedPerson } from 'fhir/r4.js';
import { fromAddress, toAddress } from './addresses.ts';
import { attributeOf, at, hl7 } from './elements.ts';
import { fromGenderCode, toGenderCode } from './genders.ts';
import { fromName, toName } from './names.ts';
import { fromRelatedPerson, toRelatedPerson } from './related-people.ts';
import { relationships } from './relationships.ts';
import { fromTelecom, isEmergency, toContact, toTelecom } from './telecoms.ts';

describe('a code of a PDS record', () => {
  it('tells which name it is', () => {
    for (const [use, code] of [
      ['usual', 'L'],
      ['temp', 'A'],
      ['nickname', 'PREFERRED'],
      ['old', 'PREVIOUS'],
      ['maiden', 'PREVIOUS-MAIDEN'],
    ] as const) {
      const name: HumanName = { use, family: 'Quill' };
      assert.equal(attributeOf(toName(name), 'use'), code);
      assert.deepEqual(fromName(toName(name)), name);
    }
    for (const code of ['PREVIOUS-BIRTH', 'PREVIOUS-BACHELOR'])
      assert.equal(fromName(hl7('name', { use: code })).use, 'old');
  });

  it('tells which address it is', () => {
    for (const [use, code] of [
      ['home', 'H'],
      ['temp', 'TMP'],
      ['billing', 'PST'],
      ['work', 'WP'],
    ] as const) {
      const address: Address = { use, line: ['1 Mere Bank'] };
      assert.equal(attributeOf(toAddress(address), 'use'), code);
      assert.deepEqual(fromAddress(toAddress(address)), address);
    }
    assert.equal(fromAddress(hl7('addr', { use: 'HP' }))?.use, 'home');
    for (const code of ['PHYS', 'HV', 'BAD'])
      assert.equal(fromAddress(hl7('addr', { use: code })), undefined);
  });

  it('tells how somebody is reached, and where', () => {
    for (const [use, code] of [
      ['home', 'H'],
      ['work', 'WP'],
      ['temp', 'HV'],
      ['mobile', 'MC'],
    ] as const)
      for (const [system, scheme] of [
        ['phone', 'tel:'],
        ['email', 'mailto:'],
        ['fax', 'fax:'],
        ['other', 'textphone:'],
      ] as const) {
        const telecom: ContactPoint = { use, system, value: 'abc:1' };
        const written = toTelecom(telecom);
        assert.equal(attributeOf(written, 'use'), code);
        assert.equal(attributeOf(written, 'value'), `${scheme}abc:1`);
        const { extension, ...read } = fromTelecom(written);
        assert.deepEqual(read, telecom);
        assert.equal(extension !== undefined, system === 'other');
      }
    for (const code of ['HP', 'AS', 'PG'])
      assert.equal(fromTelecom(hl7('telecom', { use: code, value: '1' })).use, 'home');
    assert.equal(fromTelecom(hl7('telecom', { value: '01632 960587' })).system, 'phone');
    assert.ok(isEmergency(toContact({ telecom: [{ system: 'phone', value: '1' }] })));
  });

  it('tells the gender', () => {
    const genders: readonly (readonly [NonNullable<Patient['gender']>, string])[] = [
      ['unknown', '0'],
      ['male', '1'],
      ['female', '2'],
      ['other', '9'],
    ];
    for (const [gender, code] of genders) {
      assert.equal(toGenderCode(gender), code);
      assert.equal(fromGenderCode(code), gender);
    }
    assert.equal(fromGenderCode('3'), undefined);
  });

  it('tells who somebody is to the patient', () => {
    for (const [code, { system, code: fhir, display }] of Object.entries(relationships)) {
      const person: RelatedPerson = {
        resourceType: 'RelatedPerson',
        id: 'A1',
        patient: {
          identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9000000009' },
        },
        active: true,
        relationship: [{ coding: [{ system, code: fhir, display }] }],
      };
      const written = toRelatedPerson(person, '9000000009', { release: '2008-A' });
      assert.equal(attributeOf(at(written, 'code'), 'code'), code);
      assert.deepEqual(fromRelatedPerson(written, '9000000009'), person);
    }
  });
});
