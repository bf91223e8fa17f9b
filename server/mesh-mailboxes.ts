/**
 * Mailboxes and workflows of MESH as administration changes them: who may, what a value must be, what is entered in the audit.
 * Passwords and shared keys are shown once, when they are made.
 */
import { randomInt } from 'node:crypto';
import { Problem } from '../core/problem.ts';
import type { Find, Page, Store, Stored } from '../core/store.ts';
import {
  mailboxCollection,
  mailboxKey,
  workflowCollection,
  type Mailbox,
  type Workflow,
} from '../spine/mesh/mailboxes.ts';
import { eventsMailbox } from '../spine/events/delivery.ts';
import { newSecret } from './auth/tokens.ts';
import { ownReachOf } from './catalogue/app-administration.ts';
import { appCollection } from './catalogue/apps.ts';
import type { Environment } from './catalogue/environments.ts';
import { openRecords, type Deed, type Ground, type Records } from './catalogue/records.ts';
import { may, must, type Actor, type Subject } from './catalogue/roles.ts';
import { entered, refusalsEntered } from './catalogue/systems/deeds.ts';
import { sharedKeyCollection, type MeshKeys, type SharedKeys } from './mesh-keys.ts';

export interface MailboxFields {
  readonly name: string;
  readonly odsCode: string;
  readonly orgCode: string;
  readonly orgName: string;
  readonly active: boolean;
  /** The app whose mailbox it is. */
  readonly app: string;
}

export type NewMailbox = Pick<MailboxFields, 'name' | 'odsCode'> &
  Partial<MailboxFields> & { readonly id?: string };

export interface MailboxQuery {
  readonly environment: Environment;
  readonly app?: string;
  readonly odsCode?: string;
  readonly limit?: number;
  readonly after?: string;
}

/** A mailbox or key with what is shown this once. */
export interface WithSecret<T> {
  readonly stored: Stored<T>;
  readonly secret: string;
}

export interface MeshAdministration {
  list(actor: Actor, query: MailboxQuery): Promise<Page<Mailbox>>;
  /** @throws Problem `not-found`, `forbidden` */
  read(actor: Actor, at: MailboxPlace): Promise<Stored<Mailbox>>;
  /** For deeds on what is in a mailbox. @throws Problem `not-found`, `forbidden`, which is entered in the audit */
  mayChange(actor: Actor, at: MailboxPlace, action: string): Promise<void>;
  /** Whether the role table lets somebody change what belongs to a mailbox. */
  allows(actor: Actor, mailbox: Pick<Mailbox, 'environment' | 'app'>): Promise<boolean>;
  create(actor: Actor, environment: Environment, fields: NewMailbox): Promise<WithSecret<Mailbox>>;
  change(
    actor: Actor,
    at: MailboxPlace,
    fields: Partial<MailboxFields>,
    expected: number | undefined,
  ): Promise<Stored<Mailbox>>;
  newPassword(actor: Actor, at: MailboxPlace): Promise<WithSecret<Mailbox>>;
  workflows(actor: Actor, environment: Environment, page: object): Promise<Page<Workflow>>;
  putWorkflow(actor: Actor, workflow: Workflow): Promise<Stored<Workflow>>;
  /** @throws Problem `not-found` */
  removeWorkflow(actor: Actor, environment: Environment, id: string): Promise<void>;
  /** Makes a new shared key; the one before stays good for the overlap, in milliseconds. */
  newSharedKey(actor: Actor, environment: Environment, overlap: number): Promise<string>;
}

/** A mailbox in an environment. */
export interface MailboxPlace {
  readonly environment: Environment;
  /** Upper case. */
  readonly id: string;
}

export interface MeshAdministrationOptions extends Ground {
  readonly keys: Pick<MeshKeys, 'seal'>;
  readonly sharedKeys: Pick<SharedKeys, 'next' | 'stored'>;
}

/** Words of addresses, and who sends events: a mailbox of such a name could not be told from what is there. */
const reserved: ReadonlySet<string> = new Set([
  ...['ADMIN', 'ENDPOINTLOOKUP', 'WORKFLOWSEARCH', 'MAILBOX', 'HEALTH', 'MESH', eventsMailbox],
]);

