import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseXml, usualXmlLimits } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import type { PdsRecord } from '../../fhir/pds/record.ts';
import { edgeCaseRecords, publishedRecords } from '../../fhir/synthetic/default-data.ts';
import { createContext, people } from '../../fhir/synthetic/person.ts';
import { loadSources } from '../../fhir/synthetic/sources.ts';
import type { Layout, Release } from './part-wrappers.ts';
import { fromPatientRole, toPatientRole } from './person.ts';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures');
const made = [...people(300, 7, createContext(loadSources(fixtures)))];
const all: readonly PdsRecord[] = [
  ...publishedRecords(fixtures),
  ...edgeCaseRecords(fixtures),
  ...made,
].filter(({ patient }) => patient.meta.security[0].code !== 'REDACTED');

/** Over the text, as a message travels. */
function thereAndBack({ patient, behind }: PdsRecord, layout: Layout): PdsRecord {
  const role = toPatientRole({ patient, relatedPersons: behind.relatedPersons }, layout);
  const read = parseXml(writeXml(role), usualXmlLimits);
  return fromPatientRole(read, patient.meta.versionId).record;
}

/** A day of death is its midnight there. */
function asHl7Keeps({ patient }: PdsRecord): PdsRecord['patient'] {
  const { deceasedDateTime: died } = patient;
  return died?.length === 10 ? { ...patient, deceasedDateTime: `${died}T00:00:00+00:00` } : patient;
}

describe('a record over HL7 V3', () => {
  for (const release of ['2006-B', '2008-A', '2008-B'] satisfies Release[]) {
    it(`of every synthetic person is the same FHIR Patient when it comes back (${release})`, () => {
      // One release with everyone, the others with the hand-made ones: they differ in where items stand only.
      for (const record of release === '2008-A' ? all : all.slice(0, -made.length)) {
        const back = thereAndBack(record, { release, extras: true });
        assert.deepEqual(back.patient, asHl7Keeps(record));
      }
    });
  }

  it('brings back the related people', () => {
    const related = all.filter(({ behind }) => behind.relatedPersons);
    assert.ok(related.length > 5);
    for (const record of related) {
      const back = thereAndBack(record, { release: '2008-A', extras: true });
      assert.deepEqual(back.behind.relatedPersons, record.behind.relatedPersons);
    }
  });
});
