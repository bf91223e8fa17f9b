import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeXml } from '../../core/xml-write.ts';
import type { XmlElement } from '../../core/xml.ts';
import { Random } from '../../fhir/synthetic/random.ts';
import { hl7v3Ground, type Hl7v3Ground } from '../../test/hl7v3-ground.ts';
import { messageOf, pairsOf } from '../../test/message-pairs.ts';
import { handleItkOperation } from '../itk/handle.ts';
import { fromItkAnswer } from '../itk/payloads.ts';
import { itkOperations } from '../interactions-itk.ts';
import { hl7 } from './elements.ts';
import { handlePdsInteraction } from './handle.ts';

const rounds = 60;
const nasty = [
  '',
  ' ',
  '9'.repeat(5000),
  '<&">',
  '\u{1F600}',
  '__proto__',
  '-1',
  '20269999',
  '*',
  "' OR 1=1",
];

/** The element with one thing in it wrong: left out, doubled, emptied or filled with what nobody expects. */
function damaged(element: XmlElement, random: Random): XmlElement {
  const { children, attributes } = element;
  const at = random.below(children.length + attributes.length + 1);
  const value = nasty[random.below(nasty.length)] ?? '';
  if (at < attributes.length)
    return {
      ...element,
      attributes: attributes.map((one, i) => (i === at ? { ...one, value } : one)),
    };
  const index = at - attributes.length;
  const child = children[index];
  if (child === undefined) return { ...element, children: value === '' ? [] : [value] };
  const how = random.below(6);
  const before = children.slice(0, index);
  const behind = children.slice(index + 1);
  if (how === 0) return { ...element, children: [...before, ...behind] };
  if (how === 1 && typeof child !== 'string')
    return { ...element, children: [...before, child, child, ...behind] };
  const changed = typeof child === 'string' ? value || 'x' : damaged(child, random);
  return { ...element, children: [...before, changed, ...behind] };
}

describe('a message with something wrong in it', () => {
  let folder: string;
  let on: Hl7v3Ground;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pds-hostile-'));
    on = await hl7v3Ground(folder);
  });
  after(async () => {
    await on.close();
    await rm(folder, { recursive: true });
  });

  for (const action of pairsOf('hl7v3').filter((name) => /^(QUPA|PRPA)/.test(name)))
    it(`is answered, whatever it is: ${action}`, async () => {
      const message = messageOf('hl7v3', action, 'request');
      for (let round = 0; round < rounds; round++) {
        const random = new Random(round, 17);
        const sent = damaged(round % 2 ? damaged(message, random) : message, random);
        const answer = await handlePdsInteraction(action, sent, {
          patients: on.patients,
          asking: on.asking(`${action} ${round}`),
        });
        if (answer.typeCode === 'AE') assert.ok(answer.issues.length > 0);
        assert.ok(answer.subjects.map((subject) => writeXml(subject)));
      }
    });

  it('is answered by the mini-services too', async () => {
    for (const operation of itkOperations) {
      const message = messageOf('itk', operation.name, 'request');
      for (let round = 0; round < rounds; round++) {
        const answer = await handleItkOperation(operation, damaged(message, new Random(round, 5)), {
          patients: on.patients,
          asking: on.asking('itk'),
          newId: () => 'A1',
        });
        assert.match(fromItkAnswer(answer).code, /^(SMSP-000[01]|DEMOG-00\d\d)$/);
      }
    }
  });

  it('may be empty', async () => {
    for (const payload of ['ControlActEvent', 'query', 'subject', 'PdsUpdateRequest'].map((name) =>
      hl7(name),
    ))
      for (const action of [
        'QUPA_IN000008UK02',
        'PRPA_IN000203UK03',
        'PRPA_IN000200UK03',
        'PRPA_IN000205UK03',
      ]) {
        const service = { patients: on.patients, asking: on.asking('empty') };
        assert.equal((await handlePdsInteraction(action, payload, service)).typeCode, 'AE');
      }
  });
});
