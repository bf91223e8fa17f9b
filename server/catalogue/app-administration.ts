/**
 * Apps and their registrations as administration changes them: made, read, changed, approved, revoked, deleted. Each function asks
 * the role table, checks the values, and is audited before it resolves. Credentials have their own file.
 */
import { Problem } from '../../core/problem.ts';
import type { Page, Stored } from '../../core/store.ts';
import {
  checkAgreed,
  checkApp,
  checkRegistration,
  type AgreedFields,
  type AppFields,
  type RegistrationFields,
} from './app-rules.ts';
import { appCollection, type App, type Registration } from './apps.ts';
import { endApp, type EndingGround } from './app-ending.ts';
import type { Environment } from './environments.ts';
import { newClientId } from './people.ts';
import { openRecords, type Records } from './records.ts';
import { may, must, reachOf, type Action, type Actor } from './roles.ts';

export interface PageQuery {
  /** 1 to 200; 50 when absent. */
  readonly limit?: number;
  readonly after?: string;
}

/** All Apps in one call of the list, or those of one organisation. */
export interface AppQuery extends PageQuery {
  readonly owner?: string;
}

export interface AppAdministration {
  create(actor: Actor, fields: AppFields): Promise<Stored<App>>;
  read(actor: Actor, id: string): Promise<Stored<App>>;
  /** Those in the actor's reach. A page may hold fewer than asked for although more follow. */
  list(actor: Actor, query: AppQuery): Promise<Page<App>>;
  change(
    actor: Actor,
    id: string,
    fields: Partial<AppFields>,
    expected?: number,
  ): Promise<Stored<App>>;
  /** A registration with a client id of its own: approved at once, in production only once somebody approves it. */
  register(actor: Actor, id: string, environment: Environment): Promise<Stored<App>>;
  changeRegistration(
    actor: Actor,
    at: Place,
    fields: Partial<RegistrationFields & AgreedFields>,
    expected?: number,
  ): Promise<Stored<App>>;
  /** Approves, also one that was revoked, or revokes. */
  decide(
    actor: Actor,
    at: Place,
    state: 'approved' | 'revoked',
    expected?: number,
  ): Promise<Stored<App>>;
  /**
   * Deletes it: its subscriptions are cancelled, its client ids, secrets and keys are gone, and tokens with them.
   * @throws Problem `conflict` that names what has to be ended first: deployments, mailboxes
   */
  end(actor: Actor, id: string, expected?: number): Promise<void>;
}

/** An App in one environment. */
export interface Place {
  readonly app: string;
  readonly environment: Environment;
}

export interface AppAdministrationOptions extends EndingGround {
  /** Refuses kinds that do not fit what an App is subscribed to. */
  readonly checkKinds: (app: App) => Promise<void>;
}

export function appAdministration(options: AppAdministrationOptions): AppAdministration {
  const records = openRecords(options, appCollection, 'app');
  const allow = (actor: Actor, action: Action) => (app: App) => {
    must(actor, action, { organisation: app.owner });
    if (app.ended) throw new Problem('not-found', 'The app was deleted');
  };
  return {
    create: (actor, fields) => create(options, records, actor, fields),
    async read(actor, id) {
      const found = await records.read(id);
      allow(actor, 'app.read')(found.value);
      return found;
    },
    list: (actor, query) => list(records, actor, query),
    async change(actor, id, fields, expected) {
      checkApp(fields);
      const allowed = (app: App) => {
        allow(actor, 'app.change')(app);
        if (fields.owner !== undefined) allow(actor, 'app.change')({ ...app, owner: fields.owner });
        if (opensMore(app, fields)) allow(actor, 'app.approve')(app);
      };
      const { value: before } = await records.read(id);
      // Ahead of the change, which does not wait for other documents; what slips between is held back at the token.
      if (fields.kinds && may(actor, 'app.change', { organisation: before.owner }))
        await options.checkKinds({ ...before, ...fields });
      return records.change({
        deed: { actor, action: 'app.change' },
        id,
        expected,
        allow: allowed,
        edit: (app) => ({ ...app, ...fields }),
      });
    },
    register: (actor, id, environment) =>
      records.change({
        deed: { actor, action: 'registration.create', environment },
        id,
        expected: undefined,
        allow: allow(actor, 'app.change'),
        edit: (app) => withNewRegistration(app, environment),
      }),
    async changeRegistration(actor, { app: id, environment }, fields, expected) {
      const { asid, partyKey, attributes, switches } = fields;
      checkRegistration(fields);
      checkAgreed(fields);
      const agreed = [asid, partyKey, attributes, switches].some((one) => one !== undefined);
      const own = Object.keys(fields).some((name) => !agreedNames.has(name));
      return records.change({
        deed: { actor, action: 'registration.change', environment },
        id,
        expected,
        allow(app) {
          if (agreed) allow(actor, 'app.agree')(app);
          if (own || !agreed) allow(actor, 'app.change')(app);
          if (believesMore(app, environment, fields)) allow(actor, 'app.agree')(app);
        },
        edit: (app) => editRegistration(app, environment, (now) => withFields(now, fields)),
      });
    },
    decide: (actor, { app: id, environment }, state, expected) =>
      records.change({
        deed: { actor, action: `registration.${state}`, environment },
        id,
        expected,
        allow: allow(actor, state === 'approved' ? 'app.approve' : 'app.revoke'),
        edit: (app) => editRegistration(app, environment, (now) => ({ ...now, state })),
      }),
    end: (actor, id, expected) => endApp(options, records, { actor, id, expected }),
  };
}

