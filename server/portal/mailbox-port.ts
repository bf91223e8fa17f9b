/**
 * What the pages of mailboxes are told, and what they ask for: the administration of MESH and of its pushes, in this process.
 * Owns these shapes, in which there is no body, no subject and no file name; server/hub-mailboxes.ts gives them.
 */
import type { Delivery, DeliveryState } from '../../core/outbox.ts';
import type { Page, Stored } from '../../core/store.ts';
import type { PageQuery } from '../catalogue/app-administration.ts';
import type { Environment } from '../catalogue/environments.ts';
import type { Actor } from '../catalogue/roles.ts';

/** A mailbox in an environment; the id in upper case. */
export interface MailboxPlace {
  readonly environment: Environment;
  readonly id: string;
}

export interface MailboxTold {
  readonly environment: string;
  readonly id: string;
  readonly name: string;
  readonly odsCode: string;
  readonly orgName: string;
  readonly active: boolean;
  readonly app?: string;
}

/** All times in milliseconds since the epoch. */
export interface WaitingTold {
  readonly count: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
  readonly oldest?: number;
}

export interface MailboxListed {
  readonly mailbox: MailboxTold;
  readonly waiting: WaitingTold;
}

export interface MailboxShown extends MailboxListed {
  /** When it was last used, and by which client. */
  readonly seen: { readonly at: number; readonly client: string } | undefined;
  /** Workflows that name it. */
  readonly sends: readonly string[];
  readonly takes: readonly string[];
}

export interface TrafficTold {
  /** In the last 24 hours. */
  readonly received: number;
  readonly sent: number;
  readonly inFlight: number;
  readonly undeliverable: number;
  readonly more: boolean;
}

export interface MessageTold {
  readonly id: string;
  readonly kind: 'DATA' | 'REPORT';
  readonly sender: string;
  readonly recipient: string;
  readonly workflow: string;
  readonly state: 'uploading' | 'accepted' | 'acknowledged' | 'undeliverable' | 'error';
  readonly localId?: string;
  /** Of a report: the message it is about, and what is told. */
  readonly linked?: string;
  readonly report?: { readonly code: string; readonly event: string; readonly text: string };
  readonly total: number;
  readonly chunks: readonly { readonly size: number }[];
  readonly created: number;
  readonly accepted?: number;
  readonly acknowledged?: number;
  /** Newest first. */
  readonly events: readonly EventTold[];
}

export interface EventTold {
  readonly at: number;
  readonly state: MessageTold['state'];
  readonly event: string;
  readonly code: string;
  readonly text: string;
}

export interface MessageListed {
  readonly direction: 'received' | 'sent';
  readonly message: MessageTold;
}

export interface MessageTracked extends MessageListed {
  readonly reports: readonly MessageTold[];
  readonly pushes: readonly Delivery[];
}

/** How a mailbox is to be pushed. */
export interface PushWish {
  readonly url: string;
  readonly ordering: 'none' | 'key';
  readonly onDead: 'skip' | 'hold';
  readonly receipts: readonly ('accepted' | 'delivered' | 'failed')[];
  readonly acknowledge: boolean;
}

export interface PushTold extends PushWish {
  readonly id: string;
  readonly environment: string;
  readonly mailbox: string;
  readonly state: 'pending' | 'active' | 'suspended';
  readonly reason?: string;
  readonly created: number;
  readonly verified?: number;
}

export interface AttemptTold {
  readonly at: number;
  readonly milliseconds: number;
  /** 0: there was no answer. */
  readonly status: number;
  readonly fault?: string;
  /** For who may change the mailbox. */
  readonly excerpt?: string;
}

