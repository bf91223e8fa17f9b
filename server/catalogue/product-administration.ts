/**
 * Products as administration changes them. Owns what a Product must be, and that one which lets data be written waits for
 * a person unless somebody says otherwise, which the audit then tells (R016).
 */
import { Problem } from '../../core/problem.ts';
import type { Page, Stored } from '../../core/store.ts';
import type { PageQuery } from './app-administration.ts';
import { checkLength, checkOrganisation } from './app-rules.ts';
import { apiCollection, type Api } from './apis.ts';
import { productCollection, type CustomerEnvironment, type Product } from './products.ts';
import { openRecords, type Deed, type Ground, type Records } from './records.ts';
import { may, must, type Actor } from './roles.ts';
import { checkScope, scopeWrites } from './scopes.ts';

/** A Product to be made. Without `approval` it is manual when one of its scopes writes. */
export interface NewProduct {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly apis: readonly string[];
  readonly scopes: readonly string[];
  readonly approval?: Product['approval'];
  /** An empty object counts as none. */
  readonly operations?: NonNullable<Product['operations']>;
  readonly limits?: NonNullable<Product['limits']>;
  /** An empty `environment` takes it away. */
  readonly customer?: CustomerEnvironment;
}

export interface ProductAdministration {
  /** @throws Problem `unprocessable` for an Api that the catalogue does not know, once it knows any. */
  create(actor: Actor, product: NewProduct): Promise<Stored<Product>>;
  /** The Product of an Api's set-up, for whoever sets that up: it covers this Api alone and gives scopes of its name. */
  createFor(actor: Actor, api: Api, product: NewProduct): Promise<Stored<Product>>;
  read(actor: Actor, id: string): Promise<Stored<Product>>;
  list(actor: Actor, query: PageQuery): Promise<Page<Product>>;
  /** The scopes of running subscriptions change with it, for the next token. */
  change(
    actor: Actor,
    id: string,
    fields: Partial<Omit<NewProduct, 'id'>>,
    expected?: number,
  ): Promise<Stored<Product>>;
}

export function productAdministration(ground: Ground): ProductAdministration {
  const records = openRecords(ground, productCollection, 'product');
  return {
    async create(actor, product) {
      const action =
        product.approval === 'automatic' ? 'product.create.automatic' : 'product.create';
      if (may(actor, 'product.create')) await checkKnown(ground, product.apis);
      return add(records, { actor, action }, product, () => {
        must(actor, 'product.create');
      });
    },
    async createFor(actor, api, product) {
      const known = may(actor, 'product.create') ? [] : await scopesOfOthers(ground, api);
      return add(records, { actor, action: 'api.product' }, product, () => {
        must(actor, 'api.product', { organisation: api.owner });
        if (!may(actor, 'product.create')) checkOwn(api, product, known);
      });
    },
    async read(actor, id) {
      must(actor, 'product.read');
      return records.read(id);
    },
    async list(actor, query) {
      must(actor, 'product.read');
      return records.find({ index: 'all', equals: ['all'], ...query });
    },
    async change(actor, id, fields, expected) {
      const action =
        fields.approval === 'automatic' ? 'product.change.automatic' : 'product.change';
      if (fields.apis && may(actor, 'product.change')) {
        const { apis } = (await records.read(id)).value;
        await checkKnown(
          ground,
          fields.apis.filter((api) => !apis.includes(api)),
        );
      }
      return records.change({
        deed: { actor, action },
        id,
        expected,
        allow() {
          must(actor, 'product.change');
        },
        edit(product) {
          checkFields(fields);
          const changed = withFields(product, fields);
          checkOperations(changed);
          return changed;
        },
      });
    },
  };
}

function add(
  records: Records<Product>,
  deed: Deed,
  product: NewProduct,
  allow: () => void,
): Promise<Stored<Product>> {
  const { id, name, description, apis, scopes, approval } = product;
  return records.add(deed, id.slice(0, 200), () => {
    allow();
    checkId(id);
    checkFields(product);
    checkOperations(product);
    const made = { id, name, description, apis, scopes, approval: approval ?? standardFor(scopes) };
    return { ...made, ...narrowing(product) };
  });
}

/** A name that nothing bears now would open whatever comes to bear it. A catalogue without Apis knows no names. */
async function checkKnown({ store }: Ground, apis: readonly string[]): Promise<void> {
  const known = store.open(apiCollection);
  const { items } = await known.find({ index: 'all', equals: ['all'], limit: 1 });
  if (items.length === 0) return;
  for (const api of apis.slice(0, mostApis))
    if (!(await known.get(api.slice(0, 100))))
      throw new Problem('unprocessable', `There is no API ${api.slice(0, 100)}: create it first`, {
        code: 'UNKNOWN_API',
      });
}

