/**
 * The listeners for mutual TLS: which there are, what each shows and trusts, and that all of it is renewed while they serve:
 * lists at a revocation, authorities when they are laid in, their own certificates before they end. Owns the joining; one
 * listener is tls-listener.ts, and LDAP's own asks here for what it shows and trusts.
 */
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../core/clock.ts';
import type { Connection } from '../core/exchange.ts';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { environments, namesOf, type Environment } from './catalogue/environments.ts';
import { hostOf, type PlatformCertificates } from './certificate-authority.ts';
import { judgeCertificate, type FindRecord } from './certificate-gate.ts';
import type { Config } from './config.ts';
import type { Certified, Front } from './front.ts';
import type { Handshakes } from './handshakes.ts';
import { openGivenFiles, type GivenFiles } from './tls-files.ts';
import { openIdentity, type OwnIdentity } from './tls-identity.ts';
import { createTlsListener, type TlsListener } from './tls-listener.ts';
import type { ServerIdentity, Trust } from './tls-material.ts';
import { createTrust, type ListenerTrust } from './tls-trust.ts';

export interface ListenersOptions {
  readonly config: Config;
  readonly dataDir: string;
  readonly certificates: PlatformCertificates;
  readonly record: FindRecord;
  readonly certified: Certified;
  readonly handshakes: Handshakes;
  readonly clock: Clock;
  readonly log: Log;
  /** The environment of an address that names none. */
  readonly standard: Environment;
  /** The public address: its host is a name of ours. */
  readonly publicUrl: () => string;
  /** Does this work while no other process does the same. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** What is open; absent where nothing is. */
export interface TlsPorts {
  readonly test?: number;
  readonly production?: number;
}

/** What a server on TLS of another protocol shows and trusts, and what it makes of a socket. */
export interface TlsFor {
  readonly identity: ServerIdentity;
  readonly trust: Trust;
  readonly connection: (socket: TLSSocket) => Connection;
}

export interface Listeners {
  /** Puts servers on TLS beside the front's plain one. */
  serve(front: Front): void;
  /** Opens the ports. @throws Problem `unavailable` that names the variable of a port that is taken */
  listen(): Promise<TlsPorts>;
  /** Undefined where there is no certificate to show. */
  tlsContextFor(environment: Environment): TlsFor | undefined;
  /** Calls back when what `tlsContextFor` gives is another one; gives what stops it. */
  onRenew(fn: () => void): () => void;
  /** What the platform shows when it calls systems of an environment; the same object while it stays the same. */
  clientIdentity(environment: Environment): PlatformIdentity | undefined;
  /** Renews what is due; runs by itself every 10 s. Never rejects. */
  look(): Promise<void>;
  close(): void;
}

/** All PEM. */
export interface PlatformIdentity {
  /** Certificate, chain and key, one after the other. */
  readonly identity?: string;
  /** The authorities to trust, one after the other. */
  readonly authorities: string;
}

/** Milliseconds. */
const lookEvery = 10_000;
/** Changes that come together are taken in together. */
const together = 20;

const testEnvironments = environments.filter((one) => one !== 'production');

interface Group {
  readonly name: 'TLS_PORT' | 'TLS_PORT_PRODUCTION';
  readonly port: number;
  readonly strict: boolean;
  readonly trust: ListenerTrust;
  /** The environment whose authority issued what it shows. */
  readonly issuer: Environment;
  listener?: TlsListener;
}

/** Makes or reads what is shown. @throws Problem for files that will not do */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { config, certificates, certified, record, handshakes, clock, log, standard } = options;
  const now = () => clock.now();
  const told = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  /** Groups whose listener is to be renewed; a list of production is nothing to the others. */
  const due = new Set<Group>();
  const renewSoon = (which: readonly Group[] = groups) => {
    for (const group of which) due.add(group);
    timer ??= setTimeout(renew, together).unref();
  };
  const own = await openOwn(options);
  const given = await openGiven(options, () => {
    renewSoon();
  });
  const source = {
    authorities: (name: string) =>
      certificates.authority
        .of(name)
        .trust.authorities()
        .map(({ pem }) => pem),
    lists: (name: string) => certificates.lists.pems(name),
  };
  const trustOf = (names: readonly string[]) =>
    createTrust({ source, environments: names, grace: config.crlGrace * 60_000, log, now });
  const groups: Group[] = [
    {
      ...{ name: 'TLS_PORT', port: config.tlsPort, strict: false },
      trust: trustOf(testEnvironments),
      issuer: standard === 'production' ? 'sandbox' : standard,
    },
    {
      ...{ name: 'TLS_PORT_PRODUCTION', port: config.tlsPortProduction, strict: true },
      ...{ trust: trustOf(['production']), issuer: 'production' },
    },
  ];
  const identityOf = (environment: Environment) =>
    given?.current() ?? own.servers.get(environment)?.current();
  const others = new Map<Environment, ListenerTrust>();
  const fault = (certificate: Connection['certificate']) => {
    try {
      const found = judgeCertificate(certificate, record, now());
      return typeof found === 'string' ? found : undefined;
    } catch {
      return undefined; // nobody knows at the moment; each call is told so
    }
  };
  const renew = () => {
    timer = undefined;
    if (closed) return;
    const now = [...due];
    due.clear();
    for (const { listener, trust, issuer, name } of now) {
      const identity = identityOf(issuer);
      if (!listener || !identity) continue;
      try {
        listener.renew(identity, trust.current());
      } catch (error) {
        log.log('error', 'what a listener shows and trusts could not be renewed', {
          listener: name,
          reason: Problem.from(error).kind,
        });
      }
    }
    for (const fn of told) fn();
  };
  const look = async () => {
    const changes = await Promise.all(own.all.map((one) => one.look().catch(failed(log))));
    const all = [...groups.map(({ trust }) => trust), ...others.values()];
    if (changes.includes(true) || all.some((trust) => trust.isDue())) renewSoon();
  };
  const stops = [
    certificates.lists.onChange((environment) => {
      const production = environment === 'production';
      renewSoon(groups.filter(({ strict }) => strict === production));
    }),
    certificates.register.onEnded(({ thumbprint }) => {
      for (const { listener } of groups) listener?.end(thumbprint);
    }),
  ];
  const looking = setInterval(() => void look(), lookEvery).unref();
  const clients = clientIdentities(own, source);
  return {
    serve(front) {
      if (config.tlsListeners === 'off') return;
      for (const group of groups) {
        const identity = identityOf(group.issuer);
        if (!identity) {
          log.log('warn', 'a listener has no certificate to show and is not opened', {
            listener: group.name,
          });
          continue;
        }
        group.listener = createTlsListener({
          ...{ front, identity, fault, handshakes, now },
          ...{ name: group.name, port: group.port, strict: group.strict },
          listenAddress: config.listenAddress,
          trust: group.trust.current(),
          connection: certified.connection,
        });
      }
    },
    async listen() {
      const [test, production] = groups;
      const ports = {
        ...(test?.listener ? { test: await test.listener.listen() } : {}),
        ...(production?.listener ? { production: await production.listener.listen() } : {}),
      };
      return ports;
    },
    tlsContextFor(environment) {
      const issuer = environment === 'production' ? environment : testIssuer(groups);
      const identity = identityOf(issuer);
      let trust = others.get(environment);
      if (!trust) others.set(environment, (trust = trustOf([environment])));
      return identity && { identity, trust: trust.current(), connection: certified.connection };
    },
    onRenew(fn) {
      told.add(fn);
      return () => told.delete(fn);
    },
    clientIdentity: clients,
    look,
    close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(looking);
      given?.close();
      for (const stop of stops) stop();
    },
  };
}

