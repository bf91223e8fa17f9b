/**
 * The targets of a back end that the Spine Directory names call by call: for each address a back end over HTTP of its own,
 * with its connections and its circuit. Owns how many there are at a time and when one is closed. The rules of
 * target-rules.ts are asked of each address anew, as it is no part of a definition that anybody has looked at.
 */
import { isIP } from 'node:net';
import type { Exchange, Reply } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { HttpBackend } from '../../catalogue/proxies.ts';
import type { Backend, BackendSite } from '../backend.ts';
import { httpBackend } from './http.ts';
import type { TlsMaterial } from './pools.ts';
import { targetFaults } from './target-rules.ts';

export interface TargetTerms {
  readonly timeout: number;
  readonly connections: number;
  /** Targets at a time. */
  readonly targets: number;
  /** Fields of callers that go on although they otherwise do not, and the other way; lower case. */
  readonly passing: readonly string[];
  readonly withheld: readonly string[];
}

/** An address of the directory. */
export interface Target {
  /** Without a query; what is below it is the call's path. */
  readonly address: string;
  /** The name that its certificate bears, for addresses that are IP numbers; may be empty. */
  readonly fqdn: string;
}

export interface Targets {
  /** @throws Problem `upstream` for an address that may not be called here, and as back ends over HTTP do. */
  call(target: Target, exchange: Exchange): Promise<Reply>;
  /** Targets that connections are kept to. */
  readonly size: number;
  close(): Promise<void>;
}

interface Kept {
  readonly backend: Backend;
  /** Calls that are not over, their answers' bodies included. */
  running: number;
  leaving: boolean;
}

export function createTargets(terms: TargetTerms, site: BackendSite): Targets {
  const kept = new Map<string, Kept>();
  const closing = new Set<Promise<void>>();
  const close = ({ backend }: Kept) => {
    const done = backend.close().finally(() => closing.delete(done));
    closing.add(done);
  };
  const leave = (one: Kept) => {
    one.leaving = true;
    if (one.running === 0) close(one);
  };
  const open = (target: Target): Kept => {
    const key = `${target.address} ${target.fqdn}`;
    const found = kept.get(key) ?? {
      backend: made(target, terms, site),
      running: 0,
      leaving: false,
    };
    kept.delete(key); // to the end: whoever is first has waited longest
    kept.set(key, found);
    if (kept.size > terms.targets) {
      const [oldest] = kept;
      if (oldest) kept.delete(oldest[0]);
      if (oldest) leave(oldest[1]);
    }
    return found;
  };
  return {
    async call(target, exchange) {
      const one = open(target);
      one.running++;
      exchange.onEnd(() => {
        one.running--;
        if (one.leaving && one.running === 0) close(one);
      });
      return one.backend.handler(exchange);
    },
    get size() {
      return kept.size;
    },
    async close() {
      for (const one of kept.values()) close(one);
      kept.clear();
      await Promise.all(closing);
    },
  };
}

function made({ address, fqdn }: Target, terms: TargetTerms, site: BackendSite): Backend {
  const { services, environment } = site;
  const { timeout, connections, passing, withheld } = terms;
  const definition: HttpBackend = {
    ...{ kind: 'http', url: address.replace(/\/+$/, ''), timeout, connections },
  };
  const [fault] = targetFaults(definition, environment, services.targets);
  if (fault !== undefined)
    throw new Problem(
      'upstream',
      `The address that the directory has may not be called from ${environment}: ${fault}`,
      { code: 'ENDPOINT_REFUSED' },
    );
  const host = new URL(address).hostname.replace(/^\[|\]$/g, '');
  const name = hostOf(fqdn);
  return httpBackend(definition, site, {
    tls: () => services.clientCertificate?.(environment) ?? noCertificate,
    ...(isIP(host) === 0 || name === '' ? {} : { serverName: name }),
    passing,
    withheld,
  });
}

const noCertificate: TlsMaterial = {};

/** The name in what the directory has as one: some write a scheme in front of it or a path behind. */
function hostOf(fqdn: string): string {
  return /^(?:[a-z]+:\/\/)?([^/:?#\s]*)/i.exec(fqdn.trim())?.[1] ?? '';
}
