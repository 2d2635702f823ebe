import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { CONTAINER_VARIABLES, NPM_VARIABLES, PYTHON_VARIABLES, pick } from './host-environment.ts'
import type { HostEnvironment } from './host-environment.ts'

/** What starts the server, where that needs more than the base environment. */
export type LauncherFamily = 'npm' | 'python' | 'container'

const FAMILIES: Readonly<Record<string, LauncherFamily>> = {
  npx: 'npm',
  npm: 'npm',
  pnpm: 'npm',
  pnpx: 'npm',
  bun: 'npm',
  bunx: 'npm',
  uv: 'python',
  uvx: 'python',
  pip: 'python',
  pip3: 'python',
  pipx: 'python',
  docker: 'container',
  podman: 'container',
  nerdctl: 'container'
}

/** npx without questions, and without a word that is not the server's: stdout belongs to the protocol. */
const QUIET_NPM = {
  npm_config_yes: 'true',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_loglevel: 'error',
  npm_config_logs_max: '0',
  npm_config_progress: 'false',
  npm_config_update_notifier: 'false'
}

/** Which launcher a command is, by its file name; undefined for a plain program. */
export function launcherFamily (command: string): LauncherFamily | undefined {
  const name = basename(command).toLowerCase().replace(/\.(?:exe|cmd)$/, '')
  return Object.hasOwn(FAMILIES, name) ? FAMILIES[name] : undefined
}

/**
 * What a launcher gets besides the base: the operator's own set-up, and one download cache for all workers although
 * each has a HOME of its own. `stateDir` holds the caches if the gateway has no HOME.
 */
export function launcherEnvironment (family: LauncherFamily | undefined, host: HostEnvironment, stateDir: string): Record<string, string> {
  switch (family) {
    case undefined: return {}
    case 'npm': return { ...QUIET_NPM, ...npmPlaces(host, stateDir), ...pick(host.variables, NPM_VARIABLES) }
    case 'python': return { ...pythonPlaces(host, stateDir), ...pick(host.variables, PYTHON_VARIABLES) }
    case 'container': return { ...containerPlaces(host), ...pick(host.variables, CONTAINER_VARIABLES) }
  }
}

function npmPlaces (host: HostEnvironment, stateDir: string): Record<string, string> {
  const home = homeOf(host, stateDir)
  const cache = host.places['XDG_CACHE_HOME'] ?? join(home, '.cache')
  const data = host.places['XDG_DATA_HOME'] ?? join(home, '.local', 'share')
  return {
    npm_config_cache: join(home, '.npm'),
    npm_config_userconfig: join(home, '.npmrc'),
    npm_config_store_dir: join(data, 'pnpm', 'store'),
    npm_config_cache_dir: join(cache, 'pnpm'),
    COREPACK_HOME: join(cache, 'node', 'corepack'),
    BUN_INSTALL_CACHE_DIR: join(home, '.bun', 'install', 'cache')
  }
}

function pythonPlaces (host: HostEnvironment, stateDir: string): Record<string, string> {
  const home = homeOf(host, stateDir)
  const cache = host.places['XDG_CACHE_HOME'] ?? join(home, '.cache')
  const data = host.places['XDG_DATA_HOME'] ?? join(home, '.local', 'share')
  const config = host.places['XDG_CONFIG_HOME'] ?? join(home, '.config')
  return {
    UV_CACHE_DIR: join(cache, 'uv'),
    UV_PYTHON_INSTALL_DIR: join(data, 'uv', 'python'),
    PIP_CACHE_DIR: join(cache, 'pip'),
    PIPX_HOME: join(data, 'pipx'),
    ...firstExisting('UV_CONFIG_FILE', [join(config, 'uv', 'uv.toml')]),
    ...firstExisting('PIP_CONFIG_FILE', [join(config, 'pip', 'pip.conf'), join(home, '.pip', 'pip.conf')])
  }
}

function containerPlaces (host: HostEnvironment): Record<string, string> {
  const home = host.places['HOME']
  return home === undefined ? {} : firstExisting('DOCKER_CONFIG', [join(home, '.docker')])
}

/** uv stops at a named configuration file that is not there, so only an existing one is named. */
function firstExisting (name: string, paths: readonly string[]): Record<string, string> {
  const found = paths.find((path) => existsSync(path))
  return found === undefined ? {} : { [name]: found }
}

function homeOf (host: HostEnvironment, stateDir: string): string {
  return host.places['HOME'] ?? join(stateDir, 'cache')
}
