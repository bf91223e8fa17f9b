/**
 * The set-up of an Api in one action (R117): the Api, its document, the stub in the sandbox, the deployment in development,
 * its products. Each step is a change like any other. What is there already is kept, so that a set-up that stopped goes on
 * when it is run again. Owns the order, and telling where it stopped.
 */
import { isDeepStrictEqual } from 'node:util';
import { Problem } from '../../core/problem.ts';
import type { Stored } from '../../core/store.ts';
import type { ApiAdministration, NewApi } from './api-administration.ts';
import { toDefinitions, type TemplateOptions } from './api-templates.ts';
import type { Api } from './apis.ts';
import type { Environment } from './environments.ts';
import { apiFromNothing } from './first-document.ts';
import type { DocumentReader } from './openapi/reader.ts';
import type { NewProduct, ProductAdministration } from './product-administration.ts';
import type { ProxyDefinition } from './proxies.ts';
import type { ProxyAdministration } from './proxy-administration.ts';
import type { Actor } from './roles.ts';

/** What a set-up may be told besides the document. */
export interface SetUpOptions extends Omit<TemplateOptions, 'specification'> {
  /** The text of an OpenAPI document, JSON or YAML; absent: what the Api has published, else a first document. */
  readonly openapi?: string;
}

/** What a set-up brings into being. */
interface SetUpPlan {
  readonly api: NewApi;
  /** The text of the OpenAPI document. */
  readonly specification: string;
  /** In this order; development before what lies behind it. */
  readonly deployments: readonly {
    readonly environment: Environment;
    readonly definition: ProxyDefinition;
  }[];
  readonly products: readonly NewProduct[];
}

export interface SetUpStep {
  /** `api`, `specification`, `sandbox`, `development`, `product hello-world`. */
  readonly step: string;
  readonly outcome: 'made' | 'kept';
}

export interface SetUpDone {
  readonly api: Stored<Api>;
  readonly steps: readonly SetUpStep[];
  /** Where it runs. */
  readonly proxies: readonly { readonly environment: Environment; readonly base: string }[];
  readonly warnings: readonly string[];
}

export interface SetUpParts {
  readonly apis: ApiAdministration;
  readonly proxies: ProxyAdministration;
  readonly products: ProductAdministration;
  readonly documents: DocumentReader;
}

/**
 * @throws what the step that failed throws, where nothing was made before it; else a Problem of the same kind that names
 * what was made and where it stopped.
 */
export async function setUp(
  parts: SetUpParts,
  actor: Actor,
  api: NewApi,
  options: SetUpOptions = {},
): Promise<SetUpDone> {
  const { plan, told } = await planOf(parts, actor, api, options);
  const steps: SetUpStep[] = [];
  const { id } = plan.api;
  const step = async (name: string, act: () => Promise<SetUpStep['outcome']>) => {
    try {
      steps.push({ step: name, outcome: await act() });
    } catch (error) {
      throw stopped(error, name, steps);
    }
  };
  await step('api', () => makeApi(parts, actor, plan.api));
  let published: string | undefined; // the Api's own copy, where another Api has the same document
  await step('specification', async () => {
    const before = (await parts.apis.read(actor, id)).value.specification;
    const { api: now } = await parts.apis.publish(actor, id, plan.specification, false);
    published = now.value.specification;
    return published === before ? 'kept' : 'made';
  });
  for (const { environment, definition } of plan.deployments)
    await step(environment, () =>
      makeProxy(parts, actor, id, environment, {
        ...definition,
        ...(published === undefined ? {} : { specification: published }),
      }),
    );
  for (const product of plan.products)
    await step(`product ${product.id}`, () => makeProduct(parts, actor, id, product));
  const proxies = plan.deployments.map(({ environment, definition }) => ({
    environment,
    base: definition.base,
  }));
  return { api: await parts.apis.read(actor, id), steps, proxies, warnings: told };
}

/** Read and thought through before anything is made. @throws Problem `invalid` for a document that cannot be read. */
async function planOf(
  { apis, documents }: SetUpParts,
  actor: Actor,
  api: NewApi,
  { openapi, ...options }: SetUpOptions,
): Promise<{ readonly plan: SetUpPlan; readonly told: readonly string[] }> {
  const text = openapi ?? (await publishedText(apis, actor, api.id));
  const document = await documents.read(text ?? JSON.stringify(apiFromNothing(api)));
  const { sandbox, other, products, warnings } = toDefinitions(document.value, api, {
    ...options,
    specification: document.id,
  });
  const deployments = [
    { environment: 'sandbox', definition: sandbox },
    { environment: 'development', definition: other },
  ] as const;
  return {
    plan: { api, specification: document.text, deployments, products },
    told: [...document.warnings, ...warnings],
  };
}

async function publishedText(
  apis: ApiAdministration,
  actor: Actor,
  id: string,
): Promise<string | undefined> {
  try {
    return (await apis.specification(actor, id)).value.text;
  } catch (error) {
    if (error instanceof Problem && error.kind === 'not-found') return undefined;
    throw error;
  }
}

async function makeApi(
  { apis }: SetUpParts,
  actor: Actor,
  wanted: NewApi,
): Promise<SetUpStep['outcome']> {
  try {
    await apis.create(actor, wanted);
    return 'made';
  } catch (error) {
    if (!isConflict(error)) throw error;
    const { owner } = (await apis.read(actor, wanted.id)).value;
    if (owner === wanted.owner) return 'kept';
    throw new Problem('conflict', `There is an API ${wanted.id} already, and ${owner} owns it`);
  }
}

/** A definition that serves already is not deployed again. */
async function makeProxy(
  { proxies, apis }: SetUpParts,
  actor: Actor,
  api: string,
  environment: Environment,
  definition: ProxyDefinition,
): Promise<SetUpStep['outcome']> {
  const { specification } = (await apis.read(actor, api)).value;
  const whole = { ...definition, ...(specification === undefined ? {} : { specification }) };
  const { items } = await proxies.list(actor, { api, environment, limit: 200 });
  const serving = items.find(
    ({ value }) => value.environment === environment && value.name === api,
  );
  if (serving) {
    const revision = await proxies.revision(actor, serving.id, serving.value.active);
    if (isDeepStrictEqual(revision.value.definition, whole)) return 'kept';
  }
  await proxies.deploy(actor, { api, environment, definition: whole, release: 'set-up' });
  return 'made';
}

/** A product of its name that covers the Api is taken for it, however it was changed since. */
async function makeProduct(
  { products, apis }: SetUpParts,
  actor: Actor,
  api: string,
  product: NewProduct,
): Promise<SetUpStep['outcome']> {
  try {
    await products.createFor(actor, (await apis.read(actor, api)).value, product);
    return 'made';
  } catch (error) {
    if (!isConflict(error)) throw error;
    const { apis: covered } = (await products.read(actor, product.id)).value;
    if (covered.includes(api)) return 'kept';
    throw new Problem('conflict', `The product ${product.id} is there already, for other APIs`);
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.kind === 'conflict';
}

function stopped(error: unknown, at: string, steps: readonly SetUpStep[]): unknown {
  if (!(error instanceof Problem) || steps.length === 0) return error;
  const done = steps.map(({ step, outcome }) => `${step} (${outcome})`).join(', ');
  return new Problem(
    error.kind,
    `The set-up stopped at ${at}: ${error.message}. Done before: ${done}. Run it again to go on`,
    {
      code: 'STOPPED',
      cause: error,
      ...(error.row ? { row: error.row } : {}),
      ...(error.headers ? { headers: error.headers } : {}),
    },
  );
}
