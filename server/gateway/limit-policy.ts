/**
 * The policy that asks all limits of a Proxy in one question before a call goes on, so that a refused call takes from
 * none; tells on every answer how they stand; and gives leases back when the answer has been sent. Which limits there are
 * is planned in limit-plans.ts.
 */
import type { Exchange, Handler, Policy, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import type { App } from '../catalogue/apps.ts';
import type { Product } from '../catalogue/products.ts';
import { addressOf } from './limit-address.ts';
import { limitFields, policyField, type LimitFields } from './limit-fields.ts';
import { planOf, type Limited, type LimitPlan, type LimitSubject } from './limit-plans.ts';
import { refusalOf } from './limit-refusal.ts';
import { entitlementOf, type PolicySite } from './policy.ts';
import type { LimitAsk, Taken } from './limits.ts';

/** What one policy of a Proxy asks. */
export interface LimitAsks {
  /** Every name its limits may have. */
  readonly names: readonly string[];
  /** The limits that apply to a call; the same objects until something changes. */
  of(mark: string): (subject: LimitSubject) => readonly Limited[];
}

export interface LimitUse {
  readonly asks: LimitAsks;
  /** Whether it applies to a call; absent: always. */
  readonly applies?: (exchange: Exchange) => boolean;
}

/**
 * What a policy with these settings, checked against its schema, asks at a site.
 * @throws Problem `invalid` for a policy that is none of the limits
 */
export function limitAsks(policy: string, config: object, _site: PolicySite): LimitAsks {
  const plan = planOf(policy, config);
  return { names: plan.names, of: (mark) => remembered(plan, mark) };
}

/** All limits of a Proxy as one policy. Limits of the same name are told apart: `app`, `app-2`. */
export function limitPolicy(uses: readonly LimitUse[], site: PolicySite): Policy {
  const marks = marksOf(uses.map(({ asks }) => asks));
  const planned = uses.map(({ applies, asks }, i) => ({
    applies,
    limits: asks.of(marks[i] ?? ''),
  }));
  const { limits, clock } = site.services;
  const joined = createJoiner();
  const ask = (exchange: Exchange): Question => {
    const subject = subjectOf(exchange, site);
    let question = joined.start;
    for (const { applies, limits } of planned)
      if (!applies || applies(exchange)) question = joined.with(question, limits(subject));
    return question;
  };
  return (next) => (exchange) => {
    const { limited, policy, asks: same, leases } = ask(exchange);
    if (limited.length === 0) return next(exchange);
    // A fresh list where there are leases: they are given back by it.
    const asks = leases ? [...same] : same;
    const go = ({ refused, states }: Taken): Promise<Reply> => {
      const fields = limitFields(limited, states, clock.now(), policy);
      const refusing = limited[refused];
      if (refusing) return refuse(exchange, refusing, states[refused]?.reset ?? 1, fields, site);
      if (leases)
        exchange.onEnd(() => {
          limits.release(asks);
        });
      return answer(next, exchange, fields);
    };
    const taken = limits.take(asks);
    return taken instanceof Promise ? taken.then(go) : go(taken);
  };
}

/** All limits of a call, with what is the same for each call that they apply to. */
interface Question {
  readonly limited: readonly Limited[];
  readonly asks: readonly LimitAsk[];
  readonly leases: boolean;
  /** The field RateLimit-Policy. */
  readonly policy: string;
}

/** Puts lists of limits together, and remembers what came of it: lists stay the same objects until something changes. */
function createJoiner() {
  const known = new WeakMap<Question, WeakMap<readonly Limited[], Question>>();
  const join = (before: Question, more: readonly Limited[]): Question => {
    const limited = [...before.limited, ...more];
    return {
      ...{ limited, asks: limited.map(({ ask }) => ask), policy: policyField(limited) },
      leases: limited.some(({ ask }) => isLease(ask)),
    };
  };
  return {
    start: { limited: [], asks: [], leases: false, policy: '' } satisfies Question as Question,
    with(before: Question, more: readonly Limited[]): Question {
      let after = known.get(before);
      if (!after) known.set(before, (after = new WeakMap()));
      let question = after.get(more);
      if (!question) after.set(more, (question = join(before, more)));
      return question;
    },
  };
}

function isLease({ rule }: LimitAsk): boolean {
  return rule.kind === 'concurrency';
}

/** What tells the limits of each policy of a Proxy from those of the same name before it: nothing, `-2`, `-3` … */
export function marksOf(policies: readonly Pick<LimitPlan, 'names'>[]): readonly string[] {
  const marks: number[] = [];
  for (const { names } of policies) {
    const alike = marks.filter((_, i) => policies[i]?.names.some((name) => names.includes(name)));
    marks.push(1 + Math.max(0, ...alike));
  }
  return marks.map((mark) => (mark === 1 ? '' : `-${mark}`));
}

function refuse(
  exchange: Exchange,
  limited: Limited,
  reset: number,
  fields: LimitFields,
  { definition }: PolicySite,
): Promise<never> {
  exchange.facts.limit = limited.ask.name;
  const appName = exchange.caller?.appName ?? '';
  const published = definition.faults === 'pds';
  return Promise.reject(refusalOf({ limited, reset, appName, published, fields }));
}

/** The answer of what stands behind, refusals included, with the fields. */
async function answer(next: Handler, exchange: Exchange, fields: LimitFields): Promise<Reply> {
  let reply: Reply;
  try {
    reply = await next(exchange);
  } catch (error) {
    throw withFields(Problem.from(error), fields);
  }
  return { ...reply, headers: { ...reply.headers, ...fields } };
}

function withFields(problem: Problem, fields: LimitFields): Problem {
  const { kind, message, code, row, cause, headers } = problem;
  const copy = new Problem(kind, message, {
    ...{ cause, headers: { ...headers, ...fields } },
    ...(code === undefined ? {} : { code }),
    ...(row === undefined ? {} : { row }),
  });
  if (problem.stack !== undefined) copy.stack = problem.stack;
  return copy;
}

/** Who calls, as limits count: the App of the subscription, else of the token, if it is registered. */
function subjectOf(exchange: Exchange, { proxy, environment, services }: PolicySite): LimitSubject {
  const entitlement = entitlementOf(exchange);
  const app = services.catalogue.app(entitlement?.appId ?? exchange.caller?.appId ?? '');
  const product = entitlement && services.catalogue.product(entitlement.productId);
  const { address } = exchange.peer;
  return { proxy, environment, address, app, product };
}

/** Most source addresses whose limits are kept ready. */
const mostAddresses = 10_000;

/** Makes the limits of a caller once. Apps and Products are new objects when they change, so nothing goes stale. */
function remembered(plan: LimitPlan, mark: string): (subject: LimitSubject) => readonly Limited[] {
  const byApp = new WeakMap<App, WeakMap<Product | typeof noProduct, readonly Limited[]>>();
  const byAddress = new Map<string, readonly Limited[]>();
  let all: readonly Limited[] | undefined;
  const make = (subject: LimitSubject) =>
    plan.limits({ ...subject, address: addressOf(subject.address) }, mark);
  const ofApp = (app: App, subject: LimitSubject) => {
    let byProduct = byApp.get(app);
    if (!byProduct) byApp.set(app, (byProduct = new WeakMap()));
    const product = subject.product ?? noProduct;
    let known = byProduct.get(product);
    if (!known) byProduct.set(product, (known = make(subject)));
    return known;
  };
  return (subject) => {
    if (plan.by === 'proxy') return (all ??= make(subject));
    if (plan.by === 'app' && subject.app) return ofApp(subject.app, subject);
    let known = byAddress.get(subject.address);
    if (known) return known;
    if (byAddress.size >= mostAddresses) byAddress.clear();
    byAddress.set(subject.address, (known = make(subject)));
    return known;
  };
}

const noProduct = {};
