import assert from 'node:assert/strict';
import {
  fromHl7Time,
  fromInterval,
  momentFromHl7,
  toHl7Day,
  toHl7Time,
  toInterval,
} from './times.ts';

describe('a date between FHIR and HL7 V3', () => {
  it('is the same both ways, partial or whole, with time and offset', () => {
    for (const [fhir, hl7] of [
      ['2010', '2010'],
      ['2010-10', '201010'],
      ['2010-10-22', '20101022'],
      ['2024-02-29', '20240229'],
      ['2010-10-22T14:05:00+00:00', '20101022140500'],
      ['2010-10-22T14:05:07+01:00', '20101022140507+0100'],
    ] as const) {
      assert.equal(toHl7Time(fhir), hl7);
      assert.equal(fromHl7Time(hl7), fhir);
    }
  });

  it('is a midnight where FHIR wants a moment', () => {
    assert.equal(toHl7Day('2010-10-22T00:00:00+00:00'), '20101022');
    assert.equal(momentFromHl7('20101022'), '2010-10-22T00:00:00+00:00');
    assert.equal(momentFromHl7('2010'), '2010');
    assert.equal(fromHl7Time('201010221405'), '2010-10-22T14:05:00+00:00');
  });

  it('is none when the calendar does not have it', () => {
    for (const text of [
      '20230229',
      '20101301',
      '20100431',
      '201',
      '20101022T',
      'x'.repeat(5000),
      '20101022250000',
      '',
    ])
      assert.equal(fromHl7Time(text), undefined, text.slice(0, 20));
    for (const text of ['22/10/2010', '2010-1-2', undefined])
      assert.equal(toHl7Time(text), undefined);
  });

  it('bounds a period that may be open at either end', () => {
    for (const period of [
      { start: '2020-01-01' },
      { end: '2021-02-03' },
      { start: '2020-01-01', end: '2021-02-03' },
    ])
      assert.deepEqual(fromInterval(toInterval('validTime', period)), period);
    assert.equal(toInterval('validTime', {}), undefined);
  });
});
