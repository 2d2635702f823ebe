import { basename, join } from 'node:path'
import type { ContainRequest } from './types.ts'

/**
 * Download caches of package launchers, which lie in the operator's home: what one worker put there, the next one would run
 * (T43). A contained worker has caches of its own, in its home and gone with it; the package store makes downloads needless.
 */
const CACHES = [
  'npm_config_cache', 'npm_config_store_dir', 'npm_config_cache_dir', 'COREPACK_HOME', 'BUN_INSTALL_CACHE_DIR',
  'UV_CACHE_DIR', 'UV_PYTHON_INSTALL_DIR', 'PIP_CACHE_DIR', 'PIPX_HOME'
]

/** The worker's environment with its download caches inside its private home, unless a directory of the entry holds them. */
export function withPrivateCaches ({ env, privateDir, dataDirs, namedDirs, settings }: ContainRequest): Record<string, string> {
  const granted = [privateDir, ...dataDirs, ...namedDirs, ...settings.readOnly, ...settings.writable]
  const entries = Object.entries(env).map(([name, value]): [string, string] => {
    const isOutside = CACHES.includes(name) && !granted.some((directory) => value === directory || value.startsWith(`${directory}/`))
    return [name, isOutside ? join(privateDir, 'home', '.cache', `${name.toLowerCase()}-${basename(value)}`) : value]
  })
  return Object.fromEntries(entries)
}
