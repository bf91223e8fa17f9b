/** Smartcard sign-on as the hub tells of it: the calls of agent, broker and user context. */
import type {
  MessageDocumentation,
  MessageField,
  MessageInteraction,
} from './portal/api-messages.ts';
import { agentApiId, brokerApiId, contextApiId } from './sso-proxies.ts';

const ticket = field('token', true, 'The ticket, in the query');
const workstation = field(
  'workstation',
  true,
  'Which workstation asks, of letters, digits, dots and dashes',
);

export const ssoMessages: Readonly<Record<string, MessageDocumentation>> = {
  [agentApiId]: {
    standards: [],
    introduction:
      'A workstation with a smartcard reader, simulated. An application asks it for a ticket.',
    examples: [],
    interactions: [
      call('cards', 'GET /cards', 'See whose cards may be put in'),
      call('held', 'GET /ticket', 'Get the ticket of who is signed in', [workstation]),
      call('sign-in', 'POST /ticket', 'Put a card in and sign in', [
        workstation,
        field('userId', true, 'Twelve digits'),
        field('pin', true, 'Four to eight digits'),
        field('role', false, 'The role profile to take'),
      ]),
      call('leave', 'DELETE /ticket', 'Take the card out', [workstation]),
    ],
  },
  [brokerApiId]: {
    standards: ['saml'],
    introduction:
      'Tells for a ticket who somebody is, as a SAML role assertion, and whether the session lives.',
    examples: [],
    interactions: [
      call('role-assertion', 'GET /RoleAssertion', 'Get the role assertion of a ticket', [ticket]),
      call('session', 'GET /Session', 'See whether a session lives', [ticket]),
      call('keep', 'POST /Session', 'Keep a session alive', [ticket]),
      call('end', 'DELETE /Session', 'End a session', [ticket]),
    ],
  },
  [contextApiId]: {
    standards: ['saml'],
    introduction: 'Gives tokens that say who uses an application, in which national role.',
    examples: [],
    interactions: [
      call(
        'token',
        'POST /token',
        'Get an access token and a cross-organisation token for a ticket',
        [
          field('ticket', true, 'The ticket of the user'),
          field('audience', false, 'Whom the cross-organisation token is for'),
          field('reason', false, 'Why the data are asked for'),
          field('scopes', false, 'What it may do'),
          field('roles', false, 'National job roles of which one is needed'),
          field('activities', false, 'National activities that are needed'),
        ],
      ),
      call('check', 'POST /check', 'Check a role assertion; it is the body'),
    ],
  },
};

function field(name: string, required: boolean, meaning: string): MessageField {
  return { name, required, meaning };
}

function call(
  id: string,
  name: string,
  title: string,
  fields: readonly MessageField[] = [],
): MessageInteraction {
  return {
    ...{ id, name, title, group: 'Calls', pattern: 'answered at once' },
    ...{ facts: [], fields, examples: [] },
  };
}
