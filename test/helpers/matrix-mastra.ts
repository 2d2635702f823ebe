import { FORM_ANSWER, textOfPrompt, textOfResource, textOfResult, watchedFetch, type Args, type MatrixClient, type MatrixTarget } from './matrix-client.ts'
import { importClient } from './programs.ts'

/** Mastra reports its use to its makers otherwise; read when the package is loaded. */
const NO_TELEMETRY = { MASTRA_TELEMETRY_DISABLED: '1' }
/** The name under which the gateway is known to Mastra. */
const SERVER = 'gateway'

interface MastraTool {
  execute (input: Args, context: { readonly abortSignal?: AbortSignal }): Promise<{ readonly content?: unknown }>
}

interface MastraClient {
  __setLogger (logger: object): void
  listTools (): Promise<Readonly<Record<string, MastraTool>>>
  getServerProtocolVersions (): Readonly<Record<string, string | undefined>>
  disconnect (): Promise<void>
  readonly progress: { onUpdate (server: string, handler: (update: { readonly progress: number }) => void): Promise<void> }
  readonly resources: {
    list (): Promise<Readonly<Record<string, ReadonlyArray<{ readonly uri: string }>>>>
    read (server: string, uri: string): Promise<{ readonly contents: ReadonlyArray<{ readonly text?: string }> }>
    subscribe (server: string, uri: string): Promise<void>
    unsubscribe (server: string, uri: string): Promise<void>
    onUpdated (server: string, handler: (update: { readonly uri: string }) => void): Promise<void>
  }
  readonly prompts: {
    list (): Promise<Readonly<Record<string, ReadonlyArray<{ readonly name: string }>>>>
    get (wanted: { serverName: string, name: string, args: Args }): Promise<{ readonly messages: ReadonlyArray<{ readonly content: unknown }> }>
  }
}

interface Mastra {
  readonly MCPClient: new (options: Readonly<Record<string, unknown>>) => MastraClient
}

type Listeners = ReadonlySet<(...args: never[]) => unknown>

/** Once it is connected, Mastra ends the process as soon as it idles, and the test runner's last report is lost with it. */
function withoutExitHooks (before: Listeners): void {
  for (const listener of process.listeners('beforeExit')) if (!before.has(listener)) process.off('beforeExit', listener)
}

/** Mastra's MCPClient. @param protocolVersion as Mastra takes it; undefined: it finds out, modern first */
export async function connectMastra (protocolVersion: 'legacy' | undefined, { url, headers }: MatrixTarget): Promise<MatrixClient> {
  Object.assign(process.env, NO_TELEMETRY)
  const { MCPClient } = await importClient<Mastra>('@mastra/mcp/dist/index.js')
  const { fetch, sent } = watchedFetch()
  const hooks: Listeners = new Set(process.listeners('beforeExit'))
  const client = new MCPClient({
    id: crypto.randomUUID(),
    servers: {
      [SERVER]: {
        url: new URL(url),
        requestInit: { headers },
        fetch,
        connectTimeout: 30_000,
        enableProgressTracking: true,
        inputRequests: () => Promise.resolve(FORM_ANSWER),
        ...(protocolVersion && { protocolVersion })
      }
    }
  })
  // It logs every cancelled call to stdout, where the test runner's own reports travel.
  client.__setLogger({ debug () {}, info () {}, warn () {}, error () {}, trackException () {}, getTransports: () => new Map() })
  const tools = await client.listTools()
  withoutExitHooks(hooks)
  const call = (name: string, args: Args, context: { readonly abortSignal?: AbortSignal } = {}) => {
    const tool = tools[`${SERVER}_${name}`]
    if (tool === undefined) throw new Error(`Mastra knows no tool ${name}`)
    return tool.execute(args, context)
  }
  return {
    itself: client,
    answersForms: true,
    sent,
    revision: client.getServerProtocolVersions()[SERVER] ?? '',
    listTools: async () => Object.keys(await client.listTools()).map((name) => name.slice(SERVER.length + 1)),
    callTool: async (name, args) => textOfResult(await call(name, args)),
    callUntil: (name, args, abortSignal) => call(name, args, { abortSignal }),
    callWithProgress: async (name, args, onProgress) => {
      await client.progress.onUpdate(SERVER, ({ progress }) => onProgress(progress))
      return textOfResult(await call(name, args))
    },
    ...resourcesOf(client),
    ...(protocolVersion === undefined && { subscribe: subscribeOf(client) }),
    close: () => client.disconnect()
  }
}

function resourcesOf (client: MastraClient): Pick<MatrixClient, 'listResources' | 'readResource' | 'listPrompts' | 'getPrompt'> {
  const { resources, prompts } = client
  return {
    listResources: async () => ((await resources.list())[SERVER] ?? []).map(({ uri }) => uri),
    readResource: async (uri) => textOfResource(await resources.read(SERVER, uri)),
    listPrompts: async () => ((await prompts.list())[SERVER] ?? []).map(({ name }) => name),
    getPrompt: async (name, args) => textOfPrompt(await prompts.get({ serverName: SERVER, name, args }))
  }
}

/** Over the modern era only. */
function subscribeOf ({ resources }: MastraClient): NonNullable<MatrixClient['subscribe']> {
  return async (uri, onUpdated) => {
    await resources.onUpdated(SERVER, (update) => onUpdated(update.uri))
    await resources.subscribe(SERVER, uri)
    return () => resources.unsubscribe(SERVER, uri)
  }
}
