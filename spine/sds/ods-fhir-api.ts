/**
 * The FHIR STU3 look-up of organisations as a table: search, read, the code systems behind it, and what it can do.
 * Owns pages and their links; queries, resources and forms are in the files of those names.
 */
import type { Exchange, Handler, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { routes } from '../../core/routes.ts';
import { isListedRole } from './ods-code-lists.ts';
import { codeSystems, valueSets } from './ods-fhir-codes.ts';
import { formOf, replyIn, type Resource } from './ods-fhir-form.ts';
import { toOrganization } from './ods-fhir-organization.ts';
import { odsQuery, type OdsQuery } from './ods-fhir-query.ts';
import type { Organisations, OrganisationsOf } from './ods-organisations.ts';

export interface OdsFhirOptions {
  readonly organisations: OrganisationsOf;
  /** The absolute address of the face, without a slash at its end. */
  readonly base: () => string;
  /** A new UUID. */
  readonly newId: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The CapabilityStatement, derived from the OpenAPI document. */
  readonly capabilities: () => Resource;
}

/** Which call sees which view of the directory is decided before: `exchange.workspace`. */
export function odsFhirApi(options: OdsFhirOptions): Handler {
  const { organisations, base } = options;
  const listed = (found: Resource | undefined) => {
    if (!found) throw unknown();
    return Promise.resolve(found);
  };
  return routes(
    {
      'GET /Organization': inForm((exchange) => search(options, exchange)),
      'GET /Organization/:id': inForm(async ({ workspace, params: { id = '' } }) => {
        const { byCode } = await organisations(workspace);
        const found = byCode.get(id.toUpperCase());
        if (!found) throw unknown();
        return toOrganization(found);
      }),
      'GET /CodeSystem/:id': inForm(({ params: { id = '' } }) =>
        listed(codeSystems(base()).get(id)),
      ),
      'GET /ValueSet/:id': inForm(({ params: { id = '' } }) => listed(valueSets(base()).get(id))),
      'GET /metadata': inForm(() => Promise.resolve(options.capabilities())),
    },
    { notFound: () => Promise.reject(unknown()) },
  );
}

function unknown(): Problem {
  return new Problem('not-found', 'No record found');
}

/** The form is judged first: nothing is looked for that could not be answered. */
function inForm(make: (exchange: Exchange) => Promise<Resource>): Handler {
  return async (exchange): Promise<Reply> => {
    const form = formOf(exchange);
    return replyIn(form, 200, await make(exchange));
  };
}

async function search(options: OdsFhirOptions, exchange: Exchange): Promise<Resource> {
  const all = await options.organisations(exchange.workspace);
  const asked = odsQuery(exchange.query, options.base(), isRoleIn(all));
  const found = all.all.filter(asked.matches);
  const first = (asked.page - 1) * asked.count;
  const page = asked.countOnly ? [] : found.slice(first, first + asked.count);
  const address = `${options.base()}/Organization`;
  return {
    resourceType: 'Bundle',
    id: options.newId(),
    meta: { lastUpdated: new Date(options.now()).toISOString().replace(/\.[0-9]+Z$/, '+00:00') },
    type: 'searchset',
    total: found.length,
    link: linksOf(address, exchange.query, asked, found.length),
    ...(page.length === 0
      ? {}
      : {
          entry: page.map((one) => ({
            fullUrl: `${address}/${one.odsCode}`,
            resource: toOrganization(one),
            search: { mode: 'match' },
          })),
        }),
  };
}

/** Roles of the list, and those that an organisation bears though the list does not know them. */
function isRoleIn({ all }: Organisations): (number: string) => boolean {
  return (number) => {
    const id = `RO${number}`;
    return isListedRole(id) || all.some(({ roles }) => roles.some((one) => one.id === id));
  };
}

function linksOf(
  address: string,
  query: URLSearchParams,
  { page, count, countOnly }: OdsQuery,
  total: number,
): readonly object[] {
  const at = (relation: string, number: number) => {
    const other = new URLSearchParams(query);
    if (number !== page) other.set('_page', String(number));
    const text = other.toString();
    return { relation, url: text === '' ? address : `${address}?${text}` };
  };
  if (countOnly) return [at('self', page)];
  return [
    at('self', page),
    ...(page > 1 ? [at('previous', page - 1)] : []),
    ...(page * count < total ? [at('next', page + 1)] : []),
  ];
}