const agreedNames: ReadonlySet<string> = new Set<keyof AgreedFields>([
  'asid',
  'partyKey',
  'attributes',
  'switches',
]);

/** Production was approved for an App of certain kinds, and those decide by which doors it comes (R072). */
function opensMore({ kinds, registrations }: App, fields: Partial<AppFields>): boolean {
  const more = fields.kinds?.some((kind) => !kinds.includes(kind)) ?? false;
  return more && registrations.production?.state === 'approved';
}

/** Id_tokens of a further client of a provider count for the App: in production nobody says of himself which are his. */
function believesMore(
  { registrations }: App,
  environment: Environment,
  { providerClients = [] }: Partial<RegistrationFields>,
): boolean {
  const known = registrations[environment];
  if (environment !== 'production' || known?.state !== 'approved') return false;
  return providerClients.some(
    ({ provider, clientId }) =>
      !known.providerClients.some((one) => one.provider === provider && one.clientId === clientId),
  );
}

function create(
  { clock }: AppAdministrationOptions,
  records: Records<App>,
  actor: Actor,
  fields: AppFields,
): Promise<Stored<App>> {
  const id = clock.newId();
  return records.add({ actor, action: 'app.create' }, id, () => {
    must(actor, 'app.create', { organisation: fields.owner });
    checkApp(fields);
    const { name, description, owner, kinds, contact } = fields;
    return {
      id,
      name,
      description,
      owner,
      kinds,
      contact,
      created: clock.now(),
      registrations: {},
    };
  });
}

async function list(records: Records<App>, actor: Actor, query: AppQuery): Promise<Page<App>> {
  const { owner = ownReachOf(actor, 'app.read'), ...page } = query;
  if (owner === undefined) {
    must(actor, 'app.read');
    const found = await records.find({ index: 'all', equals: ['all'], ...page });
    return { ...found, items: found.items.filter(({ value }) => !value.ended) };
  }
  must(actor, 'app.read', { organisation: owner });
  return records.find({ index: 'owner', equals: [owner], ...page });
}

/** The organisation that an actor is held to in this; undefined when it is held to none. */
export function ownReachOf(actor: Actor, action: Action): string | undefined {
  return reachOf(actor.role, action) === 'own' && actor.organisation !== '*'
    ? actor.organisation
    : undefined;
}

function withNewRegistration(app: App, environment: Environment): App {
  if (app.registrations[environment])
    throw new Problem('conflict', `The app is registered in ${environment} already`);
  const registration: Registration = {
    clientId: newClientId(),
    state: environment === 'production' ? 'pending' : 'approved',
    secrets: [],
    keys: undefined,
    redirectUris: [],
    origins: [],
    smartAuthentication: 'private_key_jwt',
    providerClients: [],
    attributes: {},
    switches: { shorterLifetimes: environment !== 'production' },
  };
  return { ...app, registrations: { ...app.registrations, [environment]: registration } };
}

/** An App with one registration edited. @throws Problem `not-found` when it is not registered there. */
export function editRegistration(
  app: App,
  environment: Environment,
  edit: (registration: Registration) => Registration,
): App {
  const registration = edit(registrationOf(app, environment));
  return { ...app, registrations: { ...app.registrations, [environment]: registration } };
}

/** @throws Problem `not-found` when it is not registered there. */
export function registrationOf(app: App, environment: Environment): Registration {
  const registration = app.registrations[environment];
  if (registration) return registration;
  throw new Problem('not-found', `The app is not registered in ${environment}: register it first`);
}

/** The fields that are given replace those there are; an empty text takes one away that may be absent. */
function withFields(
  now: Registration,
  fields: Partial<RegistrationFields & AgreedFields>,
): Registration {
  const text = (name: 'launchUrl' | 'asid' | 'partyKey' | 'tlsClientAuthSanDns') => {
    const value = fields[name] ?? now[name];
    return value === undefined || value === '' ? {} : { [name]: value };
  };
  return {
    clientId: now.clientId,
    state: now.state,
    secrets: now.secrets,
    keys: now.keys,
    redirectUris: fields.redirectUris ?? now.redirectUris,
    origins: fields.origins ?? now.origins,
    smartAuthentication: fields.smartAuthentication ?? now.smartAuthentication,
    providerClients: fields.providerClients ?? now.providerClients,
    attributes: fields.attributes ?? now.attributes,
    switches: fields.switches ?? now.switches,
    ...text('launchUrl'),
    ...text('tlsClientAuthSanDns'),
    ...tlsOf(now, fields),
    ...text('asid'),
    ...text('partyKey'),
  };
}

function tlsOf(
  now: Registration,
  fields: Partial<RegistrationFields>,
): Pick<Registration, 'tlsClientAuth' | 'tlsClientCertificateBoundAccessTokens'> {
  const wanted = fields.tlsClientAuth ?? now.tlsClientAuth ?? 'none';
  const bound =
    fields.tlsClientCertificateBoundAccessTokens ?? now.tlsClientCertificateBoundAccessTokens;
  return {
    ...(wanted === 'none' ? {} : { tlsClientAuth: wanted }),
    ...(bound === true ? { tlsClientCertificateBoundAccessTokens: true } : {}),
  };
}

/** Whether the contact of an App may be shown to an actor: to those who may change it, nobody else. */
export function maySeeContact(actor: Actor, { owner }: App): boolean {
  return may(actor, 'app.change', { organisation: owner });
}
