import type { TestContext } from 'node:test'
import type { AppOptions } from '../../plugins/app-options.ts'
import type { Caller, Gateway, ModernRequest } from '../../src/gateway/index.ts'
import { META } from '../../src/protocol/index.ts'
import type { Exchange as AnswerChannel, SessionRoute } from '../../src/session/index.ts'
import { exchange, type Exchange } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH } from '../helpers/legacy-wire.ts'
import { replacing } from './replacing.ts'
import { fixture, startRoutes, type RoutesBench } from './routes-parts.ts'

/** One modern request that reached the gateway. */
export interface Received {
  readonly caller: Caller
  readonly route: SessionRoute
  readonly request: ModernRequest
  readonly exchange: AnswerChannel
  /** How often the route said that the client has gone. */
  cancelled: number
  /** What the gateway does when it is told. */
  onCancel?: () => void
}

export interface ModernBench {
  readonly bench: RoutesBench
  readonly received: Received[]
  /** POSTs to the echo server's endpoint with the headers of a modern client; resolves at the answer's headers. */
  post (body: unknown, headers?: Readonly<Record<string, string | readonly string[] | undefined>>, signal?: AbortSignal): Promise<Exchange>
}

export interface ModernOptions {
  /** What the gateway does at once with what it receives. Default: nothing, the test answers later. */
  readonly answer?: (received: Received) => void
  readonly change?: (options: AppOptions) => Partial<AppOptions>
}

/** The whole public side, whose gateway hands modern requests to the test instead of serving them. Sessions are served as ever. */
export async function startModern (t: TestContext, { answer, change }: ModernOptions = {}): Promise<ModernBench> {
  const received: Received[] = []
  const receiveModern: Gateway['receiveModern'] = (caller, route, request, channel) => {
    const one: Received = { caller, route, request, exchange: channel, cancelled: 0 }
    received.push(one)
    answer?.(one)
    return () => {
      one.cancelled++
      one.onCancel?.()
    }
  }
  const bench = await startRoutes(t, {
    servers: { echo: fixture('echo.mjs') },
    change: (options) => ({ ...change?.(options), gateway: replacing<Gateway>(options.gateway, { receiveModern }) })
  })
  return {
    bench,
    received,
    post (body, headers = {}, signal) {
      const { method, params } = body as { method?: string, params?: { name?: string, uri?: string } }
      const name = method === 'tools/call' ? params?.name : method === 'resources/read' ? params?.uri : undefined
      const all = { ...bench.headers(), accept: ACCEPT_BOTH, 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, 'mcp-name': name, ...headers }
      const given: Record<string, string | readonly string[]> = {}
      for (const [header, value] of Object.entries(all)) if (value !== undefined) given[header] = value
      return exchange(`${bench.url}/servers/echo/mcp`, { body, headers: given, ...(signal === undefined ? {} : { signal }) })
    }
  }
}

/** A modern request with everything it has to say about itself. */
export function modern (id: string | number | undefined, method: string, params: Readonly<Record<string, unknown>> = {}, meta: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params: { ...params, _meta: { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: {}, ...meta } } }
}

/** A tools/call of the tool `echo`. */
export function call (id: string | number): Record<string, unknown> {
  return modern(id, 'tools/call', { name: 'echo', arguments: { text: 'x' } })
}
