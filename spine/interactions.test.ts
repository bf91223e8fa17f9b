import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  contractOf,
  contractOfPattern,
  durationMilliseconds,
  patternOfContract,
} from './interactions-contract.ts';
import { itkOperationOf, itkOperations } from './interactions-itk.ts';
import {
  allInteractions,
  colonId,
  interactionOf,
  interactionsNamed,
  rememberedFor,
  serviceActionOf,
  slashId,
} from './interactions.ts';

describe('interactions', () => {
  it('are found with a slash or a colon, quoted or bare', () => {
    const ids = ['pdsquery/QUPA_IN000008UK02', 'pdsquery:QUPA_IN000008UK02'];
    for (const id of ids)
      for (const text of [`urn:nhs:names:services:${id}`, ` "urn:nhs:names:services:${id}" `]) {
        const found = interactionOf(text);
        assert.equal(found?.operation, 'retrieval', text);
        assert.deepEqual(found.answers, ['QUPA_IN000009UK03']);
        assert.equal(found.wrapper, 'retrievalQueryResponse');
        assert.equal(slashId(found), `urn:nhs:names:services:${ids[0] ?? ''}`);
        assert.equal(colonId(found), `urn:nhs:names:services:${ids[1] ?? ''}`);
      }
  });

  it('are taken apart whether they are known or not, and refused when they are none', () => {
    assert.deepEqual(serviceActionOf('urn:nhs:names:services:new/NEWS_IN000001UK01'), {
      service: 'urn:nhs:names:services:new',
      action: 'NEWS_IN000001UK01',
    });
    for (const bad of ['', '/', 'x/', '/x', 'pdsquery/QUPA', 'urn:a b/c', ':x'])
      assert.equal(serviceActionOf(bad), undefined, bad);
    assert.equal(interactionOf('urn:nhs:names:services:pdsquery/QUPA_IN999999UK99'), undefined);
  });

  it('have one row each, and ask the same of three releases', () => {
    const ids = allInteractions().map(colonId);
    assert.equal(new Set(ids).size, ids.length);
    const retrievals = allInteractions().filter(({ operation }) => operation === 'retrieval');
    assert.deepEqual(
      retrievals.map(({ release, action, answers }) => [release, action, ...answers]),
      [
        ['2006-B', 'QUPA_IN040000UK32', 'QUPA_IN050000UK32'],
        ['2008-A', 'QUPA_IN000008UK02', 'QUPA_IN000009UK03'],
        ['2008-B', 'QUPA_IN000008UK05', 'QUPA_IN000009UK06'],
      ],
    );
    const [older] = interactionsNamed('QUPA_IN010000UK13');
    assert.deepEqual([older?.release, older?.operation], ['older', undefined]);
    assert.ok(interactionsNamed('MCCI_IN010000UK13').length > 3);
    assert.deepEqual(interactionsNamed('none'), []);
  });

  it('bear what the contract of their pattern wants', () => {
    assert.deepEqual(contractOfPattern('async-reliable'), {
      ...{ duplicateElimination: 'required', ackRequested: 'required' },
      ...{ ackActor: 'toPartyMSH', syncReply: 'required' },
    });
    assert.equal(contractOfPattern('forward-reliable').syncReply, 'absent');
    assert.equal(contractOfPattern('async-express').ackRequested, 'absent');
  });

  it('take their contract from the directory where no table names them', () => {
    const actors = ['urn:oasis:names:tc:ebxml-msg:actor:nextMSH'];
    const always = { duplicateElimination: 'always', ackRequested: 'always' };
    const patterns = [
      { ...always, syncReplyMode: 'MSHSignalsOnly', actors: [] },
      { ...always, syncReplyMode: 'None', actors },
      {
        ...always,
        syncReplyMode: 'none',
        actors: ['urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH'],
      },
      {
        duplicateElimination: 'never',
        ackRequested: 'never',
        syncReplyMode: 'MSHSignalsOnly',
        actors: [],
      },
      { actors: [] },
    ].map((one) => patternOfContract(contractOf(one)));
    assert.deepEqual(patterns, [
      ...['async-reliable', 'forward-reliable', 'forward-reliable'],
      ...['async-express', 'forward-express'],
    ]);
  });

  it('are remembered as long as the published rules say', () => {
    const of = (id: string) =>
      rememberedFor(serviceActionOf(`urn:nhs:names:services:${id}`) ?? none);
    const none = { service: '', action: '' };
    assert.equal(of('gp2gp/RCMR_IN010000UK05'), 'PT4H10M');
    assert.equal(of('pds/PRPA_IN000202UK01'), 'PT5M');
    assert.equal(of('unknown/X_IN000001UK01'), 'PT5M');
  });

  it('read durations of fixed length only', () => {
    const read = ['PT4H10M', 'P1D', 'PT21S', 'P1W', 'PT0.5S', 'P1DT1H'].map(durationMilliseconds);
    assert.deepEqual(read, [15_000_000, 86_400_000, 21_000, 604_800_000, 500, 90_000_000]);
    for (const bad of ['', 'P', 'PT', 'P1Y', 'PT5', '5M', 'PT-1M', `PT${'1'.repeat(50)}S`])
      assert.equal(durationMilliseconds(bad), undefined, bad);
  });
});

describe('toolkit operations', () => {
  it('spell services one way and payloads the other', () => {
    const found = itkOperationOf('"urn:nhs-itk:services:201005:getPatientDetails-v1-0"');
    assert.deepEqual(found, {
      name: 'getPatientDetails',
      service: 'urn:nhs-itk:services:201005:getPatientDetails-v1-0',
      answerService: 'urn:nhs-itk:services:201005:getPatientDetails-v1-0Response',
      request: 'getPatientDetails-v1-0',
      requestCode: 'getPatientDetailsRequest-v1-0',
      answer: 'getPatientDetailsResponse-v1-0',
    });
    assert.equal(itkOperations[0]?.request, 'verifyNHSNumberRequest-v1-0');
    assert.equal(itkOperationOf('urn:nhs-itk:services:201005:other-v1-0'), undefined);
  });
});
