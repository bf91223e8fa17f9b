/**
 * The contract templates of message handlers: which flags an endpoint bears in the directory, by how its messages are
 * answered and repeated. Owns the numbers; what they mean to messaging is messaging's.
 */
import type { Contract } from './deployments.ts';

/** The flags, in the words of the directory; what is absent the entry does not have. */
export interface ContractFlags {
  readonly syncReplyMode: string;
  readonly ackRequested: string;
  readonly duplicateElimination: string;
  readonly actors: readonly string[];
  readonly retries?: string;
  /** ISO 8601 durations. */
  readonly retryInterval?: string;
  readonly persistDuration?: string;
  /** Number of the template (`nhsContractPropertyTemplateKey`). */
  readonly template: string;
}

export const contractFlags: Readonly<Record<Contract, ContractFlags>> = {
  synchronous: {
    ...{ syncReplyMode: 'None', ackRequested: 'never', duplicateElimination: 'never' },
    ...{ actors: [], template: '1' },
  },
  'async-express': {
    ...{ syncReplyMode: 'MSHSignalsOnly', ackRequested: 'never', duplicateElimination: 'never' },
    ...{ actors: [], template: '2' },
  },
  'async-reliable': {
    ...{ syncReplyMode: 'MSHSignalsOnly', ackRequested: 'always', duplicateElimination: 'always' },
    actors: ['urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH'],
    ...{ retries: '2', retryInterval: 'PT1M', persistDuration: 'PT5M', template: '3' },
  },
  'forward-reliable': {
    ...{ syncReplyMode: 'None', ackRequested: 'always', duplicateElimination: 'always' },
    actors: ['urn:oasis:names:tc:ebxml-msg:actor:nextMSH'],
    ...{ retries: '2', retryInterval: 'PT1M', persistDuration: 'PT10M', template: '4' },
  },
};

/** Their names, in the order of the table. */
export const contracts = Object.keys(contractFlags) as readonly Contract[]; // `contractFlags` has no other keys
