import type { TestContext } from 'node:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AppOptions } from '../../plugins/app-options.ts'
import { brandAs } from '../../src/shared/ids.ts'
import type { ServerName, TenantId } from '../../src/shared/ids.ts'
import type { Settings } from '../../src/shared/settings.ts'
import type { ApiKeySettings } from '../../src/shared/settings/auth.ts'
import type { LimitSettings } from '../../src/shared/settings/limits.ts'
import type { ServerSettings } from '../../src/shared/settings/server.ts'
import { makeApiKey } from '../helpers/api-keys.ts'
import type { TestKey } from '../helpers/api-keys.ts'
import { createLegacyWire } from '../helpers/legacy-wire.ts'
import type { LegacyWire } from '../helpers/legacy-wire.ts'
import { serverSettings } from '../helpers/server-settings.ts'
import { startEdge } from '../plugins/edge-app.ts'
import type { EdgeApp } from '../plugins/edge-app.ts'
import { edgeSettings } from '../plugins/settings.ts'

export interface RoutesBench {
  readonly edge: EdgeApp
  readonly url: string
  readonly gateway: AppOptions['gateway']
  /** A wire client of a path with the key of a user of acme. */
  wire (path?: string, user?: string): LegacyWire
  headers (user?: string): Record<string, string>
}

export interface RoutesOptions {
  readonly servers: Readonly<Record<string, Omit<Partial<ServerSettings>, 'name'>>>
  readonly limits?: Partial<LimitSettings>
  readonly idleMs?: number
  readonly change?: (options: AppOptions) => Partial<AppOptions>
}

/** A fixture server as an entry. */
export function fixture (name: string, ...args: string[]): Omit<Partial<ServerSettings>, 'name'> {
  return { args: [fileURLToPath(new URL(`../fixtures/stdio-servers/${name}`, import.meta.url)), ...args] }
}

const ROOMY: LimitSettings = { callsPerMinute: 1e6, requestsPerMinute: 1e6, initializePerMinute: 1e6, concurrentCalls: 1e4, ipRequestsPerMinute: 1e6 }

/** The whole public side over real workers, in this process. */
export async function startRoutes (t: TestContext, options: RoutesOptions): Promise<RoutesBench> {
  const stateDir = await mkdtemp(join(tmpdir(), 'routes-'))
  const keys = new Map(['alice', 'bob'].map((user) => [user, makeApiKey({ tenant: 'acme', user })]))
  const base = edgeSettings().settings
  const servers = Object.entries(options.servers).map(([name, entry]) => [brandAs<ServerName>(name), serverSettings({ entryHash: name, ...entry, name })] as const)
  const settings: Settings = {
    ...base,
    http: { ...base.http, maxBodyBytes: 4_194_304 },
    servers: new Map(servers),
    auth: { apiKeys: [...keys].map(([user, key]) => apiKey(user, key)), jwt: [] },
    limits: { ...ROOMY, ...options.limits },
    sessions: { idleMs: options.idleMs ?? 60_000, maxPerUser: 100 },
    stateDir
  }
  const edge = await startEdge({ settings, ...(options.change === undefined ? {} : { change: options.change }) })
  const wires: LegacyWire[] = []
  const { gateway } = edge.options
  t.after(async () => {
    for (const wire of wires) wire.close()
    await gateway.stop()
    await edge.close()
    await rm(stateDir, { recursive: true, force: true })
  })
  const headers = (user = 'alice'): Record<string, string> => ({ ...keys.get(user)?.bearer })
  return {
    edge,
    url: edge.url,
    gateway,
    headers,
    wire (path = `/servers/${Object.keys(options.servers)[0] ?? ''}/mcp`, user = 'alice') {
      const wire = createLegacyWire(edge.url + path, headers(user))
      wires.push(wire)
      return wire
    }
  }
}

function apiKey (user: string, key: TestKey): ApiKeySettings {
  const { id, sha256 } = key.entry as { id: string, sha256: string }
  return { id, sha256, tenant: brandAs<TenantId>('acme'), user }
}

/** Lets requests through the credential guard only when the test says so, as a slow check of a token would. */
export function gate (): { readonly open: () => void, readonly change: (options: AppOptions) => Partial<AppOptions>, shut: boolean, waiting: number } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const made = {
    open: () => { resolve() },
    shut: false,
    waiting: 0,
    change: ({ authenticator }: AppOptions): Partial<AppOptions> => ({
      authenticator: {
        ...authenticator,
        authenticate (rawHeaders, url) {
          if (!made.shut) return authenticator.authenticate(rawHeaders, url)
          made.waiting++
          return promise.then(() => authenticator.authenticate(rawHeaders, url))
        }
      }
    })
  }
  return made
}
