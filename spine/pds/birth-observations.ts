/** What is observed at a birth and told in a notification. The names of the elements are ours; they are found by SNOMED code. */

/** What is observed, in the order of the Bundle: SNOMED code, element, and how the value is told. */
export const observed = [
  { code: '364589006', name: 'pertinentBirthWeight', as: 'quantity', unit: 'g' },
  { code: '237364002', name: 'pertinentStillbirthIndicator', as: 'code', list: '172' },
  { code: '268477000', name: 'pertinentGestationPeriod', as: 'quantity', unit: 'weeks' },
  { code: '246435002', name: 'pertinentNumberOfFoetuses', as: 'count' },
  { code: '66091009', name: 'pertinentSuspectedAnomaly', as: 'code', list: '171' },
] as const;

export type Observed = (typeof observed)[number];

/** The code list of a national number. */
export const codeListOf = (list: string) => `2.16.840.1.113883.2.1.3.2.4.17.${list}`;
