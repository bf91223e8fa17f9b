/**
 * The configuration: one typed value read from environment variables, checked before anything starts.
 * The table below is the only list of settings; docs/configuration.md is generated from it.
 */
import { Schemas } from '../core/schema.ts';
import { Problem } from '../core/problem.ts';

export interface Config {
  readonly port: number;
  readonly listenAddress: string;
  readonly dataDir: string;
  readonly publicUrl: string;
  readonly installation: 'laptop' | 'live';
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly auditHeadsDir: string;
  readonly storeSyncDelay: number;
}

/** One setting: its variable, where it goes, what it accepts. */
export interface Setting {
  readonly name: string;
  readonly key: keyof Config;
  readonly description: string;
  /** As written in the environment; a word in angle brackets is worked out from other settings. */
  readonly default: string;
  /** What a value must be, in words, for messages and the documentation. */
  readonly wants: string;
  readonly schema: object;
}

export const settings: readonly Setting[] = [
  {
    name: 'PORT',
    key: 'port',
    description: 'The port the server listens on; 0 takes any free one.',
    default: '9000',
    wants: 'a whole number from 0 to 65535',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
  },
  {
    name: 'LISTEN_ADDRESS',
    key: 'listenAddress',
    description: 'The address to listen on; empty means every address of this machine.',
    default: '',
    wants: 'an address of this machine, or nothing',
    schema: { type: 'string', pattern: '^[0-9A-Za-z.:-]*$' },
  },
  {
    name: 'DATA_DIR',
    key: 'dataDir',
    description: 'The folder that holds everything the server keeps. Back up this folder.',
    default: 'var',
    wants: 'the path of a folder that can be written',
    schema: { type: 'string', minLength: 1 },
  },
  {
    name: 'PUBLIC_URL',
    key: 'publicUrl',
    description: 'The address callers use: the only source of absolute links in answers.',
    default: '<http://localhost:PORT>',
    wants: 'an http or https address without a path, query or trailing slash',
    schema: { type: 'string', pattern: '^https?://[^/?#\\s]+$' },
  },
  {
    name: 'INSTALLATION',
    key: 'installation',
    description:
      'laptop: an address without an environment is the sandbox. live: it is production, and the sandbox is reached by name only.',
    default: 'laptop',
    wants: 'laptop or live',
    schema: { enum: ['laptop', 'live'] },
  },
  {
    name: 'LOG_LEVEL',
    key: 'logLevel',
    description: 'How much to log; info gives one line per call.',
    default: 'info',
    wants: 'error, warn, info or debug',
    schema: { enum: ['error', 'warn', 'info', 'debug'] },
  },
  {
    name: 'AUDIT_HEADS_DIR',
    key: 'auditHeadsDir',
    description:
      'The second place for the signed heads of the audit chains; best on another file system.',
    default: '<DATA_DIR/audit-heads>',
    wants: 'the path of a folder that can be written',
    schema: { type: 'string', minLength: 1 },
  },
  {
    name: 'STORE_SYNC_DELAY_MS',
    key: 'storeSyncDelay',
    description:
      'Delays each sync of the store by so many milliseconds, to measure how writers share them.',
    default: '0',
    wants: 'a whole number from 0 to 1000',
    schema: { type: 'integer', minimum: 0, maximum: 1000 },
  },
];

/**
 * Reads the configuration.
 * @throws Problem `invalid` that names every wrong variable, what it got and what it wants.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const schemas = new Schemas([], { coerceTypes: true });
  const faults: string[] = [];
  const values: { -readonly [K in keyof Config]?: Config[K] } = {};
  for (const { name, key, default: standard, wants, schema } of settings) {
    const given = env[name] === '' ? undefined : env[name];
    if (given === undefined && standard.startsWith('<')) continue;
    const holder: { value: unknown } = { value: given ?? standard };
    const wrong = schemas.faults({ type: 'object', properties: { value: schema } })(holder);
    if (wrong.length > 0) faults.push(`${name} is "${given ?? ''}" but must be ${wants}.`);
    Object.assign(values, { [key]: holder.value });
  }
  if (faults.length > 0) throw new Problem('invalid', faults.join('\n'));
  const config = values as Config; // each key was checked against its own schema above
  return Object.freeze<Config>({
    ...config,
    // With PORT 0 the port is known only once it is open, so the address is left to the platform.
    publicUrl: values.publicUrl ?? (config.port === 0 ? '' : `http://localhost:${config.port}`),
    auditHeadsDir: values.auditHeadsDir ?? `${config.dataDir}/audit-heads`,
  });
}
