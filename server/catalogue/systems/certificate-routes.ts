/** The routes of certificates, their requests and refused handshakes, for the management API. Owns the wire alone. */
import type { Exchange, Reply } from '../../../core/exchange.ts';
import { checker } from '../../../core/schema.ts';
import {
  bodyOf,
  environmentOf,
  idOf,
  idText,
  json,
  managementBase,
  type Act,
} from '../api-call.ts';
import type { RouteFacts } from '../platform-routes-facts.ts';
import type { Outcome } from './certificate-administration.ts';
import * as bodies from './system-bodies.ts';
import type { SystemHooks } from './system-hooks.ts';
import { iso, shownCertificate, shownIssued, shownRequest } from './system-views.ts';
import type { SystemsAdministration } from './systems-administration.ts';

const ofDeployment = '/deployments/:id';
const decided = `${ofDeployment}/certificate-requests/:request`;

export function certificateActs({
  certificates,
  hooks,
}: SystemsAdministration): Readonly<Record<string, Act>> {
  const { requests } = certificates;
  return {
    [`GET ${ofDeployment}/certificates`]: async (actor, x) =>
      json(200, { items: (await certificates.list(actor, idOf(x))).map(shownCertificate) }),
    [`POST ${ofDeployment}/certificates`]: async (actor, x) => {
      const wanted = await bodyOf(x, bodies.toWantedCertificate);
      return outcomeReply(hooks, await certificates.request(actor, idOf(x), wanted));
    },
    [`GET ${ofDeployment}/certificate-requests`]: async (actor, x) =>
      json(200, { items: (await requests.list(actor, idOf(x))).map(shownRequest) }),
    [`POST ${decided}/approve`]: async (actor, x) =>
      outcomeReply(hooks, await requests.approve(actor, idOf(x), requestOf(x))),
    [`POST ${decided}/reject`]: async (actor, x) => {
      const { reason } = await bodyOf(x, bodies.toReason);
      return json(200, shownRequest(await requests.reject(actor, idOf(x), requestOf(x), reason)));
    },
    'POST /certificates/explain': async (actor, x) => {
      const { pem, environment: name } = await bodyOf(x, bodies.toExplain);
      const environment = name === undefined ? undefined : environmentOf(name, 'invalid');
      return json(200, await certificates.explain(actor, pem, environment));
    },
    'GET /certificates/:thumbprint': async (actor, x) => {
      const one = await certificates.read(actor, thumbprintOf(x));
      return json(200, { ...shownCertificate(one), pem: one.pem });
    },
    'POST /certificates/:thumbprint/renew': async (actor, x) => {
      const wanted = await bodyOf(x, bodies.toWantedCertificate);
      return outcomeReply(hooks, await certificates.renew(actor, thumbprintOf(x), wanted));
    },
    'POST /certificates/:thumbprint/revoke': async (actor, x) => {
      const { reason } = await bodyOf(x, bodies.toRevocation);
      return json(200, shownCertificate(await certificates.revoke(actor, thumbprintOf(x), reason)));
    },
    'POST /certificates/:thumbprint/lift': async (actor, x) =>
      json(200, shownCertificate(await certificates.lift(actor, thumbprintOf(x)))),
    'GET /handshakes': async (actor, x) => {
      const { limit } = toLimit({ limit: x.query.get('limit') ?? '100' });
      const fqdn = x.query.get('fqdn');
      const query = { limit, ...(fqdn === null ? {} : { fqdn: idText(fqdn) }) };
      const items = (await certificates.handshakes(actor, query)).map(({ at, ...one }) => ({
        ...{ at: iso(at), ...one },
      }));
      return json(200, { items });
    },
  };
}

const toLimit = checker<{ readonly limit: number }>({
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: 1000 } },
});

/** Issued: 201 with the certificate. Waiting for a second person: 202 with what waits. */
function outcomeReply(hooks: SystemHooks, outcome: Outcome): Reply {
  if ('waiting' in outcome) {
    const { request, notes } = outcome.waiting;
    const next = `gatehouse cert issue ${request.deployment} --request ${request.id} (by a second person)`;
    return json(202, { ...shownRequest(request), notes, next });
  }
  const { issued, deployment } = outcome;
  const location = `${managementBase}/certificates/${issued.certificate.thumbprint}`;
  return json(201, shownIssued(hooks, deployment, issued), { location });
}

function requestOf({ params }: Exchange): string {
  return idText(params.request ?? '');
}

function thumbprintOf({ params }: Exchange): string {
  return idText(params.thumbprint ?? '');
}

const text = { type: 'string' };
const deployment = '/deployments/{id}';

/** What the document of the management API says of them. */
export const certificateFacts: Readonly<Record<string, RouteFacts>> = {
  [`GET ${deployment}/certificates`]: {
    summary: 'Lists the certificates of a deployment',
    rights: ['app.read'],
  },
  [`POST ${deployment}/certificates`]: {
    summary:
      'Has a certificate issued for a signing request, or takes in one of an outside authority; in production 202, and a second person approves',
    rights: ['app.credentials'],
    status: 201,
    body: bodies.properties.certificate,
  },
  [`GET ${deployment}/certificate-requests`]: {
    summary: 'Lists the requests for certificates that wait for a second person',
    rights: ['app.read'],
  },
  [`POST ${deployment}/certificate-requests/{request}/approve`]: {
    summary: 'Approves a request that somebody else has made, and issues the certificate',
    rights: ['app.approve'],
    status: 201,
  },
  [`POST ${deployment}/certificate-requests/{request}/reject`]: {
    summary: 'Rejects a request for a certificate, with a reason',
    rights: ['app.approve'],
    body: bodies.properties.reason,
  },
  'POST /certificates/explain': {
    summary: 'Tells what a certificate or signing request is, and each check with its result',
    rights: ['app.read'],
    body: bodies.properties.explain,
  },
  'GET /certificates/{thumbprint}': {
    summary: 'Shows a certificate by its thumbprint (SHA-256, base64url)',
    rights: ['app.read'],
  },
  'POST /certificates/{thumbprint}/renew': {
    summary: 'Has a certificate issued in place of another, which stays good meanwhile',
    rights: ['app.credentials'],
    status: 201,
    body: bodies.properties.certificate,
  },
  'POST /certificates/{thumbprint}/revoke': {
    summary: 'Revokes a certificate; it counts at once',
    rights: ['app.revoke'],
    body: bodies.properties.revocation,
  },
  'POST /certificates/{thumbprint}/lift': {
    summary: 'Ends the hold of a certificate that was revoked with certificateHold',
    rights: ['app.approve', 'app.revoke'],
  },
  'GET /handshakes': {
    summary: 'Tells the refused handshakes of a name, newest first: for the owner of the name',
    rights: ['app.read'],
    query: { fqdn: text, limit: { type: 'integer', minimum: 1, maximum: 1000 } },
  },
};
