import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { FORM_ANSWER, textOfPrompt, textOfResource, textOfResult, watchedFetch, type Args, type MatrixClient, type MatrixTarget } from './matrix-client.ts'
import { importClient } from './programs.ts'

/** What both declare. */
const capabilities = { elicitation: { form: {} } }

interface Named { readonly name: string }
type CallOptions = Readonly<{ signal?: AbortSignal, onprogress?: (update: { readonly progress: number }) => void }>

/** The part of both SDKs' Client that is called the same way. */
interface SdkClient {
  listTools (): Promise<{ readonly tools: readonly Named[] }>
  listResources (): Promise<{ readonly resources: ReadonlyArray<{ readonly uri: string }> }>
  listPrompts (): Promise<{ readonly prompts: readonly Named[] }>
  readResource (params: { uri: string }): Promise<{ readonly contents: ReadonlyArray<{ readonly text?: string }> }>
  getPrompt (params: { name: string, arguments: Readonly<Record<string, string>> }): Promise<{ readonly messages: ReadonlyArray<{ readonly content: unknown }> }>
  subscribeResource (params: { uri: string }): Promise<unknown>
  unsubscribeResource (params: { uri: string }): Promise<unknown>
  close (): Promise<void>
}

type Call = (name: string, args: Args, options?: CallOptions) => Promise<{ readonly content?: unknown }>

function shared (client: SdkClient, call: Call) {
  return {
    itself: client,
    answersForms: true as const,
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: async (name: string, args: Args) => textOfResult(await call(name, args)),
    callUntil: (name: string, args: Args, signal: AbortSignal) => call(name, args, { signal }),
    callWithProgress: async (name: string, args: Args, onProgress: (progress: number) => void) =>
      textOfResult(await call(name, args, { onprogress: ({ progress }) => onProgress(progress) })),
    listResources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    readResource: async (uri: string) => textOfResource(await client.readResource({ uri })),
    listPrompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    getPrompt: async (name: string, args: Readonly<Record<string, string>>) => textOfPrompt(await client.getPrompt({ name, arguments: args })),
    subscribe: async (uri: string) => {
      await client.subscribeResource({ uri })
      return async () => { await client.unsubscribeResource({ uri }) }
    }
  }
}

/** SDK v1, which knows the legacy era only. */
export async function connectSdk1 ({ url, headers }: MatrixTarget): Promise<MatrixClient> {
  const { fetch, sent } = watchedFetch()
  const transport = new TransportV1(new URL(url), { requestInit: { headers }, fetch })
  const client = await speakV1(transport as unknown as Transport)
  return {
    ...client,
    sent,
    revision: transport.protocolVersion ?? '',
    close: async () => {
      await transport.terminateSession()
      await client.close()
    }
  }
}

/** SDK v1 over HTTP+SSE of 2024-11-05, whatever revision it then speaks. */
export async function connectSdk1Sse ({ url, headers }: MatrixTarget): Promise<MatrixClient> {
  const { fetch: watched, sent } = watchedFetch()
  const transport = new SSEClientTransport(new URL(url), { requestInit: { headers }, fetch: watched })
  const client = await speakV1(transport as Transport)
  return { ...client, sent, revision: (transport as unknown as { readonly _protocolVersion?: string })._protocolVersion ?? '' }
}

async function speakV1 (transport: Transport): Promise<Omit<MatrixClient, 'sent' | 'revision'>> {
  const client = new ClientV1({ name: 'sdk1', version: '1.0.0' }, { capabilities })
  client.setRequestHandler(ElicitRequestSchema, () => FORM_ANSWER)
  let updated: (uri: string) => void = () => undefined
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => { updated(params.uri) })
  await client.connect(transport)
  const base = shared(client as unknown as SdkClient, (name, args, options) => client.callTool({ name, arguments: { ...args } }, undefined, options) as Promise<{ content: unknown }>)
  return {
    ...base,
    subscribe: async (uri, onUpdated) => {
      updated = onUpdated
      return await base.subscribe(uri)
    },
    close: () => client.close()
  }
}

interface ClientV2 extends SdkClient {
  connect (transport: TransportV2): Promise<void>
  getProtocolEra (): 'legacy' | 'modern'
  getNegotiatedProtocolVersion (): string | undefined
  callTool (params: { name: string, arguments: Args }, options?: CallOptions): Promise<{ readonly content?: unknown }>
  setRequestHandler (method: string, handler: () => unknown): void
  setNotificationHandler (method: string, handler: (notification: { readonly params: { readonly uri: string } }) => void): void
  listen (filter: { resourceSubscriptions: readonly string[] }): Promise<{ readonly honoredFilter: { readonly resourceSubscriptions?: readonly string[] }, close (): Promise<void> }>
}

interface TransportV2 {
  terminateSession (): Promise<void>
}

interface SdkV2 {
  readonly Client: new (info: { name: string, version: string }, options: Readonly<Record<string, unknown>>) => ClientV2
  readonly StreamableHTTPClientTransport: new (url: URL, options: Readonly<Record<string, unknown>>) => TransportV2
}

/** SDK v2. @param mode its version negotiation: `auto`, `legacy`, or a pinned revision */
export async function connectSdk2 (mode: 'auto' | 'legacy' | { readonly pin: string }, { url, headers }: MatrixTarget): Promise<MatrixClient> {
  const sdk = await importClient<SdkV2>('@modelcontextprotocol/client/dist/index.mjs')
  const { fetch, sent } = watchedFetch()
  const transport = new sdk.StreamableHTTPClientTransport(new URL(url), { requestInit: { headers }, fetch })
  const client = new sdk.Client({ name: 'sdk2', version: '1.0.0' }, { capabilities, versionNegotiation: { mode } })
  client.setRequestHandler('elicitation/create', () => FORM_ANSWER)
  let updated: (uri: string) => void = () => undefined
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => { updated(params.uri) })
  await client.connect(transport)
  const base = shared(client, (name, args, options) => client.callTool({ name, arguments: args }, options))
  return {
    ...base,
    sent,
    revision: client.getNegotiatedProtocolVersion() ?? '',
    subscribe: async (uri, onUpdated) => {
      updated = onUpdated
      return client.getProtocolEra() === 'modern' ? await listenTo(client, uri) : await base.subscribe(uri)
    },
    close: async () => {
      await transport.terminateSession()
      await client.close()
    }
  }
}

async function listenTo (client: ClientV2, uri: string): Promise<() => Promise<void>> {
  const subscription = await client.listen({ resourceSubscriptions: [uri] })
  if (subscription.honoredFilter.resourceSubscriptions?.includes(uri) !== true) throw new Error(`not honoured: ${uri}`)
  return () => subscription.close()
}
