/** MESH as the hub tells of it: its calls with their header fields. What is asked of each is spine/mesh's. */
import type {
  MessageDocumentation,
  MessageField,
  MessageInteraction,
} from './portal/api-messages.ts';

const token: MessageField = {
  name: 'Authorization',
  required: true,
  meaning:
    '`NHSMESH <mailbox>:<nonce>:<count>:<yyyyMMddHHmm>:<hash>`; the hash is HMAC-SHA256, in hex, with the shared key of the environment over `<mailbox>:<nonce>:<count>:<password>:<yyyyMMddHHmm>`. Each token works once, two hours at most.',
};

const accept: MessageField = {
  name: 'Accept',
  required: false,
  meaning: '`application/vnd.mesh.v2+json` for version 2; version 1 without it',
};

const sending: readonly MessageField[] = [
  field('Mex-To', true, 'The mailbox that it is for'),
  field('Mex-WorkflowID', true, 'What it is about, as both sides have agreed'),
  field('Mex-LocalID', false, 'Your own id of it, for tracking'),
  field('Mex-Subject', false, 'A few words on it'),
  field('Mex-FileName', false, 'The name of the file'),
  field('Mex-Chunk-Range', false, '`1:3` for the first of three chunks'),
  field('Mex-Content-Checksum', false, 'A checksum that the receiver may compare'),
  field('Content-Encoding', false, '`gzip` for a body that is packed'),
];

const handshaking: readonly MessageField[] = [
  field('Mex-ClientVersion', true, 'Which client calls'),
  field('Mex-OSName', true, 'On which system'),
  field('Mex-OSVersion', true, 'And its version'),
];

export const meshMessages: MessageDocumentation = {
  standards: ['mesh'],
  introduction: `Organisations have mailboxes. Leave a message in another's mailbox, list and fetch what is in your own, and acknowledge what you have stored safely: then it is gone from the inbox. Messages of more than 100 MB are sent in chunks. A message that nobody fetches within five days is reported back to its sender.

In integration a client certificate is needed besides the token. \`GET /_ping\` needs neither.`,
  examples: [],
  interactions: [
    call('handshake', 'POST /{mailbox}', 'Say that the mailbox is in use', 'Mailbox', handshaking),
    call('count', 'GET /{mailbox}/count', 'Count what waits', 'Mailbox'),
    call('send', 'POST /{mailbox}/outbox', 'Send a message, or its first chunk', 'Outbox', sending),
    call('send-chunk', 'POST /{mailbox}/outbox/{id}/{n}', 'Send a further chunk', 'Outbox', [
      field('Mex-Chunk-Range', true, '`2:3` for the second of three'),
    ]),
    call(
      'track',
      'GET /{mailbox}/outbox/tracking',
      'See what became of a message; `messageID` or `localID` in the query',
      'Outbox',
    ),
    call('sent', 'GET /{mailbox}/outbox/rich', 'List what was sent, with details', 'Outbox'),
    call('list', 'GET /{mailbox}/inbox', 'List what waits', 'Inbox'),
    call('received', 'GET /{mailbox}/inbox/rich', 'List what waits, with details', 'Inbox'),
    call('fetch', 'GET /{mailbox}/inbox/{id}', 'Fetch a message, or its first chunk', 'Inbox'),
    call('fetch-chunk', 'GET /{mailbox}/inbox/{id}/{n}', 'Fetch a further chunk', 'Inbox'),
    call(
      'acknowledge',
      'PUT /{mailbox}/inbox/{id}/status/acknowledged',
      'Say that it is stored; it leaves the inbox',
      'Inbox',
    ),
    call(
      'look-up',
      'GET /endpointlookup/{ods}/{workflow}',
      'Find the mailbox of an organisation for a workflow',
      'Look-ups',
    ),
    call('workflows', 'GET /workflowsearch/{workflow}', 'Find who takes a workflow', 'Look-ups'),
  ],
};

function field(name: string, required: boolean, meaning: string): MessageField {
  return { name, required, meaning };
}

function call(
  id: string,
  name: string,
  title: string,
  group: string,
  fields: readonly MessageField[] = [],
): MessageInteraction {
  return {
    ...{ id, name, title, group, pattern: 'answered at once', facts: [], examples: [] },
    fields: [token, accept, ...fields],
  };
}
