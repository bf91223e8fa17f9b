/**
 * The national services of test environments are this server: their endpoints of the default directory are brought to the
 * addresses of this start, so that a sender who follows the directory arrives. Owns which entries that concerns: those of the
 * default data, and those it has made itself; what somebody has put in their place stays.
 */
import { Problem } from '../core/problem.ts';
import type { Store } from '../core/store.ts';
import type { Directory, Entry } from '../spine/sds/directory.ts';
import { serviceDn } from '../spine/sds/directory-tree.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import type { Addresses } from './addresses.ts';
import { directoryView } from './directory-views.ts';
import type { TlsAddresses } from './tls-addresses.ts';

/** The organisation of the national services in test environments. */
const odsCode = 'YES';

/** The host of the default data, which is nowhere. */
const nowhere = 'spine.test';

/** By which an entry that was made here is known. */
const description = 'This server';

const by = 'start';

/** Where messages of Spine are taken, below an environment's address; the entries name it at its end. */
const path = /\/(?:sync-service|reliablemessaging\/[a-z]+)$/;

export interface NationalEndpoints {
  /** The addresses are known now. */
  put(): Promise<void>;
  /** Puts them back where a view was reset; nothing before `put`. */
  sweep(): Promise<number>;
}

/** The sandbox's are in the base, which every view shows; integration is called with a certificate. */
export function openNationalEndpoints(
  store: Store,
  addresses: Addresses,
  tlsAddresses: TlsAddresses,
): NationalEndpoints {
  const directory = openDirectory(store);
  let known = false;
  const put = async () => {
    known = true;
    await putAt(directory, addresses.of('sandbox', ''));
    const integration = tlsAddresses('uat') ?? addresses;
    await putAt(directory.in(directoryView('uat')), integration.of('uat', ''));
  };
  return {
    put,
    async sweep() {
      if (known) await put();
      return 0;
    },
  };
}

async function putAt(view: Directory, address: string): Promise<void> {
  const handlers = await view.handlers({ odsCode });
  await Promise.all(
    handlers.map(async ({ id }) => {
      const entry = await view.entry(serviceDn(id));
      const moved = entry && movedTo(entry, address);
      if (moved) await replace(view, moved);
    }),
  );
}

/** Undefined where nothing is to be changed. */
function movedTo({ dn, attributes }: Entry, address: string): Entry | undefined {
  const [url = ''] = attributes.nhsMHSEndPoint ?? [];
  const own = attributes.nhsMHSServiceDescription?.[0] === description;
  const [end] = path.exec(url) ?? [];
  if (end === undefined || !(own || url.startsWith(`https://${nowhere}/`))) return undefined;
  if (own && url === address + end) return undefined;
  const place = {
    nhsMHSEndPoint: [address + end],
    nhsMhsFQDN: [new URL(address).hostname],
    nhsMHSServiceDescription: [description],
  };
  return { dn, attributes: { ...attributes, ...place } };
}

/** Several processes may be at it at the same time, with the same entries. */
async function replace(view: Directory, entry: Entry): Promise<void> {
  try {
    await view.replace(entry, by);
  } catch (error) {
    if (!['conflict', 'not-found'].includes(Problem.from(error).kind)) throw error;
  }
}
