import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema, LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema, type LoggingLevel
} from '@modelcontextprotocol/sdk/types.js'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientFile, importClient } from './programs.ts'

/** What every full client of the matrix can do: the calls that SDK v1 and SDK v2 share, under one shape. */
export interface McpClient {
  readonly name: string
  listTools (): Promise<{ tools: ReadonlyArray<{ name: string }> }>
  callTool (name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>
  listResources (): Promise<{ resources: ReadonlyArray<{ uri: string }> }>
  listResourceTemplates (): Promise<{ resourceTemplates: ReadonlyArray<{ uriTemplate: string }> }>
  readResource (uri: string): Promise<{ contents: ReadonlyArray<{ uri: string }> }>
  subscribeResource (uri: string): Promise<unknown>
  unsubscribeResource (uri: string): Promise<unknown>
  listPrompts (): Promise<{ prompts: ReadonlyArray<{ name: string }> }>
  getPrompt (name: string, args?: Record<string, string>): Promise<{ messages: ReadonlyArray<{ content: unknown }> }>
  complete (prompt: string, argument: string, value: string): Promise<readonly string[]>
  setLoggingLevel (level: LoggingLevel): Promise<unknown>
  ping (): Promise<unknown>
  /** Tells the server that its roots changed. */
  rootsChanged (): Promise<void>
  /** Methods and params that the server sent here, in order: sampling, elicitation, roots, logging, list changes, updates. */
  readonly seen: ReadonlyArray<{ readonly method: string, readonly params: unknown }>
  close (): Promise<void>
}

export interface CallOptions {
  readonly onprogress?: (progress: { progress: number, total?: number }) => void
  readonly signal?: AbortSignal
  readonly timeout?: number
}

export interface ToolResult {
  readonly content: ReadonlyArray<{ readonly type: string, readonly text?: string }>
  readonly structuredContent?: unknown
  readonly isError?: boolean
}

/** How a client is reached and what it answers when it is asked. */
export interface ClientOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Put into every answer to sampling and elicitation, so that an answer in the wrong hands shows. */
  readonly label?: string
  readonly roots?: readonly string[]
  /** Declares sampling, elicitation and roots. Default true. */
  readonly interactive?: boolean
}

/** Every kind of full client in the matrix. */
export const clientKinds = ['sdk1-http', 'sdk1-sse', 'sdk2-legacy', 'sdk2-auto', 'sdk2-sse', 'mcp-remote'] as const
export type ClientKind = typeof clientKinds[number]

/** Does this kind speak HTTP+SSE of 2024-11-05, so that its URL is the `/sse` one? */
export function usesSse (kind: ClientKind): boolean {
  return kind.endsWith('-sse')
}

/** Connects a client of the given kind; rejects when the handshake fails. */
export async function connectClient (kind: ClientKind, options: ClientOptions): Promise<McpClient> {
  if (kind === 'sdk1-http') return await connectSdk1(kind, new StreamableHTTPClientTransport(new URL(options.url), { requestInit: { headers: options.headers } }), options)
  if (kind === 'sdk1-sse') return await connectSdk1(kind, new SSEClientTransport(new URL(options.url), { requestInit: { headers: options.headers }, eventSourceInit: sseHeaders(options.headers) }), options)
  if (kind === 'mcp-remote') return await connectMcpRemote(options)
  return await connectSdk2(kind, options)
}

/** The eventsource package sends its own headers on the GET unless its fetch is given ours. */
function sseHeaders (headers: Readonly<Record<string, string>>): { fetch: typeof fetch } {
  return { fetch: async (url, init) => await fetch(url, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), ...headers } }) }
}

function answers ({ label = 'client', roots = [] }: ClientOptions) {
  return {
    sampling: { role: 'assistant' as const, model: 'test-model', stopReason: 'endTurn', content: { type: 'text' as const, text: `sampled by ${label}` } },
    elicitation: { action: 'accept' as const, content: { name: label, check: true, city: 'Bern' } },
    roots: { roots: roots.map((uri) => ({ uri, name: label })) }
  }
}

