/** The pools of one back end: opened at the first call, and anew when a secret that connections are made with changes. */
import { Problem } from '../../../core/problem.ts';
import type { BackendSite } from '../backend.ts';
import type { Credentials } from './credentials.ts';
import { missingSecret } from './oauth-client.ts';
import { openPools, type Pools, type TlsMaterial } from './pools.ts';
import { addressJudge } from './target-rules.ts';

export interface Connections {
  /** @throws Problem `unavailable` when a secret is missing or unfit. */
  current(): Pools;
  /** Resolves when all calls have ended, those on connections of before too. */
  close(): Promise<void>;
}

export function createConnections(
  url: URL,
  {
    timeout,
    connections,
    serverName,
  }: {
    readonly timeout: number;
    readonly connections: number;
    readonly serverName?: string | undefined;
  },
  credentials: Credentials,
  { environment, services }: BackendSite,
): Connections {
  const judge = addressJudge(environment, services.targets, url.protocol === 'https:');
  let open: { readonly tls: TlsMaterial; readonly pools: Pools } | undefined;
  const closing = new Set<Promise<void>>();
  const close = () => {
    if (!open) return;
    const done = open.pools.close().finally(() => closing.delete(done));
    closing.add(done);
    open = undefined;
  };
  return {
    current() {
      const tls = credentials.tls();
      if (open?.tls === tls) return open.pools;
      const terms = {
        ...{ origin: url.origin, connections, patience: timeout, judge, tls },
        ...(serverName === undefined ? {} : { serverName }),
      };
      const pools = fit(() => openPools(terms));
      close();
      open = { tls, pools };
      return pools;
    },
    async close() {
      close();
      await Promise.all(closing);
    },
  };
}

/** What is wrong with a certificate or a key is not told: the words of OpenSSL may quote it. */
function fit<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof Problem ? error : missingSecret();
  }
}
