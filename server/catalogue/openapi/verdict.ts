/** What a rule of publishing says of one place. Owns the shape only. */

/** One rule asked at one place. */
export interface Verdict {
  readonly path: string;
  readonly rule: string;
  readonly message: string;
  readonly holds: boolean;
  readonly required: boolean;
}

/** One verdict; the message says what should be. */
export function verdict(
  holds: boolean,
  rule: string,
  path: string,
  message: string,
  required = false,
): Verdict {
  return { holds, rule, path, message, required };
}

export function says(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}
