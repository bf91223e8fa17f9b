/** `gatehouse app set`: the settings of a registration. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { Problem } from '../../../core/problem.ts';
import {
  attributeRules,
  smartAuthentications,
  tlsClientAuths,
} from '../../../server/catalogue/app-rules.ts';
import {
  changeRead,
  clientFor,
  gather,
  managing,
  placeOf,
  printItem,
  type ManagingFlags,
} from '../managing.ts';

interface SetFlags extends ManagingFlags {
  readonly redirectUri?: readonly string[];
  readonly origin?: readonly string[];
  readonly launchUrl?: string;
  readonly smartAuthentication?: string;
  readonly providerClient?: readonly string[];
  readonly tlsClientAuth?: string;
  readonly tlsClientAuthSanDns?: string;
  readonly boundAccessTokens?: boolean;
  readonly asid?: string;
  readonly partyKey?: string;
  readonly attribute?: Readonly<Record<string, string>>;
  readonly shorterLifetimes?: boolean;
}

export function setCommand(): Command {
  return managing('set', 'change the settings of a registration')
    .argument('<app>', 'its id')
    .argument('<environment>')
    .option('--redirect-uri <uri>', 'may be repeated; replaces all there are', gather)
    .option('--origin <origin>', 'a web origin that may call; may be repeated', gather)
    .option('--launch-url <address>', 'where an EHR opens it')
    .addOption(
      new Option('--smart-authentication <way>', 'how it authenticates as a SMART app').choices(
        smartAuthentications,
      ),
    )
    .option(
      '--provider-client <provider=id>',
      'its client id at nhs-cis2 or nhs-login; may be repeated',
      gather,
    )
    .addOption(
      new Option(
        '--tls-client-auth <way>',
        'how its client certificate counts at token endpoints (RFC 8705): alone, or beside secret or assertion',
      ).choices(tlsClientAuths),
    )
    .option('--tls-client-auth-san-dns <name>', 'the DNS name that this certificate bears')
    .option('--bound-access-tokens', 'bind its access tokens to its certificate')
    .option('--no-bound-access-tokens', 'or not')
    .option('--asid <digits>', 'its accredited system id')
    .option('--party-key <key>', 'such as Y90001-100001')
    .option(
      '--attribute <name=value>',
      `${Object.keys(attributeRules).join(', ')}; may be repeated; replaces all there are`,
      attribute,
    )
    .option('--shorter-lifetimes', 'let it ask for tokens that live shorter, to test')
    .option('--no-shorter-lifetimes', 'or not')
    .addHelpText(
      'after',
      '\nWhat is not named stays. ASID, party key, attributes and switches need an operator.',
    )
    .action(set);
}

async function set(app: string, environment: string, flags: SetFlags): Promise<void> {
  const { redirectUri, origin, providerClient, attribute: attributes, shorterLifetimes } = flags;
  const { launchUrl, smartAuthentication, asid, partyKey } = flags;
  const given = {
    redirectUris: redirectUri,
    origins: origin,
    providerClients: providerClient?.map((text) => {
      const [provider, clientId] = pairOf(text);
      return { provider, clientId };
    }),
    switches: shorterLifetimes === undefined ? undefined : { shorterLifetimes },
    ...{ launchUrl, smartAuthentication, asid, partyKey, attributes },
    tlsClientAuth: flags.tlsClientAuth,
    tlsClientAuthSanDns: flags.tlsClientAuthSanDns,
    tlsClientCertificateBoundAccessTokens: flags.boundAccessTokens,
  };
  const fields = Object.entries(given).filter(([, value]) => value !== undefined);
  if (fields.length === 0)
    throw new Problem('invalid', 'Nothing to set: gatehouse app set --help lists the settings');
  const place = placeOf(app, environment);
  const body = Object.fromEntries(fields);
  printItem((await changeRead(clientFor(flags), place, 'PATCH', place, body)).body, flags);
}

function attribute(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const [name, value] = pairOf(text);
  return { ...before, [name]: value };
}

function pairOf(text: string): [name: string, value: string] {
  const mark = text.indexOf('=');
  if (mark < 1) throw new InvalidArgumentError('It must be name=value.');
  return [text.slice(0, mark), text.slice(mark + 1)];
}
