/** The five environments and the national names for them. Owns the names only; what runs in each is joined in platform.ts. */

export const environments = ['sandbox', 'development', 'sit', 'uat', 'production'] as const;

export type Environment = (typeof environments)[number];

/** National and older names, each in front of one of the five. */
const aliases: Readonly<Record<Environment, readonly string[]>> = {
  sandbox: ['internal-dev-sandbox', 'internal-qa-sandbox'],
  development: ['dev', 'internal-dev'],
  sit: ['ref', 'internal-qa'],
  uat: ['int'],
  production: ['prod'],
};

const byName = new Map<string, Environment>(
  environments.flatMap((environment) =>
    [environment, ...aliases[environment]].map((name) => [name, environment] as const),
  ),
);

/** The environment a name stands for, in any of its spellings; undefined for a word that names none. */
export function toEnvironment(name: string): Environment | undefined {
  return byName.get(name);
}

/** Every name of an environment: ours, then the others'. */
export function namesOf(environment: Environment): readonly string[] {
  return [environment, ...aliases[environment]];
}

/** The name used in addresses that we print: `int` for UAT, `prod` for production, else our own. */
export function publicName(environment: Environment): string {
  return { sandbox: 'sandbox', development: 'dev', sit: 'ref', uat: 'int', production: 'prod' }[
    environment
  ];
}
