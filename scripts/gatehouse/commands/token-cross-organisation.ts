/**
 * `gatehouse token cross-organisation`: makes the token in which a system says for whom it calls another organisation's, or
 * says of one by which rule it would be refused. Owns the flags; making and judging are spine/sso's. Asks no server.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { systemClock } from '../../../core/clock.ts';
import { Problem } from '../../../core/problem.ts';
import { isNhsNumber } from '../../../fhir/identifiers.ts';
import { checkCrossOrganisationToken } from '../../../spine/sso/check-token.ts';
import { reasons, type Profile, type Reason } from '../../../spine/sso/claims.ts';
import { makeCrossOrganisationToken } from '../../../spine/sso/make-token.ts';

interface Flags {
  readonly audience: string;
  readonly asid?: string;
  readonly organisation?: string;
  readonly issuer: string;
  readonly reason: Reason;
  readonly scope: string;
  readonly user?: string;
  readonly userId?: string;
  readonly patient?: string;
  readonly profile: Profile;
  readonly key?: string;
  readonly kid?: string;
  readonly check?: string;
  readonly access?: 'read' | 'write';
}

export function crossOrganisationCommand(): Command {
  return new Command('cross-organisation')
    .description(
      'make or check the token that tells another organisation’s system who asks and why',
    )
    .requiredOption('--audience <address>', 'the API that is called, as the directory has it')
    .option('--asid <asid>', 'the system that calls')
    .option('--organisation <code>', 'ODS code of its organisation')
    .option('--issuer <address>', 'the address of that system', 'https://consumer.example')
    .addOption(
      new Option('--reason <reason>', 'why it asks').choices(reasons).default('directcare'),
    )
    .option('--scope <scopes>', 'what it may do, with blanks between', 'patient/*.read')
    .option('--user <role>', 'role profile id of the healthcare worker')
    .option('--user-id <id>', 'national user id of that worker, for gp-connect')
    .option('--patient <number>', 'NHS number of the citizen who acts')
    .addOption(
      new Option('--profile <profile>', 'identifiers as texts, or FHIR resources within')
        .choices(['spine', 'gp-connect'])
        .default('spine'),
    )
    .option('--key <file>', 'sign it with this private key (PEM); to check, the public one')
    .option('--kid <id>', 'the key id that this key is registered under')
    .option('--check <token>', 'say whether this token would be taken, and why not')
    .addOption(
      new Option('--access <access>', 'with --check: what it is to be good for').choices([
        'read',
        'write',
      ]),
    )
    .addHelpText(
      'after',
      `
  TOKEN=$(gatehouse token cross-organisation --audience $ENDPOINT --asid 200000009000 --organisation A20047 --user 555254240100)
  gatehouse token cross-organisation --audience $ENDPOINT --check $TOKEN`,
    )
    .action(async (flags: Flags) => {
      if (flags.check === undefined) make(flags);
      else await check(flags.check, flags);
    });
}

function make(flags: Flags): void {
  const { audience, issuer, reason, profile, user, userId, patient } = flags;
  const { asid, organisation: odsCode } = flags;
  if (asid === undefined || odsCode === undefined)
    throw new Problem('invalid', '--asid and --organisation are needed to make a token');
  if (patient !== undefined && !isNhsNumber(patient))
    throw new Problem('invalid', '--patient must be a valid NHS number');
  const key = flags.key === undefined ? undefined : createPrivateKey(pem(flags.key));
  const kid = flags.kid === undefined ? {} : { kid: flags.kid };
  const token = makeCrossOrganisationToken(
    {
      ...{ audience, issuer, reason, profile, asid, odsCode, now: systemClock.now() },
      scopes: flags.scope.split(/\s+/).filter((one) => one !== ''),
      ...(user === undefined
        ? {}
        : { user: { roleProfile: user, ...(userId === undefined ? {} : { id: userId }) } }),
      ...(patient === undefined ? {} : { patient }),
    },
    key && { privateKey: key, ...kid },
  );
  console.log(token);
}

/** Exit code 0 when it would be taken, else 1. */
async function check(token: string, flags: Flags): Promise<void> {
  const key = flags.key === undefined ? undefined : publicKey(flags.key);
  const context = await checkCrossOrganisationToken(token.trim(), {
    ...{ now: systemClock.now(), expectedAudience: flags.audience },
    ...(flags.asid === undefined ? {} : { asid: flags.asid }),
    ...(flags.organisation === undefined ? {} : { odsCode: flags.organisation }),
    ...(flags.access === undefined ? {} : { access: flags.access }),
    ...(key === undefined ? {} : { keyOf: () => key }),
  });
  console.log(JSON.stringify(context, null, 2));
}

function publicKey(file: string): KeyObject {
  return createPublicKey(pem(file));
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Problem('invalid', `${file} cannot be read`);
  }
}