export function meshAdministration(options: MeshAdministrationOptions): MeshAdministration {
  const { store, keys, sharedKeys } = options;
  const mailboxes = openRecords(options, mailboxCollection, 'mailbox');
  const workflows = openRecords(options, workflowCollection, 'workflow');
  const shared = openRecords(options, sharedKeyCollection, 'shared key');
  const owners = ownersOf(store);

  /** Asks the role table; what it forbids is in the audit as well. */
  const permit = async (deed: Deed & Placed, id: string, ...apps: (string | undefined)[]) => {
    const all = await Promise.all((apps.length === 0 ? [undefined] : apps).map(owners));
    const action = deed.action.startsWith('shared-key') ? 'keys.rotate' : 'mailbox.change';
    await refusalsEntered(options, deed, id, () => {
      for (const owner of all) must(deed.actor, action, subjectOf(deed.environment, owner));
    });
  };
  const change = async (
    deed: Deed & Placed,
    id: string,
    expected: number | undefined,
    edit: (value: Mailbox) => Mailbox,
    app?: string,
  ) => {
    const key = mailboxKey(deed.environment, id);
    const { value } = await mailboxes.read(key);
    await permit(deed, key, value.app, ...(app === undefined ? [] : [app]));
    const allow = (now: Mailbox) => {
      if (now.app !== value.app) throw new Problem('conflict', 'The mailbox was given to another');
    };
    return mailboxes.change({ deed, id: key, expected, allow, edit });
  };

  return {
    async list(actor, query) {
      const own = ownReachOf(actor, 'mailbox.read');
      if (query.app !== undefined)
        must(actor, 'mailbox.read', subjectOf(query.environment, await owners(query.app)));
      else if (own === undefined) must(actor, 'mailbox.read');
      const found = await (own !== undefined && query.app === undefined
        ? ofOrganisation(store, mailboxes, own, query)
        : mailboxes.find(findOf(query)));
      return { ...found, items: found.items.filter(({ value }) => isWanted(value, query)) };
    },

    async read(actor, { environment, id }) {
      const found = await mailboxes.read(mailboxKey(environment, id));
      must(actor, 'mailbox.read', subjectOf(environment, await owners(found.value.app)));
      return found;
    },

    async mayChange(actor, { environment, id }, action) {
      const key = mailboxKey(environment, id);
      const { value } = await mailboxes.read(key);
      await permit({ actor, action, environment }, key, value.app);
    },

    async allows(actor, { environment: place, app }) {
      const environment = place as Environment; // create was given one
      return may(actor, 'mailbox.change', subjectOf(environment, await owners(app)));
    },

    async create(actor, environment, { id: wanted, ...fields }) {
      const deed = { actor, action: 'mailbox.create', environment };
      await permit(deed, wanted ?? '', fields.app);
      await checkFields(store, fields);
      for (;;) {
        const id = wanted === undefined ? idFor(fields.odsCode) : idIn(wanted);
        const key = mailboxKey(environment, id);
        const secret = newSecret();
        const { app, ...others } = fields;
        const value: Mailbox = {
          ...{ environment, id, orgCode: fields.odsCode, orgName: '', active: true, ...others },
          ...(app === undefined || app === '' ? {} : { app }),
          sealed: keys.seal(secret, key),
        };
        try {
          return { stored: await mailboxes.add(deed, key, () => value), secret };
        } catch (error) {
          const isTaken = error instanceof Problem && error.kind === 'conflict';
          if (!isTaken || wanted !== undefined) throw error;
        }
      }
    },

    async change(actor, { environment, id }, fields, expected) {
      const deed = { actor, action: 'mailbox.change', environment };
      const edit = (now: Mailbox): Mailbox => {
        const { app = '', ...others } = { ...now, ...fields };
        return { ...others, ...(app === '' ? {} : { app }) };
      };
      await checkFields(store, fields);
      return change(deed, id, expected, edit, fields.app);
    },

    async newPassword(actor, { environment, id }) {
      const deed = { actor, action: 'mailbox.password', environment };
      const secret = newSecret();
      const sealed = keys.seal(secret, mailboxKey(environment, id));
      return { stored: await change(deed, id, undefined, (now) => ({ ...now, sealed })), secret };
    },

    workflows(actor, environment, page) {
      must(actor, 'mailbox.read', subjectOf(environment, undefined));
      return workflows.find({ index: 'environment', equals: [environment], ...page });
    },

    async putWorkflow(actor, workflow) {
      const environment = workflow.environment as Environment; // the route has read it so
      const key = mailboxKey(environment, workflow.id);
      const deed = { actor, action: 'workflow.put', environment };
      await permit(deed, key);
      const put = () =>
        workflows.change({
          ...{ deed, id: key, expected: undefined, edit: () => workflow },
          allow: () => undefined,
        });
      try {
        return await put();
      } catch (error) {
        if (!(error instanceof Problem && error.kind === 'not-found')) throw error;
        return workflows.add(deed, key, () => workflow);
      }
    },

    async removeWorkflow(actor, environment, id) {
      const key = mailboxKey(environment, id);
      const deed = { actor, action: 'workflow.remove', environment };
      await permit(deed, key);
      const { version } = await workflows.read(key);
      await entered(options, deed, key, () => store.open(workflowCollection).remove(key, version));
    },

    async newSharedKey(actor, environment, overlap) {
      const deed = { actor, action: 'shared-key.rotate', environment };
      await permit(deed, environment);
      const { key, value } = await sharedKeys.next(environment, overlap);
      const stored = await sharedKeys.stored(environment);
      const edit = () => value;
      if (!stored) await shared.add(deed, environment, edit);
      else {
        const expected = stored.version;
        const allow = () => undefined;
        await shared.change({ ...{ deed, expected, allow, edit }, id: environment });
      }
      return key;
    },
  };
}