function capabilities ({ interactive = true }: ClientOptions) {
  return interactive ? { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } } : {}
}

async function connectSdk1 (name: string, transport: Transport, options: ClientOptions, dispose?: () => Promise<void>): Promise<McpClient> {
  const client = new Client({ name, version: '1.0.0' }, { capabilities: capabilities(options) })
  const seen: Array<{ method: string, params: unknown }> = []
  const answer = answers(options)
  if (options.interactive ?? true) {
    client.setRequestHandler(CreateMessageRequestSchema, ({ method, params }) => { seen.push({ method, params }); return answer.sampling })
    client.setRequestHandler(ElicitRequestSchema, ({ method, params }) => { seen.push({ method, params }); return answer.elicitation })
    client.setRequestHandler(ListRootsRequestSchema, ({ method, params }) => { seen.push({ method, params }); return answer.roots })
  }
  for (const schema of [LoggingMessageNotificationSchema, ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema]) {
    client.setNotificationHandler(schema, ({ method, params }) => { seen.push({ method, params }) })
  }
  await client.connect(transport)
  return {
    ...sharedCalls(client as unknown as SdkClient),
    name,
    seen,
    callTool: async (tool, args = {}, callOptions) => await client.callTool({ name: tool, arguments: args }, undefined, callOptions as RequestOptions | undefined) as ToolResult,
    close: async () => {
      await client.close()
      await dispose?.()
    }
  }
}

/** The part of both SDKs' Client that is called the same way. */
interface SdkClient {
  listTools (): Promise<{ tools: ReadonlyArray<{ name: string }> }>
  listResources (): Promise<{ resources: ReadonlyArray<{ uri: string }> }>
  listResourceTemplates (): Promise<{ resourceTemplates: ReadonlyArray<{ uriTemplate: string }> }>
  readResource (params: { uri: string }): Promise<{ contents: ReadonlyArray<{ uri: string }> }>
  subscribeResource (params: { uri: string }): Promise<unknown>
  unsubscribeResource (params: { uri: string }): Promise<unknown>
  listPrompts (): Promise<{ prompts: ReadonlyArray<{ name: string }> }>
  getPrompt (params: { name: string, arguments?: Record<string, string> }): Promise<{ messages: ReadonlyArray<{ content: unknown }> }>
  complete (params: { ref: { type: 'ref/prompt', name: string }, argument: { name: string, value: string } }): Promise<{ completion: { values: readonly string[] } }>
  setLoggingLevel (level: LoggingLevel): Promise<unknown>
  ping (): Promise<unknown>
  sendRootsListChanged (): Promise<void>
}

function sharedCalls (client: SdkClient) {
  return {
    listTools: () => client.listTools(),
    listResources: () => client.listResources(),
    listResourceTemplates: () => client.listResourceTemplates(),
    readResource: (uri: string) => client.readResource({ uri }),
    subscribeResource: (uri: string) => client.subscribeResource({ uri }),
    unsubscribeResource: (uri: string) => client.unsubscribeResource({ uri }),
    listPrompts: () => client.listPrompts(),
    getPrompt: (name: string, args?: Record<string, string>) => client.getPrompt({ name, ...(args ? { arguments: args } : {}) }),
    complete: async (prompt: string, argument: string, value: string) =>
      (await client.complete({ ref: { type: 'ref/prompt', name: prompt }, argument: { name: argument, value } })).completion.values,
    setLoggingLevel: (level: LoggingLevel) => client.setLoggingLevel(level),
    ping: () => client.ping(),
    rootsChanged: () => client.sendRootsListChanged()
  }
}

interface Sdk2 {
  readonly Client: new (info: { name: string, version: string }, options: Record<string, unknown>) => Sdk2Client
  readonly StreamableHTTPClientTransport: new (url: URL, options: Record<string, unknown>) => unknown
  readonly SSEClientTransport: new (url: URL, options: Record<string, unknown>) => unknown
}

