import assert from 'node:assert/strict';
import type { Bundle, FhirResource, Patient, RelatedPerson } from 'fhir/r4.js';
import { writeXml } from '../../core/xml-write.ts';
import type { XmlElement } from '../../core/xml.ts';
import { Problem } from '../../core/problem.ts';
import { readBirth } from '../../fhir/pds/create/birth.ts';
import { readCreate } from '../../fhir/pds/create/create.ts';
import type { PdsPatient, PdsRecord } from '../../fhir/pds/record.ts';
import { readCriteria } from '../../fhir/pds/trace/search-query.ts';
import { applyPatches, readPatches } from '../../fhir/pds/update/patch.ts';
import { messageOf, pairsOf, termsOf } from '../../test/message-pairs.ts';
import { readControlAct, writeControlAct, type ControlActParts } from '../hl7v3/control-act.ts';
import {
  fromRegistration,
  fromRegistrationAnswer,
  toRegistration,
  toRegistrationAnswer,
} from './allocation.ts';
import { fromBirth } from './birth-bundle.ts';
import { toBirth } from './birth-event.ts';
import * as crossCheck from './cross-check.ts';
import { hl7 } from './elements.ts';
import { bucket, issuesOf, problemOf } from './issues.ts';
import type { Layout } from './part-wrappers.ts';
import * as retrieval from './retrieval.ts';
import { fromTraceMatch, toTraceMatch } from './trace-answers.ts';
import { fromAdvancedTrace, fromSimpleTrace, toAdvancedTrace, toSimpleTrace } from './traces.ts';
import { targetOf, toPatches } from './update-patches.ts';
import { toUpdate, toUpdateAnswer } from './update-request.ts';

const layout: Layout = { release: '2008-A' };
let made = 0xabcdef01;
const context = {
  now: Date.UTC(2026, 10, 1, 12),
  newObjectId: () => (made++).toString(16).toUpperCase(),
  isPractice: () => true,
};

interface Search {
  search: string;
}
interface Shown {
  patient: Patient;
}
interface Found {
  matches: { patient: Patient; score: number }[];
}
interface Retrieved {
  patient: Patient;
  relatedPersons: RelatedPerson[];
  replaced: string[];
}
interface Change {
  before: PdsPatient;
  patches: unknown[];
}

/** Both directions of one interaction: what asks, and what answers. JSON is read as what our own files hold. */
interface Pair {
  toRequest(json: unknown): XmlElement;
  fromRequest(payload: XmlElement, json: unknown): unknown;
  toResponse(json: unknown): Partial<ControlActParts>;
  fromResponse(subjects: readonly XmlElement[]): unknown;
}

const first = (subjects: readonly XmlElement[]) => subjects[0] ?? assert.fail('no subject');
const ok = { queryResponse: 'OK' } as const;
const criteriaOf = (json: unknown, limit?: number) =>
  readCriteria(new URLSearchParams((json as Search).search), limit);
const versionAnswer: Pick<Pair, 'toResponse' | 'fromResponse'> = {
  toResponse: (json) => ({
    subjects: [toUpdateAnswer((json as { versionId: string }).versionId)],
    subjectContext: false,
  }),
  fromResponse: (subjects) => ({ versionId: retrieval.fromSerialChangeNumber(first(subjects)) }),
};

