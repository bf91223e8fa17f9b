/** The second factor of an account: what a code changes, so that none works twice. */
import type { Account } from './accounts.ts';
import type { HubPorts } from './hub-parts.ts';
import { digest } from './secrets.ts';
import { stepOfCode } from './totp.ts';

/** What the secret of an account is sealed for. */
export function factorPlace(account: string): string {
  return `hub second factor ${account}`;
}

/** The account after a code or a recovery code was used; undefined when it is wrong or was used before. */
export function usedFactor(
  { sealer, clock }: Pick<HubPorts, 'sealer' | 'clock'>,
  account: Account,
  code: string,
): Account | undefined {
  const { secondFactor } = account;
  if (!secondFactor) return undefined;
  const plain = code.replace(/\s/g, '').toLowerCase();
  if (/^\d{6}$/.test(plain)) {
    const secret = sealer.open(secondFactor.secret, factorPlace(account.id));
    const step =
      secret === undefined ? undefined : stepOfCode(secret, plain, clock.now(), secondFactor.step);
    return step === undefined ? undefined : { ...account, secondFactor: { ...secondFactor, step } };
  }
  const used = digest(`${account.id} ${plain}`);
  if (!secondFactor.recovery.includes(used)) return undefined;
  const recovery = secondFactor.recovery.filter((one) => one !== used);
  return { ...account, secondFactor: { ...secondFactor, recovery } };
}

/** What is kept of a recovery code. */
export function recoveryDigest(account: string, code: string): string {
  return digest(`${account} ${code}`);
}
