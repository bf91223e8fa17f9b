/**
 * Apis as administration changes them: made, changed, their documents published. Owns what an Api must be, and that one
 * which handles sensitive data stays audited.
 */
import { Problem } from '../../core/problem.ts';
import type { Page, Stored } from '../../core/store.ts';
import type { PageQuery } from './app-administration.ts';
import { checkLength, checkOrganisation } from './app-rules.ts';
import {
  apiCollection,
  specificationCollection,
  type Api,
  type ApiStatus,
  type Specification,
  type Technology,
} from './apis.ts';
import { keepDocument, readForPublishing } from './deployment-document.ts';
import { permit } from './deployment.ts';
import type { DocumentReader } from './openapi/reader.ts';
import { openRecords, type Ground } from './records.ts';
import { must, type Action, type Actor } from './roles.ts';

export const technologies = [
  'fhir',
  'rest',
  'soap',
  'oauth',
] as const satisfies readonly Technology[];

export const apiStatuses = [
  'alpha',
  'beta',
  'live',
  'deprecated',
  'retired',
] as const satisfies readonly ApiStatus[];

/** The fields of an Api that whoever may change it may set. */
export type ApiFields = Pick<
  Api,
  'title' | 'description' | 'owner' | 'contact' | 'technology' | 'sensitive' | 'status'
>;

export type NewApi = ApiFields & Pick<Api, 'id'>;

export interface ApiQuery extends PageQuery {
  readonly owner?: string;
}

/** A document as published, and what was odd about it. */
export interface Published {
  readonly api: Stored<Api>;
  readonly warnings: readonly string[];
  /** How it is judged for the public, in percent, and whether it may be published as it is. */
  readonly score: number;
  readonly fit: boolean;
}

export interface ApiAdministration {
  create(actor: Actor, api: NewApi): Promise<Stored<Api>>;
  read(actor: Actor, id: string): Promise<Stored<Api>>;
  list(actor: Actor, query: ApiQuery): Promise<Page<Api>>;
  /** @throws Problem `unprocessable` when a sensitive Api would cease to be one. */
  change(
    actor: Actor,
    id: string,
    fields: Partial<ApiFields>,
    expected?: number,
  ): Promise<Stored<Api>>;
  /**
   * Makes a text in JSON or YAML the Api's document.
   * @param strict as for the public: refused with all reasons unless it is good enough.
   */
  publish(actor: Actor, id: string, text: string, strict: boolean): Promise<Published>;
  /** @throws Problem `not-found` when none is published. */
  specification(actor: Actor, id: string): Promise<Stored<Specification>>;
}

export function apiAdministration(
  ground: Ground & { readonly documents: DocumentReader },
): ApiAdministration {
  const { documents } = ground;
  const records = openRecords(ground, apiCollection, 'API');
  const specifications = openRecords(ground, specificationCollection, 'specification');
  const allow = (actor: Actor, action: Action) => (api: Api) => {
    must(actor, action, { organisation: api.owner });
  };
  return {
    create: (actor, api) =>
      records.add({ actor, action: 'api.create' }, api.id.slice(0, 200), () => {
        must(actor, 'api.create', { organisation: api.owner });
        return newApi(api, ground.clock.now());
      }),
    async read(actor, id) {
      must(actor, 'api.read');
      return records.read(id);
    },
    async list(actor, { owner, ...page }) {
      must(actor, 'api.read');
      return owner === undefined
        ? records.find({ index: 'all', equals: ['all'], ...page })
        : records.find({ index: 'owner', equals: [owner], ...page });
    },
    change: (actor, id, fields, expected) =>
      records.change({
        deed: { actor, action: 'api.change' },
        id,
        expected,
        allow(api) {
          allow(actor, 'api.change')(api);
          if (fields.owner !== undefined)
            allow(actor, 'api.change')({ ...api, owner: fields.owner });
        },
        edit(api) {
          checkFields(fields);
          if (api.sensitive && fields.sensitive === false) throw staysSensitive();
          return { ...api, ...fields };
        },
      }),
    async publish(actor, id, text, strict) {
      const { value: api } = await records.read(id);
      const deed = { actor, action: 'api.specification' };
      await permit(records, deed, id, 'api.specification', { organisation: api.owner });
      const document = strict
        ? await readForPublishing(documents, text)
        : await documents.read(text);
      const kept = await keepDocument(ground, actor, id, document);
      const stored = await records.change({
        deed,
        id,
        expected: undefined,
        allow: allow(actor, 'api.specification'),
        edit: (now) => ({ ...now, specification: kept.id }),
      });
      const { score, fit } = document.judgement;
      return { api: stored, warnings: document.warnings, score, fit };
    },
    async specification(actor, id) {
      must(actor, 'api.read');
      const { specification } = (await records.read(id)).value;
      if (specification === undefined)
        throw new Problem('not-found', 'The API has no document yet: publish one');
      return specifications.read(specification);
    },
  };
}

function newApi(fields: NewApi, created: number): Api {
  const { id, title, description, owner, contact, technology, sensitive, status } = fields;
  if (id.length > 64 || !/^[a-z0-9][a-z0-9-]*$/.test(id))
    throw new Problem('invalid', 'The id of an API is 1 to 64 lower-case letters, digits, hyphens');
  checkFields(fields);
  return { id, title, description, owner, contact, technology, sensitive, status, created };
}

function checkFields({ title, description, owner, contact }: Partial<ApiFields>): void {
  if (title !== undefined) checkLength('title', title, 1, 200);
  if (description !== undefined) checkLength('description', description, 0, 4000);
  if (owner !== undefined) checkOrganisation(owner);
  if (contact !== undefined) checkContact(contact);
}

function checkContact(contact: string): void {
  checkLength('contact', contact, 3, 254);
  const mail = /^[^\s@<>"]+@[^\s@<>"]+$/.test(contact);
  const page = /^https:\/\/[\x21-\x7e]+$/.test(contact) && URL.canParse(contact);
  if (!mail && !page)
    throw new Problem('invalid', 'contact must be an e-mail address or an https address');
}

/** What was audited cannot come to be unaudited by a switch (R068). */
function staysSensitive(): Problem {
  return new Problem(
    'unprocessable',
    'An API that handles sensitive data stays marked so: each of its calls is in the audit',
    { code: 'SENSITIVE' },
  );
}
