import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import * as errors from '../../fhir/pds/errors.ts';
import { bucket, issuesOf, problemOf, refusal } from './issues.ts';

const codes = (problem: Problem, operation: Parameters<typeof issuesOf>[1]) =>
  issuesOf(problem, operation).map(({ code }) => code);

describe('a refusal over HL7 V3', () => {
  it('is told in a general and a detailed issue, by operation', () => {
    assert.deepEqual(codes(errors.tooManyMatches(), 'simple-trace'), ['2']);
    assert.deepEqual(codes(errors.notFound(), 'simple-trace'), ['1', 'ST004']);
    assert.deepEqual(codes(errors.notFound(), 'advanced-trace'), ['1', 'AT006']);
    assert.deepEqual(codes(errors.notFound(), 'retrieval'), ['1', 'RT003']);
    assert.deepEqual(codes(errors.notFound(), 'cross-check-trace'), ['1', 'NHSNCC002']);
    assert.deepEqual(codes(errors.missingValue('x'), 'simple-trace'), ['0', 'ST001']);
    assert.deepEqual(codes(errors.invalidSearchData('x'), 'advanced-trace'), ['0', 'AT002']);
    assert.deepEqual(codes(refusal('AT009', 'x'), 'advanced-trace'), ['0', 'AT009']);
    assert.deepEqual(codes(errors.versionMismatch(), 'general-update'), [
      '15',
      'RESOURCE_VERSION_MISMATCH',
    ]);
    assert.deepEqual(codes(refusal('INVALID_UPDATE_MODE', 'x'), 'general-update'), [
      '15',
      'INVALID_UPDATE_MODE',
    ]);
  });

  it('comes back as the row that it was', () => {
    for (const problem of [
      errors.invalidated(),
      errors.versionMismatch(),
      errors.forbiddenUpdate('not permitted to remove usual name'),
      errors.invalidUpdate('no id or url found'),
      errors.invalidCreate('family'),
      errors.invalidField('x', 'name/0/use'),
      errors.additionalProperties(['a', 'b']),
      errors.unsupportedValue('other', 'gender'),
      errors.tooFewValues('address/0/line'),
      errors.tooManyValues(['a'], 'name'),
      errors.missingValue('name/0/use'),
      errors.birthDeathInconsistent(),
      errors.singleMatch('9000000009'),
      errors.multipleMatches(),
    ]) {
      const back = problemOf(issuesOf(problem, 'general-update'), true);
      assert.deepEqual(back?.row, problem.row, problem.code);
      assert.equal(back?.kind, problem.kind);
    }
    for (const problem of [errors.tooManyMatches(), errors.notFound()])
      assert.deepEqual(problemOf(issuesOf(problem, 'retrieval'), true)?.row, problem.row);
  });

  it('means over FHIR what the published detail means', () => {
    for (const [detail, code] of [
      ['ST004', 'RESOURCE_NOT_FOUND'],
      ['RT003', 'RESOURCE_NOT_FOUND'],
      ['NHSNCC002', 'RESOURCE_NOT_FOUND'],
      ['ST001', 'INVALID_SEARCH_DATA'],
      ['AT002', 'INVALID_SEARCH_DATA'],
      ['IU058', 'INVALID_UPDATE'],
      ['GE002', 'UNKNOWN_ERROR'],
      ['GE007', 'MISSING_VALUE'],
      ['FAILED_MOD11_CHECK', 'INVALID_RESOURCE_ID'],
      ['IU999', 'INVALID_UPDATE'],
    ] as const) {
      const told = { ...bucket(0), code: detail, qualifier: 'ER', displayName: 'said' };
      assert.equal(problemOf([bucket(15), told], true)?.code, code);
    }
    assert.equal(problemOf([bucket(2)], true)?.code, 'TOO_MANY_MATCHES');
    assert.equal(problemOf([bucket(1)], true)?.code, 'RESOURCE_NOT_FOUND');
    assert.equal(problemOf([], true)?.kind, 'upstream');
  });

  it('is none in an answer that was accepted, whatever reasons it bears', () => {
    assert.equal(problemOf([bucket(24), bucket(9)], false), undefined);
  });

  it('is no answer of the application when the service is away or broken', () => {
    for (const problem of [
      errors.serviceUnavailable(),
      errors.unknownError('1'),
      errors.tooManyRequests('x'),
      new Problem('internal', 'x'),
    ])
      assert.throws(
        () => issuesOf(problem, 'retrieval'),
        (thrown) => thrown === problem,
      );
  });
});