/** Names in national scopes that mean another Api than the one of that id, or more than to call it. */
const othersName = /:(privileged-.*|personal-demographics-service)$/;

/** Who may set up an Api may not thereby open another: a scope counts wherever it is asked for. */
function checkOwn({ id }: Api, { apis, scopes }: NewProduct, others: readonly string[]): void {
  const own = (scope: string) =>
    scope.startsWith('urn:') &&
    scope.endsWith(`:${id}`) &&
    !othersName.test(scope) &&
    !others.includes(scope);
  if (apis.some((api) => api !== id) || !scopes.every(own))
    throw new Problem(
      'unprocessable',
      `The product of the API ${id} covers that alone, with national scopes that end in :${id} and are of no other API`,
      { code: 'OWN_API' },
    );
}

/** The scopes of Products that cover anything but this Api alone. */
async function scopesOfOthers({ store }: Ground, { id }: Api): Promise<readonly string[]> {
  const products = store.open(productCollection);
  const scopes: string[] = [];
  let after: string | undefined = '';
  do {
    const page: Page<Product> = await products.find({
      ...{ index: 'all', equals: ['all'], limit: 500 },
      ...(after === '' ? {} : { after }),
    });
    for (const { value } of page.items)
      if (value.apis.length === 0 || value.apis.some((api) => api !== id))
        scopes.push(...value.scopes);
    after = page.next;
  } while (after !== undefined);
  return scopes;
}

function narrowing({
  operations,
  limits,
  customer,
}: Pick<Product, 'operations' | 'limits' | 'customer'>): object {
  return {
    ...(operations && Object.keys(operations).length > 0 ? { operations } : {}),
    ...(limits && Object.keys(limits).length > 0 ? { limits } : {}),
    ...(customer && customer.environment !== '' ? { customer } : {}),
  };
}

function checkOperations({ apis, operations = {} }: Pick<Product, 'apis' | 'operations'>): void {
  for (const [api, list] of Object.entries(operations)) {
    if (!apis.includes(api))
      throw new Problem('invalid', 'operations may name only APIs that the product covers');
    checkMany('operations of an API', list, 500);
    if (!list.every((one) => one.length <= 300 && /^[A-Z]{3,7} \/[\x21-\x7e]*$/.test(one)))
      throw new Problem('invalid', 'An operation is a method and a path: GET /Patient/{id}');
  }
}

/** A Product that comes to write becomes manual with that, unless the same change says otherwise. */
function withFields(product: Product, fields: Partial<Omit<NewProduct, 'id'>>): Product {
  const { name, description, apis, scopes, approval } = { ...product, ...fields };
  const startsToWrite = !product.scopes.some(scopeWrites) && scopes.some(scopeWrites);
  return {
    id: product.id,
    name,
    description,
    apis,
    scopes,
    approval: fields.approval ?? (startsToWrite ? 'manual' : approval),
    ...narrowing({ ...product, ...fields }),
  };
}

function standardFor(scopes: readonly string[]): Product['approval'] {
  return scopes.some(scopeWrites) ? 'manual' : 'automatic';
}

function checkId(id: string): void {
  if (id.length > 64 || !/^[a-z0-9][a-z0-9-]*$/.test(id))
    throw new Problem(
      'invalid',
      'The id of a product is 1 to 64 lower-case letters, digits, hyphens',
    );
}

const mostScopes = 100;
const mostApis = 50;

function checkFields({ name, description, apis, scopes, customer }: Partial<NewProduct>): void {
  if (name !== undefined) checkLength('name', name, 1, 200);
  if (description !== undefined) checkLength('description', description, 0, 4000);
  if (customer && customer.environment !== '') {
    checkLength('customer/environment', customer.environment, 1, 100);
    checkOrganisation(customer.owner);
  }
  checkMany('apis', apis ?? [], mostApis);
  for (const api of apis ?? [])
    if (api.length > 100 || !/^[a-z0-9][a-z0-9-]*$/.test(api))
      throw new Problem('invalid', 'An API is named by lower-case letters, digits and hyphens');
  checkMany('scopes', scopes ?? [], mostScopes);
  scopes?.forEach(checkScope);
}

function checkMany(field: string, items: readonly string[], most: number): void {
  if (items.length > most || new Set(items).size !== items.length)
    throw new Problem('invalid', `${field} holds at most ${most}, each once`);
}
