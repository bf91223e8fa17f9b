/** Which addresses back ends may have, by the configuration of the installation. */
import type { Config } from './config.ts';
import type { TargetRules } from './gateway/backend.ts';

export function targetRules({
  installation,
  localAddresses,
  backendNetworks,
}: Pick<Config, 'installation' | 'localAddresses' | 'backendNetworks'>): TargetRules {
  return {
    allowLocal: installation === 'laptop' || localAddresses === 'allow',
    networks: backendNetworks.split(',').flatMap((one) => one.trim() || []),
  };
}
