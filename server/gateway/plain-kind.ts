/** A policy without settings as a kind. */
import type { Policy } from '../../core/exchange.ts';
import type { Phase, PolicyKind } from './policy.ts';

export function plainKind(phase: Phase, summary: string, policy: Policy): PolicyKind {
  return {
    phase,
    summary,
    schema: { type: 'object', additionalProperties: false, properties: {} },
    create: () => policy,
  };
}