function testIssuer(groups: readonly Group[]): Environment {
  return groups[0]?.issuer ?? 'sandbox';
}

interface Own {
  /** What listeners show, by the environment whose authority issued it. */
  readonly servers: ReadonlyMap<Environment, OwnIdentity>;
  /** What systems that are called are shown. */
  readonly clients: ReadonlyMap<Environment, OwnIdentity>;
  readonly all: readonly OwnIdentity[];
}

async function openOwn(options: ListenersOptions): Promise<Own> {
  const { certificates, standard } = options;
  const servers = new Map<Environment, OwnIdentity>();
  const clients = new Map<Environment, OwnIdentity>();
  for (const environment of environments) {
    const authority = certificates.authority.of(environment);
    if (authority.issuing !== 'own') continue;
    const file = (name: string) => join(options.dataDir, 'certs', environment, name);
    const { clock, inTurn } = options;
    const common = { authority, inTurn, now: () => clock.now() };
    const [domain = 'localhost'] = certificates.domains(environment);
    clients.set(
      environment,
      await openIdentity({
        ...common,
        file: file('platform.pem'),
        order: { profile: 'endpoint', fqdn: `gatehouse.${domain}` },
      }),
    );
    const shows = environment === 'production' || environment === testOf(standard);
    if (shows)
      servers.set(
        environment,
        await openIdentity({
          ...common,
          file: file('server.pem'),
          order: serverOrder(options, environment),
        }),
      );
  }
  return { servers, clients, all: [...servers.values(), ...clients.values()] };
}

function testOf(standard: Environment): Environment {
  return standard === 'production' ? 'sandbox' : standard;
}

/** Every name by which the listener is called: its host, with each environment in front, and this machine. */
function serverOrder({ publicUrl, certificates }: ListenersOptions, environment: Environment) {
  const host = hostOf(publicUrl());
  const { domains } = certificates.authority.of(environment);
  const hosts = [...new Set([host, 'localhost'])].filter((one) => domains.includes(one));
  const served = environment === 'production' ? [environment] : testEnvironments;
  const names = hosts.flatMap((one) => [
    one,
    ...served.flatMap((each) => namesOf(each)).map((prefix) => `${prefix}.${one}`),
  ]);
  return {
    profile: 'server' as const,
    fqdn: names[0] ?? 'localhost',
    dnsNames: names,
    addresses: [Buffer.of(127, 0, 0, 1), Buffer.concat([Buffer.alloc(15), Buffer.of(1)])],
  };
}

function openGiven(
  { config, log, clock }: ListenersOptions,
  changed: () => void,
): Promise<GivenFiles> | undefined {
  const { tlsCertFile: certificateFile, tlsKeyFile: keyFile } = config;
  if (certificateFile === '') return undefined;
  return openGivenFiles({ certificateFile, keyFile, log, changed, now: () => clock.now() });
}

/** Made again only when the identity or the authorities are others. */
function clientIdentities(
  own: Own,
  source: { authorities(environment: string): readonly string[] },
): Listeners['clientIdentity'] {
  const made = new Map<Environment, PlatformIdentity>();
  return (environment) => {
    const found = own.clients.get(environment)?.current();
    const authorities = source.authorities(environment).join('');
    const identity = found && found.certificate + found.key;
    const known = made.get(environment);
    if (known?.identity === identity && known?.authorities === authorities) return known;
    const fresh = { authorities, ...(identity === undefined ? {} : { identity }) };
    made.set(environment, fresh);
    return fresh;
  };
}

function failed(log: Log): (error: unknown) => false {
  return (error) => {
    log.log('error', 'a certificate of the platform could not be renewed', {
      reason: Problem.from(error).message,
    });
    return false;
  };
}
