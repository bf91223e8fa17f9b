/**
 * Requests for help: each has a number, a class, a state and a thread of what was asked and answered. Owns the documents, and
 * who sees which: the staff all of them, an account its own.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Stored } from '../../core/store.ts';
import { openRecords, type Ground } from '../catalogue/records.ts';
import { may, must, type Actor } from '../catalogue/roles.ts';
import { newestPart } from './newest.ts';

/** Technical or about process, and what else there is; support is organised by them. */
export const ticketKinds = {
  technical: 'Something technical: a call, a token, an error',
  process: 'How something is done: onboarding, approval, assurance',
  account: 'My account or team',
  accessibility: 'I cannot use a page',
  other: 'Something else',
} as const;
export type TicketKind = keyof typeof ticketKinds;

export const ticketStates = ['open', 'answered', 'closed'] as const;
export type TicketState = (typeof ticketStates)[number];

export interface Ticket {
  /** `HELP-1001`. */
  readonly id: string;
  readonly kind: TicketKind;
  readonly subject: string;
  /** Where to answer to; empty when nobody is to be answered. */
  readonly email: string;
  /** Whose it is; empty for a stranger's. */
  readonly account: string;
  /** The id of a call it is about, as typed; may be empty. */
  readonly reference: string;
  readonly state: TicketState;
  readonly created: number;
  /** When it was answered first. */
  readonly answered?: number;
  readonly notes: readonly TicketNote[];
}

export interface TicketNote {
  readonly at: number;
  readonly by: 'asker' | 'staff';
  /** Of staff, for the thread. */
  readonly name: string;
  readonly text: string;
}

export type NewTicket = Pick<Ticket, 'kind' | 'subject' | 'email' | 'account' | 'reference'> & {
  readonly text: string;
};

export const ticketCollection: CollectionOf<Ticket> = {
  name: 'portal.tickets',
  keys: ({ state, kind, account, created }) => {
    const newest = newestPart(created);
    return {
      state: [[state, new Date(created).toISOString()]],
      newest: [
        [state, newest],
        [`${kind} ${state}`, newest],
        ...(account === '' ? [] : [[`of ${account}`, newest]]),
      ],
    };
  },
};

export interface Tickets {
  /** Keeps it; gives it with its number. */
  create(ticket: NewTicket): Promise<Stored<Ticket>>;
  /** Newest first, at most 200. @throws Problem `forbidden` */
  list(actor: Actor, state: TicketState, kind?: TicketKind): Promise<readonly Ticket[]>;
  of(account: string): Promise<readonly Ticket[]>;
  /** @throws Problem `not-found` for whom it does not concern */
  read(who: Asking, id: string): Promise<Stored<Ticket>>;
  /** Adds to the thread. @throws Problem `not-found`, `conflict` when it has too many notes */
  add(
    who: Asking,
    id: string,
    note: Omit<TicketNote, 'at'>,
    state?: TicketState,
  ): Promise<Stored<Ticket>>;
  /** Takes account and address out of the requests of an account that ends. May be repeated. */
  forget(actor: Actor, account: string): Promise<void>;
}

export interface Asking {
  readonly actor: Actor;
  readonly account: string;
}

/** Who answers. */
const staffRight = 'ticket.answer';
const mostNotes = 100;

/** Whether somebody answers requests for help. */
function isStaff(actor: Actor): boolean {
  return may(actor, staffRight);
}

export function openTickets(ground: Ground): Tickets {
  const { store, clock } = ground;
  const collection = store.open(ticketCollection);
  const records = openRecords(ground, ticketCollection, 'request for help');
  const seen = ({ actor, account }: Asking, ticket: Ticket) => {
    if (!isStaff(actor) && (account === '' || ticket.account !== account))
      throw new Problem('not-found', 'There is no such request for help');
  };
  const newest = async (part: string) => {
    const { items } = await collection.find({ index: 'newest', equals: [part], limit: 200 });
    return items.map(({ value }) => value);
  };
  return {
    async create({ text, ...fields }) {
      const at = clock.now();
      const id = `HELP-${1000 + (await store.counters.add('portal.tickets'))}`;
      const note = { at, by: 'asker' as const, name: '', text };
      const ticket: Ticket = { id, ...fields, state: 'open', created: at, notes: [note] };
      return collection.put(id, ticket, { expected: 0, by: fields.account });
    },
    async list(actor, state, kind) {
      must(actor, staffRight);
      return newest(kind === undefined ? state : `${kind} ${state}`);
    },
    of: (account) => newest(`of ${account}`),
    async read(who, id) {
      const stored = await records.read(id);
      seen(who, stored.value);
      return stored;
    },
    add: (who, id, note, state) =>
      records.change({
        deed: { actor: who.actor, action: 'ticket.note' },
        ...{ id, expected: undefined },
        allow(ticket) {
          seen(who, ticket);
          if (ticket.notes.length >= mostNotes)
            throw new Problem('conflict', 'The thread is too long: ask for help anew');
        },
        edit: (ticket) => ({
          ...ticket,
          state: state ?? (note.by === 'staff' ? 'answered' : 'open'),
          notes: [...ticket.notes, { at: clock.now(), ...note }],
          ...(note.by === 'staff' && ticket.answered === undefined
            ? { answered: clock.now() }
            : {}),
        }),
      }),
    async forget(actor, account) {
      for (let own; (own = await newest(`of ${account}`)).length > 0;)
        for (const { id } of own)
          await records.change({
            ...{ deed: { actor, action: 'ticket.forget' }, id, expected: undefined },
            allow: () => undefined,
            edit: (ticket) => ({ ...ticket, email: '', account: '' }),
          });
    },
  };
}