interface Placed {
  readonly environment: Environment;
}

function subjectOf(environment: Environment, organisation: string | undefined): Subject {
  return { environment, ...(organisation === undefined ? {} : { organisation }) };
}

function ownersOf(store: Store): (app: string | undefined) => Promise<string | undefined> {
  const apps = store.open(appCollection);
  return async (app) =>
    app === undefined || app === '' ? undefined : (await apps.get(app))?.value.owner;
}

function findOf({ environment, app, odsCode, limit, after }: MailboxQuery): Find {
  const page = {
    ...(limit === undefined ? {} : { limit }),
    ...(after === undefined ? {} : { after }),
  };
  if (app !== undefined) return { index: 'app', equals: [app], ...page };
  if (odsCode !== undefined) return { index: 'ods', equals: [environment, odsCode], ...page };
  return { index: 'environment', equals: [environment], ...page };
}

function isWanted(mailbox: Mailbox, { environment, odsCode, app }: MailboxQuery): boolean {
  return (
    mailbox.environment === environment &&
    (odsCode === undefined || mailbox.odsCode === odsCode) &&
    (app === undefined || mailbox.app === app)
  );
}

/** Those of an organisation's apps, all at once: they are few. */
async function ofOrganisation(
  store: Store,
  mailboxes: Records<Mailbox>,
  organisation: string,
  query: MailboxQuery,
): Promise<Page<Mailbox>> {
  const owned = { index: 'owner', equals: [organisation], limit: 1000 };
  const { items: apps } = await store.open(appCollection).find(owned);
  const found = await Promise.all(
    apps.map(({ id: app }) => mailboxes.find(findOf({ ...query, app, limit: 200 }))),
  );
  return { items: found.flatMap(({ items }) => items) };
}

/** @throws Problem `invalid` */
async function checkFields(
  store: Store,
  { name, odsCode, orgCode, app }: Partial<MailboxFields>,
): Promise<void> {
  for (const code of [odsCode, orgCode])
    if (code !== undefined && !/^[A-Z0-9]{1,12}$/.test(code))
      throw new Problem('invalid', 'An ODS code has 1 to 12 capital letters and digits');
  if (name?.trim() === '') throw new Problem('invalid', 'The mailbox needs a name');
  if (app !== undefined && app !== '' && !(await store.open(appCollection).get(app)))
    throw new Problem('invalid', 'There is no such app');
}

/** @throws Problem `invalid` */
function idIn(wanted: string): string {
  const id = wanted.toUpperCase();
  if (/^[A-Z0-9]{4,32}$/.test(id) && !reserved.has(id)) return id;
  throw new Problem('invalid', 'The id of a mailbox has 4 to 32 letters and digits');
}

/** As they are in production: the code, two letters that are not mistaken for digits, three digits. */
function idFor(odsCode: string): string {
  const letter = () => letters.charAt(randomInt(letters.length));
  return `${odsCode}${letter()}${letter()}${String(randomInt(1000)).padStart(3, '0')}`;
}

const letters = 'ABCDEFGHJKLMNPQRTUVWXY';
