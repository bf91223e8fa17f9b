/**
 * The API for developers below `/developer`, in every environment: the assertion doctor, and why a call was refused. Owns
 * the wire and its limits; what is found is the doctor's (server/auth/doctor.ts). Nothing of what is sent is kept or logged.
 */
import { assemble, type Exchange, type Handler, type Reply } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import { routes } from '../core/routes.ts';
import { checker } from '../core/schema.ts';
import {
  createDoctor,
  type Doctor,
  type DoctorQuestion,
  type DoctorReport,
} from './auth/doctor.ts';
import { doctorFaces, type DoctorOptions } from './auth/doctor-faces.ts';
import { tokenKinds } from './auth/doctor-shape.ts';
import { createLimiter, type Limiter } from './auth/limiter.ts';
import type { Refusal } from './auth/oauth-error.ts';
import type { Refusals } from './auth/refusals.ts';
import { bodyOf, environmentOf, json } from './catalogue/api-call.ts';
import { environments } from './catalogue/environments.ts';
import { problemsAsJson } from './catalogue/problem-json.ts';
import type { Mount } from './mount-table.ts';

export interface DeveloperOptions extends DoctorOptions {
  readonly refusals: Refusals;
}

const developerBase = '/developer';

/** A minute, for each address. */
const mostChecks = 30;

/** The same handler in each environment: where it is asked says which one is meant when nothing else does. */
export function developerMounts(options: DeveloperOptions): readonly Mount[] {
  const handler = developerApi(options);
  return environments.map((environment) => ({
    environment,
    base: developerBase,
    api: 'developer',
    handler,
  }));
}

function developerApi(options: DeveloperOptions): Handler {
  const { now, newId, refusals } = options;
  const doctor = createDoctor(options);
  const limiter = createLimiter({
    callsPerMinute: mostChecks,
    failuresPerMinute: Number.MAX_SAFE_INTEGER,
    now,
    alert: () => undefined,
  });
  const table = routes({
    'POST /assertion-check': (exchange) => check(doctor, limiter, exchange),
    'GET /refusals/:message_id': (exchange) => lookUp(refusals, exchange),
  });
  return assemble([problemsAsJson(newId)], table);
}

interface CheckBody extends Omit<DoctorQuestion, 'environment'> {
  readonly environment?: string;
}

const checkBody = checker<CheckBody>({
  type: 'object',
  required: ['token'],
  additionalProperties: false,
  properties: {
    token: { type: 'string', minLength: 1 },
    kind: { enum: tokenKinds },
    environment: { type: 'string', maxLength: 50 },
    face: { enum: doctorFaces },
    clientId: { type: 'string', minLength: 1, maxLength: 200 },
  },
});

async function check(doctor: Doctor, limiter: Limiter, exchange: Exchange): Promise<Reply> {
  checkRate(limiter, exchange);
  const { environment, ...asked } = await bodyOf(exchange, checkBody);
  const place = environmentOf(environment ?? exchange.environment, 'invalid');
  return json(200, withHelp(await doctor.examine({ ...asked, environment: place })));
}

function checkRate(limiter: Limiter, { peer }: Exchange): void {
  try {
    limiter.checkClient(peer.address);
  } catch (error) {
    const { headers } = Problem.from(error);
    throw new Problem('throttled', `There may be ${mostChecks} checks a minute from one address`, {
      ...(headers ? { headers } : {}),
    });
  }
}

function withHelp(report: DoctorReport): object {
  return {
    ...report,
    findings: report.findings.map((one) =>
      one.result === 'fail' ? { ...one, help: helpFor(one.rule) } : one,
    ),
  };
}

/** Whoever has the id, which cannot be guessed, may read; nothing secret is in a refusal. */
async function lookUp(refusals: Refusals, { params }: Exchange): Promise<Reply> {
  const found = await refusals.findAnywhere(params.message_id ?? '');
  if (!found)
    throw new Problem(
      'not-found',
      'No refusal with this message_id is remembered: the newest 200 of each app are, until the server is started again',
    );
  return json(200, shown(found));
}

function shown({ messageId, at, reason, ...rest }: Refusal): object {
  const { environment, where, status, error, description } = rest;
  const rule = reason?.rule ?? 'request';
  return {
    message_id: messageId,
    at: new Date(at).toISOString(),
    ...{ environment, where, status, error, error_description: description },
    ...{ rule, expected: reason?.expected, found: reason?.found },
    help: helpFor(rule),
  };
}

/** Where the guide explains a rule; of `form: twice` it is the first word that has a place there. */
export function helpFor(rule: string): string {
  const anchor = (rule.split(':', 1)[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, '')
    .replaceAll(' ', '-');
  return `docs/guides/assertion-doctor.md#${anchor}`;
}