const pairs: Readonly<Record<string, Pair>> = {
  QUPA_IN000005UK01: {
    toRequest: (json) => toSimpleTrace(criteriaOf(json, 1)),
    fromRequest: (query) => ({ search: String(fromSimpleTrace(query).search) }),
    toResponse: (json) => ({
      ...ok,
      issues: [bucket(3)],
      subjects: [toTraceMatch({ patient: (json as Shown).patient }, 'simple', layout)],
    }),
    fromResponse: (subjects) => fromTraceMatch(first(subjects)),
  },
  QUPA_IN000006UK02: {
    toRequest: (json) => toAdvancedTrace(criteriaOf(json)),
    fromRequest: (query) => ({ search: String(fromAdvancedTrace(query).search) }),
    toResponse: (json) => ({
      ...ok,
      issues: [bucket(3)],
      subjects: (json as Found).matches.map((match) => toTraceMatch(match, 'advanced', layout)),
    }),
    fromResponse: (subjects) => ({ matches: subjects.map(fromTraceMatch) }),
  },
  QUPA_IN000008UK02: {
    toRequest: (json) => retrieval.toRetrieval(json as retrieval.RetrievalQuery),
    fromRequest: (query) => retrieval.fromRetrieval(query),
    toResponse: (json) => ({
      ...ok,
      subjects: [retrieval.toRetrievalAnswer(json as Retrieved, layout)],
    }),
    fromResponse(subjects) {
      const { record, replaced } = retrieval.fromRetrievalAnswer(first(subjects));
      return {
        patient: record.patient,
        relatedPersons: record.behind.relatedPersons ?? [],
        replaced,
      };
    },
  },
  QUPA_IN000014UK01: {
    toRequest: (json) => crossCheck.toCrossCheck(json as crossCheck.CrossCheck),
    fromRequest: (query) => crossCheck.fromCrossCheck(query),
    toResponse: (json) => ({
      ...ok,
      subjects: [crossCheck.toCrossCheckAnswer((json as Shown).patient, layout)],
    }),
    fromResponse: (subjects) => ({ patient: crossCheck.fromCrossCheckAnswer(first(subjects)) }),
  },
  QUPA_IN000016UK02: {
    toRequest: (json) => crossCheck.toConfirmation((json as { nhsNumber: string }).nhsNumber),
    fromRequest: (query) => ({ nhsNumber: crossCheck.fromConfirmation(query) }),
    toResponse: (json) => ({
      ...ok,
      subjects: [crossCheck.toConfirmationAnswer((json as { nhsNumber: string }).nhsNumber)],
    }),
    fromResponse: (subjects) => ({ nhsNumber: crossCheck.fromConfirmationAnswer(first(subjects)) }),
  },
  PRPA_IN000203UK03: {
    toRequest(json) {
      const { before: patient, patches } = json as Change;
      const before: PdsRecord = { patient, behind: {} };
      const after = applyPatches(before, readPatches({ patches }), { ...context, mode: 'worker' });
      return toUpdate(before, after) ?? assert.fail('nothing changed');
    },
    fromRequest(payload, json) {
      const { before } = json as Change;
      assert.deepEqual(targetOf(payload), {
        nhsNumber: before.id,
        versionId: before.meta.versionId,
      });
      return { before, patches: toPatches(payload, before) };
    },
    ...versionAnswer,
  },
  PRPA_IN000200UK03: {
    toRequest: (json) => toRegistration(readCreate(json, context)),
    fromRequest: (payload) => fromRegistration(payload, 'PDS'),
    toResponse: (json) => ({
      subjects: [toRegistrationAnswer((json as { nhsNumbers: string[] }).nhsNumbers)],
      subjectContext: false,
    }),
    fromResponse: (subjects) => ({ nhsNumbers: fromRegistrationAnswer(first(subjects)) }),
  },
  PRPA_IN000205UK03: {
    toRequest: (json) => toBirth(readBirth(json, context).draft, json as Bundle<FhirResource>),
    fromRequest: (payload) => fromBirth(payload, 'PDS'),
    ...versionAnswer,
  },
};

/** A control act as the files hold it. */
const written = (parts: Partial<ControlActParts>) =>
  writeXml(writeControlAct({ system: '200000000115', ...parts }));
const act = (payload: XmlElement) =>
  written(payload.name === 'query' ? { query: payload } : { subjects: [payload] });

describe('an example message', () => {
  for (const [interaction, pair] of Object.entries(pairs)) {
    const request = () => readControlAct(messageOf('hl7v3', interaction, 'request'));
    const response = () => messageOf('hl7v3', interaction, 'response');

    it(`of ${interaction} is what its FHIR twin becomes`, () => {
      const asked = pair.toRequest(termsOf('hl7v3', interaction, 'request'));
      assert.equal(act(asked), writeXml(request().element));
      const answered = pair.toResponse(termsOf('hl7v3', interaction, 'response'));
      assert.equal(written(answered), writeXml(response()));
    });

    it(`of ${interaction} is read as its FHIR twin`, () => {
      const { query, subjects } = request();
      const terms = termsOf('hl7v3', interaction, 'request');
      const read = pair.fromRequest(query ?? subjects[0] ?? hl7('none'), terms);
      assert.deepEqual(plain(read), terms);
      const answer = pair.fromResponse(readControlAct(response()).subjects);
      assert.deepEqual(plain(answer), termsOf('hl7v3', interaction, 'response'));
    });
  }

  it('of a refusal is a Problem of the FHIR API, and the other way round', () => {
    for (const name of ['QUQI_IN010000UK14', 'MCCI_IN010000UK13']) {
      const { issues } = readControlAct(messageOf('hl7v3', name, 'response'));
      const problem = problemOf(issues, true) ?? assert.fail('it refuses');
      assert.deepEqual(plain(problem.row), termsOf('hl7v3', name, 'response'));
      const operation = name.startsWith('QUQI') ? 'retrieval' : 'general-update';
      assert.deepEqual(issuesOf(Problem.from(problem), operation), issues);
    }
  });

  it('is there for each interaction, and tested', () => {
    const tested = [...Object.keys(pairs), 'QUQI_IN010000UK14', 'MCCI_IN010000UK13'];
    assert.deepEqual(pairsOf('hl7v3'), tested.sort());
  });
});

/** As JSON holds it. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown; // what is compared with what a file holds
}
