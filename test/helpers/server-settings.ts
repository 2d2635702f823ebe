import { brandAs, type ServerName } from '../../src/shared/ids.ts'
import type { ServerSettings } from '../../src/shared/settings/server.ts'

/** An entry with every default of the configuration, run by this Node unless `own` says otherwise. */
export function serverSettings (own: Partial<Omit<ServerSettings, 'name'>> & { readonly name?: string } = {}): ServerSettings {
  const { name = 'srv', ...rest } = own
  return {
    name: brandAs<ServerName>(name),
    transport: 'stdio',
    command: process.execPath,
    args: [],
    env: {},
    headers: {},
    allowPrivateNetwork: false,
    era: 'auto',
    isolation: 'user',
    roots: 'filtered',
    capabilities: 'client',
    interactive: false,
    pool: { warm: 0, max: 50, maxPerTenant: 20, idleMs: 300_000 },
    timeoutMs: 60_000,
    maxTimeoutMs: 600_000,
    startTimeoutMs: 30_000,
    cancelOnDisconnect: false,
    tools: { deny: [], timeoutMs: {}, callsPerMinute: {} },
    prompts: { deny: [] },
    resources: { deny: [] },
    sandbox: { level: 'none', network: ['*'], pids: 256, readOnly: [], writable: [] },
    allowScripts: [],
    entryHash: name,
    ...rest
  }
}
