/** Passwords that are guessed first: of twelve characters or more, as shorter ones are refused anyway. */

/** Whole passwords, in lower case and without what is commonly put behind them. */
const common: ReadonlySet<string> = new Set(
  (
    'password passwordpassword mypassword mypasswordis thisismypassword passw0rd p@ssword p@ssw0rd pa$$word ' +
    'qwertyuiop qwertyuiopasdf qwertyqwerty asdfghjkl asdfghjklqwerty zxcvbnm qazwsxedc qazwsxedcrfv 1qaz2wsx ' +
    '1qaz2wsx3edc 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5y6 iloveyou iloveyouiloveyou letmein letmeinplease ' +
    'welcome welcometo administrator adminadmin changeme changemeplease trustno football footballfootball liverpool ' +
    'manchester manchesterunited chelsea arsenal tottenham sunshine princess superman batman dragon monkey starwars ' +
    'correcthorsebatterystaple abcdefghijkl abcdefghijklmnop abcabcabcabc gatehouse developer nationalhealth ' +
    'nhsengland healthservice secretsecret summer winter autumn spring london england'
  ).split(' '),
);

const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890123456789012345',
  'qwertyuiopasdfghjklzxcvbnm',
];

/** Whether a password is one of those that are guessed first. */
export function isCommon(password: string): boolean {
  const lower = password.toLowerCase();
  if (new Set(lower).size < 4) return true;
  const stem = lower.replace(/^[\d!._-]+/, '').replace(/[\d!?.*#$_-]+$/, '');
  if (common.has(lower) || common.has(stem)) return true;
  if (rows.some((row) => row.includes(lower) || [...row].reverse().join('').includes(lower)))
    return true;
  return repeats(lower);
}

/** One short piece again and again: `abc1abc1abc1`. */
function repeats(text: string): boolean {
  for (let length = 1; length <= text.length / 3; length++)
    if (
      text
        .slice(0, length)
        .repeat(Math.ceil(text.length / length))
        .startsWith(text)
    )
      return true;
  return false;
}
