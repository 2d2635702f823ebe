import { delimiter, dirname, isAbsolute } from 'node:path'
import type { ServerSettings } from '../shared/settings/server.ts'

/** What installing needs to know of the process it runs in. */
export interface InstallContext {
  /** The store. Absolute. */
  readonly directory: string
  readonly lockFile: string
  /** `process.env`, handed in; a closed list of names is taken from it. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Runs one piece of work that may take long, and shows that it runs. */
  step<T> (what: string, work: () => Promise<T>): Promise<T>
  /** Tells the operator something that is no fault. */
  note (text: string): void
}

/** The set-up of an operator's npm, uv and pip, their proxies and certificates. */
const TAKEN = /^(?:PATH|HOME|LANG|LC_ALL|TZ|TMPDIR|USER|XDG_(?:CACHE|DATA|CONFIG)_HOME|https?_proxy|all_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|npm_config_.*|NPM_TOKEN|NODE_AUTH_TOKEN|UV_.*|PIP_.*|NETRC)$/i
/** Of a server's own variables: which registry and which cache. */
const TAKEN_OF_ENTRY = /^(?:npm_config_.*|UV_.*|PIP_.*)$/i
/** What an install script may see: nothing that opens a registry. */
const TAKEN_BY_SCRIPTS = /^(?:PATH|HOME|LANG|LC_ALL|TZ|TMPDIR|https?_proxy|all_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|CURL_CA_BUNDLE|npm_config_(?:cache|nodedir|cafile|userconfig|registry))$/i

/**
 * The environment of npm, uv and pip. npm runs on this Node, so that what install scripts build fits the Node that will start
 * the server; a launcher that the entry names by its path is found with its siblings.
 */
export function toolEnvironment (context: InstallContext, server: ServerSettings | undefined): Record<string, string> {
  const taken = pick(context.env, TAKEN)
  const beside = server !== undefined && isAbsolute(server.command) ? [dirname(server.command)] : []
  const path = [dirname(process.execPath), ...(taken['PATH'] ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter), ...beside].join(delimiter)
  return { ...taken, ...pick(server?.env ?? {}, TAKEN_OF_ENTRY), PATH: path }
}

/** The environment of install scripts. */
export function scriptEnvironment (tools: Readonly<Record<string, string>>): Record<string, string> {
  return pick(tools, TAKEN_BY_SCRIPTS)
}

function pick (from: Readonly<Record<string, string | undefined>>, names: RegExp): Record<string, string> {
  return Object.fromEntries(Object.entries(from).filter((pair): pair is [string, string] => pair[1] !== undefined && names.test(pair[0])))
}
