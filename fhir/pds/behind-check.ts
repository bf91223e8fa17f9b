/**
 * Whether what is said to lie behind a Patient may be kept: data of a caller's own that the rules walk without asking
 * again. Owns the shape of Behind as a check; what its members mean is in record.ts.
 */
import { Schemas } from '../../core/schema.ts';

const text = { type: 'string' };
const texts = { type: 'array', items: text };
const objects = (properties: object, required: readonly string[] = []) => ({
  type: 'array',
  items: { type: 'object', properties, required },
});
const extensions = objects({ url: text, valuePositiveInt: { type: 'integer' } }, ['url']);
const addresses = objects({ id: text, use: text, line: texts, postalCode: text });
const telecoms = objects({ id: text, system: text, use: text, value: text });
const names = { use: text, family: text, given: texts, prefix: texts, suffix: texts };
const former = {
  type: 'object',
  properties: { names: objects(names), addresses, telecoms, genders: texts },
  additionalProperties: false,
};

const behind = {
  type: 'object',
  properties: {
    supersededBy: { type: 'string', pattern: '^[0-9]{10}$' },
    former,
    hidden: former,
    addressLines: { type: 'object', additionalProperties: texts },
    relatedPersons: objects(
      {
        id: text,
        extension: extensions,
        address: addresses,
        telecom: telecoms,
        patient: {
          type: 'object',
          properties: { identifier: { type: 'object', properties: { value: text } } },
        },
      },
      ['patient'],
    ),
    coverage: { type: 'object' },
    confidentialRemoval: {
      type: 'object',
      properties: { code: text, display: text },
      required: ['code', 'display'],
    },
    consent: { enum: ['1', '2'] },
    recent: objects({ requestId: text, digest: text, versionId: text, at: { type: 'number' } }, [
      'requestId',
      'digest',
      'versionId',
      'at',
    ]),
    tags: texts,
  },
  additionalProperties: false,
};

const faultsOf = new Schemas().faults(behind);

/** Faults in words, with the member each is about; empty when it may be kept. It must not be deeply nested. */
export function behindFaults(value: unknown): readonly string[] {
  return faultsOf(value).map(
    ({ path, message }) => `behind the record: ${path.join('/') || 'it'} ${message}`,
  );
}
