/**
 * Which interactions the default systems send and receive, by the kind of organisation, and how each is answered. The
 * ids are those of the published messaging services; synthetic-services.ts makes entries of them.
 */
import { expressIntermediary, intermediaryOf } from './forwarding.ts';

/** How messages are answered and repeated. */
export type Pattern =
  'synchronous' | 'express' | 'reliable' | 'forward' | 'forward-express' | 'fhir';

export interface Received {
  readonly interaction: string;
  readonly pattern: Pattern;
}

export interface Traffic {
  /** Each has an endpoint. */
  readonly receives: readonly Received[];
  /** Further ones that the system is accredited for. */
  readonly sends: readonly string[];
}

const names = 'urn:nhs:names:services:';

/** Ids of one service from their last words. */
function of(service: string, actions: string): readonly string[] {
  return actions
    .trim()
    .split(/\s+/)
    .map((action) => `${names}${service}:${action}`);
}

function received(pattern: Pattern, interactions: readonly string[]): readonly Received[] {
  return interactions.map((interaction) => {
    const between = intermediaryOf(interaction);
    const forward = between === expressIntermediary ? 'forward-express' : 'forward';
    return { interaction, pattern: between === undefined ? pattern : forward };
  });
}

const signals = [
  'urn:oasis:names:tc:ebxml-msg:service:Acknowledgment',
  'urn:oasis:names:tc:ebxml-msg:service:MessageError',
];

/** The reading and booking of general practice records over FHIR. */
const gpConnect = of(
  'gpconnect:fhir',
  `rest:read:metadata-1 rest:read:patient-1 rest:search:patient-1 operation:gpc.getstructuredrecord-1
   rest:search:slot-1 rest:create:appointment-1 rest:search:patient_appointments-1`,
);

const demographicsAsked = of(
  'pdsquery',
  `QUPA_IN000005UK01 QUPA_IN000006UK02 QUPA_IN000008UK02 QUPA_IN000014UK01 QUPA_IN000016UK02 QUPA_IN040000UK32`,
);
const demographicsAnswered = of(
  'pdsquery',
  `QUPA_IN000007UK01 QUPA_IN000009UK03 QUPA_IN000011UK02 QUPA_IN000015UK02 QUQI_IN010000UK14`,
);
const updates = of(
  'pds',
  `PRPA_IN000200UK03 PRPA_IN000203UK03 PRPA_IN040000UK30 PRPA_IN160000UK30`,
);

/** The same of the releases before and after, and births; they stand behind, for ids are given in this order. */
const askedToo = of(
  'pdsquery',
  `QUPA_IN010000UK32 QUPA_IN060000UK30 QUPA_IN000005UK03 QUPA_IN000008UK05 QUPA_IN000014UK03 QUPA_IN000016UK04
   QUPA_IN000006UK05`,
);
const updatesToo = of(
  'pds',
  `PRPA_IN000200UK04 PRPA_IN000203UK06 PRPA_IN000205UK03 PRPA_IN000205UK05 PRPA_IN000204UK03 PRPA_IN000207UK03
   PRPA_IN000208UK03`,
);
const tracedBefore = of('pdsquery', 'QUPA_IN020000UK31');
const demographicsToo = [...askedToo, ...tracedBefore, ...updatesToo];

/** Those that are answered in a message of its own. */
const traces = new Set(of('pdsquery', 'QUPA_IN000006UK02 QUPA_IN000006UK05'));

function queried(interactions: readonly string[]): readonly Received[] {
  return interactions.flatMap((one) =>
    received(traces.has(one) ? 'express' : 'synchronous', [one]),
  );
}
const updated = of('pds', 'PRPA_IN000202UK01 MCCI_IN010000UK13');
const bookings = of(
  'ebs',
  `PRPA_IN010000UK07 PRPA_IN020000UK06 PRSC_IN040000UK08 PRSC_IN080000UK07 PRSC_IN080000UK03`,
);

