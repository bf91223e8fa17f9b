/**
 * What the management API says of each of its routes: the one table from which its OpenAPI document is made. Owns the
 * words; a test holds it beside the routes, so that none is missing and none is told that is not there.
 */
import * as bodies from './api-bodies.ts';
import { overlaps } from './secret-administration.ts';
import { keyOverlaps } from './key-pairs.ts';
import type { Action } from './roles.ts';

export interface RouteFacts {
  readonly summary: string;
  /** What the role table must allow; several where it depends on what is asked. Absent: whoever is signed in. */
  readonly rights?: readonly Action[];
  /** The status of success; 200 when absent. */
  readonly status?: 201 | 204;
  /** The check of its JSON body. */
  readonly body?: object;
  /** A body of another kind: its media types. */
  readonly media?: readonly string[];
  /** Names of query parameters, each with its schema; those of pages are `paged`. */
  readonly query?: Readonly<Record<string, object>>;
  readonly paged?: true;
  /** Whether If-Match is needed. */
  readonly condition?: true;
  /** Whether anybody may ask, without signing in. */
  readonly open?: true;
}

const text = { type: 'string' };
const flag = { enum: ['true', 'false'] };
const yaml = ['application/yaml', 'application/json'];

const registration = '/apps/{id}/registrations/{environment}';
const secrets = '/apis/{id}/environments/{environment}/secrets';

const apps: Readonly<Record<string, RouteFacts>> = {
  'GET /apps': { summary: 'Lists apps', rights: ['app.read'], query: { owner: text }, paged: true },
  'POST /apps': {
    summary: 'Makes an app',
    rights: ['app.create'],
    status: 201,
    body: bodies.toNewApp,
  },
  'GET /apps/{id}': { summary: 'Shows an app', rights: ['app.read'] },
  'PATCH /apps/{id}': {
    summary: 'Changes an app',
    rights: ['app.change'],
    body: bodies.toAppChange,
    condition: true,
  },
  'DELETE /apps/{id}': {
    summary:
      'Deletes an app with its credentials and subscriptions; deployments and mailboxes end first',
    rights: ['app.end'],
    status: 204,
    condition: true,
  },
  [`GET ${registration}`]: { summary: 'Shows a registration', rights: ['app.read'] },
  [`POST ${registration}`]: {
    summary: 'Registers an app in an environment',
    rights: ['app.change'],
    status: 201,
  },
  [`PATCH ${registration}`]: {
    summary: 'Changes a registration',
    rights: ['app.change', 'app.agree'],
    body: bodies.toRegistrationChange,
    condition: true,
  },
  [`PUT ${registration}/state`]: {
    summary: 'Approves or revokes a registration',
    rights: ['app.approve', 'app.revoke'],
    body: bodies.toRegistrationState,
    condition: true,
  },
  [`POST ${registration}/secrets`]: {
    summary: 'Makes a client secret and shows it once',
    rights: ['app.credentials'],
    status: 201,
  },
  [`DELETE ${registration}/secrets/{secret}`]: {
    summary: 'Ends a client secret',
    rights: ['app.credentials'],
    status: 204,
    query: { overlap: { enum: Object.keys(overlaps) } },
  },
  [`PUT ${registration}/keys`]: {
    summary: 'Registers public keys, by value or by address',
    rights: ['app.credentials'],
    status: 204,
    body: bodies.toKeys,
    condition: true,
  },
  [`POST ${registration}/keys`]: {
    summary: 'Makes a key pair and shows the private key once',
    rights: ['app.credentials'],
    status: 201,
    body: bodies.toWantedKey,
  },
  [`POST ${registration}/keys/check`]: {
    summary: 'Checks the keys that are registered',
    rights: ['app.read'],
  },
};

const access: Readonly<Record<string, RouteFacts>> = {
  'GET /products': { summary: 'Lists products', rights: ['product.read'], paged: true },
  'POST /products': {
    summary: 'Makes a product',
    rights: ['product.create'],
    status: 201,
    body: bodies.toNewProduct,
  },
  'GET /products/{id}': { summary: 'Shows a product', rights: ['product.read'] },
  'PATCH /products/{id}': {
    summary: 'Changes a product',
    rights: ['product.change'],
    body: bodies.toProductChange,
    condition: true,
  },
  'GET /subscriptions': {
    summary: 'Lists subscriptions',
    rights: ['subscription.read'],
    query: { app: text, product: text },
    paged: true,
  },
  'POST /subscriptions': {
    summary: 'Asks for a subscription',
    rights: ['subscription.request'],
    status: 201,
    body: bodies.toWish,
  },
  'GET /subscriptions/{id}': { summary: 'Shows a subscription', rights: ['subscription.read'] },
  'PUT /subscriptions/{id}/state': {
    summary: 'Decides, suspends, resumes or cancels a subscription',
    rights: ['subscription.decide', 'subscription.suspend', 'subscription.cancel'],
    body: bodies.toDecision,
    condition: true,
  },
  'GET /subscriptions/{id}/keys': {
    summary: 'Lists the keys of a subscription by their hints',
    rights: ['subscription.read'],
  },
  'POST /subscriptions/{id}/keys/{slot}': {
    summary: 'Makes the key of a slot anew and shows it once',
    rights: ['subscription.keys'],
    status: 201,
    body: { overlap: { enum: Object.keys(keyOverlaps), default: 'now' } },
  },
  'GET /administrators': {
    summary: 'Lists administrators',
    rights: ['administrator.read'],
    paged: true,
  },
  'POST /administrators': {
    summary: 'Makes an administrator',
    rights: ['administrator.create'],
    status: 201,
    body: bodies.toNewAdministrator,
  },
  'GET /administrators/{id}': { summary: 'Shows an administrator', rights: ['administrator.read'] },
  'PATCH /administrators/{id}': {
    summary: 'Changes an administrator',
    rights: ['administrator.change'],
    body: bodies.toAdministratorChange,
    condition: true,
  },
};

