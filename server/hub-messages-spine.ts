/** Spine messaging as the hub tells of it: the table of interactions, by how each is exchanged, with their example pairs. */
import { allInteractions, colonId, slashId, type Interaction } from '../spine/interactions.ts';
import { contractOfPattern, type Pattern } from '../spine/interactions-contract.ts';
import { itkOperations } from '../spine/interactions-itk.ts';
import type {
  ExampleReader,
  MessageDocumentation,
  MessageFact,
  MessageField,
  MessageInteraction,
} from './portal/api-messages.ts';
import { asyncApiId, inboundApiId, itkApiId, pollingApiId, syncApiId } from './spine-proxies.ts';

export function spineMessages(
  examples: ExampleReader,
): Readonly<Record<string, MessageDocumentation>> {
  const rows = (patterns: readonly Pattern[]) =>
    allInteractions()
      .filter(({ pattern }) => patterns.includes(pattern))
      .map((one) => interactionOf(one, examples));
  const soap = examples('soap');
  const ebxml = examples('ebxml');
  return {
    [syncApiId]: {
      standards: ['spine', 'hl7-v3', 'soap'],
      introduction: `POST a SOAP 1.1 envelope as \`text/xml\`. Its header holds WS-Addressing (\`MessageID\`, \`Action\`, \`To\`, \`From\`, \`ReplyTo\`) and the ASIDs of both systems; its body holds one HL7 V3 message. The answer is in the same exchange. What is no business of the envelope is answered with 200 and an acknowledgement of type \`AE\`.`,
      interactions: distinct(rows(['sync'])),
      examples: soap.filter(({ file }) => !file.includes('toolkit')),
    },
    [asyncApiId]: {
      standards: ['spine', 'hl7-v3', 'ebxml'],
      introduction:
        'POST a multipart message: an ebXML 2.0 envelope first, the HL7 V3 message as the second part, attachments after it. It is acknowledged when it is on disk; the answer is sent later, to the endpoint that the directory names for the sender.',
      interactions: distinct(
        rows(['async-express', 'async-reliable', 'forward-reliable', 'forward-express']),
      ),
      examples: ebxml,
    },
    [pollingApiId]: {
      standards: ['spine', 'hl7-v3', 'ebxml'],
      introduction:
        'POST the same messages as to the asynchronous service. Clients without an endpoint of their own get 202 with an address in `Content-Location` and poll it until the answer is there.',
      interactions: distinct(rows(['async-express', 'async-reliable'])),
      examples: ebxml.filter(({ file }) => !file.startsWith('forward')),
    },
    [inboundApiId]: {
      standards: ['spine', 'hl7-v3', 'ebxml'],
      introduction:
        'Other systems send here what they answer to messages of this platform. The forms are those of the asynchronous service.',
      interactions: [],
      examples: ebxml.filter(({ file }) => file.startsWith('ack') || file.startsWith('message')),
    },
    [itkApiId]: {
      standards: ['itk', 'hl7-v3', 'soap'],
      introduction:
        'POST a SOAP 1.1 envelope with a distribution envelope of the Interoperability Toolkit in its body. The service is named by `SOAPAction` and `wsa:Action`.',
      interactions: itkOperations.map(({ name, service, answerService, request, answer }) => ({
        id: name,
        name,
        title: sentence(
          name.replace(/([a-z])([A-Z])/g, '$1 $2').replace('NHSNumber', 'NHS number'),
        ),
        group: 'urn:nhs-itk:services:201005',
        pattern: 'answered at once',
        facts: [
          { key: 'SOAPAction', value: service },
          { key: 'Answer', value: answerService },
          { key: 'Payload', value: request },
          { key: 'Payload of the answer', value: answer },
        ],
        fields: [],
        examples: examples(`itk/${name}`),
      })),
      examples: soap.filter(({ file }) => file.includes('toolkit')),
    },
  };
}

const patternWords: Readonly<Record<Pattern, string>> = {
  sync: 'answered at once',
  'async-express': 'answered later, once',
  'async-reliable': 'answered later, with receipts and repeats',
  'forward-reliable': 'passed on to another system, with receipts and repeats',
  'forward-express': 'passed on to another system, once',
};

function interactionOf(one: Interaction, examples: ExampleReader): MessageInteraction {
  const { action, service, pattern, operation, release } = one;
  return {
    id: action,
    name: action,
    title: operation === undefined ? '' : sentence(operation.replaceAll('-', ' ')),
    group: service,
    pattern: patternWords[pattern],
    facts: [
      { key: 'SOAPAction, wsa:Action', value: slashId(one) },
      { key: 'In the directory', value: colonId(one) },
      ...fact('Answers', one.answers.join(', ')),
      ...fact('Refusals', one.refusals.join(', ')),
      ...fact('Around the answer', one.wrapper ?? ''),
      ...fact('Release of the message manual', release ?? ''),
    ],
    fields: pattern === 'sync' ? [] : envelopeFields(pattern),
    examples: examples(`hl7v3/${action}`),
  };
}

function fact(key: string, value: string): readonly MessageFact[] {
  return value === '' ? [] : [{ key, value }];
}

/** The elements of reliability that the contract asks for. */
function envelopeFields(pattern: Pattern): readonly MessageField[] {
  const { duplicateElimination, ackRequested, syncReply, ackActor } = contractOfPattern(pattern);
  return (
    [
      ['eb:DuplicateElimination', duplicateElimination, 'Sent twice, it is taken once'],
      [
        'eb:AckRequested',
        ackRequested,
        `Whether a receipt is asked for${ackActor === undefined ? '' : `, of ${ackActor}`}`,
      ],
      ['eb:SyncReply', syncReply, 'Whether the receipt comes in the same exchange'],
    ] as const
  ).map(([name, presence, meaning]) => ({
    name,
    required: presence === 'required',
    meaning: presence === 'absent' ? `${meaning}; must be absent` : meaning,
  }));
}

/** One message type may belong to several services: they are told apart in their addresses. */
function distinct(all: readonly MessageInteraction[]): readonly MessageInteraction[] {
  const taken = new Set<string>();
  return all.map((one) => {
    const short = one.group.slice(one.group.lastIndexOf(':') + 1).replace(/[^A-Za-z0-9_.-]+/g, '-');
    const id = taken.has(one.id) ? `${one.id}-${short}` : one.id;
    taken.add(id);
    return { ...one, id };
  });
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