interface Mesh {
  list(actor: Actor, query: MailboxesQuery): Promise<Page<MailboxTold>>;
  read(actor: Actor, at: MailboxPlace): Promise<Stored<MailboxTold>>;
  allows(actor: Actor, mailbox: Pick<MailboxTold, 'environment' | 'app'>): Promise<boolean>;
  create(
    actor: Actor,
    environment: Environment,
    fields: Pick<MailboxTold, 'name' | 'odsCode'> & { readonly app: string; readonly id?: string },
  ): Promise<{ readonly stored: Stored<MailboxTold>; readonly secret: string }>;
  change(
    actor: Actor,
    at: MailboxPlace,
    fields: Partial<Pick<MailboxTold, 'name' | 'active'>>,
    expected: number | undefined,
  ): Promise<Stored<MailboxTold>>;
  newPassword(actor: Actor, at: MailboxPlace): Promise<{ readonly secret: string }>;
}

interface MailboxesQuery extends PageQuery {
  readonly environment: Environment;
  readonly app?: string;
}

interface Views {
  list(
    actor: Actor,
    query: MailboxesQuery,
  ): Promise<{ readonly listed: readonly MailboxListed[]; readonly next?: string }>;
  longest(
    actor: Actor,
    environment: Environment,
  ): Promise<
    readonly { readonly mailbox: string; readonly count: number; readonly oldest: number }[]
  >;
  show(actor: Actor, at: MailboxPlace): Promise<MailboxShown>;
  traffic(actor: Actor, at: MailboxPlace, most?: number): Promise<TrafficTold>;
  history(
    actor: Actor,
    at: MailboxPlace,
    query: {
      readonly limit: number;
      readonly after?: string;
      readonly direction?: MessageListed['direction'];
    },
  ): Promise<{ readonly items: readonly MessageListed[]; readonly next?: string }>;
  named(actor: Actor, at: MailboxPlace, ref: string): Promise<readonly MessageListed[]>;
  track(actor: Actor, at: MailboxPlace, id: string): Promise<MessageTracked>;
  restore(actor: Actor, at: MailboxPlace, id: string): Promise<MessageTold>;
}

interface PushWithSecret {
  readonly subscription: PushTold;
  readonly secret: string;
}

interface Pushes {
  list(
    actor: Actor,
    of: { readonly environment: Environment; readonly mailbox: string },
    page: PageQuery,
  ): Promise<Page<PushTold>>;
  read(actor: Actor, id: string): Promise<PushTold>;
  standing(
    push: Pick<PushTold, 'id'>,
  ): Promise<{ readonly waiting: number; readonly dead: number; readonly oldest?: number }>;
  create(actor: Actor, at: MailboxPlace, wish: PushWish): Promise<PushWithSecret>;
  verify(actor: Actor, id: string): Promise<PushTold>;
  suspend(actor: Actor, id: string, reason: string | undefined): Promise<PushTold>;
  resume(actor: Actor, id: string): Promise<PushTold>;
  newSecret(actor: Actor, id: string): Promise<PushWithSecret>;
  remove(actor: Actor, id: string): Promise<void>;
}

interface Letters {
  list(
    actor: Actor,
    push: string,
    query: PageQuery & { readonly state?: DeliveryState },
  ): Promise<Page<Delivery>>;
  read(
    actor: Actor,
    id: string,
  ): Promise<{ readonly push: Delivery; readonly made: readonly AttemptTold[] }>;
  replay(actor: Actor, id: string): Promise<Delivery>;
  replayAll(
    actor: Actor,
    push: string,
    wish: { readonly from: number; readonly to: number; readonly perSecond: number },
  ): Promise<number>;
  discard(actor: Actor, id: string, reason: string): Promise<Delivery>;
}

export interface MailboxPort {
  readonly mesh: Mesh;
  readonly views: Views;
  readonly pushes: Pushes;
  readonly letters: Letters;
  /** The id of the push of a message by a subscription. */
  letterId(push: string, environment: Environment, message: string): string;
  /** The Api of MESH. */
  readonly api: string;
  /** Whether an environment still has the shared key that public clients use in their tests. */
  hasPublicKey(environment: Environment): Promise<boolean>;
}