const apis: Readonly<Record<string, RouteFacts>> = {
  'GET /apis': { summary: 'Lists APIs', rights: ['api.read'], query: { owner: text }, paged: true },
  'POST /apis': {
    summary: 'Makes an API; with an OpenAPI document, sets it up as well',
    rights: ['api.create'],
    status: 201,
    body: bodies.toNewApi,
  },
  'GET /apis/{id}': { summary: 'Shows an API', rights: ['api.read'] },
  'PATCH /apis/{id}': {
    summary: 'Changes an API',
    rights: ['api.change'],
    body: bodies.toApiChange,
    condition: true,
  },
  'POST /apis/{id}/setup': {
    summary:
      'Sets an API up in one action: document, stub in the sandbox, deployment in development, products',
    rights: ['api.specification', 'proxy.deploy', 'api.product'],
    body: bodies.toSetUp,
  },
  'GET /apis/{id}/specification': {
    summary: 'Gives the OpenAPI document of an API',
    rights: ['api.read'],
  },
  'PUT /apis/{id}/specification': {
    summary: 'Puts the OpenAPI document of an API; with publish=true as strictly as for the public',
    rights: ['api.specification'],
    media: yaml,
    query: { publish: flag },
  },
  'GET /apis/{id}/proxies': {
    summary: 'Lists where an API runs',
    rights: ['proxy.read'],
    query: { environment: text },
    paged: true,
  },
  'POST /apis/{id}/environments/{environment}/deployments': {
    summary: 'Deploys an API as a new revision; with check=true tells only what would be refused',
    rights: ['proxy.deploy'],
    status: 201,
    body: bodies.toDeployment,
    query: { check: flag },
  },
  [`GET ${secrets}`]: { summary: 'Lists the secrets of an API by name', rights: ['api.secret'] },
  [`PUT ${secrets}/{name}`]: {
    summary: 'Puts a secret of an API',
    rights: ['api.secret'],
    body: bodies.toSecretValue,
  },
  [`DELETE ${secrets}/{name}`]: {
    summary: 'Removes a secret that nothing deployed uses',
    rights: ['api.secret'],
    status: 204,
  },
};

const proxies: Readonly<Record<string, RouteFacts>> = {
  'GET /proxies': {
    summary: 'Lists proxies',
    rights: ['proxy.read'],
    query: { api: text, environment: text },
    paged: true,
  },
  'GET /proxies/{id}': { summary: 'Shows a proxy', rights: ['proxy.read'] },
  'GET /proxies/{id}/revisions': {
    summary: 'Lists the revisions of a proxy, oldest first',
    rights: ['proxy.read'],
    paged: true,
  },
  'GET /proxies/{id}/revisions/{number}': {
    summary: 'Shows a revision with its definition',
    rights: ['proxy.read'],
  },
  'POST /proxies/{id}/rollback': {
    summary: 'Puts the revision before, or another, back in service',
    rights: ['proxy.rollback'],
    body: bodies.toRollback,
  },
  'PUT /proxies/{id}/state': {
    summary: 'Deprecates, withdraws or retires a proxy, or puts it back',
    rights: ['proxy.state'],
    body: bodies.toProxyState,
    condition: true,
  },
};

const insight: Readonly<Record<string, RouteFacts>> = {
  'GET /environments': { summary: 'Tells the environments, and who deploys and calls in each' },
  'GET /policies': { summary: 'Tells the policies with the schemas of their settings' },
  'GET /limits': {
    summary: 'Tells which limits apply to an app at an API, and when each frees',
    rights: ['limits.read'],
    query: { app: text, api: text, environment: text, name: text, product: text },
  },
  'GET /status': {
    summary: 'Tells how the APIs are',
    rights: ['status.read'],
    query: { api: text, environment: text },
  },
  'GET /usage': {
    summary: 'Tells what was called',
    rights: ['usage.read'],
    query: {
      ...{ app: text, product: text, api: text, environment: text, operation: text },
      ...{ from: text, to: text },
    },
  },
  'GET /roles': { summary: 'Tells the roles and what each may do' },
  'GET /openapi.json': { summary: 'Gives this document', open: true },
};

/** By method and path template, in the order of the document. */
export const routeFacts: Readonly<Record<string, RouteFacts>> = {
  ...apps,
  ...access,
  ...apis,
  ...proxies,
  ...insight,
};
