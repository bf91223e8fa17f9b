/** The routes of alerts, their rules and receivers, and of the mail outbox, for the management API. Owns the wire alone. */
import { Problem } from '../../core/problem.ts';
import { checker } from '../../core/schema.ts';
import {
  bodyOf,
  idOf,
  json,
  noContent,
  pageOf,
  pageReply,
  type Act,
} from '../catalogue/api-call.ts';
import { environments } from '../catalogue/environments.ts';
import type { RouteFacts } from '../catalogue/platform-routes-facts.ts';
import type { AlertAdministration, ReceiverFields, RuleFields } from './alert-administration.ts';
import type { Alert, Receiver } from './alert-record.ts';
import { kindNames, severities } from './alert-rules.ts';
import type { KeptMail } from './mailbox.ts';

export function alertActs(administration: AlertAdministration): Readonly<Record<string, Act>> {
  return {
    'GET /alerts': async (actor, { query }) => {
      const state = query.get('state') ?? undefined;
      if (state !== undefined && state !== 'firing' && state !== 'resolved')
        throw new Problem('invalid', 'state must be firing or resolved');
      const items = await administration.alerts(actor, state ? { state } : {});
      return json(200, { items: items.map(shownAlert) });
    },
    'GET /alert-rules': async (actor) => json(200, { items: await administration.rules(actor) }),
    'GET /alert-rules/:id': async (actor, x) =>
      json(200, await administration.rule(actor, idOf(x))),
    'PUT /alert-rules/:id': async (actor, x) =>
      json(200, await administration.putRule(actor, idOf(x), await bodyOf(x, toRuleFields))),
    'DELETE /alert-rules/:id': async (actor, x) => {
      await administration.removeRule(actor, idOf(x));
      return noContent;
    },
    'GET /alert-receivers': async (actor) =>
      json(200, { items: (await administration.receivers(actor)).map(shownReceiver) }),
    'PUT /alert-receivers/:id': async (actor, x) => {
      const fields = await bodyOf(x, toReceiverFields);
      return json(200, shownReceiver(await administration.putReceiver(actor, idOf(x), fields)));
    },
    'DELETE /alert-receivers/:id': async (actor, x) => {
      await administration.removeReceiver(actor, idOf(x));
      return noContent;
    },
    'GET /mail': async (actor, x) =>
      pageReply(await administration.mail(actor, pageOf(x)), shownMail),
  };
}

const texts = { type: 'array', items: { type: 'string', maxLength: 200 }, maxItems: 1000 };

const bodies = {
  rule: {
    type: 'object',
    required: ['kind'],
    additionalProperties: false,
    properties: {
      kind: { enum: kindNames },
      enabled: { type: 'boolean' },
      severity: { enum: severities },
      for: { type: 'integer', minimum: 0, maximum: 86_400 },
      settings: {
        type: 'object',
        maxProperties: 20,
        additionalProperties: { type: 'number', minimum: 0, maximum: 1e9 },
      },
      environments: { type: 'array', items: { enum: environments }, maxItems: 5 },
      ...{ apis: texts, receivers: texts },
    },
  },
  receiver: {
    type: 'object',
    required: ['kind'],
    additionalProperties: false,
    properties: {
      kind: { enum: ['webhook', 'email'] },
      url: { type: 'string', minLength: 1, maxLength: 2048 },
      address: { type: 'string', minLength: 3, maxLength: 254 },
    },
    oneOf: [
      { properties: { kind: { const: 'webhook' }, address: false }, required: ['url'] },
      { properties: { kind: { const: 'email' }, url: false }, required: ['address'] },
    ],
  },
};

const toRuleFields = checker<RuleFields>(bodies.rule);
const toReceiverFields = checker<ReceiverFields>(bodies.receiver);

/** What the published document says of them. */
export const alertFacts: Readonly<Record<string, RouteFacts>> = {
  'GET /alerts': {
    summary: 'Lists alerts, newest first',
    rights: ['alert.read'],
    query: { state: { enum: ['firing', 'resolved'] } },
  },
  'GET /alert-rules': { summary: 'Lists alert rules, defaults too', rights: ['alert.read'] },
  'GET /alert-rules/{id}': { summary: 'Shows an alert rule', rights: ['alert.read'] },
  'PUT /alert-rules/{id}': {
    summary: 'Makes an alert rule, or puts it in the place of the one there is',
    rights: ['alert.change'],
    body: bodies.rule.properties,
  },
  'DELETE /alert-rules/{id}': {
    summary: 'Removes an alert rule; a default one is as it was',
    rights: ['alert.change'],
    status: 204,
  },
  'GET /alert-receivers': { summary: 'Lists who is told of alerts', rights: ['alert.read'] },
  'PUT /alert-receivers/{id}': {
    summary: 'Makes a receiver of alerts, or changes it',
    rights: ['alert.change'],
    body: bodies.receiver.properties,
  },
  'DELETE /alert-receivers/{id}': {
    summary: 'Removes a receiver of alerts',
    rights: ['alert.change'],
    status: 204,
  },
  'GET /mail': { summary: 'Lists the mail outbox', rights: ['mail.read'], paged: true },
};

/** The path of a webhook is often what lets one in, so it is shown to nobody. */
function shownReceiver(receiver: Receiver): object {
  if (receiver.kind === 'email') return receiver;
  return { id: receiver.id, kind: receiver.kind, url: `${new URL(receiver.url).origin}/…` };
}

function shownAlert({ fired, resolved, ...alert }: Alert): object {
  const ended = resolved === undefined ? {} : { resolved: new Date(resolved).toISOString() };
  return { ...alert, fired: new Date(fired).toISOString(), ...ended };
}

function shownMail({ created, due, ended, ...mail }: KeptMail): object {
  return {
    ...mail,
    created: new Date(created).toISOString(),
    ...(mail.state === 'waiting' ? { due: new Date(due).toISOString() } : {}),
    ...(ended === undefined ? {} : { ended: new Date(ended).toISOString() }),
  };
}
