import { FORM_ANSWER, textOfPrompt, textOfResource, textOfResult, watchedFetch, type Args, type MatrixClient, type MatrixTarget } from './matrix-client.ts'
import { importClient } from './programs.ts'

interface AiSdkClient {
  readonly initializeResult: { readonly protocolVersion: string }
  listTools (): Promise<{ readonly tools: ReadonlyArray<{ readonly name: string }> }>
  callTool (call: { name: string, arguments: Args, options?: Readonly<Record<string, unknown>> }): Promise<{ readonly content?: unknown }>
  listResources (): Promise<{ readonly resources: ReadonlyArray<{ readonly uri: string }> }>
  readResource (wanted: { uri: string }): Promise<{ readonly contents: ReadonlyArray<{ readonly text?: string }> }>
  listPrompts (): Promise<{ readonly prompts: ReadonlyArray<{ readonly name: string }> }>
  getPrompt (wanted: { name: string, arguments: Args }): Promise<{ readonly messages: ReadonlyArray<{ readonly content: unknown }> }>
  onElicitationRequest (schema: unknown, handler: () => unknown): void
  close (): Promise<void>
}

interface AiSdk {
  readonly ElicitationRequestSchema: unknown
  createMCPClient (config: Readonly<Record<string, unknown>>): Promise<AiSdkClient>
}

/** The AI SDK's MCP client: modern first, then legacy. */
export async function connectAiSdk ({ url, headers }: MatrixTarget): Promise<MatrixClient> {
  const { createMCPClient, ElicitationRequestSchema } = await importClient<AiSdk>('@ai-sdk/mcp/dist/index.js')
  const { fetch, sent } = watchedFetch()
  const client = await createMCPClient({ transport: { type: 'http', url, headers, fetch }, capabilities: { elicitation: {} } })
  client.onElicitationRequest(ElicitationRequestSchema, () => FORM_ANSWER)
  return {
    itself: client,
    answersForms: true,
    sent,
    revision: client.initializeResult.protocolVersion,
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: async (name, args) => textOfResult(await client.callTool({ name, arguments: args })),
    callUntil: (name, args, signal) => client.callTool({ name, arguments: args, options: { signal } }),
    listResources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    readResource: async (uri) => textOfResource(await client.readResource({ uri })),
    listPrompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    getPrompt: async (name, args) => textOfPrompt(await client.getPrompt({ name, arguments: args })),
    close: () => client.close()
  }
}

interface OpenAiServer {
  readonly sessionId: string | undefined
  connect (): Promise<void>
  listTools (): Promise<ReadonlyArray<{ readonly name: string }>>
  callToolResult (name: string, args: Args, meta: null, options?: { readonly signal?: AbortSignal }): Promise<{ readonly content?: unknown }>
  listResources (): Promise<{ readonly resources: ReadonlyArray<{ readonly uri: string }> }>
  readResource (uri: string): Promise<{ readonly contents: ReadonlyArray<{ readonly text?: string }> }>
  close (): Promise<void>
}

interface OpenAiAgents {
  readonly MCPServerStreamableHttp: new (options: Readonly<Record<string, unknown>>) => OpenAiServer
}

/** The MCP client of OpenAI's Agents SDK, without a model and without its tracing, which would call home. */
export async function connectOpenAiAgents ({ url, headers }: MatrixTarget): Promise<MatrixClient> {
  process.env['OPENAI_AGENTS_DISABLE_TRACING'] = '1'
  const { MCPServerStreamableHttp } = await importClient<OpenAiAgents>('@openai/agents/dist/index.mjs')
  const { fetch, sent } = watchedFetch()
  const server = new MCPServerStreamableHttp({ url, requestInit: { headers }, fetch, name: 'gateway', clientSessionTimeoutSeconds: 30, timeout: 30_000 })
  await server.connect()
  return {
    itself: server,
    sent,
    // It tells nobody, but only a session has an id, and only legacy has sessions.
    revision: server.sessionId === undefined ? '2026-07-28' : '2025-11-25',
    listTools: async () => (await server.listTools()).map(({ name }) => name),
    callTool: async (name, args) => textOfResult(await server.callToolResult(name, args, null)),
    callUntil: (name, args, signal) => server.callToolResult(name, args, null, { signal }),
    listResources: async () => (await server.listResources()).resources.map(({ uri }) => uri),
    readResource: async (uri) => textOfResource(await server.readResource(uri)),
    close: () => server.close()
  }
}
