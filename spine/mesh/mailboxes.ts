/**
 * Mailboxes and workflows as documents, and who may send what to whom. Answers are kept in memory and dropped when one of
 * them changes. Owns the documents and the rules of routing; passwords are sealed by whoever puts them.
 */
import type { CollectionOf, Store } from '../../core/store.ts';
import { meshError } from './errors.ts';

export interface Mailbox {
  readonly environment: string;
  /** Upper case. */
  readonly id: string;
  readonly name: string;
  readonly odsCode: string;
  readonly orgCode: string;
  readonly orgName: string;
  readonly active: boolean;
  /** The password, sealed. */
  readonly sealed: string;
  /** The app whose mailbox it is; absent for those of the default data. */
  readonly app?: string;
}

/** Whose call it is: a mailbox that has proved itself. */
export interface MeshCaller {
  readonly environment: string;
  readonly mailbox: Mailbox;
}

/** A type of document, and which mailboxes send and take it. */
export interface Workflow {
  readonly environment: string;
  /** Case counts. */
  readonly id: string;
  /** `*`: every mailbox may send it. */
  readonly senders: readonly string[];
  readonly receivers: readonly string[];
}

export const mailboxCollection: CollectionOf<Mailbox> = {
  name: 'mesh.mailboxes',
  keys: ({ environment, id, odsCode, app }) => ({
    environment: [[environment, id]],
    ods: [[environment, odsCode, id]],
    ...(app === undefined ? {} : { app: [[app, id]] }),
  }),
};

export const workflowCollection: CollectionOf<Workflow> = {
  name: 'mesh.workflows',
  keys: ({ environment, id }) => ({ environment: [[environment, id]] }),
};

/** Of the environment's own mailboxes and workflows. */
export function mailboxKey(environment: string, id: string): string {
  return `${environment}|${id}`;
}

/** How strictly workflows are asked for: `known` takes those that nobody has registered, `strict` does not. */
export type WorkflowRule = 'off' | 'known' | 'strict';

export interface Mailboxes {
  mailbox(environment: string, id: string): Promise<Mailbox | undefined>;
  /** Active mailboxes of an organisation that take a workflow. */
  receivers(environment: string, odsCode: string, workflow: string): Promise<readonly Mailbox[]>;
  /** Active mailboxes that take a workflow, of whatever organisation. */
  takers(environment: string, workflow: string): Promise<readonly Mailbox[]>;
  /** @throws Problem 417: sender may not send it, or recipient does not take it */
  judge(sending: Sending, rule: WorkflowRule): Promise<void>;
  close(): void;
}

export interface Sending {
  readonly environment: string;
  readonly workflow: string;
  readonly sender: string;
  readonly recipient: string;
}

export function openMailboxes(store: Store): Mailboxes {
  const mailboxes = store.open(mailboxCollection);
  const workflows = store.open(workflowCollection);
  const names = new Set([mailboxCollection.name, workflowCollection.name]);
  const kept = new Map<string, Promise<unknown>>();
  const stop = store.changes.listen((changes) => {
    if (changes.some(({ collection }) => names.has(collection))) kept.clear();
  });
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const known = kept.get(key);
    if (known) return known as Promise<T>; // a key is only ever used for one kind of answer
    const asked = read();
    if (kept.size >= mostKept) kept.clear();
    kept.set(key, asked);
    asked.catch(() => kept.delete(key));
    return asked;
  };
  // What cannot be there is not asked for, and takes no place in memory: anybody may ask.
  const mailbox = (environment: string, id: string) =>
    isMailboxId(id)
      ? once(
          `mailbox ${environment} ${id}`,
          async () => (await mailboxes.get(mailboxKey(environment, id)))?.value,
        )
      : Promise.resolve(undefined);
  const workflow = (environment: string, id: string) =>
    id === '' || id.length > 300 || id.includes('\0')
      ? Promise.resolve(undefined)
      : once(
          `workflow ${environment} ${id}`,
          async () => (await workflows.get(mailboxKey(environment, id)))?.value,
        );
  const ofOrganisation = async (environment: string, odsCode: string) => {
    const query = { index: 'ods', equals: [environment, odsCode], limit: 1000 };
    return (await mailboxes.find(query)).items.map(({ value }) => value);
  };
  const takers = async (environment: string, id: string) => {
    const found = await workflow(environment, id);
    const all = await Promise.all(
      (found?.receivers ?? []).map((receiver) => mailbox(environment, receiver)),
    );
    return all.filter((one) => one?.active === true) as Mailbox[]; // undefined is not active
  };
  return {
    mailbox,
    takers,
    async receivers(environment, odsCode, id) {
      const [found, all] = await Promise.all([
        workflow(environment, id),
        /^[A-Z0-9]{1,12}$/.test(odsCode)
          ? once(`organisation ${environment} ${odsCode}`, () =>
              ofOrganisation(environment, odsCode),
            )
          : [],
      ]);
      const taking = new Set(found?.receivers);
      return all.filter((one) => one.active && taking.has(one.id));
    },
    async judge({ environment, workflow: id, sender, recipient }, rule) {
      if (rule === 'off') return;
      const found = await workflow(environment, id);
      if (!found && rule === 'known') return;
      if (!found) throw meshError('workflow');
      if (![sender, anySender].some((one) => found.senders.includes(one)))
        throw meshError('senderWorkflow');
      if (!found.receivers.includes(recipient)) throw meshError('workflow');
    },
    close: stop,
  };
}

const mostKept = 10_000;
const anySender = '*';

/** Letters and digits, as ids of mailboxes are. */
function isMailboxId(id: string): boolean {
  return /^[A-Z0-9]{1,64}$/.test(id);
}
