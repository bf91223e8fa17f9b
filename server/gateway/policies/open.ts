/** `open`: everybody may call, and nobody is asked. It is there so that an open API is one by decision and not by omission. */
import type { PolicyKind } from '../policy.ts';

export const open: PolicyKind = {
  phase: 'authenticate',
  summary: 'Lets everybody in without asking who calls: for APIs whose data anyone may have.',
  schema: { type: 'object', additionalProperties: false, properties: {} },
  create: () => (next) => next,
};
