/**
 * Changes of PDS records as events of this face. Owns which change is which event, and what they may be filtered by; a record
 * that is made is no change of one.
 */
import { practiceOf, type PdsChange } from '../../../fhir/pds/changes.ts';
import type { PdsRecord } from '../../../fhir/pds/record.ts';
import type { PdsListener } from '../pds-feed.ts';
import type { Filtering } from './criteria.ts';
import { ownTypes } from './event-types.ts';
import type { Publishing } from './publishing.ts';
import { uuidOf } from './rendering.ts';

export interface PdsEventsOptions {
  readonly publishing: Pick<Publishing, 'broadcast' | 'wanted'>;
  /** The absolute address of a patient at the PDS of an environment. */
  readonly patientAt: (environment: string, nhsNumber: string) => string;
}

/** A source when no accredited system is known to have made the change. */
const pds = 'uk.nhs.personal-demographics-service';

export function pdsEvents({ publishing, patientAt }: PdsEventsOptions): PdsListener {
  return {
    wants: (workspace) => publishing.wanted(workspace, ownTypes),
    async tell(change, record) {
      for (const [type, filtering] of eventsOf(change, record)) {
        const time = new Date(change.at).toISOString();
        const { nhsNumber: subject, versionId, asid, workspace } = change;
        const event = {
          id: uuidOf(`${change.id} ${type}`),
          source: asid === undefined ? pds : `https://fhir.nhs.uk/Id/nhsSpineASID/${asid}`,
          ...{ type, time, subject },
        };
        // The version of a record, or the place of the data: as the national events have them.
        const content = (environment: string) =>
          JSON.stringify({
            ...{ specversion: '1.0', ...event },
            ...(type === 'pds-record-change-2'
              ? { versionid: `W/"${versionId}"` }
              : { dataref: patientAt(environment, subject) }),
            filtering,
          });
        await publishing.broadcast(
          {
            ...{ event: { ...event, at: change.at, filtering }, workspace },
            mediaType: 'application/cloudevents+json',
          },
          content,
        );
      }
    },
  };
}

function eventsOf(
  { kinds, nhsNumber: nhsnumber }: PdsChange,
  record: PdsRecord,
): [string, Filtering][] {
  if (kinds.includes('created')) return [];
  const practice = practiceOf(record);
  const generalpractitioner: Filtering =
    practice === undefined ? {} : { generalpractitioner: practice };
  const events: [string, Filtering][] = [
    [
      'pds-record-change-2',
      {
        changed_name: kinds.includes('name'),
        ...(practice === undefined ? {} : { registeredgpodscode: practice }),
        nhsnumber,
      },
    ],
  ];
  if (kinds.includes('death')) events.push(['pds-death-notification-2', generalpractitioner]);
  if (kinds.includes('practice')) events.push(['pds-change-of-gp-2', generalpractitioner]);
  if (kinds.includes('number')) events.push(['nhs-number-change-2', { nhsnumber }]);
  return events;
}
