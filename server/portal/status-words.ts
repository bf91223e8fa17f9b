/** States of Apis and incidents in words and colours. Owns these words. */
import type { Html } from '../../core/html.ts';
import { tag, type TagColour } from './parts.ts';
import { affects, isRunningMaintenance, type Incident } from './incidents.ts';
import type { ApiState, InstanceStatus } from './status-port.ts';

/** What is shown of an Api: as it was found, or that it is being worked on as announced. */
export type ShownState = ApiState | 'maintenance';

const colours: Readonly<Record<ShownState, TagColour>> = {
  operational: 'green',
  degraded: 'yellow',
  'partial outage': 'yellow',
  'major outage': 'red',
  maintenance: 'blue',
  unknown: 'grey',
};

/** Worst last. */
const order: readonly ShownState[] = [
  'unknown',
  'operational',
  'maintenance',
  'degraded',
  'partial outage',
  'major outage',
];

export function worstOf(states: readonly ShownState[]): ShownState {
  return states.reduce((a, b) => (order.indexOf(a) >= order.indexOf(b) ? a : b), 'unknown');
}

/** As it was found; where announced work is being done, that. */
export function stateWith(
  { api, environment, state }: InstanceStatus,
  open: readonly Incident[],
  now: number,
): ShownState {
  const isWorkedOn = open.some(
    (one) => isRunningMaintenance(one, now) && affects(one, api, environment),
  );
  return isWorkedOn ? 'maintenance' : state;
}

export function isTrouble(state: ShownState): boolean {
  return order.indexOf(state) >= order.indexOf('degraded');
}

export function stateTag(state: ShownState): Html {
  return tag(state.charAt(0).toUpperCase() + state.slice(1), colours[state]);
}

/** `99.97 %`; never rounded up. */
export function percent(part: number): string {
  const hundredths = Math.floor(part * 10_000 + 1e-9) / 100;
  return `${hundredths.toFixed(hundredths === 100 ? 0 : 2)} %`;
}

/** `November 2026`. */
export function monthText(month: string): string {
  return monthFormat.format(Date.parse(`${month}-01`));
}
const monthFormat = new Intl.DateTimeFormat('en-GB', {
  ...{ month: 'long', year: 'numeric', timeZone: 'UTC' },
});
