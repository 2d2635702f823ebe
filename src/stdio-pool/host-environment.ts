/**
 * The closed lists of variables that a worker may inherit from the gateway's own environment (T41). A name that is on
 * no list here never reaches a worker, unless the operator wrote it into the entry's `env`.
 */

/** Every worker. */
export const BASE_VARIABLES = ['PATH', 'LANG', 'LC_ALL', 'TZ'] as const

/** Everything that downloads: the operator's proxy and certificate authorities. */
const NETWORK_VARIABLES = [
  'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy',
  'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'
] as const

/** npx, npm, pnpm, bunx. The `npm_config_` names are taken in any case, as npm does. */
export const NPM_VARIABLES = [
  ...NETWORK_VARIABLES,
  'npm_config_cache', 'npm_config_userconfig', 'npm_config_globalconfig', 'npm_config_registry', 'npm_config_proxy',
  'npm_config_https_proxy', 'npm_config_noproxy', 'npm_config_cafile', 'npm_config_ca', 'npm_config_strict_ssl',
  'npm_config_offline', 'npm_config_prefer_offline', 'npm_config_store_dir', 'npm_config_cache_dir',
  'COREPACK_HOME', 'COREPACK_NPM_REGISTRY', 'BUN_INSTALL', 'BUN_INSTALL_CACHE_DIR', 'BUN_CONFIG_REGISTRY'
] as const

/** uvx, uv, pipx, pip. */
export const PYTHON_VARIABLES = [
  ...NETWORK_VARIABLES,
  'UV_CACHE_DIR', 'UV_CONFIG_FILE', 'UV_DEFAULT_INDEX', 'UV_INDEX', 'UV_INDEX_URL', 'UV_EXTRA_INDEX_URL', 'UV_FIND_LINKS',
  'UV_HTTP_TIMEOUT', 'UV_INSECURE_HOST', 'UV_LINK_MODE', 'UV_NATIVE_TLS', 'UV_SYSTEM_CERTS', 'UV_OFFLINE', 'UV_PYTHON',
  'UV_PYTHON_DOWNLOADS', 'UV_PYTHON_INSTALL_DIR', 'UV_PYTHON_INSTALL_MIRROR', 'UV_PYTHON_PREFERENCE',
  'PIP_CACHE_DIR', 'PIP_CERT', 'PIP_CONFIG_FILE', 'PIP_DEFAULT_TIMEOUT', 'PIP_EXTRA_INDEX_URL', 'PIP_FIND_LINKS',
  'PIP_INDEX_URL', 'PIP_NO_INDEX', 'PIP_PROXY', 'PIP_TRUSTED_HOST', 'PIPX_HOME', 'PIPX_DEFAULT_PYTHON'
] as const

/** docker, podman, nerdctl: how their client finds its daemon. */
export const CONTAINER_VARIABLES = [
  'DOCKER_HOST', 'DOCKER_CONFIG', 'DOCKER_CONTEXT', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH', 'XDG_RUNTIME_DIR'
] as const

/** Read to find the caches of the operator's tools and where temporary files go; never handed on, because servers keep their users' data there too. */
const PLACE_VARIABLES = ['HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'TMPDIR'] as const

/** What a worker's environment may be made of. Holds listed names only: nothing secret of the gateway's own. */
export interface HostEnvironment {
  /** Listed variables that are set and not empty; `npm_config_` names in lower case. */
  readonly variables: Readonly<Record<string, string>>
  /** The operator's HOME, XDG directories and TMPDIR, for finding download caches and the place of workers' temporary files. */
  readonly places: Readonly<Record<string, string>>
}

const LISTED = new Set<string>([...BASE_VARIABLES, ...NPM_VARIABLES, ...PYTHON_VARIABLES, ...CONTAINER_VARIABLES])

/** Picks from the gateway's environment what workers may ever see. Pure: the caller passes the environment in. */
export function readHostEnvironment (env: NodeJS.ProcessEnv): HostEnvironment {
  const variables: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '') continue
    const lower = name.toLowerCase()
    const listed = lower.startsWith('npm_config_') ? lower : name
    if (LISTED.has(listed) && (listed === name || env[listed] === undefined)) variables[listed] = value
  }
  return { variables, places: pick(env, PLACE_VARIABLES) }
}

/** The listed names that are set and not empty. */
export function pick (from: Readonly<Record<string, string | undefined>>, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = from[name]
    if (value !== undefined && value !== '') picked[name] = value
  }
  return picked
}
