/** The addresses at which an environment is called with a client certificate. Owns how they are made from the public one. */
import { createAddresses, type Addresses } from './addresses.ts';
import type { Environment } from './catalogue/environments.ts';
import { hostOf } from './certificate-authority.ts';
import type { Config } from './config.ts';
import type { TlsPorts } from './listeners.ts';

export type TlsAddresses = (environment: Environment) => Addresses | undefined;

/**
 * @param ports those that are open; undefined until they are
 * @param standard the environment of an address that names none
 */
export function createTlsAddresses(
  config: Config,
  standard: Environment,
  publicUrl: () => string,
  ports: () => TlsPorts | undefined,
): TlsAddresses {
  const rootOf = (which: 'test' | 'production') => {
    const given = config.tlsPublicUrl;
    if (given !== '' && which === (standard === 'production' ? 'production' : 'test')) return given;
    const configured = which === 'test' ? config.tlsPort : config.tlsPortProduction;
    return `https://${hostOf(publicUrl())}:${ports()?.[which] ?? configured}`;
  };
  const test = createAddresses(() => rootOf('test'), standard);
  const production = createAddresses(() => rootOf('production'), standard);
  return (environment) => {
    if (config.tlsListeners === 'off') return undefined;
    return environment === 'production' ? production : test;
  };
}
