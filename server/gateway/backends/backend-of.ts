/** Which back end a definition names. Owns the choice; what each does is in the file of its kind. */
import { Problem } from '../../../core/problem.ts';
import type { Api } from '../../catalogue/apis.ts';
import type { BackendDefinition } from '../../catalogue/proxies.ts';
import type { Backend, BackendSite, ServedApi } from '../backend.ts';
import { directoryBackend } from './directory.ts';
import { httpBackend } from './http.ts';
import { mockBackend } from './mock.ts';
import { spineSecureProxyBackend } from './ssp.ts';

/**
 * Whether an Api may end in a service: one that holds records is behind the Api that answers for them, with its audit, and
 * behind no other.
 */
export function mayServe(
  owners: BackendSite['services']['serviceApis'],
  service: string,
  { id }: Pick<Api, 'id'>,
): boolean {
  return !Object.hasOwn(owners, service) || owners[service] === id;
}

/** @throws Problem `invalid` for a service or a directory that is not there, or a service that is another Api's. */
export function backendOf(
  definition: BackendDefinition,
  site: BackendSite,
): { readonly backend: Backend; readonly served?: ServedApi } {
  switch (definition.kind) {
    case 'http':
      return { backend: httpBackend(definition, site) };
    case 'directory':
      return { backend: directoryBackend(definition, site) };
    case 'spine-secure-proxy':
      return { backend: spineSecureProxyBackend(definition, site) };
    case 'mock':
      return { backend: mockBackend(site) };
    case 'service': {
      const { service } = definition;
      const { services, serviceApis } = site.services;
      const make = Object.hasOwn(services, service) ? services[service] : undefined;
      if (!make) throw new Problem('invalid', `There is no service ${service}`);
      if (!mayServe(serviceApis, service, site.api))
        throw new Problem('invalid', `The service ${service} is another API's`);
      const ending: (() => Promise<void>)[] = [];
      const beneath: Pick<Backend, 'condition'>[] = [];
      const served = make({
        environment: site.environment,
        base: site.definition.base,
        config: definition.config ?? {},
        at: site,
        onClose: (fn) => ending.push(fn),
        standsOn: (condition) => beneath.push({ condition }),
      });
      const close = async () => {
        await Promise.all(ending.map((end) => end()));
      };
      const { handler, probe } = served;
      const backend = { handler, close, ...beneath[0], ...(probe ? { probe } : {}) };
      return { served, backend };
    }
  }
}
