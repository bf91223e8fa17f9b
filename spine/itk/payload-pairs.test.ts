import assert from 'node:assert/strict';
import { writeXml } from '../../core/xml-write.ts';
import { at, attributeOf } from '../pds/elements.ts';
import { messageOf, pairsOf, termsOf } from '../../test/message-pairs.ts';
import { itkOperations } from '../interactions-itk.ts';
import {
  fromItkAnswer,
  fromItkRequest,
  toItkAnswer,
  toItkRequest,
  type ItkAnswered,
  type ItkTerms,
} from './payloads.ts';

describe('an example payload of the mini-services', () => {
  for (const operation of itkOperations) {
    const request = messageOf('itk', operation.name, 'request');
    const response = messageOf('itk', operation.name, 'response');
    // The files are ours: they hold what the types say.
    const terms = termsOf('itk', operation.name, 'request') as ItkTerms;
    const answer = termsOf('itk', operation.name, 'response') as ItkAnswered;
    const idOf = (payload: typeof request) => attributeOf(at(payload, 'id'), 'root') ?? '';

    it(`is what its terms become: ${operation.name}`, () => {
      assert.equal(writeXml(toItkRequest(operation, terms, idOf(request))), writeXml(request));
      const numberOnly = operation.name === 'getNHSNumber';
      const written = toItkAnswer(operation, { ...answer, numberOnly }, idOf(response));
      assert.equal(writeXml(written), writeXml(response));
    });

    it(`is read as its terms: ${operation.name}`, () => {
      assert.deepEqual(fromItkRequest(request), terms);
      assert.deepEqual(fromItkAnswer(response), answer);
    });
  }

  it('is there for each operation', () => {
    assert.deepEqual(pairsOf('itk'), itkOperations.map(({ name }) => name).sort());
  });
});