interface Sdk2Client extends SdkClient {
  connect (transport: unknown): Promise<void>
  close (): Promise<void>
  callTool (params: { name: string, arguments: Record<string, unknown> }, options?: CallOptions): Promise<ToolResult>
  setRequestHandler (method: string, handler: (request: { method: string, params?: unknown }) => unknown): void
  setNotificationHandler (method: string, handler: (notification: { method: string, params?: unknown }) => void): void
}

async function connectSdk2 (kind: ClientKind, options: ClientOptions): Promise<McpClient> {
  const sdk = await importClient<Sdk2>('@modelcontextprotocol/client/dist/index.mjs')
  const client = new sdk.Client({ name: kind, version: '1.0.0' }, {
    capabilities: capabilities(options),
    versionNegotiation: { mode: kind === 'sdk2-auto' ? 'auto' : 'legacy' }
  })
  const seen: Array<{ method: string, params: unknown }> = []
  const answer = answers(options)
  const note = <T> (reply: T) => (request: { method: string, params?: unknown }): T => {
    seen.push({ method: request.method, params: request.params })
    return reply
  }
  if (options.interactive ?? true) {
    client.setRequestHandler('sampling/createMessage', note(answer.sampling))
    client.setRequestHandler('elicitation/create', note(answer.elicitation))
    client.setRequestHandler('roots/list', note(answer.roots))
  }
  for (const method of ['notifications/message', 'notifications/resources/updated', 'notifications/tools/list_changed']) client.setNotificationHandler(method, note(undefined))
  const transportOptions = { requestInit: { headers: options.headers }, eventSourceInit: sseHeaders(options.headers) }
  const TransportClass = usesSse(kind) ? sdk.SSEClientTransport : sdk.StreamableHTTPClientTransport
  await client.connect(new TransportClass(new URL(options.url), transportOptions))
  return {
    ...sharedCalls(client),
    name: kind,
    seen,
    callTool: (tool, args = {}, callOptions) => client.callTool({ name: tool, arguments: args }, callOptions),
    close: () => client.close()
  }
}

/** The SDK v1 client speaking stdio to the real mcp-remote, which speaks HTTP to the gateway: what Claude Desktop users run. */
async function connectMcpRemote (options: ClientOptions): Promise<McpClient> {
  const home = await mkdtemp(join(tmpdir(), 'drawbridge-mcp-remote-'))
  const headers = Object.entries(options.headers).flatMap(([name, value]) => ['--header', `${name}:${value}`])
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [clientFile('mcp-remote/dist/proxy.js'), options.url, '--transport', 'http-only', '--allow-http', ...headers],
    env: { PATH: process.env['PATH'] ?? '', HOME: home, MCP_REMOTE_CONFIG_DIR: home },
    stderr: 'ignore'
  })
  return await connectSdk1('mcp-remote', transport, options, () => rm(home, { recursive: true, force: true }))
}

/** A tool as LangChain hands it to an agent. */
export interface LangChainTool {
  readonly name: string
  invoke (input: Record<string, unknown>): Promise<unknown>
}

export interface LangChainClient {
  getTools (): Promise<LangChainTool[]>
  close (): Promise<void>
}

/** LangChain's MultiServerMCPClient over several endpoints of the gateway. */
export async function connectLangChain (servers: Readonly<Record<string, { readonly url: string, readonly transport: 'http' | 'sse', readonly headers: Readonly<Record<string, string>> }>>): Promise<LangChainClient> {
  const { MultiServerMCPClient } = await importClient<{ MultiServerMCPClient: new (options: unknown) => LangChainClient }>('@langchain/mcp-adapters/dist/index.js')
  return new MultiServerMCPClient({ mcpServers: servers, throwOnLoadError: true, prefixToolNameWithServerName: false })
}
