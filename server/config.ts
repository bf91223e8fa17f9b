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
  /** A file of identity providers; empty for none. */
  readonly identityProviders: string;
  readonly localAddresses: 'refuse' | 'allow';
  readonly tokenRequests: number;
  readonly failedAttempts: number;
  /** Addresses separated by commas; empty for none. */
  readonly trustedProxies: string;
  /** Processes that serve; 1: this one alone. */
  readonly workers: number;
  readonly role: 'gateway' | 'hub' | 'all';
  /** Where the hub reaches the gateway; empty: the public address. Only for the role hub. */
  readonly gatewayUrl: string;
  /** A MongoDB connection string; empty: the embedded store. */
  readonly mongoUrl: string;
  /** Modules with policies of one's own, separated by commas; empty for none. */
  readonly gatewayPolicies: string;
  /** Networks in CIDR form, separated by commas, that back ends may be in; empty for none. */
  readonly backendNetworks: string;
  /** An smtp or smtps address; empty: mail stays in the outbox. */
  readonly smtpUrl: string;
  readonly mailFrom: string;
  /** A mail address; empty: the accounts of operators and administrators. */
  readonly helpAddress: string;
  readonly contentLicence: string;
  /** Days; 0: never. */
  readonly requestReminderDays: number;
  /** Days; 0: for ever. */
  readonly helpDays: number;
  readonly feedbackDays: number;
  readonly incidentDays: number;
  /** Traces of calls and messages kept; 0: none. */
  readonly messageTraces: number;
  readonly messageTraceHours: number;
  readonly ldapPort: number;
  readonly ldapsPort: number;
  /** Whose directory LDAP shows; empty: that of an address without an environment. */
  readonly ldapEnvironment: '' | 'none' | 'sandbox' | 'development' | 'sit' | 'uat' | 'production';
  readonly ldapWrites: 'on' | 'off';
  readonly ldapRequests: number;
  /** The ODS code of the national services. */
  readonly spineOrganisation: string;
  readonly meshCertBinding: 'off' | 'warn' | 'enforce';
  readonly meshWorkflows: 'off' | 'known' | 'strict';
  /** A file; empty for the table of the default data. */
  readonly nemsAreas: string;
  readonly tlsListeners: 'on' | 'off';
  readonly tlsPort: number;
  readonly tlsPortProduction: number;
  /** The address callers use for mutual TLS in test environments; empty: made from the public one. */
  readonly tlsPublicUrl: string;
  /** Files of a server certificate; empty for one of the own authority. */
  readonly tlsCertFile: string;
  readonly tlsKeyFile: string;
  /** Minutes. */
  readonly crlGrace: number;
  readonly productionCertificates: 'own' | 'outside';
  /** Empty: no proxy ends TLS. */
  readonly proxyCertificateSecret: string;
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
  {
    name: 'IDENTITY_PROVIDERS',
    key: 'identityProviders',
    description:
      'A JSON file that lists real identity providers (docs/guides/signing-in.md). On a laptop they stand in front of the simulated ones.',
    default: '',
    wants: 'the path of a file, or nothing',
    schema: { type: 'string' },
  },
  {
    name: 'LOCAL_ADDRESSES',
    key: 'localAddresses',
    description:
      'Whether addresses that apps register (key sets, logout) may be plain http and on this machine. For development only.',
    default: 'refuse',
    wants: 'refuse or allow',
    schema: { enum: ['refuse', 'allow'] },
  },
  {
    name: 'TOKEN_REQUESTS_PER_MINUTE',
    key: 'tokenRequests',
    description: 'How many tokens an app may ask for in a minute; more are answered 429.',
    default: '60',
    wants: 'a whole number from 1 to 1000000',
    schema: { type: 'integer', minimum: 1, maximum: 1_000_000 },
  },
  {
    name: 'FAILED_ATTEMPTS_PER_MINUTE',
    key: 'failedAttempts',
    description:
      'How often an app at an address may fail to prove itself in a minute; after that it has to wait longer each time.',
    default: '10',
    wants: 'a whole number from 1 to 1000000',
    schema: { type: 'integer', minimum: 1, maximum: 1_000_000 },
  },
  {
    name: 'TRUSTED_PROXIES',
    key: 'trustedProxies',
    description:
      'Addresses of proxies in front of this server, whose X-Forwarded-For tells the address of a caller, for limits and audit.',
    default: '',
    wants: 'addresses separated by commas, or nothing',
    schema: { type: 'string', pattern: '^[0-9A-Fa-f.:, ]*$' },
  },
  {
    name: 'WORKERS',
    key: 'workers',
    description:
      'How many processes serve calls, over one store; the argument --workers says the same. 1 serves in the first process.',
    default: '1',
    wants: 'a whole number from 1 to 64',
    schema: { type: 'integer', minimum: 1, maximum: 64 },
  },
  {
    name: 'ROLE',
    key: 'role',
    description:
      'Which parts run: gateway (the APIs and their tokens), hub (pages and management), or all; the argument --role says the same.',
    default: 'all',
    wants: 'gateway, hub or all',
    schema: { enum: ['gateway', 'hub', 'all'] },
  },
  {
    name: 'GATEWAY_URL',
    key: 'gatewayUrl',
    description:
      'Where a process with ROLE=hub reaches a gateway of this installation, for calls that are made in Try it. Without it PUBLIC_URL.',
    default: '',
    wants: 'an http or https address without a path, query or trailing slash, or nothing',
    schema: { type: 'string', pattern: '^(https?://[^/?#\\s]+)?$' },
  },
  {
    name: 'MONGO_URL',
    key: 'mongoUrl',
    description:
      'Keeps everything but the audit in MongoDB instead of DATA_DIR, so that several machines can serve together.',
    default: '',
    wants: 'a mongodb:// or mongodb+srv:// address with a database name, or nothing',
    schema: { type: 'string', pattern: '^(mongodb(\\+srv)?://\\S+)?$' },
  },
  {
    name: 'GATEWAY_POLICIES',
    key: 'gatewayPolicies',
    description: 'Modules with policies of your own (docs/guides/policies.md).',
    default: '',
    wants: 'paths of JavaScript modules separated by commas, or nothing',
    schema: { type: 'string' },
  },
  {
    name: 'BACKEND_NETWORKS',
    key: 'backendNetworks',
    description:
      'Private networks that back ends outside the sandbox may be in. Without it only public addresses, and on a laptop this machine.',
    default: '',
    wants: 'networks such as 10.0.0.0/8 separated by commas, or nothing',
    schema: { type: 'string', pattern: '^[0-9A-Fa-f.:/, ]*$' },
  },
  {
    name: 'SMTP_URL',
    key: 'smtpUrl',
    description: 'The mail server. Without it messages stay in the outbox, to be read there.',
    default: '',
    wants: 'an smtp:// or smtps:// address, or nothing',
    schema: { type: 'string', pattern: '^(smtps?://\\S+)?$' },
  },
  {
    name: 'MAIL_FROM',
    key: 'mailFrom',
    description: 'The sender of messages.',
    default: 'Gatehouse <gatehouse@localhost>',
    wants: 'a mail address, with or without a name',
    schema: { type: 'string', minLength: 3, maxLength: 200 },
  },
  {
    name: 'HELP_ADDRESS',
    key: 'helpAddress',
    description:
      'Where requests for help made in the developer hub are sent. Without it they go to the accounts of operators and administrators.',
    default: '',
    wants: 'a mail address, or nothing',
    schema: { type: 'string', pattern: '^([^\\s@<>,;:]{1,64}@[A-Za-z0-9.-]{1,190})?$' },
  },
  {
    name: 'CONTENT_LICENCE',
    key: 'contentLicence',
    description:
      'What the text of the pages of the developer hub may be used under, for their footer.',
    default: 'Apache License 2.0',
    wants: 'the name of a licence, at most 100 characters',
    schema: { type: 'string', minLength: 3, maxLength: 100 },
  },
  {
    name: 'REQUEST_REMINDER_DAYS',
    key: 'requestReminderDays',
    description:
      'Days after which those who decide are reminded by mail of requests for products that wait, and again each time so many have gone by; 0: never.',
    default: '3',
    wants: 'a whole number from 0 to 365',
    schema: { type: 'integer', minimum: 0, maximum: 365 },
  },
  {
    name: 'HELP_DAYS',
    key: 'helpDays',
    description:
      'Days that an answered or closed request for help is kept after the last word in it; 0: for ever.',
    default: '365',
    wants: 'a whole number from 0 to 36500',
    schema: { type: 'integer', minimum: 0, maximum: 36_500 },
  },
  {
    name: 'FEEDBACK_DAYS',
    key: 'feedbackDays',
    description: 'Days that feedback on pages is kept, and its answers are shown; 0: for ever.',
    default: '365',
    wants: 'a whole number from 0 to 36500',
    schema: { type: 'integer', minimum: 0, maximum: 36_500 },
  },
  {
    name: 'INCIDENT_DAYS',
    key: 'incidentDays',
    description: 'Days that an incident is kept after it was resolved; 0: for ever.',
    default: '730',
    wants: 'a whole number from 0 to 36500',
    schema: { type: 'integer', minimum: 0, maximum: 36_500 },
  },
  {
    name: 'MESSAGE_TRACES',
    key: 'messageTraces',
    description:
      'Traces of calls and messages that are kept; 0 for none (docs/guides/tracing.md). The oldest are let go.',
    default: '10000',
    wants: 'a whole number from 0 to 1000000',
    schema: { type: 'integer', minimum: 0, maximum: 1_000_000 },
  },
  {
    name: 'MESSAGE_TRACE_HOURS',
    key: 'messageTraceHours',
    description: 'Hours after which traces are removed, however few there are.',
    default: '24',
    wants: 'a whole number from 1 to 720',
    schema: { type: 'integer', minimum: 1, maximum: 720 },
  },
  {
    name: 'LDAP_PORT',
    key: 'ldapPort',
    description: 'The port of the Spine Directory over LDAP; 0 takes any free one.',
    default: '<1389, or any free one when PORT is 0>',
    wants: 'a whole number from 0 to 65535',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
  },
  {
    name: 'LDAPS_PORT',
    key: 'ldapsPort',
    description: 'The port of the Spine Directory over LDAP on TLS; 0 takes any free one.',
    default: '<1636, or any free one when PORT is 0>',
    wants: 'a whole number from 0 to 65535',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
  },
  {
    name: 'LDAP_ENVIRONMENT',
    key: 'ldapEnvironment',
    description:
      'Whose directory LDAP shows; none opens neither port. In production a client certificate is needed, elsewhere nothing is.',
    default: '<sandbox on a laptop, production when live>',
    wants: 'sandbox, development, sit, uat, production or none',
    schema: { enum: ['none', 'sandbox', 'development', 'sit', 'uat', 'production'] },
  },
  {
    name: 'LDAP_WRITES',
    key: 'ldapWrites',
    description: 'Whether entries may be added, changed and removed over LDAP. For tests only.',
    default: 'off',
    wants: 'on or off',
    schema: { enum: ['on', 'off'] },
  },
  {
    name: 'LDAP_REQUESTS_PER_SECOND',
    key: 'ldapRequests',
    description: 'How many LDAP requests one address may make in a second; more are answered busy.',
    default: '2000',
    wants: 'a whole number from 1 to 1000000',
    schema: { type: 'integer', minimum: 1, maximum: 1_000_000 },
  },
  {
    name: 'SPINE_ORGANISATION',
    key: 'spineOrganisation',
    description:
      'The ODS code under which the directory has the national services: whose intermediary forwards messages, and in whose name they are answered.',
    default: 'YES',
    wants: 'an ODS code: capital letters and digits, 2 to 12',
    schema: { type: 'string', pattern: '^[0-9A-Z]{2,12}$' },
  },
  {
    name: 'MESH_CERT_BINDING',
    key: 'meshCertBinding',
    description:
      'Whether the ODS code of a mailbox must be a label in a name of the client certificate: warn tells the log, enforce answers 403.',
    default: 'warn',
    wants: 'off, warn or enforce',
    schema: { enum: ['off', 'warn', 'enforce'] },
  },
  {
    name: 'MESH_WORKFLOWS',
    key: 'meshWorkflows',
    description:
      'How strictly MESH asks for workflows: off takes any, known asks who may send and take those that are registered, strict refuses those that are not.',
    default: 'known',
    wants: 'off, known or strict',
    schema: { enum: ['off', 'known', 'strict'] },
  },
  {
    name: 'NEMS_AREAS',
    key: 'nemsAreas',
    description:
      'A JSON file that tells in which areas postcodes lie, for subscriptions by postcode: `{"areas": {"AA11": {"location": "9ZG", "authority": "E06990004", "country": "E92000001"}}}`, by postcode, sector (`AA11 2`), district (`AA11`) or area (`AA`). Without it the table of the default data counts.',
    default: '',
    wants: 'the path of a file, or nothing',
    schema: { type: 'string' },
  },
  {
    name: 'TLS_LISTENERS',
    key: 'tlsListeners',
    description: 'Whether calls with client certificates are taken, on ports of their own.',
    default: 'on',
    wants: 'on or off',
    schema: { enum: ['on', 'off'] },
  },
  {
    name: 'TLS_PORT',
    key: 'tlsPort',
    description:
      'The port for mutual TLS of the test environments, which tells callers why a certificate is refused; 0 takes any free one.',
    default: '<9443, or any free one when PORT is 0>',
    wants: 'a whole number from 0 to 65535',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
  },
  {
    name: 'TLS_PORT_PRODUCTION',
    key: 'tlsPortProduction',
    description:
      'The port for mutual TLS of production, which refuses in the handshake; 0 takes any free one.',
    default: '<9444, or any free one when PORT is 0>',
    wants: 'a whole number from 0 to 65535',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
  },
  {
    name: 'TLS_PUBLIC_URL',
    key: 'tlsPublicUrl',
    description:
      'The address callers use for mutual TLS: of the test environments, or of production where the installation is live.',
    default: '<https, the host of PUBLIC_URL and the port>',
    wants: 'an https address without a path, query or trailing slash',
    schema: { type: 'string', pattern: '^https://[^/?#\\s]+$' },
  },
  {
    name: 'TLS_CERT_FILE',
    key: 'tlsCertFile',
    description:
      'The certificate that the listeners for mutual TLS show, with its chain, as PEM; read again when it changes. Without it they show one of the own authority.',
    default: '',
    wants: 'the path of a file, or nothing',
    schema: { type: 'string' },
  },
  {
    name: 'TLS_KEY_FILE',
    key: 'tlsKeyFile',
    description: 'The private key of TLS_CERT_FILE, as PEM.',
    default: '',
    wants: 'the path of a file, or nothing',
    schema: { type: 'string' },
  },
  {
    name: 'CRL_GRACE_MINUTES',
    key: 'crlGrace',
    description:
      'How long a revocation list that has ended does not refuse everybody. Records of revoked certificates count all the while.',
    default: '60',
    wants: 'a whole number from 0 to 10080',
    schema: { type: 'integer', minimum: 0, maximum: 10_080 },
  },
  {
    name: 'PRODUCTION_CERTIFICATES',
    key: 'productionCertificates',
    description:
      'Who issues certificates of production systems: own (this platform) or outside (an authority laid into DATA_DIR/certs/production/trusted).',
    default: 'own',
    wants: 'own or outside',
    schema: { enum: ['own', 'outside'] },
  },
  {
    name: 'PROXY_CERTIFICATE_SECRET',
    key: 'proxyCertificateSecret',
    description:
      'A secret that proxies of TRUSTED_PROXIES send in X-Gatehouse-Proxy-Secret, so that the client certificate they send in X-Client-Cert counts. Without it that field never does.',
    default: '',
    wants: 'at least 32 visible characters, or nothing',
    schema: { type: 'string', pattern: '^([\\x21-\\x7e]{32,200})?$' },
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
  if ((values.tlsCertFile ?? '') === '' ? values.tlsKeyFile : values.tlsKeyFile === '')
    faults.push('TLS_CERT_FILE and TLS_KEY_FILE belong together: give both or none.');
  if (values.installation === 'live') faults.push(...liveFaults(env, values));
  if (faults.length > 0) throw new Problem('invalid', faults.join('\n'));
  const config = values as Config; // each key was checked against its own schema above
  return Object.freeze<Config>({
    ...config,
    // With PORT 0 the port is known only once it is open, so the address is left to the platform.
    publicUrl: values.publicUrl ?? (config.port === 0 ? '' : `http://localhost:${config.port}`),
    auditHeadsDir: values.auditHeadsDir ?? `${config.dataDir}/audit-heads`,
    ldapPort: values.ldapPort ?? (config.port === 0 ? 0 : 1389),
    ldapsPort: values.ldapsPort ?? (config.port === 0 ? 0 : 1636),
    ldapEnvironment: values.ldapEnvironment ?? '',
    tlsPort: values.tlsPort ?? (config.port === 0 ? 0 : 9443),
    tlsPortProduction: values.tlsPortProduction ?? (config.port === 0 ? 0 : 9444),
    tlsPublicUrl: values.tlsPublicUrl ?? '',
  });
}

/** What a live installation will not start with: plain HTTP and the defaults and aids of development, each by name. */
function liveFaults(
  env: Readonly<Record<string, string | undefined>>,
  values: Readonly<Partial<Config>>,
): string[] {
  const faults: string[] = [];
  const url = env.PUBLIC_URL ?? '';
  if (url === '')
    faults.push(
      'INSTALLATION is live, so PUBLIC_URL must be given: the https address that callers use.',
    );
  else if (!url.startsWith('https://'))
    faults.push(`INSTALLATION is live, so PUBLIC_URL must be https; it is "${url}".`);
  if (values.localAddresses === 'allow')
    faults.push('INSTALLATION is live, so LOCAL_ADDRESSES may not be allow.');
  if ((values.storeSyncDelay ?? 0) > 0)
    faults.push('INSTALLATION is live, so STORE_SYNC_DELAY_MS may not be set.');
  if (values.ldapWrites === 'on')
    faults.push('INSTALLATION is live, so LDAP_WRITES may not be on.');
  return faults;
}
