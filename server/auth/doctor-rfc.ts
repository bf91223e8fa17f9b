/**
 * The doctor's look at a client assertion of a face that judges by the RFCs: SMART and management. Owns what would have
 * been right there; the rules are those of the endpoint.
 */
import type { Client } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/environments.ts';
import { completed, toOther } from './doctor-assertion.ts';
import { audienceNotes, clockNotes, type Elsewhere } from './doctor-notes.ts';
import type { Corrected, Examined } from './doctor-shape.ts';
import { textOf } from './jwt.ts';
import { invalidClient, rfcAssertionRules, type RfcAssertion } from './rfc-assertion.ts';
import { report, type Rule } from './rules.ts';

/** An assertion as an endpoint judges it, with what that looks at once the client is proved. */
export interface RfcGround {
  readonly state: RfcAssertion<unknown>;
  /** Whether a client may get tokens; absent where all that are found may. */
  readonly approved?: (client: unknown) => boolean;
}

export interface RfcAsked extends RfcGround {
  /** The app of another environment whose key has signed it, where that is so. */
  readonly other: Client | undefined;
  readonly environment: Environment;
  readonly clientId: string | undefined;
  readonly newId: () => string;
  readonly elsewhere: Elsewhere;
}

/** Runs all rules; spends no `jti` and writes nothing. */
export async function examineRfcAssertion(asked: RfcAsked): Promise<Examined> {
  const { state, elsewhere, environment } = asked;
  const judged = await report(rfcAssertionRules, state);
  // Without proof nobody learns the state of an app.
  const proven = judged.some(({ rule, result }) => rule === 'signature' && result === 'pass');
  const found = proven ? [...judged, ...(await report([appApproved(asked)], state))] : judged;
  const registered = found.find(({ rule }) => rule === 'key')?.corrected;
  const corrected = correctedRfc(asked, registered);
  const { jwt, audiences, now } = state;
  return {
    findings: found
      .map((one) =>
        one.rule === 'client' && asked.other ? toOther(one, asked.other, elsewhere) : one,
      )
      .map((one) => completed(one, corrected)),
    corrected,
    notes: jwt
      ? [...clockNotes(jwt, now()), ...audienceNotes(jwt, audiences, elsewhere, environment)]
      : [],
  };
}

function appApproved({ approved }: RfcAsked): Rule<RfcAssertion<unknown>> {
  return {
    name: 'app approved',
    says: 'The app is approved in this environment.',
    judge({ client }) {
      if (client === undefined || !approved) return undefined;
      return approved(client)
        ? { ok: true }
        : {
            ok: false,
            expected: 'approved',
            found: 'pending or revoked',
            corrected: 'gatehouse app approve <app> <environment>',
            refuse: (reason) => invalidClient('the app is not approved', reason),
          };
    },
  };
}

/** @param registered a key id that would be found, where another was named */
function correctedRfc(
  { state, clientId, newId, environment }: RfcAsked,
  registered: string | undefined,
): Corrected {
  const { jwt, audiences, key, algorithms, find, now } = state;
  const named = [jwt && textOf(jwt.claims, 'iss'), jwt && textOf(jwt.claims, 'sub'), clientId];
  const id =
    named.find((one) => one !== undefined && find(one) !== undefined) ??
    `<the client id in ${environment}>`;
  const aud = jwt && textOf(jwt.claims, 'aud');
  const seconds = Math.floor(now() / 1000);
  const fitting = algorithms.filter(
    (one) => !key || one.startsWith(key.kty === 'RSA' ? 'RS' : 'ES'),
  );
  const alg = fitting.find((one) => one === jwt?.header.alg) ?? fitting[0];
  const kid =
    key?.kid ??
    registered ??
    (jwt && textOf(jwt.header, 'kid')) ??
    '<the kid of your registered key>';
  return {
    header: { alg, typ: 'JWT', kid },
    claims: {
      ...{ iss: id, sub: id },
      aud: aud !== undefined && audiences.includes(aud) ? aud : audiences[0],
      ...{ jti: newId(), iat: seconds, exp: seconds + 300 },
    },
  };
}
