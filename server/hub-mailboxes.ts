/** Joins the pages of mailboxes with the administration of MESH and of the postman. */
import { pushId } from '../spine/postman/deliveries.ts';
import type { MeshManagement } from './mesh-api.ts';
import type { SharedKeys } from './mesh-keys.ts';
import { meshApiId } from './mesh-proxies.ts';
import type { MailboxPort } from './portal/mailbox-port.ts';
import type { PostmanApi } from './postman-api.ts';

export function mailboxPort(
  { administration: mesh, views }: Pick<MeshManagement, 'administration' | 'views'>,
  { pushes, letters }: Pick<PostmanApi, 'pushes' | 'letters'>,
  sharedKeys: Pick<SharedKeys, 'stored'>,
): MailboxPort {
  return {
    ...{ mesh, views, pushes, letters },
    api: meshApiId,
    letterId: (push, environment, message) => pushId(push, { environment, id: message }),
    hasPublicKey: async (environment) =>
      environment !== 'production' && (await sharedKeys.stored(environment)) === undefined,
  };
}
