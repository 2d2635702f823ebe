import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { importClient } from '../helpers/programs.ts'
import { until } from '../helpers/until.ts'
import type { Speaker, SpeakerCallOptions } from './conversation.ts'
import type { Recorder } from './recorder.ts'

/** Where a speaker speaks. */
export interface SpeakerTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly recorder: Recorder
}

const info = { name: 'transcript', version: '1.0.0' }
/** No client comes back for the rest of a stream, which it would do a second after a cancelled call, if it is still there then. */
const reconnectionOptions = { initialReconnectionDelay: 1000, maxReconnectionDelay: 1000, reconnectionDelayGrowFactor: 1, maxRetries: 0 }
/** The same for every speaker, so that all of them use one worker. */
export const capabilities = { sampling: {}, elicitation: { form: {} }, roots: {} }
const sampled = { role: 'assistant', model: 'none', content: { type: 'text', text: 'Low tide.' } } as const
const elicited = { action: 'accept', content: { name: 'Ada' } } as const
const roots = { roots: [{ uri: 'file:///srv/harbour' }] }

type Call = (params: Readonly<Record<string, unknown>>, options?: SpeakerCallOptions) => Promise<unknown>

/** The part of both SDKs' Client that is called the same way. */
interface SdkClient {
  listTools (): Promise<unknown>
  listResources (): Promise<unknown>
  listResourceTemplates (): Promise<unknown>
  listPrompts (): Promise<unknown>
  readResource (params: { uri: string }): Promise<unknown>
  subscribeResource (params: { uri: string }): Promise<unknown>
  unsubscribeResource (params: { uri: string }): Promise<unknown>
  getPrompt (params: { name: string, arguments: Readonly<Record<string, string>> }): Promise<unknown>
  complete (params: { ref: { type: 'ref/prompt', name: string }, argument: { name: string, value: string } }): Promise<unknown>
  setLoggingLevel (level: 'info'): Promise<unknown>
  ping (): Promise<unknown>
  close (): Promise<void>
}

function shared (client: SdkClient, call: Call) {
  return {
    listTools: () => client.listTools(),
    callTool: (name: string, args: Readonly<Record<string, unknown>>, options?: SpeakerCallOptions) => call({ name, arguments: args }, options),
    listResources: () => client.listResources(),
    listResourceTemplates: () => client.listResourceTemplates(),
    readResource: (uri: string) => client.readResource({ uri }),
    listPrompts: () => client.listPrompts(),
    getPrompt: (name: string, args: Readonly<Record<string, string>>) => client.getPrompt({ name, arguments: args }),
    complete: (prompt: string, name: string, value: string) => client.complete({ ref: { type: 'ref/prompt', name: prompt }, argument: { name, value } })
  }
}

/** What only sessions have. */
function session (client: SdkClient, transport: { terminateSession (): Promise<void> }, recorder: Recorder) {
  return {
    subscribe: async (uri: string) => {
      await client.subscribeResource({ uri })
      return () => client.unsubscribeResource({ uri })
    },
    withLogs: async (call: () => Promise<unknown>) => {
      await client.setLoggingLevel('info')
      return await call()
    },
    ping: () => client.ping(),
    settled: async () => { await until('the stream of the session', () => recorder.count(({ request, status }) => request.method === 'GET' && status === 200) === 1) },
    cancelled: async () => { await until('the cancellation is taken', () => recorder.count(({ request, status }) => request.body?.includes('notifications/cancelled') === true && status === 202) === 1) },
    close: async () => {
      await transport.terminateSession()
      await client.close()
    }
  }
}

/** SDK v1. */
export function createSdk1Speaker ({ url, headers, recorder }: SpeakerTarget): Speaker {
  const transport = new TransportV1(new URL(url), { requestInit: { headers }, fetch: recorder.fetch, reconnectionOptions })
  const client = new ClientV1(info, { capabilities })
  client.setRequestHandler(CreateMessageRequestSchema, () => sampled)
  client.setRequestHandler(ElicitRequestSchema, () => elicited)
  client.setRequestHandler(ListRootsRequestSchema, () => roots)
  return {
    ...shared(client as unknown as SdkClient, (params, options) => client.callTool(params as { name: string }, undefined, options)),
    ...session(client as unknown as SdkClient, transport, recorder),
    connect: () => client.connect(transport as unknown as Transport),
    updated: () => new Promise((resolve) => client.setNotificationHandler(ResourceUpdatedNotificationSchema, () => { resolve() }))
  }
}

interface ClientV2 extends SdkClient {
  connect (transport: unknown): Promise<void>
  callTool: Call
  listen (filter: { resourceSubscriptions: readonly string[] }): Promise<{ close (): Promise<void> }>
  setRequestHandler (method: string, handler: () => unknown): void
  setNotificationHandler (method: string, handler: () => void): void
}

interface SdkV2 {
  readonly Client: new (client: typeof info, options: Readonly<Record<string, unknown>>) => ClientV2
  readonly StreamableHTTPClientTransport: new (url: URL, options: Readonly<Record<string, unknown>>) => { terminateSession (): Promise<void> }
}

/** SDK v2 in either era. @param mode its version negotiation */
export async function createSdk2Speaker (mode: 'legacy' | { readonly pin: string }, { url, headers, recorder }: SpeakerTarget): Promise<Speaker> {
  const sdk = await importClient<SdkV2>('@modelcontextprotocol/client/dist/index.mjs')
  const transport = new sdk.StreamableHTTPClientTransport(new URL(url), { requestInit: { headers }, fetch: recorder.fetch, reconnectionOptions })
  const client = new sdk.Client(info, { capabilities, versionNegotiation: { mode } })
  client.setRequestHandler('sampling/createMessage', () => sampled)
  client.setRequestHandler('elicitation/create', () => elicited)
  client.setRequestHandler('roots/list', () => roots)
  let isLogging = false
  const call: Call = (params, options) => client.callTool({ ...params, ...(isLogging && { _meta: { 'io.modelcontextprotocol/logLevel': 'info' } }) }, options)
  return {
    ...shared(client, call),
    ...session(client, transport, recorder),
    connect: () => client.connect(transport),
    updated: () => new Promise((resolve) => client.setNotificationHandler('notifications/resources/updated', resolve)),
    ...(mode !== 'legacy' && modern())
  }

  function modern (): Partial<Speaker> {
    const leaves = (step: string) => until('the client hangs up', () => recorder.count((exchange) => exchange.step === step && exchange.leftBefore !== undefined) === 1)
    return {
      subscribe: async (uri) => {
        const subscription = await client.listen({ resourceSubscriptions: [uri] })
        return async () => {
          await subscription.close()
          await leaves('subscription')
        }
      },
      withLogs: async (run) => {
        isLogging = true
        await run()
        isLogging = false
      },
      ping: () => Promise.resolve(),
      settled: () => Promise.resolve(),
      cancelled: async () => { await leaves('cancellation') }
    }
  }
}
