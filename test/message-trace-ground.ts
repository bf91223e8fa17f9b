/** Looking at traces in tests: waits until one is as wanted, and tells of its steps in short. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { ManagementClient } from '../scripts/gatehouse/client.ts';
import type { MessageTrace, ShownStep } from '../server/observe/trace-view.ts';

type Look = (id: string) => Promise<MessageTrace>;

/** Over the management API. */
export function lookOver(client: ManagementClient): Look {
  return async (id) => {
    const { body } = await client.call('GET', `/messages/${encodeURIComponent(id)}/trace`);
    return body as unknown as MessageTrace; // the route answers with one
  };
}

/** The trace of an id once it is as wanted. */
export async function traceWhen(
  look: Look,
  id: string,
  isWanted: (trace: MessageTrace) => boolean = () => true,
): Promise<MessageTrace> {
  let last = '';
  for (let waited = 0; waited < 20_000; waited += 50) {
    try {
      const trace = await look(id);
      last = trace.steps.map((one) => `${one.in}: ${one.step}: ${one.says}`).join('\n');
      if (isWanted(trace)) return trace;
    } catch (error) {
      last = String(error); // not there yet
    }
    await pause(50);
  }
  return assert.fail(`the trace is not as wanted:\n${last}`);
}

/** `delivery, attempt 1 of 3: sent`; of a place alone, or of all. */
export function stepsOf(trace: MessageTrace, place = ''): readonly string[] {
  return trace.steps
    .filter((one) => one.in.startsWith(place))
    .map((one) => `${one.in}: ${one.step}`);
}

export function step(trace: MessageTrace, is: (step: ShownStep) => boolean): ShownStep {
  return trace.steps.find(is) ?? assert.fail(`no such step: ${stepsOf(trace).join(', ')}`);
}
