/** The routes of Deployments and their endpoints, for the management API. Owns the wire alone. */
import type { Exchange } from '../../../core/exchange.ts';
import {
  bodyOf,
  conditionOf,
  document,
  environmentOf,
  idOf,
  idText,
  json,
  managementBase,
  pageOf,
  pageReply,
  type Act,
} from '../api-call.ts';
import type { RouteFacts } from '../platform-routes-facts.ts';
import type { DeploymentQuery } from './deployment-administration.ts';
import * as bodies from './system-bodies.ts';
import { shownDeployment } from './system-views.ts';
import type { SystemsAdministration } from './systems-administration.ts';

const one = '/deployments/:id';

export function deploymentActs({
  deployments,
  endpoints,
}: SystemsAdministration): Readonly<Record<string, Act>> {
  return {
    'GET /deployments': async (actor, x) =>
      pageReply(await deployments.list(actor, queryOf(x)), shownDeployment),
    'POST /deployments': async (actor, x) => {
      const { app, environment, ...fields } = await bodyOf(x, bodies.toDeploymentRequest);
      const place = { app: idText(app), environment: environmentOf(environment, 'invalid') };
      const stored = await deployments.request(actor, { ...fields, ...place });
      const location = `${managementBase}/deployments/${stored.id}`;
      return document(201, stored, shownDeployment, { location });
    },
    [`GET ${one}`]: async (actor, x) =>
      document(200, await deployments.read(actor, idOf(x)), shownDeployment),
    [`PATCH ${one}`]: async (actor, x) => {
      const expected = conditionOf(x);
      const fields = await bodyOf(x, bodies.toDeploymentChange);
      return document(
        ...([200, await deployments.change(actor, idOf(x), fields, expected)] as const),
        shownDeployment,
      );
    },
    [`POST ${one}/approve`]: async (actor, x) =>
      document(200, await deployments.approve(actor, idOf(x)), shownDeployment),
    [`POST ${one}/live`]: async (actor, x) =>
      document(200, await deployments.live(actor, idOf(x)), shownDeployment),
    [`POST ${one}/suspend`]: async (actor, x) => {
      const { reason } = await bodyOf(x, bodies.toReason);
      return document(200, await deployments.suspend(actor, idOf(x), reason), shownDeployment);
    },
    [`POST ${one}/resume`]: async (actor, x) =>
      document(200, await deployments.resume(actor, idOf(x)), shownDeployment),
    [`POST ${one}/end`]: async (actor, x) => {
      const { reason } = await bodyOf(x, bodies.toReason);
      return document(200, await deployments.end(actor, idOf(x), reason), shownDeployment);
    },
    [`GET ${one}/endpoints`]: async (actor, x) => {
      const { value } = await deployments.read(actor, idOf(x));
      return json(200, { items: value.endpoints ?? [] });
    },
    [`PUT ${one}/endpoints/:interaction`]: async (actor, x) => {
      const fields = { ...(await bodyOf(x, bodies.toEndpoint)), interaction: interactionOf(x) };
      return document(200, await endpoints.put(actor, idOf(x), fields), shownDeployment);
    },
    [`DELETE ${one}/endpoints/:interaction`]: async (actor, x) =>
      document(200, await endpoints.remove(actor, idOf(x), interactionOf(x)), shownDeployment),
  };
}

function interactionOf({ params }: Exchange): string {
  return idText(params.interaction ?? '');
}

function queryOf(x: Exchange): DeploymentQuery {
  const given = ['app', 'asid', 'partyKey', 'fqdn'].flatMap((name) => {
    const value = x.query.get(name);
    return value === null ? [] : [[name, value.slice(0, 200).replaceAll('\0', '')]];
  });
  return { ...pageOf(x), ...(Object.fromEntries(given) as DeploymentQuery) }; // its members by name
}

const text = { type: 'string' };
const path = '/deployments/{id}';

/** What the document of the management API says of them. */
export const deploymentFacts: Readonly<Record<string, RouteFacts>> = {
  'GET /deployments': {
    summary: 'Lists deployments: apps at an organisation in an environment',
    rights: ['app.read'],
    query: { app: text, asid: text, partyKey: text, fqdn: text },
    paged: true,
  },
  'POST /deployments': {
    summary:
      'Asks for a deployment; test environments approve it at once and give ASID, party key and FQDN',
    rights: ['app.change'],
    status: 201,
    body: bodies.properties.request,
  },
  [`GET ${path}`]: { summary: 'Shows a deployment and its next step', rights: ['app.read'] },
  [`PATCH ${path}`]: {
    summary: 'Changes a deployment; in production new interactions wait for a second person',
    rights: ['app.change'],
    body: bodies.properties.change,
    condition: true,
  },
  [`POST ${path}/approve`]: {
    summary:
      'Approves a deployment or the change that waits, in production by a second person; repeated, finishes it',
    rights: ['app.change', 'app.approve'],
  },
  [`POST ${path}/live`]: {
    summary: 'Lets a deployment go live, or tells every step that is missing',
    rights: ['app.change'],
  },
  [`POST ${path}/suspend`]: {
    summary: 'Suspends a deployment at once: no calls, no routing',
    rights: ['app.revoke'],
    body: bodies.properties.reason,
  },
  [`POST ${path}/resume`]: {
    summary: 'Resumes a suspended deployment',
    rights: ['app.approve', 'app.revoke'],
  },
  [`POST ${path}/end`]: {
    summary: 'Ends a deployment for good: no calls, no routing, certificates revoked',
    rights: ['app.revoke'],
    body: bodies.properties.reason,
  },
  [`GET ${path}/endpoints`]: {
    summary: 'Lists where a deployment receives',
    rights: ['app.read'],
  },
  [`PUT ${path}/endpoints/{interaction}`]: {
    summary: 'Registers or replaces the endpoint of an interaction',
    rights: ['app.change'],
    body: bodies.properties.endpoint,
  },
  [`DELETE ${path}/endpoints/{interaction}`]: {
    summary: 'Removes the endpoint of an interaction',
    rights: ['app.change'],
  },
};
