import { send } from './http-exchange.ts'
import type { TestGateway } from './gateway.ts'
import { ACCEPT_BOTH } from './legacy-wire.ts'
import { createModernWire, modernParams, MODERN } from './modern-wire.ts'

/** What a tool call came to, whichever way it went. */
export interface CallOutcome {
  readonly status: number
  readonly challenge: string | undefined
  readonly result: Record<string, unknown> | undefined
  readonly error: { readonly code: number, readonly message: string } | undefined
}

/** Every way to call a tool of a server: in sessions and batches of them, by modern requests, as plain JSON; at the server and over all servers. */
export type ToolFace = (name: string, args: unknown) => Promise<CallOutcome>

/**
 * The ways by which a user can call the tools of one server.
 * @param rawArguments JSON that stands in place of the arguments, byte by byte, if the second parameter is a string
 */
export async function toolFaces (gateway: TestGateway, user: string, server: string): Promise<Readonly<Record<string, ToolFace>>> {
  const { bearer } = gateway.keyOf(user)
  const faces: Record<string, ToolFace> = {}
  for (const [where, path, prefix] of [['server', `/servers/${server}`, ''], ['aggregate', '', `${server}__`]] as const) {
    const session = gateway.wire(user, `${path}/mcp`)
    await session.open()
    const batching = gateway.wire(user, `${path}/mcp`)
    await batching.open({ protocolVersion: '2025-03-26' })
    const message = (name: string, args: unknown, more = ''): string => `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":${JSON.stringify(prefix + name)},"arguments":${jsonOf(args)}${more}}}`
    const asSession = (wire: typeof session): Record<string, string> => ({ ...bearer, accept: ACCEPT_BOTH, 'mcp-session-id': wire.sessionId ?? '', 'mcp-protocol-version': wire.protocolVersion })
    faces[`session, ${where}`] = async (name, args) => outcomeOf(await send(session.url, { body: message(name, args), headers: { ...asSession(session), 'content-type': 'application/json' } }))
    faces[`batch, ${where}`] = async (name, args) => outcomeOf(await send(batching.url, { body: `[${message(name, args)}]`, headers: { ...asSession(batching), 'content-type': 'application/json' } }))
    faces[`modern, ${where}`] = async (name, args) => outcomeOf(await send(`${gateway.url}${path}/mcp`, {
      body: message(name, args, `,"_meta":${JSON.stringify(modernParams()['_meta'])}`),
      headers: { ...bearer, accept: ACCEPT_BOTH, 'content-type': 'application/json', 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': prefix + name }
    }))
    const plain = (name: string, args: unknown): string => `{"tool_name":${JSON.stringify(prefix + name)},"arguments":${jsonOf(args)}}`
    const tools = `${gateway.url}${path === '' ? '/mcp' : path}/tools`
    faces[`plain, ${where}`] = async (name, args) => outcomeOf(await send(tools, { body: plain(name, args), headers: { ...bearer, 'content-type': 'application/json' } }))
    faces[`plain batch, ${where}`] = async (name, args) => outcomeOf(await send(`${tools}/batch`, { body: `[${plain(name, args)}]`, headers: { ...bearer, 'content-type': 'application/json' } }))
  }
  return faces
}

/** Modern wire of a user, for lists. */
export function modernWire (gateway: TestGateway, user: string, path: string): ReturnType<typeof createModernWire> {
  return createModernWire(gateway.url + path, gateway.keyOf(user).bearer)
}

function jsonOf (args: unknown): string {
  return typeof args === 'string' ? args : JSON.stringify(args)
}

function outcomeOf (answer: Awaited<ReturnType<typeof send>>): CallOutcome {
  const { status, headers, isSse } = answer
  const json: unknown = isSse ? answer.messages().find((message) => message.id === 7) : JSON.parse(answer.body())
  const { result, error } = (Array.isArray(json) ? json[0] : json) as Pick<CallOutcome, 'result' | 'error'>
  const challenge = headers['www-authenticate']
  return { status, challenge: typeof challenge === 'string' ? challenge : undefined, result, error }
}
