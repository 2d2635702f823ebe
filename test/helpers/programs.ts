import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import tools from '../clients/tools.json' with { type: 'json' }

const clientsDir = fileURLToPath(new URL('../clients/', import.meta.url))
const cacheDir = fileURLToPath(new URL('../.cache/', import.meta.url))
const uvx = join(cacheDir, 'venv', 'bin', 'uvx')

/** An `mcpServers` entry as a Claude Desktop file writes it. */
export interface ServerEntry {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

/** Path of a program on PATH, or undefined. */
export function findProgram (name: string): string | undefined {
  return (process.env['PATH'] ?? '').split(delimiter).filter(Boolean).map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** The nginx that test/setup.mjs unpacked because the machine's is too old or missing, else the machine's; undefined when there is neither. */
export function findNginx (): string | undefined {
  const unpacked = join(cacheDir, 'nginx', 'usr', 'sbin', 'nginx')
  return existsSync(unpacked) ? unpacked : findProgram('nginx')
}

const WATCHERS = { prometheus: 'prometheus', promtool: 'prometheus', 'prometheus-alertmanager': 'prometheus-alertmanager', amtool: 'prometheus-alertmanager' } as const

/** A program of Prometheus or Alertmanager, the machine's or the one that test/setup.mjs unpacked. @throws when there is neither */
export function watcher (program: keyof typeof WATCHERS): string {
  const unpacked = join(cacheDir, WATCHERS[program], 'usr', 'bin', program)
  const found = existsSync(unpacked) ? unpacked : findProgram(program)
  if (found === undefined) throw new Error(`${program} missing: run node test/setup.mjs`)
  return found
}

/** A file inside a package of test/clients. */
export function clientFile (path: string): string {
  return join(clientsDir, 'node_modules', path)
}

/** Loads a package of test/clients, which the root package does not know. */
export async function importClient<T> (file: string): Promise<T> {
  return await import(clientFile(file)) as T
}

/** Reason to skip a test that needs these, for node:test's `skip`; false = all are here. Printed, and counted by the CI run. */
export function missing (...needs: ReadonlyArray<'clients' | 'uvx' | 'npx' | 'chromium' | 'curl' | 'git' | 'nginx'>): string | false {
  const absent = needs.filter((need) => !present(need))
  return absent.length > 0 && `${absent.join(', ')} missing: run node test/setup.mjs`
}

function present (need: string): boolean {
  if (need === 'clients') return existsSync(clientFile('.package-lock.json'))
  if (need === 'uvx') return existsSync(join(cacheDir, 'uvx.stamp')) && existsSync(uvx)
  if (need === 'npx') return existsSync(join(cacheDir, 'npx.stamp'))
  if (need === 'nginx') return findNginx() !== undefined
  return findProgram(need) !== undefined
}

/** An official server, started by its file: as `npx` would, without npx's second. */
export function officialServer (name: 'everything' | 'filesystem' | 'memory' | 'sequential-thinking', args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): ServerEntry {
  return { command: process.execPath, args: [clientFile(`@modelcontextprotocol/server-${name}/dist/index.js`), ...args], env }
}

/** The same server through `npx`, from the cache that test/setup.mjs filled (no network). */
export function npxServer (name: keyof typeof tools.npx): ServerEntry {
  return { command: 'npx', args: tools.npx[name], env: { npm_config_cache: join(cacheDir, 'npm'), npm_config_offline: 'true', npm_config_update_notifier: 'false' } }
}

/** A Python server through `uvx`, from the cache that test/setup.mjs filled (no network). */
export function uvxServer (name: keyof typeof tools.uvx, args: readonly string[] = []): ServerEntry {
  return {
    command: uvx,
    args: [...tools.uvx[name], ...args],
    env: { UV_CACHE_DIR: join(cacheDir, 'uv'), UV_CONSTRAINT: join(clientsDir, 'python-constraints.txt'), UV_OFFLINE: '1' }
  }
}

/** Playwright's server driving Debian's Chromium, headless. */
export function playwrightServer (): ServerEntry {
  return {
    command: process.execPath,
    args: [clientFile('@playwright/mcp/cli.js'), '--headless', '--no-sandbox', '--isolated', '--executable-path', findProgram('chromium') ?? 'chromium']
  }
}
