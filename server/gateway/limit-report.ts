/**
 * Explains limits: which apply to an App at a Proxy, where each was set, how it stands and when it frees. Looks and takes
 * nothing. Who may ask is the management API's to judge.
 */
import { Problem } from '../../core/problem.ts';
import type { App } from '../catalogue/apps.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Product } from '../catalogue/products.ts';
import type { PolicyUse, Proxy, ProxyDefinition } from '../catalogue/proxies.ts';
import { addressOf } from './limit-address.ts';
import {
  isLimitPolicy,
  planOf,
  type By,
  type Limited,
  type LimitSource,
  type LimitSubject,
} from './limit-plans.ts';
import { marksOf } from './limit-policy.ts';
import type { LimitRule, Limits, LimitState } from './limits.ts';

export interface ReportOptions {
  readonly catalogue: Pick<Catalogue, 'app' | 'product' | 'proxy' | 'covering'>;
  readonly limits: Pick<Limits, 'look'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** What serves at a Proxy now. */
  readonly definition: (
    proxy: Proxy,
  ) => ProxyDefinition | undefined | Promise<ProxyDefinition | undefined>;
}

/** Whose limits: of all callers together, and those of an App, in one Product or all by which it may call; or of an address. */
export interface LimitQuestion {
  /** The id of the Proxy: `production.hello-world`. */
  readonly proxy: string;
  readonly app?: string;
  readonly product?: string;
  readonly address?: string;
}

export interface ExplainedLimit {
  /** As callers read it: `app`, `proxy-spike`. */
  readonly name: string;
  readonly rule: LimitRule;
  /** What is counted apart. */
  readonly by: By;
  readonly from: LimitSource;
  /** The id of the App, Product or Proxy that sets it; `platform` for a default. */
  readonly source: string;
  /** Whether it applies to some calls only. */
  readonly conditional: boolean;
  /** How many calls may come now. Absent where it counts by address and no address was asked about. */
  readonly remaining?: number;
  /** When the next call may come, in milliseconds since the epoch; absent when one may come now. */
  readonly frees?: number;
}

/**
 * The limits that apply, in the order in which the Proxy has them; closest to exhaustion is for readers to see.
 * @throws Problem `not-found` for a Proxy, App or Product that there is not
 */
export async function explainLimits(
  options: ReportOptions,
  question: LimitQuestion,
): Promise<readonly ExplainedLimit[]> {
  const { catalogue, limits, now } = options;
  const proxy = found(catalogue.proxy(question.proxy), 'proxy');
  const definition = found(await options.definition(proxy), 'revision of the proxy');
  const applying = subjectsOf(catalogue, proxy, question).flatMap((subject) =>
    limitsOf(definition.policies, subject),
  );
  const unique = [...new Map(applying.map((one) => [one.limited.ask.key, one])).values()];
  const states = await limits.look(unique.map(({ limited }) => limited.ask));
  const time = now();
  return unique.map((one, i) => explained(one, question, states[i], time));
}

interface Applying {
  readonly limited: Limited;
  readonly subject: LimitSubject;
  readonly conditional: boolean;
}

/** Who is asked about: once for each Product by which the App may call. */
function subjectsOf(
  catalogue: ReportOptions['catalogue'],
  { id, api, environment }: Proxy,
  question: LimitQuestion,
): readonly LimitSubject[] {
  const address = addressOf(question.address ?? '');
  const nobody = { proxy: id, environment, address };
  if (question.app === undefined) return [nobody];
  const app = found(catalogue.app(question.app), 'app');
  const products = productsOf(catalogue, { app, api, environment }, question.product);
  if (products.length === 0) return [{ ...nobody, app }];
  return products.map((product) => ({ ...nobody, app, product }));
}

function productsOf(
  catalogue: ReportOptions['catalogue'],
  { app, api, environment }: { app: App; api: string; environment: Proxy['environment'] },
  asked: string | undefined,
): readonly Product[] {
  if (asked !== undefined) return [found(catalogue.product(asked), 'product')];
  return catalogue.covering(app.id, environment, api).map(({ product }) => product);
}

/** The same limits, by the same names and keys, as limit-policy.ts asks. */
function limitsOf(policies: readonly PolicyUse[], subject: LimitSubject): readonly Applying[] {
  const uses = policies.filter(({ policy }) => isLimitPolicy(policy));
  const plans = uses.map(({ policy, config = {} }) => planOf(policy, config));
  const marks = marksOf(plans);
  return plans.flatMap((plan, i) =>
    plan
      .limits(subject, marks[i] ?? '')
      .map((limited) => ({ limited, subject, conditional: uses[i]?.when !== undefined })),
  );
}

function explained(
  { limited, subject, conditional }: Applying,
  question: LimitQuestion,
  state: LimitState | undefined,
  time: number,
): ExplainedLimit {
  const { ask, by, from } = limited;
  const unknown = state === undefined || (by === 'address' && question.address === undefined);
  return {
    ...{ name: ask.name, rule: ask.rule, by, from, source: sourceOf(from, subject), conditional },
    ...(unknown ? {} : { remaining: state.remaining }),
    ...(unknown || state.reset === 0 ? {} : { frees: time + state.reset * 1000 }),
  };
}

function sourceOf(from: LimitSource, { app, product, proxy }: LimitSubject): string {
  const ids = { app: app?.id, product: product?.id, proxy, platform: 'platform' };
  return ids[from] ?? from;
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Problem('not-found', `There is no such ${what}`);
  return value;
}
