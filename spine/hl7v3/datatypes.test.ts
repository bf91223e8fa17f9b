import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  fhirDateOf,
  fhirDateTimeOf,
  hl7DateOf,
  hl7TimeOf,
  isoTimestampOf,
  timeOf,
  timestampOf,
} from './datatypes.ts';
import { isUuid } from './ids.ts';

const noon = Date.UTC(2026, 2, 1, 12, 0, 5);

describe('points in time', () => {
  it('are read as senders write them', () => {
    for (const text of [
      ...['20260301120005', '20260301120005.000', '20260301130005+0100', '2026-03-01T12:00:05Z'],
      ...['2026-03-01T12:00:05', '2026-03-01T12:00:05.0000000+00:00', '2026-03-01T08:00:05-04:00'],
    ])
      assert.equal(timeOf(text), noon, text);
    assert.equal(timeOf('20260301'), Date.UTC(2026, 2, 1));
    assert.equal(timeOf('2026-03-01T12:00:05.125Z'), noon + 125);
  });

  it('are undefined when they are none', () => {
    for (const text of [
      '',
      '2026',
      '20260231',
      '20261301',
      '202603012500',
      'now',
      '2026-03-01T',
      '9'.repeat(99),
    ])
      assert.equal(timeOf(text), undefined, text);
  });

  it('are written without a zone in HL7 and with one in ebXML', () => {
    assert.equal(timestampOf(noon), '20260301120005');
    assert.equal(isoTimestampOf(noon), '2026-03-01T12:00:05Z');
  });

  it('become dates and times of FHIR, as exact as they were', () => {
    assert.deepEqual(['2010', '201010', '20101022', '20101022093045'].map(fhirDateOf), [
      ...['2010', '2010-10', '2010-10-22', '2010-10-22'],
    ]);
    for (const text of ['', '20101', '20101322', '2010-10-22', '20100230', 'abcd'])
      assert.equal(fhirDateOf(text), undefined, text);
    assert.equal(fhirDateTimeOf('20101022'), '2010-10-22');
    assert.equal(fhirDateTimeOf('201010220930'), '2010-10-22T09:30:00+00:00');
    assert.equal(fhirDateTimeOf('201010229930'), undefined);
  });

  it('come back from FHIR', () => {
    assert.deepEqual(['2010', '2010-10', '2010-10-22T09:30:00+00:00'].map(hl7DateOf), [
      ...['2010', '201010', '20101022'],
    ]);
    assert.equal(hl7TimeOf('2010-10-22T09:30:00+01:00'), '20101022083000');
    assert.equal(hl7TimeOf('2010-10-22'), '20101022');
  });

  it('are the same after writing and reading, whatever they are', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2e12, max: 4e12 }), (time) => {
        const second = Math.floor(time / 1000) * 1000;
        assert.equal(timeOf(timestampOf(second)), second);
        assert.equal(timeOf(isoTimestampOf(second)), second);
      }),
      { seed: 6 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), (text) => {
        timeOf(text);
        fhirDateTimeOf(text);
      }),
      { seed: 6 },
    );
  });
});

describe('ids of messages', () => {
  it('are UUIDs in either case', () => {
    assert.ok(isUuid('6E0C2A54-63F1-4B7E-8C66-0B1B0F6D1001'));
    assert.ok(isUuid('6e0c2a54-63f1-4b7e-8c66-0b1b0f6d1001'));
    for (const bad of ['', '6E0C2A54', 'uuid:6E0C2A54-63F1-4B7E-8C66-0B1B0F6', 'x'.repeat(36)])
      assert.ok(!isUuid(bad), bad);
  });
});