/** Subscribing to events, and publishing those that others than the national services publish. */
const subscribed = of(
  'clinicals-sync',
  'SubscriptionsApiPost SubscriptionsApiGet SubscriptionsApiDelete',
);
const published = of(
  'events',
  `Bloodspottestoutcome.Write Newbornhearing.Write Nipeoutcome.Write Professionalcontacts.Write Vaccinations.Write`,
);

const practice: Traffic = {
  receives: [
    ...received(
      'reliable',
      of('gp2gp', 'RCMR_IN010000UK05 RCMR_IN030000UK06 COPC_IN000001UK01 MCCI_IN010000UK13'),
    ),
    ...received('forward', of('itk', 'COPC_IN000001GB01')),
    ...received('reliable', updated),
    ...received('reliable', of('mm', 'MCCI_IN010000UK13')),
    ...received('fhir', gpConnect),
  ],
  sends: [
    ...demographicsAsked,
    ...demographicsAnswered,
    ...updates,
    ...of('mm', 'PORX_IN020101UK31 PORX_IN030101UK32'),
    ...of('psisquery', 'QUPC_IN160101UK05 QUPC_IN160103UK05'),
    ...of('psis', 'REPC_IN150016UK05'),
    ...signals,
    ...demographicsToo,
    ...subscribed,
    ...published,
  ],
};

const pharmacy: Traffic = {
  receives: received('reliable', of('mm', 'PORX_IN070101UK31 PORX_IN110101UK30 MCCI_IN010000UK13')),
  sends: [
    ...of('mm', 'PORX_IN132004UK30 PORX_IN080101UK31 PORX_IN090101UK31 PORX_IN100101UK31'),
    ...demographicsAsked,
    ...signals,
  ],
};

const trust: Traffic = {
  receives: [
    ...received('reliable', bookings),
    ...received('forward', of('itk', 'COPC_IN000001GB01')),
    ...received('reliable', updated),
  ],
  sends: [
    ...demographicsAsked,
    ...demographicsAnswered,
    ...updates,
    ...signals,
    ...demographicsToo,
    ...subscribed,
    ...published,
  ],
};

/** A viewer of other organisations' records. */
const consumer: Traffic = { receives: [], sends: gpConnect };

const national: Traffic = {
  receives: [
    ...queried(demographicsAsked),
    ...received('express', tracedBefore),
    ...received('reliable', updates),
    ...received('synchronous', of('psisquery', 'QUPC_IN180000UK04 QUPC_IN190000UK04')),
    ...received('express', of('psisquery', 'QUPC_IN160101UK05 QUPC_IN160103UK05')),
    ...received('reliable', of('psis', 'REPC_IN150015UK05 REPC_IN150016UK05')),
    ...received(
      'reliable',
      of(
        'mm',
        `PORX_IN020101UK31 PORX_IN030101UK32 PORX_IN132004UK30 PORX_IN080101UK31 PORX_IN090101UK31
         PORX_IN100101UK31`,
      ),
    ),
    ...received('synchronous', of('lrsquery', 'HAS_RESOURCE_PERMISSIONS_INUK01')),
    ...received('reliable', of('lrs', 'SET_RESOURCE_PERMISSIONS_INUK01')),
    ...received('reliable', of('alerts', 'COMT_IN000001UK01')),
    ...received('synchronous', of('tms', 'ReliableIntermediary ExpressIntermediary')),
    ...received('reliable', of('tms', 'MCCI_IN200001UK02')),
    ...queried(askedToo),
    ...received('reliable', updatesToo),
  ],
  sends: [
    ...demographicsAnswered,
    ...updated,
    ...of('mm', 'PORX_IN070101UK31 PORX_IN110101UK30 MCCI_IN010000UK13'),
    ...signals,
    ...subscribed,
    ...published,
  ],
};

/** By the kind of organisation. */
export const traffic = { practice, pharmacy, trust, consumer, national } as const;

export type TrafficKind = keyof typeof traffic;
