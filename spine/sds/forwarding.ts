/**
 * The tables of routing: which interactions go through an intermediary of Spine, and for how long ids of received messages
 * are remembered. Owns no look-up (routing.ts).
 */

/** The services, by the last word of their name, whose messages may be forwarded. */
const forwardedServices: ReadonlySet<string> = words(
  'cc ebs ebsepr ebsnpr gp2gp pat itk dis ed op caf adm ooh am mh nd dir',
);

/** Interactions that go through the reliable intermediary. */
const forwardReliable: ReadonlySet<string> = words(`
  COPC_IN000001UK01 PRSC_IN040000UK08 PRSC_IN080000UK07 PRPA_IN010000UK07 PRPA_IN020000UK06 PRSC_IN050000UK06
  PRSC_IN090000UK09 PRPA_IN030000UK08 PRSC_IN100000UK06 PRSC_IN070000UK08 PRSC_IN140000UK06 RCMR_IN010000UK05
  RCMR_IN030000UK06 PRSC_IN130000UK07 PRSC_IN110000UK08 PRSC_IN060000UK06 PRSC_IN150000UK06 POLB_IN020006UK01
  POLB_IN020005UK01 COMT_IN000004GB01 MCCI_IN010000UK13`);

/** Interactions that go through the express intermediary. */
const forwardExpress: ReadonlySet<string> = words('PRSC_IN080000UK03 PRSC_IN040000UK03');

/** The intermediaries as interactions of the national organisation. */
export const reliableIntermediary = 'urn:nhs:names:services:tms:ReliableIntermediary';
export const expressIntermediary = 'urn:nhs:names:services:tms:ExpressIntermediary';

/** The intermediary's interaction for a service-interaction id; undefined where messages go straight to their receiver. */
export function intermediaryOf(interaction: string): string | undefined {
  const { service, action } = lastWords(interaction);
  if (!forwardedServices.has(service)) return undefined;
  if (forwardReliable.has(action)) return reliableIntermediary;
  return forwardExpress.has(action) ? expressIntermediary : undefined;
}

/** Rows of service, beginnings of interactions, ISO 8601 duration; the first that fits counts. */
const durations: readonly (readonly [service: string, actions: string, duration: string])[] = [
  [
    'gp2gp',
    'RCMR_IN010000UK05 RCMR_IN010000UK06 RCMR_IN030000UK03 RCMR_IN030000UK06 RCMR_IN030000UK08',
    'PT4H10M',
  ],
  ['gp2gp', 'COPC_IN000001UK01', 'PT7H'],
  ['gp2gp', 'MCCI_IN010000UK12 MCCI_IN010000UK13', 'PT4M'],
  ['cc', 'COPC_IN000001UK01 COPC_IN000001UK02 MCCI_IN010000UK13', 'PT10M'],
  ['pat', 'POLB_', 'PT10M'],
  ['itk', 'COPC_IN000001GB01 COPC_IN000002GB01', 'PT9M'],
  ['ebs', 'PRSC_ PRPA_', 'PT4M'],
  ['pds', 'PRPA_IN140000UK01 QUPA_IN030000UK02', 'PT1M'],
  ['pds', 'QUPA_IN070000UK02', 'PT21S'],
  [
    'pds',
    'PRPA_IN000201UK01 PRPA_IN000202UK01 PRPA_IN000206UK01 MCCI_IN010000UK13 PRPA_IN150000UK30',
    'PT5M',
  ],
  ['mm', 'PORX_IN070101UK31 PORX_IN070101UK04', 'PT1H30M'],
  ['mm', '', 'PT5M'],
  ['psis', 'POCD_', 'PT1H'],
  ['healthspace', 'POCD_', 'PT1H'],
  ['psis', 'MCCI_IN010000UK13', 'PT5M'],
  ['tms', 'MCCI_IN200002UK03', 'PT1H'],
];

/** How long the id of a received message is remembered, to know it again: an ISO 8601 duration, where there is a rule. */
export function persistDurationOf(interaction: string): string | undefined {
  const { service, action } = lastWords(interaction);
  const row = durations.find(
    ([name, beginnings]) =>
      name === service && beginnings.split(' ').some((one) => action.startsWith(one)),
  );
  return row?.[2];
}

function lastWords(interaction: string): { service: string; action: string } {
  const parts = interaction.split(':');
  return { action: parts.at(-1) ?? '', service: parts.at(-2) ?? '' };
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
