import type { TestContext } from 'node:test'
import { META } from '../../src/protocol/index.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { MODERN } from '../helpers/modern-wire.ts'
import { refuse, result, serve, type Received, type TestServer } from '../unit/upstream/http/http-parts.ts'

export { json, listen, refuse, result, serve, stream, type Received, type TestServer } from '../unit/upstream/http/http-parts.ts'

/** What the servers here offer. */
const capabilities = { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, prompts: {}, completions: {} }

/** A modern server that offers everything; all but discovery is `handle`'s. */
export async function fullModernServer (t: TestContext, handle: (received: Received) => void): Promise<TestServer> {
  return await serve(t, (received) => {
    if (received.verb !== 'POST') refuse(received, 405)
    else if (received.method === 'server/discover') {
      result(received, {
        resultType: 'complete', supportedVersions: [MODERN], capabilities, ttlMs: 0, cacheScope: 'private', _meta: { [META.serverInfo]: { name: 'modern', version: '1' } }
      })
    } else if (received.method === 'initialize') refuse(received, 400, -32022, { data: { supported: [MODERN] } })
    else handle(received)
  })
}

/** A legacy server that looks at no session; all but the handshake is `handle`'s. @param welcome headers of its answer to initialize */
export async function fullLegacyServer (t: TestContext, handle: (received: Received) => void, welcome: () => Record<string, string> = () => ({})): Promise<TestServer> {
  return await serve(t, (received) => {
    if (received.verb !== 'POST') refuse(received, 405)
    else if (received.method === 'server/discover') refuse(received, 400, -32000)
    else if (received.method === 'initialize') result(received, { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'legacy', version: '1' } }, welcome())
    else if (received.id === undefined) refuse(received, 202)
    else handle(received)
  })
}

/** Its entry in `mcpServers`. */
export function entryOf (server: { readonly url: string }, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { type: 'http', url: server.url, allowPrivateNetwork: true, ...more }
}

/** The result of a tool: one text. */
export function textResult (text: string): Record<string, unknown> {
  return { resultType: 'complete', content: [{ type: 'text', text }] }
}

/** The arguments of a tools/call that a server got. */
export function argsOf ({ message }: Received): Record<string, unknown> {
  const params = message['params'] as { arguments?: Record<string, unknown> } | undefined
  return params?.arguments ?? {}
}

/** Log lines that tell of something broken inside. */
export function faultsOf (gateway: TestGateway): unknown[] {
  return gateway.logs().filter((line) => line['level'] === 'error' || line['level'] === 'fatal')
}
